//! Proves that an image is in its registry (build-facts 7, "Prove it afterwards").

use http::Method;
use serde_json::Value;
use shipway_domain::ids::Digest;
use shipway_plugin::{BuildError, Login};

use crate::auth_header;
use crate::engine::{Engine, Route};
use crate::push;

/// Has the engine ask the registry for the manifest by its digest. By digest and not by tag: a tag
/// proves only that it points somewhere.
pub(crate) async fn prove(
    engine: &Engine,
    image: &str,
    digest: &Digest,
    login: &Login,
) -> Result<(), BuildError> {
    let path = format!("/distribution/{image}@{digest}/json");
    let route = Route::new("/distribution/{name}/json", &path);
    let auth = auth_header::value(login);
    let reply = engine
        .call(Method::GET, route, Some((auth_header::NAME, &auth)))
        .await
        .map_err(|error| push::call_failed(image, error))?;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let found = answer["Descriptor"]["digest"].as_str();
    if found == Some(digest.as_str()) {
        return Ok(());
    }
    Err(BuildError::Push {
        image: image.to_owned(),
        message: format!(
            "{digest} was pushed, but the registry answers with {}",
            found.unwrap_or("no digest")
        ),
        authorisation: false,
    })
}
