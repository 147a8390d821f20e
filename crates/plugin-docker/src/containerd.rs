//! Build and push with the containerd image store: BuildKit pushes inside the solve (build-facts 1.2).

use std::collections::HashMap;

use http::Method;
use serde_json::Value;
use shipway_domain::ids::Digest;
use shipway_plugin::{BuildError, Built, LogStream};

use crate::engine::{EngineError, Route};
use crate::job::{Job, NotSolved, Solved, fresh_id};
use crate::order::{host, is_loopback};
use crate::proof;
use crate::push;
use crate::request::Export;

/// Builds the job's image and pushes all its tags.
pub(crate) async fn build(job: &Job<'_>) -> Result<Built, BuildError> {
    let result = build_and_push(job).await;
    if job.order.platforms.len() > 1 {
        remove_names(job).await;
    }
    result
}

async fn build_and_push(job: &Job<'_>) -> Result<Built, BuildError> {
    let image = &job.order.image;
    let solved = match solve(job).await {
        Err(error) if push::wants_new_login(&error) => {
            // The engine asks for the login anew in the new session; what is built stays built.
            let text = format!("{error}; once more with a new login");
            job.progress.line(LogStream::Builder, &text);
            solve(job).await?
        }
        other => other?,
    };
    let proving = async {
        let login = push::login(&*job.order.login, image).await?;
        proof::prove(job.engine, image, &solved.digest, &login).await?;
        if job.order.platforms.len() > 1 {
            manifests(job, &solved.digest).await
        } else {
            Ok(Vec::new())
        }
    };
    let manifests = job.until_stopped(proving).await??;
    Ok(Built {
        manifests,
        digest: solved.digest,
        stages: solved.stages,
        cached: solved.cached,
        // BuildKit does not say how much it sent.
        bytes_pushed: 0,
    })
}

async fn solve(job: &Job<'_>) -> Result<Solved, BuildError> {
    let id = fresh_id()?;
    job.solve(&id, export(job)).await.map_err(|not| match not {
        NotSolved::Failed(failure) if failure.is_push() => {
            push::refused(&job.order.image, failure.message)
        }
        other => job.error(other),
    })
}

fn export(job: &Job<'_>) -> Export {
    let names: Vec<_> = job.names().collect();
    let mut attrs = HashMap::new();
    let mut set = |key: &str, value: &str| attrs.insert(key.to_owned(), value.to_owned());
    set("name", &names.join(","));
    set("push", "true");
    // No local image, except to look up the manifests of an index.
    set("store", &(job.order.platforms.len() > 1).to_string());
    // Together with SOURCE_DATE_EPOCH: the same content gives the same digest (build-facts 3,
    // "Reproducible").
    set("rewrite-timestamp", "true");
    if host(&job.order.image).is_some_and(is_loopback) {
        set("registry.insecure", "true");
    }
    Export {
        exporter: "image",
        attrs,
    }
}

/// The manifests of the platforms in the index that was just made.
async fn manifests(job: &Job<'_>, index: &Digest) -> Result<Vec<Digest>, BuildError> {
    let image = &job.order.image;
    let path = format!("/images/{image}@{index}/json?manifests=true");
    let route = Route::new("/images/{name}/json", &path);
    let reply = job.engine.call(Method::GET, route, None).await;
    let reply = reply.map_err(EngineError::into_build_error)?;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let found = platform_manifests(&answer);
    if found.len() < job.order.platforms.len() {
        return Err(BuildError::Interrupted(format!(
            "{image}@{index} was pushed, but the Docker Engine names {} of its {} manifests",
            found.len(),
            job.order.platforms.len()
        )));
    }
    Ok(found)
}

fn platform_manifests(answer: &Value) -> Vec<Digest> {
    let all = answer["Manifests"].as_array();
    all.into_iter()
        .flatten()
        .filter(|manifest| manifest["Kind"] == "image")
        .filter_map(|manifest| manifest["Descriptor"]["digest"].as_str()?.parse().ok())
        .collect()
}

async fn remove_names(job: &Job<'_>) {
    for name in job.names() {
        let path = format!("/images/{name}");
        let route = Route::new("/images/{name}", &path);
        if let Err(error) = job.engine.call(Method::DELETE, route, None).await {
            tracing::debug!(%name, %error, "a local image name was not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_images_count_as_manifests_of_platforms() {
        let a = Digest::of(b"a");
        let answer = json!({"Manifests": [
            {"Kind": "image", "Descriptor": {"digest": a.as_str()}},
            {"Kind": "attestation", "Descriptor": {"digest": Digest::of(b"b").as_str()}},
        ]});
        assert_eq!(platform_manifests(&answer), [a]);
        assert!(platform_manifests(&json!({})).is_empty());
    }
}
