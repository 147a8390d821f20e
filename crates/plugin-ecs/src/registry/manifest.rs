//! What a manifest or an index says, as far as we need it.

use serde_json::Value;
use shipway_domain::ids::Digest;

/// The forms in which manifests are stored. All are named when one is fetched, so that it comes as
/// it was pushed (ecs-facts 7.3).
pub(super) const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
];

/// A manifest, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Manifest {
    /// One image: digests of its config and layers, and the bytes of its layers.
    Image { blobs: Vec<String>, size: u64 },
    /// Several: what they run on (empty for attestations), and their digests.
    Index(Vec<(String, Digest)>),
}

impl Manifest {
    /// Reads a manifest of any form; `None` when it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        if let Some(children) = json.get("manifests").and_then(Value::as_array) {
            return children
                .iter()
                .map(child)
                .collect::<Option<_>>()
                .map(Self::Index);
        }
        let layers = json.get("layers")?.as_array()?;
        let config = json.get("config").into_iter();
        // Layers that may not be distributed are fetched from elsewhere and never in a registry.
        let here = layers.iter().filter(|layer| {
            !media_type(layer).contains("foreign")
                && !media_type(layer).contains("nondistributable")
        });
        let blobs = config.chain(here).map(|blob| blob.get("digest")?.as_str());
        let size = layers
            .iter()
            .filter_map(|layer| layer.get("size")?.as_u64())
            .sum();
        Some(Self::Image {
            blobs: blobs
                .map(|digest| digest.map(str::to_owned))
                .collect::<Option<_>>()?,
            size,
        })
    }
}

fn media_type(descriptor: &Value) -> &str {
    descriptor["mediaType"].as_str().unwrap_or_default()
}

fn child(descriptor: &Value) -> Option<(String, Digest)> {
    let digest = Digest::new(descriptor.get("digest")?.as_str()?).ok()?;
    let platform = &descriptor["platform"];
    let name = |member: &str| platform[member].as_str().unwrap_or("unknown");
    // BuildKit files attestations under "unknown/unknown".
    let platform = match (name("os"), name("architecture")) {
        ("unknown", _) => String::new(),
        (os, architecture) => format!("{os}/{architecture}"),
    };
    Some((platform, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_config_and_layers() {
        let text = r#"{"schemaVersion":2,"config":{"digest":"sha256:c","size":7},"layers":[
            {"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:a","size":10},
            {"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"sha256:f","size":5}]}"#;
        let blobs = vec!["sha256:c".to_owned(), "sha256:a".to_owned()];
        assert_eq!(
            Manifest::read(text),
            Some(Manifest::Image { blobs, size: 15 })
        );
    }

    #[test]
    fn an_index_names_its_platforms_and_no_platform_for_attestations() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let text = format!(
            r#"{{"manifests":[
            {{"digest":"{one}","platform":{{"os":"linux","architecture":"arm64"}}}},
            {{"digest":"{two}","platform":{{"os":"unknown","architecture":"unknown"}}}}]}}"#
        );
        let children = vec![("linux/arm64".to_owned(), one), (String::new(), two)];
        assert_eq!(Manifest::read(&text), Some(Manifest::Index(children)));
    }

    #[test]
    fn what_is_no_manifest_is_none() {
        for text in ["", "{}", "[]", r#"{"manifests":[{"digest":"x"}]}"#] {
            assert_eq!(Manifest::read(text), None, "{text}");
        }
    }
}
