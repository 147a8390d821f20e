//! Scans of images, basic and enhanced (ecs-facts 7.5).

use std::collections::BTreeMap;

use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsOutput;
use aws_sdk_ecr::types::{
    EnhancedImageScanFinding, FindingSeverity, ImageIdentifier, ImageScanFinding,
    ImageScanFindings, ScanStatus, VulnerablePackage as Package,
};
use shipway_domain::ids::{Digest, RepositoryName};
use shipway_domain::scan::{Fix, ScanResult, ScanSeen, Severity, Vulnerability, VulnerablePackage};
use shipway_plugin::{ErrorKind, PlatformError, ScanStart};

use crate::clients::Clients;
use crate::convert::{text, time};
use crate::operation::{DESCRIBE_IMAGE_SCAN_FINDINGS, START_IMAGE_SCAN};

/// The most findings that one call gives.
const PAGE: i32 = 1000;
/// Pages that are read at most. What lies beyond is counted as not listed.
const PAGES: usize = 100;

/// Where the scan of an image stands, with all of its findings.
pub(super) async fn describe(
    clients: &Clients,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<ScanSeen, PlatformError> {
    let mut reading = Reading::default();
    let mut token = None;
    for _ in 0..PAGES {
        let answer = clients
            .call(&DESCRIBE_IMAGE_SCAN_FINDINGS, |services| {
                services
                    .ecr
                    .describe_image_scan_findings()
                    .registry_id(clients.place().account.as_str())
                    .repository_name(name.as_str())
                    .image_id(id(digest))
                    .max_results(PAGE)
                    .set_next_token(token.take())
                    .send()
            })
            .await;
        let page = match answer {
            Err(error) if error.code == "ScanNotFoundException" => return Ok(ScanSeen::Missing),
            answer => answer?,
        };
        token = page.next_token().map(str::to_owned);
        reading.take(page);
        if token.is_none() {
            break;
        }
    }
    Ok(reading.seen())
}

/// Asks for a scan. Basic scanning takes it once in a day for each image, enhanced scanning never.
pub(super) async fn start(
    clients: &Clients,
    name: &RepositoryName,
    digest: &Digest,
) -> Result<ScanStart, PlatformError> {
    let started = clients
        .call(&START_IMAGE_SCAN, |services| {
            services
                .ecr
                .start_image_scan()
                .registry_id(clients.place().account.as_str())
                .repository_name(name.as_str())
                .image_id(id(digest))
                .send()
        })
        .await;
    let error = match started {
        Ok(_) => return Ok(ScanStart::Started),
        // The code of a quota is that of throttling, too (ecs-facts 5.3).
        Err(error) if error.kind == ErrorKind::Throttled => return Err(error),
        Err(error) => error,
    };
    let reason = format!("{}: {}", error.code, error.message);
    match error.code.as_str() {
        "LimitExceededException" | "ValidationException" => Ok(ScanStart::Refused { reason }),
        "UnsupportedImageTypeException" => Ok(ScanStart::Unsupported { reason }),
        _ => Err(error),
    }
}

fn id(digest: &Digest) -> ImageIdentifier {
    ImageIdentifier::builder()
        .image_digest(digest.as_str())
        .build()
}

/// The pages of an answer, put together.
#[derive(Debug, Default)]
struct Reading {
    status: Option<ScanStatus>,
    description: String,
    /// Whether findings were shown, be it none.
    has_result: bool,
    /// Whether they have the shape of enhanced scanning. Its status may be `COMPLETE` all the same.
    enhanced: bool,
    result: ScanResult,
    counted: BTreeMap<Severity, u64>,
    listed: BTreeMap<Severity, u64>,
    /// A severity that is none.
    strange: Option<String>,
}

impl Reading {
    fn take(&mut self, page: DescribeImageScanFindingsOutput) {
        if let Some(status) = page.image_scan_status {
            self.description = text(status.description());
            self.status = status.status;
        }
        if let Some(findings) = page.image_scan_findings {
            self.has_result = true;
            self.add(&findings);
        }
    }

    fn add(&mut self, findings: &ImageScanFindings) {
        let ended_at = time(findings.image_scan_completed_at());
        self.result.ended_at = self.result.ended_at.max(ended_at);
        for (word, number) in findings.finding_severity_counts().into_iter().flatten() {
            if let Some(severity) = self.severity(Some(word.as_str())) {
                let number = u64::try_from(*number).unwrap_or_default();
                let counted = self.counted.entry(severity).or_default();
                *counted = number.max(*counted);
            }
        }
        for finding in findings.findings() {
            let word = finding.severity().map(FindingSeverity::as_str);
            if let Some(severity) = self.list(word) {
                self.result.found.push(basic(finding, severity));
            }
        }
        self.enhanced |= findings.enhanced_findings.is_some();
        for finding in findings.enhanced_findings() {
            let Some(severity) = self.list(finding.severity()) else {
                continue;
            };
            // What is closed is gone; what a rule of Inspector suppresses was set aside on purpose.
            if !matches!(finding.status(), Some("CLOSED" | "SUPPRESSED")) {
                self.result.found.push(enhanced(finding, severity));
            }
        }
    }

    fn list(&mut self, word: Option<&str>) -> Option<Severity> {
        let severity = self.severity(word)?;
        *self.listed.entry(severity).or_default() += 1;
        Some(severity)
    }

    fn severity(&mut self, word: Option<&str>) -> Option<Severity> {
        let severity = match word.unwrap_or("UNDEFINED") {
            "CRITICAL" => Severity::Critical,
            "HIGH" => Severity::High,
            "MEDIUM" => Severity::Medium,
            "LOW" => Severity::Low,
            "INFORMATIONAL" => Severity::Informational,
            "UNDEFINED" | "UNTRIAGED" => Severity::Unrated,
            other => {
                self.strange = Some(other.to_owned());
                return None;
            }
        };
        Some(severity)
    }

    fn seen(mut self) -> ScanSeen {
        let word = self.status.as_ref().map_or("", ScanStatus::as_str);
        let status = if self.description.is_empty() {
            word.to_owned()
        } else {
            format!("{word}: {}", self.description)
        };
        match word {
            "COMPLETE" | "ACTIVE" if self.has_result => {}
            "COMPLETE" | "ACTIVE" | "IN_PROGRESS" | "PENDING" | "" => {
                return ScanSeen::UnderWay { status };
            }
            _ => return ScanSeen::Without { status },
        }
        if let Some(word) = self.strange {
            let status = format!("{status}; it has a severity {word} that is not known");
            return ScanSeen::Without { status };
        }
        for (severity, number) in self.counted {
            let listed = self.listed.get(&severity).copied().unwrap_or_default();
            if number > listed {
                self.result.unlisted.push((severity, number - listed));
            }
        }
        if self.enhanced {
            // It is renewed by itself, and never on request: its age asks for nothing.
            self.result.ended_at = None;
        }
        ScanSeen::Ended(self.result)
    }
}

/// Basic scanning says nothing of fixes.
fn basic(finding: &ImageScanFinding, severity: Severity) -> Vulnerability {
    let attribute = |key: &str| {
        let mut all = finding.attributes().iter();
        let found = all.find(|attribute| attribute.key() == key);
        text(found.and_then(|attribute| attribute.value()))
    };
    let name = attribute("package_name");
    let package = VulnerablePackage {
        version: attribute("package_version"),
        fixed_in: None,
        name,
    };
    Vulnerability {
        id: text(finding.name()),
        severity,
        packages: Some(package)
            .filter(|package| !package.name.is_empty())
            .into_iter()
            .collect(),
        fix: Fix::NotSaid,
        link: text(finding.uri()),
    }
}

fn enhanced(finding: &EnhancedImageScanFinding, severity: Severity) -> Vulnerability {
    let details = finding.package_vulnerability_details();
    let packages: Vec<VulnerablePackage> = details
        .into_iter()
        .flat_map(|details| details.vulnerable_packages())
        .map(package)
        .collect();
    let fix = match finding.fix_available() {
        Some("YES" | "PARTIAL") => Fix::Exists,
        Some("NO") => Fix::None,
        _ if packages.iter().any(|package| package.fixed_in.is_some()) => Fix::Exists,
        _ => Fix::NotSaid,
    };
    let id = details
        .and_then(|details| details.vulnerability_id())
        .or_else(|| finding.title())
        .or_else(|| finding.finding_arn());
    Vulnerability {
        id: text(id),
        severity,
        packages,
        fix,
        link: text(details.and_then(|details| details.source_url())),
    }
}

fn package(package: &Package) -> VulnerablePackage {
    let release = package.release().filter(|release| !release.is_empty());
    let release = release.map(|release| format!("-{release}"));
    let fixed_in = package.fixed_in_version();
    VulnerablePackage {
        name: text(package.name()),
        version: text(package.version()) + release.as_deref().unwrap_or_default(),
        fixed_in: fixed_in
            .filter(|version| !matches!(*version, "" | "NotAvailable"))
            .map(str::to_owned),
    }
}
