//! The image of one platform, ready to be pushed.

use crate::base::Base;
use crate::config::image_config;
use crate::layer::Layer;
use crate::model::{
    Descriptor, Index, Manifest, OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST,
};
use crate::order::Plan;
use crate::platform::Platform;

/// Config and manifest, as the bytes that are sent.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) base: Option<Base>,
    pub(crate) config: Vec<u8>,
    pub(crate) config_digest: String,
    pub(crate) manifest: Vec<u8>,
    /// Of the manifest, with the platform.
    pub(crate) descriptor: Descriptor,
}

impl Image {
    /// Puts base and layers together.
    pub(crate) fn new(
        plan: &Plan,
        platform: &Platform,
        base: Option<Base>,
        layers: &[Layer],
    ) -> Result<Self, serde_json::Error> {
        let config = image_config(plan, platform, base.as_ref().map(|b| &b.config), layers);
        let ours = layers.iter().map(|layer| Descriptor {
            media_type: OCI_LAYER_GZIP.to_owned(),
            digest: layer.sums.digest.to_string(),
            size: layer.sums.bytes,
            platform: None,
        });
        let below = base.iter().flat_map(|base| base.layers.iter().cloned());
        let described = Descriptor::of(OCI_CONFIG, &config);
        let config_digest = described.digest.clone();
        let manifest = serde_json::to_vec(&Manifest {
            schema_version: 2,
            media_type: Some(OCI_MANIFEST.to_owned()),
            config: described,
            layers: below.chain(ours).collect(),
        })?;
        Ok(Self {
            base,
            config,
            config_digest,
            descriptor: Descriptor {
                platform: Some(platform.clone()),
                ..Descriptor::of(OCI_MANIFEST, &manifest)
            },
            manifest,
        })
    }
}

/// The bytes of the index of several images.
pub(crate) fn index(images: &[Image]) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Index {
        schema_version: 2,
        media_type: Some(OCI_INDEX.to_owned()),
        manifests: images.iter().map(|i| i.descriptor.clone()).collect(),
    })
}

#[cfg(test)]
mod tests;
