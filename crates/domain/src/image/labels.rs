//! Labels that tell where an image comes from, by OCI's names.

use crate::spec::{ReleaseSpec, Revision, Source};

/// `org.opencontainers.image.*` labels of a release's image.
#[must_use]
pub fn labels(spec: &ReleaseSpec) -> Vec<(String, String)> {
    let label =
        |name: &str, value: &str| (format!("org.opencontainers.image.{name}"), value.to_owned());
    let mut labels = vec![label("title", spec.app.as_str())];
    let mut revision = |revision: &Revision, repository: Option<&str>| {
        let dirty = if revision.dirty { "-dirty" } else { "" };
        labels.push(label("revision", &format!("{}{dirty}", revision.commit)));
        labels.push(label(
            "created",
            &crate::time::rfc3339(revision.committed_at),
        ));
        if let Some(repository) = repository {
            labels.push(label("source", repository));
        }
    };
    match &spec.source {
        Source::Context {
            revision: Some(known),
            ..
        } => {
            revision(known, known.repository.as_deref());
        }
        Source::Commit {
            repository,
            revision: known,
            ..
        } => {
            revision(known, Some(repository));
        }
        Source::Context { revision: None, .. } | Source::Image { .. } => {}
    }
    labels
}
