//! Repositories of images (ecs-facts section 7).

use std::collections::BTreeMap;
use std::time::Duration;

use shipway_domain::ids::Digest;
use shipway_domain::scan::{ScanResult, ScanSeen};
use shipway_domain::spec::TagMutability;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, ImageFacts, Place, PlatformError, RepositorySeen, ScanStart};

/// How long a scan takes.
const SCAN: Duration = Duration::from_secs(20);
/// An image is scanned at most once in this span (ecs-facts 7.5).
const SCAN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// A repository with its images.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(crate) seen: RepositorySeen,
    pub(crate) keep_last: Option<u32>,
    scan_on_push: bool,
    images: BTreeMap<Digest, ImageFacts>,
    /// When the newest scan of an image began.
    scans: BTreeMap<Digest, Timestamp>,
    /// What scans show instead of what they do by themselves.
    shown: BTreeMap<Digest, ScanSeen>,
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
            scan_on_push: false,
            images: BTreeMap::new(),
            scans: BTreeMap::new(),
            shown: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// The same, which scans what is pushed, or does not.
    pub(crate) fn scanning(mut self, on_push: bool) -> Self {
        self.scan_on_push = on_push;
        self
    }

    /// By tag or digest.
    pub(crate) fn image(&self, reference: &str) -> Option<&ImageFacts> {
        match Digest::new(reference) {
            Ok(digest) => self.images.get(&digest),
            Err(_) => self.images.get(self.tags.get(reference)?),
        }
    }

    /// Puts an image there.
    pub(crate) fn add(&mut self, facts: ImageFacts, now: Timestamp) {
        if self.scan_on_push && facts.manifests.is_empty() {
            self.scans.insert(facts.digest.clone(), now);
        }
        self.images.insert(facts.digest.clone(), facts);
    }

    /// Once a scan of the image has begun, this is what is seen of it.
    pub(crate) fn show_scan(&mut self, digest: &Digest, seen: ScanSeen) {
        self.shown.insert(digest.clone(), seen);
    }

    /// Where the scan of an image stands.
    pub(crate) fn scan(
        &self,
        call: &str,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<ScanSeen, PlatformError> {
        self.must_have(call, digest)?;
        let Some(began) = self.scans.get(digest) else {
            return Ok(ScanSeen::Missing);
        };
        if let Some(shown) = self.shown.get(digest) {
            return Ok(shown.clone());
        }
        let ends = began.plus(SCAN);
        if now < ends {
            let status = "IN_PROGRESS".to_owned();
            return Ok(ScanSeen::UnderWay { status });
        }
        Ok(ScanSeen::Ended(ScanResult {
            ended_at: Some(ends),
            ..ScanResult::default()
        }))
    }

    /// Begins a scan.
    pub(crate) fn start_scan(
        &mut self,
        call: &str,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<ScanStart, PlatformError> {
        self.must_have(call, digest)?;
        let index = self.images.get(digest);
        if index.is_some_and(|facts| !facts.manifests.is_empty()) {
            let reason = "scans are of single images, not of indexes".to_owned();
            return Ok(ScanStart::Unsupported { reason });
        }
        let last = self.scans.get(digest);
        if last.is_some_and(|began| now.since(*began) < SCAN_EVERY) {
            let reason = "the scan quota per image has been exceeded".to_owned();
            return Ok(ScanStart::Refused { reason });
        }
        self.scans.insert(digest.clone(), now);
        Ok(ScanStart::Started)
    }

    /// An image, or one that an index names.
    fn must_have(&self, call: &str, digest: &Digest) -> Result<(), PlatformError> {
        let named = |facts: &ImageFacts| facts.manifests.iter().any(|(_, child)| child == digest);
        if self.images.contains_key(digest) || self.images.values().any(named) {
            return Ok(());
        }
        let message = format!("there is no image {digest}");
        let code = "ImageNotFoundException";
        Err(refused(call, ErrorKind::NotFound, code, message))
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
