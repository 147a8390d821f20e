//! Secrets for `RUN --mount=type=secret`, out of memory.

use std::collections::HashMap;

use bollard_buildkit_proto::moby::buildkit::secrets::v1::{
    GetSecretRequest, GetSecretResponse, secrets_server,
};
use shipway_plugin::Secret;
use tonic::{Request, Response, Status, async_trait};

/// The secrets of one build.
pub(super) struct Secrets {
    by_id: HashMap<String, Secret>,
}

impl Secrets {
    pub(super) fn new(secrets: Vec<(String, Secret)>) -> Self {
        Self {
            by_id: secrets.into_iter().collect(),
        }
    }
}

#[async_trait]
impl secrets_server::Secrets for Secrets {
    /// BuildKit also asks for ids of its own (`HTTP_AUTH_HEADER_…`): not-found is the quiet answer.
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        let secret = self
            .by_id
            .get(id)
            .ok_or_else(|| Status::not_found(format!("this build has no secret {id:?}")))?;
        Ok(Response::new(GetSecretResponse {
            data: secret.expose().to_vec(),
        }))
    }
}
