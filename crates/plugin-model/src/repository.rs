//! Repositories of images (ecs-facts section 7).

use std::collections::BTreeMap;

use shipway_domain::ids::Digest;
use shipway_domain::spec::TagMutability;
use shipway_plugin::{ErrorKind, ImageFacts, Place, PlatformError, RepositorySeen};

/// A repository with its images.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(crate) seen: RepositorySeen,
    pub(crate) keep_last: Option<u32>,
    images: BTreeMap<Digest, ImageFacts>,
    pub(crate) tags: BTreeMap<String, Digest>,
}

/// Host of the registry of a place.
pub(crate) fn host(place: &Place) -> String {
    format!("{}.dkr.ecr.{}.amazonaws.com", place.account, place.region)
}

impl Repository {
    pub(crate) fn new(place: &Place, name: &str, mutability: TagMutability) -> Self {
        Self {
            seen: RepositorySeen {
                uri: format!("{}/{name}", host(place)),
                mutability,
                pinned: Vec::new(),
                policy: None,
            },
            keep_last: None,
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// By tag or digest.
    pub(crate) fn image(&self, reference: &str) -> Option<&ImageFacts> {
        match Digest::new(reference) {
            Ok(digest) => self.images.get(&digest),
            Err(_) => self.images.get(self.tags.get(reference)?),
        }
    }

    /// Puts an image there.
    pub(crate) fn add(&mut self, facts: ImageFacts) {
        self.images.insert(facts.digest.clone(), facts);
    }

    /// No image is whole any more.
    pub(crate) fn lose_layers(&mut self) {
        for facts in self.images.values_mut() {
            facts.complete = false;
        }
    }

    /// Puts a tag on an image (ecs-facts 7.3). The same tag on the same digest is a success.
    pub(crate) fn tag(
        &mut self,
        call: &str,
        tag: &str,
        digest: &Digest,
    ) -> Result<(), PlatformError> {
        if !self.images.contains_key(digest) {
            let message = format!("there is no image {digest}");
            return Err(refused(
                call,
                ErrorKind::NotFound,
                "ImageNotFoundException",
                message,
            ));
        }
        let moves = self.tags.get(tag).is_some_and(|present| present != digest);
        if moves && !self.may_move(tag) {
            let message = format!("the tag {tag} is there already and may not be moved");
            let code = "ImageTagAlreadyExistsException";
            return Err(refused(call, ErrorKind::AlreadyExists, code, message));
        }
        self.tags.insert(tag.to_owned(), digest.clone());
        Ok(())
    }

    fn may_move(&self, tag: &str) -> bool {
        let any = |wildcards: &[String]| wildcards.iter().any(|wildcard| matches(wildcard, tag));
        match &self.seen.mutability {
            TagMutability::Mutable => !any(&self.seen.pinned),
            TagMutability::Immutable { except } => any(except),
        }
    }
}

/// Whether a wildcard, in which `*` stands for any text, is about all of `text`.
fn matches(wildcard: &str, text: &str) -> bool {
    let Some((start, rest)) = wildcard.split_once('*') else {
        return wildcard == text;
    };
    let Some(left) = text.strip_prefix(start) else {
        return false;
    };
    let mut ends = (0..=left.len()).filter(|at| left.is_char_boundary(*at));
    ends.any(|at| matches(rest, &left[at..]))
}

/// A refusal with the code of AWS.
pub(crate) fn refused(
    call: &str,
    kind: ErrorKind,
    code: &str,
    message: impl Into<String>,
) -> PlatformError {
    PlatformError {
        code: code.to_owned(),
        ..PlatformError::new(call, kind, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_about_the_whole_tag() {
        for (wildcard, text, fits) in [
            ("*-latest", "prod-latest", true),
            ("*-latest", "prod-latest-1", false),
            ("v*.*", "v1.2", true),
            ("v*.*", "v1", false),
            ("*", "", true),
            ("edge", "edge", true),
            ("edge", "edges", false),
        ] {
            assert_eq!(matches(wildcard, text), fits, "{wildcard} {text}");
        }
    }
}
