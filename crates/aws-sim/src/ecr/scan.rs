//! Image scans: basic on push or on demand, enhanced by the registry (ecs-facts 7.5).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::images::{image_id, shown_id};
use super::{needed, owner, paged, repository};
use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// How long a scan takes, in simulated time.
const DURATION: Duration = Duration::from_secs(20);

/// An image is scanned at most once in this span.
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// A scan of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

    /// `imageScanStatus`; enhanced scanning never ends (ecs-facts 7.5).
    fn status(&self, now: SimTime, enhanced: bool) -> Value {
        if self.finished() <= now && enhanced {
            json!({"status": "ACTIVE", "description": "Continuous scan is selected for image."})
        } else if self.finished() <= now {
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
    #[serde(default)]
    pub(crate) counts: BTreeMap<String, u64>,
    /// The findings themselves; severities that `counts` does not name are counted from these.
    #[serde(default)]
    pub(crate) findings: Vec<Finding>,
    /// How the scan ends instead: `FAILED`, `UNSUPPORTED_IMAGE` and the like, without findings.
    #[serde(default)]
    pub(crate) status: Option<String>,
}

/// One vulnerability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finding {
    /// For example `CVE-2026-1234`.
    name: String,
    severity: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    uri: String,
    /// The package that has it; empty: none is named.
    #[serde(default)]
    package: String,
    /// The package's version in the image.
    #[serde(default)]
    version: String,
    /// The first version without it; without one there is no fix. Only enhanced scanning says so.
    #[serde(default)]
    fixed_in: Option<String>,
}

/// Severities of ecs-facts 7.5.
const SEVERITIES: [&str; 7] = [
    "INFORMATIONAL",
    "LOW",
    "MEDIUM",
    "HIGH",
    "CRITICAL",
    "UNDEFINED",
    "UNTRIAGED",
];

/// How scans can end without findings, or not end at all.
const ENDS: [&str; 8] = [
    "FAILED",
    "UNSUPPORTED_IMAGE",
    "IMAGE_SIZE_EXCEEDED",
    "IN_PROGRESS",
    "PENDING",
    "SCAN_ELIGIBILITY_EXPIRED",
    "FINDINGS_UNAVAILABLE",
    "LIMIT_EXCEEDED",
];

impl Findings {
    /// Refuses words that the API does not have.
    pub(crate) fn check(&self) -> Result<(), String> {
        let severities = self.findings.iter().map(|finding| &finding.severity);
        let mut severities = self.counts.keys().chain(severities);
        if let Some(wrong) = severities.find(|word| !SEVERITIES.contains(&word.as_str())) {
            return Err(format!(
                "severity `{wrong}` is none of {}",
                SEVERITIES.join(", ")
            ));
        }
        match &self.status {
            Some(status) if !ENDS.contains(&status.as_str()) => {
                Err(format!("status `{status}` is none of {}", ENDS.join(", ")))
            }
            _ => Ok(()),
        }
    }

    fn all_counts(&self) -> BTreeMap<String, u64> {
        let mut counted = BTreeMap::new();
        for finding in &self.findings {
            *counted.entry(finding.severity.clone()).or_insert(0) += 1;
        }
        counted.extend(self.counts.clone());
        counted
    }
}

impl Finding {
    fn show(&self, enhanced: bool) -> Value {
        if enhanced {
            return json!({
                "title": self.name,
                "description": self.description,
                "severity": self.severity,
                "status": "ACTIVE",
                "type": "PACKAGE_VULNERABILITY",
                "fixAvailable": if self.fixed_in.is_some() { "YES" } else { "NO" },
                "packageVulnerabilityDetails": {
                    "vulnerabilityId": self.name,
                    "sourceUrl": self.uri,
                    "vulnerablePackages": self.of_package(json!([{
                        "name": self.package,
                        "version": self.version,
                        "fixedInVersion": self.fixed_in.as_deref().unwrap_or("NotAvailable"),
                    }])),
                },
            });
        }
        json!({
            "name": self.name,
            "description": self.description,
            "severity": self.severity,
            "uri": self.uri,
            "attributes": self.of_package(json!([
                {"key": "package_name", "value": self.package},
                {"key": "package_version", "value": self.version},
            ])),
        })
    }

    /// What is said of the package, if one is named.
    fn of_package(&self, said: Value) -> Value {
        if self.package.is_empty() {
            json!([])
        } else {
            said
        }
    }
}

/// `StartImageScan`.
pub(super) fn start(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let id = needed(input.structure("imageId")?, input, "imageId")?;
    let registry = &world.region(owner(ctx, input)?, &ctx.region).ecr;
    if registry.scanning.enhanced {
        return Err(ApiError::validation(
            "This feature is disabled: images are scanned by enhanced scanning",
        ));
    }
    let known = input.str("repositoryName")?.and_then(|name| {
        let repository = registry.repositories.get(name)?;
        let digest = image_id(&id).ok()?.resolve(repository).ok()?;
        registry.scan_of(name, repository.images.get(&digest)?)
    });
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
        return Err(ApiError::client(
            "ImageArchivedException",
            "The specified image is archived and cannot be scanned.",
        ));
    }
    if known.is_some_and(|scan| scan.started + EVERY > ctx.now) {
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
        "imageScanStatus": scan.status(ctx.now, false),
    }))
}

/// `DescribeImageScanFindings`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let id = needed(input.structure("imageId")?, input, "imageId")?;
    let findings = world.findings.clone();
    let (account, region) = (owner(ctx, input)?, ctx.region.as_str());
    let (owner, name, repository) = repository(world, ctx, input, "DescribeImageScanFindings")?;
    let digest = image_id(&id)?.find(repository, owner, name)?;
    let names: Vec<String> = repository
        .tags_of(&digest)
        .iter()
        .map(|tag| format!("{name}:{tag}"))
        .chain([digest.clone()])
        .collect();
    let registry = &world.region(account, region).ecr;
    let enhanced = registry.scanning.enhanced;
    let repository = registry.repositories.get(name);
    let image = repository.and_then(|repository| repository.images.get(&digest));
    let Some(scan) = image.and_then(|image| registry.scan_of(name, image)) else {
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
        "imageScanStatus": scan.status(ctx.now, enhanced),
    });
    if image.is_some_and(|image| !image.storage.is_active()) {
        shown["imageScanStatus"] = json!({"status": "IMAGE_ARCHIVED"});
        return Ok(shown);
    }
    if scan.finished() > ctx.now {
        return Ok(shown);
    }
    let names = || names.iter().map(String::as_str);
    let mut latest_first = findings.iter().rev();
    let found = latest_first.find(|found| crate::glob::any_part(&found.pattern, names()));
    if let Some(status) = found.and_then(|found| found.status.as_ref()) {
        shown["imageScanStatus"] = json!({"status": status});
        return Ok(shown);
    }
    let list = found.map_or(&[][..], |found| &found.findings);
    let list = list.iter().map(|finding| finding.show(enhanced)).collect();
    let member = if enhanced {
        "enhancedFindings"
    } else {
        "findings"
    };
    let page = paged(input, member, list)?;
    shown["imageScanFindings"] = json!({
        "imageScanCompletedAt": scan.finished().json(),
        "vulnerabilitySourceUpdatedAt": scan.started.json(),
        "findingSeverityCounts": found.map(Findings::all_counts).unwrap_or_default(),
        member: page[member],
    });
    if let Some(token) = page.get("nextToken") {
        shown["nextToken"] = token.clone();
    }
    Ok(shown)
}
