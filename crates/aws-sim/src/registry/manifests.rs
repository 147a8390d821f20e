//! Pushing and pulling manifests, by tag and by digest.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};

use super::Registry;
use super::error::RegistryError;
use super::handle::Answer;
use crate::clock::SimTime;
use crate::digest;
use crate::ecr::{Image, Refusal, is_tag};

/// Largest manifest (ecs-facts 7.7).
const LIMIT: usize = 4 << 20;

/// How exactly pulls are remembered (ecs-facts 7.3).
const PULL_RESOLUTION: Duration = Duration::from_secs(24 * 3600);

impl Registry {
    /// `PUT`.
    pub(super) async fn put_manifest(
        &self,
        name: &str,
        reference: &str,
        parts: &Parts,
        body: Body,
    ) -> Answer {
        let bytes = to_bytes(body, LIMIT).await;
        let text = bytes
            .ok()
            .and_then(|bytes| String::from_utf8(bytes.into()).ok());
        let text = text.ok_or_else(|| {
            RegistryError::bad("MANIFEST_INVALID", "It is no text of at most 4 MiB")
        })?;
        let digest = digest::of(text.as_bytes());
        let tag = if reference.contains(':') {
            if reference != digest {
                return Err(RegistryError::bad(
                    "DIGEST_INVALID",
                    format!("The digest is {digest}, not {reference}"),
                ));
            }
            None
        } else if is_tag(reference) {
            Some(reference)
        } else {
            return Err(RegistryError::bad(
                "TAG_INVALID",
                format!("'{reference}' is no tag"),
            ));
        };
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .map(media_type);
        let subject = {
            let mut world = self.shared.world();
            let files = world.files.clone();
            let now = self.shared.clock.now();
            let repository = world
                .repository(&self.account, &self.region, name)
                .ok_or_else(|| RegistryError::name_unknown(&self.account, name))?;
            match repository.put(&text, content_type, tag, now, &files) {
                Ok(_) | Err(Refusal::Unchanged(_)) => {}
                Err(refusal) => {
                    let owner = &self.account;
                    return Err(RegistryError::refused(&refusal, owner, name, reference));
                }
            }
            let image = repository.images.get(&digest);
            image.and_then(|image| image.subject.clone())
        };
        self.shared.save.notify_one();
        let mut response = Response::builder()
            .status(StatusCode::CREATED)
            .header(header::LOCATION, format!("/v2/{name}/manifests/{digest}"))
            .header("docker-content-digest", digest);
        if let Some(subject) = subject {
            response = response.header("oci-subject", subject);
        }
        Ok(response.body(Body::empty()).unwrap_or_default())
    }

    /// `DELETE`, where the choice is that there is one: by tag the tag, and the image with its last one; by digest
    /// all of it, as BatchDeleteImage does.
    pub(super) fn delete_manifest(&self, name: &str, reference: &str) -> Answer {
        let mut world = self.shared.world();
        let repository = world
            .repository(&self.account, &self.region, name)
            .ok_or_else(|| RegistryError::name_unknown(&self.account, name))?;
        let (digest, tag) = match reference.contains(':') {
            true => (Some(reference.to_owned()), None),
            false => (repository.tags.get(reference).cloned(), Some(reference)),
        };
        let known = digest.filter(|digest| repository.images.contains_key(digest));
        let digest =
            known.ok_or_else(|| RegistryError::manifest_unknown("Requested image not found"))?;
        if let Err(parent) = repository.take_away(&digest, tag) {
            return Err(RegistryError::denied(format!(
                "Requested image referenced by manifest list: [{parent}]"
            )));
        }
        drop(world);
        self.shared.save.notify_one();
        let response = Response::builder().status(StatusCode::ACCEPTED);
        Ok(response.body(Body::empty()).unwrap_or_default())
    }

    /// `GET` and `HEAD`.
    pub(super) fn manifest(&self, name: &str, reference: &str, parts: &Parts) -> Answer {
        let mut world = self.shared.world();
        let repository = world
            .repository(&self.account, &self.region, name)
            .ok_or_else(|| RegistryError::name_unknown(&self.account, name))?;
        let accepted = accepted(&parts.headers);
        let by_tag = repository.tags.contains_key(reference);
        let digest = repository
            .digest_of(reference)
            .ok_or_else(|| RegistryError::manifest_unknown("Requested image not found"))?;
        let served = repository.serve(digest, by_tag, &accepted).ok_or_else(|| {
            RegistryError::manifest_unknown(
                "The image has no form of a media type that the Accept header names",
            )
        })?;
        let source = served.source.to_owned();
        if !repository.is_pullable(&source) {
            return Err(RegistryError::manifest_unknown(format!(
                "The image {source} is archived and must be restored first"
            )));
        }
        let response = Response::builder().header(header::CONTENT_TYPE, served.media_type);
        let manifest = served.manifest.into_owned();
        let response = response
            .header(header::CONTENT_LENGTH, manifest.len())
            .header("docker-content-digest", digest::of(manifest.as_bytes()));
        if parts.method == Method::HEAD {
            return Ok(response.body(Body::empty()).unwrap_or_default());
        }
        if let Some(image) = repository.images.get_mut(&source) {
            note_pull(image, self.shared.clock.now());
        }
        Ok(response.body(Body::from(manifest)).unwrap_or_default())
    }
}

fn note_pull(image: &mut Image, now: SimTime) {
    if image
        .pulled
        .is_none_or(|last| now.since(last) >= PULL_RESOLUTION)
    {
        image.pulled = Some(now);
    }
}

/// Media types of all `Accept` headers.
fn accepted(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::ACCEPT).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let kinds = values.flat_map(|value| value.split(','));
    kinds.map(|kind| media_type(kind).to_owned()).collect()
}

/// A media type without its parameters.
fn media_type(text: &str) -> &str {
    text.split(';').next().unwrap_or(text).trim()
}
