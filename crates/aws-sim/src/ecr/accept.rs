//! Which form of an image a client gets, by the media types that it accepts.
//!
//! AWS: a pull by tag gives the stored manifest if its type is accepted, else a conversion, of which there are two here,
//! from OCI to Docker version 2 schema 2 and back. A pull by digest gives what is stored.

use std::borrow::Cow;

use serde_json::Value;

use super::manifest::{DOCKER_IMAGE, OCI_IMAGE};
use super::state::{Image, Repository};

/// What stands for what in manifests of OCI and of Docker.
const TWINS: [(&str, &str); 6] = [
    (OCI_IMAGE, DOCKER_IMAGE),
    (
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    ),
    (
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ),
    (
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.docker.image.rootfs.diff.tar",
    ),
    (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ),
    (
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
    ),
];

/// A manifest as a client gets it.
#[derive(Debug)]
pub(crate) struct Served<'r> {
    /// Digest of the image that it is taken from.
    pub(crate) source: &'r str,
    pub(crate) manifest: Cow<'r, str>,
    pub(crate) media_type: &'r str,
}

impl Repository {
    /// What a client gets of an image (by digest) that it asked for by tag or not. Nothing if it accepts no form
    /// that there is. An index that it does not know is replaced by its linux/amd64 manifest.
    pub(crate) fn serve<'r>(
        &'r self,
        digest: &str,
        by_tag: bool,
        accepted: &[impl AsRef<str>],
    ) -> Option<Served<'r>> {
        let takes = |kind: &str| {
            let mut accepted = accepted.iter().map(AsRef::as_ref);
            accepted.any(|named| [kind, "*/*", "application/*"].contains(&named))
        };
        let (source, image) = self.images.get_key_value(digest)?;
        let kind = image.media_type.as_str();
        if !by_tag || accepted.is_empty() || takes(kind) {
            return Some(stored(source, image));
        }
        if image.children.is_empty() {
            return converted(source, image, takes);
        }
        let child = image
            .children
            .iter()
            .find(|child| child.platform.as_deref() == Some("linux/amd64"))?;
        let (source, image) = self.images.get_key_value(&child.digest)?;
        if takes(&image.media_type) {
            return Some(stored(source, image));
        }
        converted(source, image, takes)
    }
}

fn stored<'r>(source: &'r str, image: &'r Image) -> Served<'r> {
    Served {
        source,
        manifest: Cow::Borrowed(&image.manifest),
        media_type: &image.media_type,
    }
}

/// The other form of a manifest, if it has one that is accepted.
fn converted<'r>(
    source: &'r str,
    image: &Image,
    takes: impl Fn(&str) -> bool,
) -> Option<Served<'r>> {
    let media_type = twin(&image.media_type)?;
    let manifest = takes(media_type).then(|| convert(&image.manifest))??;
    Some(Served {
        source,
        manifest: Cow::Owned(manifest),
        media_type,
    })
}

fn twin(kind: &str) -> Option<&'static str> {
    TWINS.into_iter().find_map(|(oci, docker)| {
        (kind == oci)
            .then_some(docker)
            .or_else(|| (kind == docker).then_some(oci))
    })
}

/// The manifest of an image in the other form. What is no plain image has none: artifacts, signatures, layers of
/// kinds that the other does not know.
fn convert(manifest: &str) -> Option<String> {
    let mut manifest: Value = serde_json::from_str(manifest).ok()?;
    if ["subject", "artifactType"]
        .iter()
        .any(|member| manifest.get(member).is_some())
    {
        return None;
    }
    let of_config = manifest["config"]["mediaType"].as_str();
    let from_oci = of_config == Some(TWINS[1].0);
    let own = if from_oci { OCI_IMAGE } else { DOCKER_IMAGE };
    let own = manifest["mediaType"].as_str().unwrap_or(own);
    let to = twin(own)?;
    manifest["mediaType"] = to.into();
    let config = twin(manifest["config"]["mediaType"].as_str()?)?;
    manifest["config"]["mediaType"] = config.into();
    for layer in manifest["layers"].as_array_mut()? {
        let kind = twin(layer["mediaType"].as_str()?)?;
        layer["mediaType"] = kind.into();
        forget_annotations(layer, to);
    }
    forget_annotations(&mut manifest, to);
    Some(manifest.to_string())
}

/// Docker's manifests have no annotations.
fn forget_annotations(part: &mut Value, to: &str) {
    if to == DOCKER_IMAGE
        && let Some(members) = part.as_object_mut()
    {
        members.remove("annotations");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest(layer: &str) -> Value {
        json!({"schemaVersion": 2, "mediaType": OCI_IMAGE, "annotations": {"a": "b"},
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "c", "size": 1},
            "layers": [{"mediaType": layer, "digest": "l", "size": 2, "annotations": {"a": "b"}}]})
    }

    fn other(manifest: &Value) -> Option<Value> {
        let text = convert(&manifest.to_string())?;
        serde_json::from_str(&text).ok()
    }

    #[test]
    fn an_image_has_the_same_content_in_both_forms() {
        let oci = manifest("application/vnd.oci.image.layer.v1.tar+gzip");
        let docker = other(&oci).unwrap();
        assert_eq!(
            docker,
            json!({"schemaVersion": 2, "mediaType": DOCKER_IMAGE,
                "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                    "digest": "c", "size": 1},
                "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "digest": "l", "size": 2}]})
        );
        let back = other(&docker).unwrap();
        assert_eq!(
            back["layers"][0]["mediaType"],
            oci["layers"][0]["mediaType"]
        );
        assert_eq!(back["mediaType"], OCI_IMAGE);
    }

    #[test]
    fn what_the_other_form_cannot_say_has_none() {
        let zstd = manifest("application/vnd.oci.image.layer.v1.tar+zstd");
        assert_eq!(other(&zstd), None);
        let mut signature = manifest("application/vnd.oci.image.layer.v1.tar");
        signature["subject"] = json!({"digest": "s"});
        assert_eq!(other(&signature), None);
        let mut chart = manifest("application/vnd.oci.image.layer.v1.tar");
        chart["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json".into();
        assert_eq!(other(&chart), None);
    }
}
