//! Rules of images: what names their content, which tags may move, who may pull.

mod content;
mod labels;
mod lifecycle;
mod place;
mod policy;

pub use content::content_tag;
pub use labels::labels;
pub use lifecycle::taken_away;
pub use place::EcrRepository;
pub use policy::{PULL_ACTIONS, allows_pull, with_pull};

use crate::spec::{ImageTag, TagMutability};
use crate::tags::wildcard_matches;

/// The moving tags that the repository would refuse to move: on an immutable repository those
/// without an exclusion, on a mutable one those that are pinned (ecs-facts 7.2).
#[must_use]
pub fn refused_moves<'a>(
    tags: &'a [ImageTag],
    mutability: &TagMutability,
    pinned: &[String],
) -> Vec<&'a str> {
    let may_move = |tag: &str| match mutability {
        TagMutability::Immutable { except } => except.iter().any(|w| wildcard_matches(w, tag)),
        TagMutability::Mutable => !pinned.iter().any(|w| wildcard_matches(w, tag)),
    };
    let moving = tags
        .iter()
        .filter(|tag| tag.moving)
        .map(|tag| tag.tag.as_str());
    moving.filter(|tag| !may_move(tag)).collect()
}

/// Splits an image reference into `host/repository` and its digest or tag.
#[must_use]
pub fn split_reference(reference: &str) -> (&str, Option<&str>) {
    if let Some((name, digest)) = reference.split_once('@') {
        return (name, Some(digest));
    }
    match reference.rsplit_once(':') {
        // A colon before the last slash belongs to a port.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (reference, None),
    }
}

/// Whether a reference names its image by digest: then it is the same image whenever it is pulled.
#[must_use]
pub fn is_by_digest(reference: &str) -> bool {
    split_reference(reference)
        .1
        .is_some_and(|named| named.starts_with("sha256:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(tag: &str, moving: bool) -> ImageTag {
        ImageTag {
            tag: tag.to_owned(),
            moving,
        }
    }

    #[test]
    fn a_moving_tag_on_an_immutable_repository_needs_an_exclusion() {
        let tags = [tag("4f1c2d9", false), tag("prod-latest", true)];
        let immutable = TagMutability::Immutable { except: Vec::new() };
        assert_eq!(refused_moves(&tags, &immutable, &[]), ["prod-latest"]);
        let except = TagMutability::Immutable {
            except: vec!["*-latest".to_owned()],
        };
        assert!(refused_moves(&tags, &except, &[]).is_empty());
        assert!(refused_moves(&tags, &TagMutability::Mutable, &[]).is_empty());
        let pinned = ["prod-*".to_owned()];
        assert_eq!(
            refused_moves(&tags, &TagMutability::Mutable, &pinned),
            ["prod-latest"]
        );
    }

    #[test]
    fn a_reference_is_split_at_its_digest_or_tag_and_not_at_a_port() {
        for (reference, parts) in [
            ("h:5000/a/b@sha256:00", ("h:5000/a/b", Some("sha256:00"))),
            ("h:5000/a/b:v1", ("h:5000/a/b", Some("v1"))),
            ("h:5000/a/b", ("h:5000/a/b", None)),
            ("a", ("a", None)),
        ] {
            assert_eq!(split_reference(reference), parts);
            assert_eq!(is_by_digest(reference), reference.contains('@'));
        }
    }
}
