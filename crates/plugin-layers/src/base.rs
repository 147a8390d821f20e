//! The base image: its layers and config, for the platforms that are asked for.

use oci_client::Reference;
use serde_json::{Map, Value};
use shipway_domain::ids::Digest;

use crate::fault::Fault;
use crate::model::{Descriptor, Index, Manifest, layer_type};
use crate::platform::Platform;
use crate::session::Session;

/// Largest config that is read, bytes; real ones have a few thousand.
const MAX_CONFIG: u64 = 8 << 20;

/// A base image for one platform.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    /// Where its layers are, by digest.
    pub(crate) reference: Reference,
    /// Its layers under their OCI names; they are carried over as they are.
    pub(crate) layers: Vec<Descriptor>,
    /// Its config.
    pub(crate) config: Map<String, Value>,
}

impl Base {
    /// Whether it holds steps for those who build on it.
    pub(crate) fn has_triggers(&self) -> bool {
        let triggers = self.config.get("config").and_then(|run| run.get("OnBuild"));
        triggers
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    }
}

/// Reads the base for each platform, in their order.
pub(crate) async fn resolve(
    session: &Session,
    reference: &Reference,
    platforms: &[Platform],
) -> Result<Vec<Base>, Fault> {
    let read = async {
        let (bytes, digest) = session.manifest(reference).await?;
        let index: Option<Index> = serde_json::from_slice(&bytes).ok();
        let mut bases = Vec::new();
        for platform in platforms {
            let (pinned, bytes) = match &index {
                None => (reference.clone_with_digest(digest.clone()), bytes.clone()),
                Some(index) => {
                    let entry = choose(index, platform)?;
                    let pinned = reference.clone_with_digest(entry.digest.clone());
                    let (bytes, _) = session.manifest(&pinned).await?;
                    (pinned, bytes)
                }
            };
            bases.push(one(session, pinned, &bytes, platform).await?);
        }
        Ok(bases)
    };
    read.await
        .map_err(|fault| explain(fault, session, reference))
}

/// Says that it was the base that failed; a base that is not there is the order's fault.
fn explain(fault: Fault, session: &Session, reference: &Reference) -> Fault {
    let say = |what| format!("the base image {reference}: {what}");
    match fault {
        Fault::Authorisation(what) if session.knows(reference) => Fault::Authorisation(say(what)),
        Fault::Authorisation(what) => Fault::Invalid(say(format!(
            "{what}; a base must be public, or in the registry that is pushed to"
        ))),
        Fault::Absent(what) | Fault::Refused(what) | Fault::Invalid(what) => {
            Fault::Invalid(say(what))
        }
        Fault::Passing(what) => Fault::Passing(say(what)),
        Fault::Stopped => Fault::Stopped,
    }
}

fn choose<'a>(index: &'a Index, wanted: &Platform) -> Result<&'a Descriptor, Fault> {
    let serves = |entry: &&Descriptor| entry.platform.as_ref().is_some_and(|p| p.serves(wanted));
    index.manifests.iter().find(serves).ok_or_else(|| {
        let known = index.manifests.iter().filter_map(|e| e.platform.as_ref());
        // Attestations stand in indexes as platform unknown/unknown.
        let real = known.filter(|p| p.os != "unknown").map(ToString::to_string);
        let real: Vec<String> = real.collect();
        Fault::Invalid(format!("it has no {wanted}, but {}", real.join(", ")))
    })
}

async fn one(
    session: &Session,
    reference: Reference,
    manifest: &[u8],
    wanted: &Platform,
) -> Result<Base, Fault> {
    let invalid = |text: String| Fault::Invalid(text);
    let manifest: Manifest = serde_json::from_slice(manifest).map_err(|error| {
        invalid(format!(
            "its manifest is of a kind we cannot read ({error})"
        ))
    })?;
    if manifest.config.size > MAX_CONFIG {
        return Err(invalid(format!(
            "its config has {} bytes",
            manifest.config.size
        )));
    }
    let config = session
        .small_blob(&reference, &manifest.config.digest)
        .await?;
    let not_image = |error| invalid(format!("it is no container image ({error})"));
    let has: Platform = serde_json::from_slice(&config).map_err(not_image)?;
    let config: Map<String, Value> = serde_json::from_slice(&config).map_err(not_image)?;
    if !has.serves(wanted) {
        return Err(invalid(format!("it is for {has}, not for {wanted}")));
    }
    let diff_ids = config
        .get("rootfs")
        .and_then(|rootfs| rootfs.get("diff_ids"));
    let diff_ids = diff_ids.and_then(Value::as_array).map_or(0, Vec::len);
    if diff_ids != manifest.layers.len() {
        return Err(invalid(format!(
            "its config names {diff_ids} layers, its manifest {}",
            manifest.layers.len()
        )));
    }
    let mut layers = manifest.layers;
    for layer in &mut layers {
        Digest::new(layer.digest.as_str()).map_err(|bad| invalid(bad.to_string()))?;
        let media_type = layer_type(&layer.media_type).ok_or_else(|| {
            invalid(format!(
                "a layer of type {} cannot be carried over",
                layer.media_type
            ))
        })?;
        layer.media_type = media_type.to_owned();
    }
    Ok(Base {
        reference,
        layers,
        config,
    })
}
