//! Listing a repository: its tags, and what refers to an image.

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::Registry;
use super::error::RegistryError;
use super::handle::Answer;
use crate::iam::{Act, Principal};
use crate::wire::form;

/// Most names at once, and how many without `n`: what ListImages takes.
const LARGEST_PAGE: usize = 1000;

impl Registry {
    /// `GET tags/list`, with `n` and `last`.
    pub(super) fn tags(&self, name: &str, parts: &Parts) -> Answer {
        let mut world = self.shared.world();
        let repository = world
            .repository(&self.account, &self.region, name)
            .ok_or_else(|| RegistryError::name_unknown(&self.account, name))?;
        let (shown, next) = page(repository.tags.keys(), parts)?;
        let link = next.map(|(count, last)| {
            format!("</v2/{name}/tags/list?n={count}&last={last}>; rel=\"next\"")
        });
        Ok(listed(&json!({"name": name, "tags": shown}), link))
    }

    /// `GET /v2/_catalog`, with `n` and `last`.
    pub(super) fn repositories(&self, caller: &Principal, parts: &Parts) -> Answer {
        let act = Act {
            action: "ecr:DescribeRepositories",
            resource: &self.place("*").arn(),
            context: &[],
        };
        let mut world = self.shared.world();
        if let Some(why) = world.denial(caller, &act) {
            return Err(RegistryError::denied(format!(
                "User: {} is not authorized to perform: {} on resource: {} {why}",
                caller.arn, act.action, act.resource
            )));
        }
        // Another account needs a policy that names all repositories.
        let all = self.place("*");
        if let Some(text) = world.resource_denial(caller, all, "DescribeRepositories") {
            return Err(RegistryError::denied(text));
        }
        let known = &world.region(&self.account, &self.region).ecr.repositories;
        let (shown, next) = page(known.keys(), parts)?;
        let link =
            next.map(|(count, last)| format!("</v2/_catalog?n={count}&last={last}>; rel=\"next\""));
        Ok(listed(&json!({"repositories": shown}), link))
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

/// A page, and after it how many it had and the last of them if there are more.
type Page<'a> = (Vec<&'a String>, Option<(usize, &'a String)>);

/// What `n` and `last` ask for, of names in their order.
fn page<'a>(
    names: impl Iterator<Item = &'a String>,
    parts: &Parts,
) -> Result<Page<'a>, RegistryError> {
    let query = form::parse(parts.uri.query().unwrap_or_default());
    let text = |name: &str| query.get(name).and_then(Value::as_str);
    let last = text("last").unwrap_or_default();
    let count = text("n").map(str::parse::<usize>).transpose();
    let count = count
        .map_err(|_| RegistryError::bad("PAGINATION_NUMBER_INVALID", "n is not a number"))?
        .unwrap_or(LARGEST_PAGE);
    if count > LARGEST_PAGE {
        return Err(RegistryError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            format!(
                "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have \
                 value less than or equal to {LARGEST_PAGE}'"
            ),
        ));
    }
    let mut rest = names.filter(|name| last.is_empty() || name.as_str() > last);
    let shown: Vec<&String> = rest.by_ref().take(count).collect();
    let more = rest.next().is_some();
    let end = shown.last().filter(|_| more);
    let next = end.map(|last| (shown.len(), *last));
    Ok((shown, next))
}

fn listed(body: &Value, link: Option<String>) -> Response {
    let mut response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    if let Some(link) = link {
        response = response.header(header::LINK, link);
    }
    let body = Body::from(body.to_string());
    response.body(body).unwrap_or_default()
}
