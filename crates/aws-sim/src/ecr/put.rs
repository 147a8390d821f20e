//! Putting a manifest into a repository, by the API or by the registry protocol.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::manifest::{Content, Manifest};
use super::quotas;
use super::scan::Scan;
use super::state::{Image, Repository};
use crate::clock::SimTime;
use crate::digest;
use crate::files::Files;

/// Why a manifest was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no manifest that ECR knows.
    Malformed(String),
    /// Blobs it needs were not pushed.
    LayersMissing(Vec<String>),
    /// Manifests it lists were not pushed.
    ChildrenMissing(Vec<String>),
    /// The tag is on another image and may not move.
    TagTaken {
        /// Digest of the image that has the tag.
        by: String,
    },
    /// The image has all the tags that it can have.
    TooManyTags,
    /// The repository has all the images that it can have.
    TooManyImages,
    /// It is there already, with this tag.
    Unchanged(String),
}

impl Repository {
    /// Stores a manifest, sent as `media_type`, under `tag`; gives its digest.
    pub(crate) fn put(
        &mut self,
        manifest: &str,
        media_type: Option<&str>,
        tag: Option<&str>,
        now: SimTime,
        files: &Files,
    ) -> Result<String, Refusal> {
        let parsed = Manifest::parse(manifest, media_type).map_err(Refusal::Malformed)?;
        let digest = digest::of(manifest.as_bytes());
        if let Some(tag) = tag {
            match self.tags.get(tag) {
                Some(tagged) if *tagged == digest => return Err(Refusal::Unchanged(digest)),
                Some(other) if !self.mutability.lets_move(tag) => {
                    return Err(Refusal::TagTaken { by: other.clone() });
                }
                _ if self.tag_count(&digest) >= quotas::TAGS => return Err(Refusal::TooManyTags),
                _ => {}
            }
        } else if self.images.contains_key(&digest) {
            return Err(Refusal::Unchanged(digest));
        }
        if !self.images.contains_key(&digest) {
            let mut image = self.look_into(parsed, files)?;
            if self.images.len() >= quotas::IMAGES {
                return Err(Refusal::TooManyImages);
            }
            image.manifest = manifest.to_owned();
            image.pushed = now;
            image.scan = (self.scan_on_push && image.children.is_empty()).then(|| Scan::new(now));
            self.images.insert(digest.clone(), image);
        }
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), digest.clone());
        }
        Ok(digest)
    }

    /// Checks that everything a manifest names is here, and gathers what is known about it.
    fn look_into(&self, parsed: Manifest, files: &Files) -> Result<Image, Refusal> {
        let mut image = Image {
            media_type: parsed.media_type,
            artifact_type: parsed.artifact_type,
            subject: parsed.subject,
            ..Image::default()
        };
        match parsed.content {
            Content::Image { config, layers } => {
                let blobs = layers
                    .iter()
                    .chain([&config])
                    .filter(|blob| blob.is_local());
                image.blobs = blobs.map(|blob| blob.digest.clone()).collect();
                self.need_blobs(&image.blobs)?;
                image.size = layers.iter().map(|layer| layer.size).sum();
                let known = image.blobs.contains(&config.digest);
                let config = known.then(|| files.json(&config.digest)).flatten();
                let config = config.unwrap_or_default();
                image.platform = platform(&config);
                image.labels = labels(&config);
            }
            Content::Index(children) => {
                let missing = children.iter().map(|child| child.digest.clone());
                let missing: Vec<String> = missing
                    .filter(|digest| !self.images.contains_key(digest))
                    .collect();
                if !missing.is_empty() {
                    return Err(Refusal::ChildrenMissing(missing));
                }
                let sizes = children.iter().filter_map(|child| {
                    let child = self.images.get(&child.digest)?;
                    Some(child.size)
                });
                image.size = sizes.max().unwrap_or(0);
                image.children = children;
            }
        }
        Ok(image)
    }

    fn need_blobs(&self, wanted: &BTreeSet<String>) -> Result<(), Refusal> {
        let missing = wanted
            .iter()
            .filter(|digest| !self.blobs.contains_key(*digest));
        let missing: Vec<String> = missing.cloned().collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Refusal::LayersMissing(missing))
        }
    }
}

fn platform(config: &Value) -> Option<String> {
    let os = config.get("os")?.as_str()?;
    Some(format!("{os}/{}", config.get("architecture")?.as_str()?))
}

fn labels(config: &Value) -> BTreeMap<String, String> {
    let labels = config.pointer("/config/Labels").and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    pairs
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest(number: usize) -> String {
        let blob = json!({"digest": "sha256:a", "size": number});
        let kind = "application/vnd.oci.image.manifest.v1+json";
        json!({"schemaVersion": 2, "mediaType": kind, "config": blob, "layers": []}).to_string()
    }

    #[test]
    fn a_repository_takes_a_hundred_thousand_images_and_no_more() {
        let mut repository = Repository::default();
        repository.blobs.insert("sha256:a".to_owned(), 1);
        for number in 1..quotas::IMAGES {
            let image = Image::default();
            repository.images.insert(number.to_string(), image);
        }
        let (now, files) = (SimTime::default(), Files::default());
        let mut put = |number, tag| repository.put(&manifest(number), None, tag, now, &files);
        assert!(put(1, Some("last")).is_ok());
        assert_eq!(put(2, Some("more")), Err(Refusal::TooManyImages));
        assert!(put(1, Some("again")).is_ok(), "it is there already");
    }
}
