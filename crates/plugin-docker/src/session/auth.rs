//! Logins for the registry of the image: for the push, for base images and caches of the same host.

use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
    GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
    VerifyTokenAuthorityResponse, auth_server,
};
use shipway_plugin::{LoginSource, PlatformError};
use tonic::{Request, Response, Status, async_trait};

/// Why the platform gave no login; the engine itself would only say "unavailable".
#[derive(Clone, Default)]
pub(crate) struct LoginFailure(Arc<Mutex<Option<PlatformError>>>);

impl LoginFailure {
    /// Notes how the last login went.
    fn note(&self, failure: Option<PlatformError>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// The failure, if there was one.
    pub(crate) fn take(&self) -> Option<PlatformError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Asks the platform for a login each time the engine asks us.
pub(super) struct Auth {
    host: String,
    login: Arc<dyn LoginSource>,
    failure: LoginFailure,
}

impl Auth {
    pub(super) fn new(host: String, login: Arc<dyn LoginSource>, failure: LoginFailure) -> Self {
        Self {
            host,
            login,
            failure,
        }
    }
}

/// The engine then fetches bearer tokens itself (build-facts 3, "Shape").
fn no_tokens<T>() -> Result<Response<T>, Status> {
    Err(Status::unavailable("only credentials are given here"))
}

#[async_trait]
impl auth_server::Auth for Auth {
    /// Every other host is spoken to as nobody: no login of ours leaves for it.
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        if request.get_ref().host != self.host {
            return Ok(Response::new(CredentialsResponse::default()));
        }
        match self.login.login().await {
            Ok(login) => {
                self.failure.note(None);
                Ok(Response::new(CredentialsResponse {
                    username: login.user,
                    secret: String::from_utf8_lossy(login.password.expose()).into_owned(),
                }))
            }
            Err(error) => {
                let status = Status::unavailable(error.to_string());
                self.failure.note(Some(error));
                Err(status)
            }
        }
    }

    async fn fetch_token(
        &self,
        _request: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        no_tokens()
    }

    async fn get_token_authority(
        &self,
        _request: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        no_tokens()
    }

    async fn verify_token_authority(
        &self,
        _request: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        no_tokens()
    }
}
