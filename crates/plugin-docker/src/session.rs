//! Our side of a BuildKit session: what the engine may ask of us while it builds.
//!
//! After the upgrade the roles turn: the engine is the gRPC client, and we serve over the same
//! socket (build-facts 3, "Shape").

mod auth;
mod health;
mod secrets;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;

use bollard_buildkit_proto::health::health_server::HealthServer;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
use bollard_buildkit_proto::moby::upload::v1::upload_server::UploadServer;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use shipway_plugin::{LoginSource, Secret};
use tokio::net::UnixStream;
use tonic::service::Routes;

use crate::engine::{Engine, EngineError};
pub(crate) use auth::LoginFailure;

/// The methods that we offer; the engine calls no others.
const METHODS: [&str; 4] = [
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.upload.v1.Upload/Pull",
];

/// What one build may be asked for.
pub(crate) struct Offer {
    /// The context, a tar.
    pub(crate) context: PathBuf,
    /// Secrets by id.
    pub(crate) secrets: Vec<(String, Secret)>,
    /// Registry host for which a login is given.
    pub(crate) host: String,
    /// Gives the login.
    pub(crate) login: Arc<dyn LoginSource>,
}

/// An open session.
pub(crate) struct Session {
    id: String,
    socket: UnixStream,
    routes: Routes,
    login_failure: LoginFailure,
}

impl Session {
    /// Opens a session under `id`, which must not be used twice in an engine's life.
    pub(crate) async fn open(engine: &Engine, id: &str, offer: Offer) -> Result<Self, EngineError> {
        let mut headers = vec![
            ("X-Docker-Expose-Session-Uuid", id),
            ("X-Docker-Expose-Session-Name", "shipway"),
            ("X-Docker-Expose-Session-Sharedkey", id),
        ];
        headers.extend(METHODS.map(|method| ("X-Docker-Expose-Session-Grpc-Method", method)));
        let socket = engine.upgrade("/session", &headers).await?;

        let login_failure = LoginFailure::default();
        let auth = auth::Auth::new(offer.host, offer.login, login_failure.clone());
        let routes = Routes::new(HealthServer::new(health::Health))
            .add_service(AuthServer::new(auth))
            .add_service(SecretsServer::new(secrets::Secrets::new(offer.secrets)))
            .add_service(UploadServer::new(upload::Upload::new(offer.context)))
            .prepare();
        Ok(Self {
            id: id.to_owned(),
            socket,
            routes,
            login_failure,
        })
    }

    /// URL under which the engine finds the context.
    pub(crate) fn context_url(id: &str) -> String {
        format!("http://buildkit-session/{id}")
    }

    /// Why no login could be given, if that happened.
    pub(crate) fn login_failure(&self) -> LoginFailure {
        self.login_failure.clone()
    }

    /// Answers the engine until it hangs up. Dropping the future closes the session.
    pub(crate) async fn serve(self) {
        let service = TowerToHyperService::new(self.routes);
        let connection = http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(self.socket), service);
        if let Err(error) = connection.await {
            // The engine ends sessions as it likes; whether that matters, the solve says.
            tracing::debug!(session = self.id, %error, "the build session ended");
        }
    }
}
