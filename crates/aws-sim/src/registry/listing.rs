//! Listing a repository: its tags, and what refers to an image.

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::Registry;
use super::error::RegistryError;
use super::handle::Answer;
use crate::wire::form;

/// Most tags at once, and how many without `n`: what ListImages takes.
const LARGEST_PAGE: usize = 1000;

impl Registry {
    /// `GET tags/list`, with `n` and `last`.
    pub(super) fn tags(&self, name: &str, parts: &Parts) -> Answer {
        let query = form::parse(parts.uri.query().unwrap_or_default());
        let last = query
            .get("last")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let count = query.get("n").and_then(Value::as_str);
        let count = count
            .map(str::parse::<usize>)
            .transpose()
            .map_err(|_| RegistryError::bad("PAGINATION_NUMBER_INVALID", "n is not a number"))?;
        if count.is_some_and(|count| count > LARGEST_PAGE) {
            return Err(RegistryError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "UNSUPPORTED",
                format!(
                    "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have \
                     value less than or equal to {LARGEST_PAGE}'"
                ),
            ));
        }
        let mut world = self.shared.world();
        let repository = world
            .repository(&self.account, &self.region, name)
            .ok_or_else(|| RegistryError::name_unknown(&self.account, name))?;
        let all = repository
            .tags
            .keys()
            .filter(|tag| last.is_empty() || tag.as_str() > last);
        let all: Vec<&String> = all.collect();
        let shown = &all[..count.unwrap_or(LARGEST_PAGE).min(all.len())];
        let mut response = Response::builder().header(header::CONTENT_TYPE, "application/json");
        if let Some(tag) = shown.last().filter(|_| shown.len() < all.len()) {
            let next = format!(
                "</v2/{name}/tags/list?n={}&last={tag}>; rel=\"next\"",
                shown.len()
            );
            response = response.header(header::LINK, next);
        }
        let body = json!({"name": name, "tags": shown});
        Ok(response
            .body(Body::from(body.to_string()))
            .unwrap_or_default())
    }

    /// `GET referrers/<digest>`.
    pub(super) fn referrers(&self, name: &str, digest: &str) -> Answer {
        let mut world = self.shared.world();
        let repository = world
            .repository(&self.account, &self.region, name)
            .ok_or_else(|| RegistryError::name_unknown(&self.account, name))?;
        let images = repository.images.iter();
        let about = images.filter(|(_, image)| image.subject.as_deref() == Some(digest));
        let entries = about.map(|(digest, image)| {
            json!({
                "mediaType": image.media_type,
                "digest": digest,
                "size": image.manifest.len(),
                "artifactType": image.artifact_type,
            })
        });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": entries.collect::<Vec<_>>(),
        });
        let response = Response::builder().header(
            header::CONTENT_TYPE,
            "application/vnd.oci.image.index.v1+json",
        );
        Ok(response
            .body(Body::from(index.to_string()))
            .unwrap_or_default())
    }
}
