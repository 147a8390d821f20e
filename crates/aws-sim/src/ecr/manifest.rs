//! Image manifests and indexes, OCI and Docker.

use serde::{Deserialize, Serialize};

/// Media type of an image of OCI.
pub(super) const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an image of Docker, version 2 schema 2.
pub(super) const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Media types of manifests for one platform.
const IMAGE_TYPES: [&str; 2] = [OCI_IMAGE, DOCKER_IMAGE];

/// Media types of manifests over several platforms.
const INDEX_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// A manifest that was understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Manifest {
    /// Its own `mediaType`, or the one it was sent with.
    pub(crate) media_type: String,
    /// `artifactType`, or the config's type for artifacts.
    pub(crate) artifact_type: Option<String>,
    /// Digest of the image it is about, for signatures and the like.
    pub(crate) subject: Option<String>,
    /// What it lists.
    pub(crate) content: Content,
}

/// What a manifest lists.
#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    /// One image.
    Image {
        /// Its config.
        config: Blob,
        /// Its layers.
        layers: Vec<Blob>,
    },
    /// Manifests of several platforms.
    Index(Vec<Child>),
}

/// A blob that a manifest refers to.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Blob {
    pub(crate) digest: String,
    #[serde(default)]
    pub(crate) size: u64,
    #[serde(rename = "mediaType", default)]
    pub(crate) media_type: String,
    /// Present on layers that live elsewhere and are not pushed.
    #[serde(default)]
    urls: Vec<String>,
}

impl Blob {
    /// Whether the blob has to be in the repository.
    pub(crate) fn is_local(&self) -> bool {
        self.urls.is_empty()
    }
}

/// An entry of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Child {
    /// Digest of the manifest.
    pub(crate) digest: String,
    /// `os/architecture`; none for attestations and other artifacts.
    #[serde(default)]
    pub(crate) platform: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Blob>,
    layers: Option<Vec<Blob>>,
    manifests: Option<Vec<RawChild>>,
    subject: Option<Blob>,
}

#[derive(Deserialize)]
struct RawChild {
    digest: String,
    platform: Option<RawPlatform>,
}

#[derive(Deserialize)]
struct RawPlatform {
    os: String,
    architecture: String,
}

impl Manifest {
    /// Reads a manifest sent as `sent_as`; the error says what is wrong with it.
    pub(crate) fn parse(bytes: &str, sent_as: Option<&str>) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(bytes).map_err(|error| error.to_string())?;
        if raw.schema_version != Some(2) {
            return Err("schemaVersion is not 2".to_owned());
        }
        let media_type = match (raw.media_type, sent_as) {
            (Some(own), Some(sent)) if own != sent => {
                return Err(format!("mediaType is {own} but it was sent as {sent}"));
            }
            (Some(own), _) => own,
            (None, Some(sent)) => sent.to_owned(),
            (None, None) => return Err("it has no mediaType and none was given".to_owned()),
        };
        let content = if INDEX_TYPES.contains(&media_type.as_str()) {
            let children = raw.manifests.ok_or("an index needs `manifests`")?;
            Content::Index(children.into_iter().map(Child::from).collect())
        } else if IMAGE_TYPES.contains(&media_type.as_str()) {
            Content::Image {
                config: raw.config.ok_or("a manifest needs `config`")?,
                layers: raw.layers.ok_or("a manifest needs `layers`")?,
            }
        } else {
            return Err(format!("media type {media_type} is not supported"));
        };
        let artifact_type = raw.artifact_type.or_else(|| match &content {
            Content::Image { config, .. } => Some(config.media_type.clone()),
            Content::Index(_) => None,
        });
        Ok(Self {
            media_type,
            artifact_type: artifact_type.filter(|kind| !kind.is_empty()),
            subject: raw.subject.map(|subject| subject.digest),
            content,
        })
    }
}

impl From<RawChild> for Child {
    fn from(raw: RawChild) -> Self {
        let platform = raw.platform.filter(|platform| platform.os != "unknown");
        Self {
            digest: raw.digest,
            platform: platform.map(|platform| format!("{}/{}", platform.os, platform.architecture)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

    #[test]
    fn a_manifest_without_its_own_type_takes_the_one_it_was_sent_as() {
        let text = r#"{"schemaVersion":2,"config":{"digest":"sha256:a","size":2},"layers":[]}"#;
        assert_eq!(Manifest::parse(text, Some(OCI)).unwrap().media_type, OCI);
        assert!(
            Manifest::parse(text, None)
                .unwrap_err()
                .contains("no mediaType")
        );
    }

    #[test]
    fn attestations_in_an_index_have_no_platform() {
        let text = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
            {"digest":"sha256:a","platform":{"os":"linux","architecture":"amd64"}},
            {"digest":"sha256:b","platform":{"os":"unknown","architecture":"unknown"}}]}"#;
        let Content::Index(children) = Manifest::parse(text, None).unwrap().content else {
            panic!("an index was read as an image");
        };
        assert_eq!(children[0].platform.as_deref(), Some("linux/amd64"));
        assert_eq!(children[1].platform, None);
    }

    #[test]
    fn contradicting_types_are_refused() {
        let text = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI}"}}"#);
        assert!(Manifest::parse(&text, Some("text/plain")).is_err());
        assert!(Manifest::parse("{}", Some(OCI)).is_err());
        assert!(Manifest::parse("nonsense", Some(OCI)).is_err());
    }
}
