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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::spec;
    use crate::ids::Digest;

    fn labels_of(source: Source) -> Vec<String> {
        let spec = ReleaseSpec {
            source,
            ..spec("web", &[&["s"]])
        };
        let named = labels(&spec).into_iter();
        let short = |name: String| name.replace("org.opencontainers.image.", "");
        named
            .map(|(name, value)| format!("{}={value}", short(name)))
            .collect()
    }

    #[test]
    fn an_image_tells_its_app_commit_time_and_repository_as_far_as_they_are_known() {
        let revision = |dirty, repository: Option<&str>| Revision {
            commit: "4f1c2d9e".to_owned(),
            subject: "Faster cart".to_owned(),
            committed_at: 951_782_400,
            dirty,
            repository: repository.map(str::to_owned),
        };
        let context = |revision| Source::Context {
            blob: Digest::of(b"tar"),
            revision,
        };
        let given = Source::Image {
            reference: "web:1".to_owned(),
        };
        let commit = Source::Commit {
            repository: "https://git.example/web".to_owned(),
            folder: String::new(),
            revision: revision(false, None),
        };
        let created = "created=2000-02-29T00:00:00Z";
        for untold in [given, context(None)] {
            assert_eq!(labels_of(untold), ["title=web"]);
        }
        let dirty = ["title=web", "revision=4f1c2d9e-dirty", created];
        assert_eq!(labels_of(context(Some(revision(true, None)))), dirty);
        let known = |source| ["title=web", "revision=4f1c2d9e", created, source];
        let kept = context(Some(revision(false, Some("git@x"))));
        assert_eq!(labels_of(kept), known("source=git@x"));
        let fetched = known("source=https://git.example/web");
        assert_eq!(labels_of(commit), fetched);
    }
}
