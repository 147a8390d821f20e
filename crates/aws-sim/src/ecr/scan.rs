//! Image scans: basic scanning, on push or on demand (ecs-facts 7.5).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::images::{image_id, shown_id};
use super::{needed, repository};
use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// How long a scan takes, in simulated time.
const DURATION: Duration = Duration::from_secs(20);

/// An image is scanned at most once in this span.
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// A scan of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Scan {
    started: SimTime,
}

impl Scan {
    pub(crate) fn new(started: SimTime) -> Self {
        Self { started }
    }

    fn finished(&self) -> SimTime {
        self.started + DURATION
    }

    fn status(&self, now: SimTime) -> Value {
        if self.finished() <= now {
            json!({"status": "COMPLETE", "description": "The scan was completed successfully."})
        } else {
            json!({"status": "IN_PROGRESS"})
        }
    }
}

/// What scans find: counts by severity, for images whose reference, tag or digest match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Findings {
    /// A part or a `*` pattern of `repository:tag` or digest.
    #[serde(rename = "match")]
    pub(crate) pattern: String,
    /// Number of findings by `CRITICAL`, `HIGH`, `MEDIUM`, `LOW`, `INFORMATIONAL`, `UNDEFINED`.
    pub(crate) counts: BTreeMap<String, u64>,
}

/// `StartImageScan`.
pub(super) fn start(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let id = needed(input.structure("imageId")?, input, "imageId")?;
    let (owner, name, repository) = repository(world, ctx, input, "StartImageScan")?;
    let digest = image_id(&id)?.find(repository, owner, name)?;
    let image = repository.images.entry(digest.clone()).or_default();
    if !image.children.is_empty() {
        return Err(ApiError::client(
            "UnsupportedImageTypeException",
            "Scans are of single images, not of indexes",
        ));
    }
    if !image.storage.is_active() {
        return Err(ApiError::invalid_parameter(
            "Invalid parameter at 'imageId': the image is archived and must be restored first",
        ));
    }
    if image
        .scan
        .as_ref()
        .is_some_and(|scan| scan.started + EVERY > ctx.now)
    {
        return Err(ApiError::client(
            "LimitExceededException",
            "The scan quota per image has been exceeded. Wait and try again.",
        ));
    }
    let scan = image.scan.insert(Scan::new(ctx.now));
    Ok(json!({
        "registryId": owner,
        "repositoryName": name,
        "imageId": shown_id(&id, &digest),
        "imageScanStatus": scan.status(ctx.now),
    }))
}

/// `DescribeImageScanFindings`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let id = needed(input.structure("imageId")?, input, "imageId")?;
    let findings = world.findings.clone();
    let (owner, name, repository) = repository(world, ctx, input, "DescribeImageScanFindings")?;
    let digest = image_id(&id)?.find(repository, owner, name)?;
    let scan = repository
        .images
        .get(&digest)
        .and_then(|image| image.scan.clone());
    let Some(scan) = scan else {
        return Err(ApiError::client(
            "ScanNotFoundException",
            format!(
                "Image scan does not exist for the image with '{{imageDigest:'{digest}'}}' in \
                 the repository with name '{name}' in the registry with id '{owner}'"
            ),
        ));
    };
    let mut shown = json!({
        "registryId": owner,
        "repositoryName": name,
        "imageId": shown_id(&id, &digest),
        "imageScanStatus": scan.status(ctx.now),
    });
    if scan.finished() <= ctx.now {
        let names: Vec<String> = repository
            .tags_of(&digest)
            .iter()
            .map(|tag| format!("{name}:{tag}"))
            .chain([digest.clone()])
            .collect();
        let found = findings
            .iter()
            .rev()
            .find(|found| crate::glob::any_part(&found.pattern, names.iter().map(String::as_str)));
        shown["imageScanFindings"] = json!({
            "imageScanCompletedAt": scan.finished().json(),
            "vulnerabilitySourceUpdatedAt": scan.started.json(),
            "findingSeverityCounts": found.map(|found| &found.counts).cloned().unwrap_or_default(),
            "findings": [],
        });
    }
    Ok(shown)
}
