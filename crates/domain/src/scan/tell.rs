//! What a gate found, in words: the step's text, and the finding that ends a job.

use std::collections::BTreeSet;

use super::judge::Sorted;
use super::{ImageScan, ScanException, ScanGate, ScanSeen, Severity, Vulnerability};
use crate::day::Day;
use crate::size::echo;
use crate::verdict::Finding;

/// Vulnerabilities that the evidence names at most; the rest is counted.
const NAMED: usize = 20;
/// Vulnerabilities that the cause, and packages that the remedy names at most.
const IN_ONE_LINE: usize = 5;

/// An image that may not be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// In a few words, for the step.
    pub text: String,
    /// Why, and what to do: `scan-gate` or `scan-unknown`.
    pub finding: Finding,
}

/// `0 critical, 2 high (allowed until 2027-01-31)`.
pub(super) fn passed(gate: &ScanGate, sorted: &Sorted<'_>) -> String {
    let mut let_pass = Vec::new();
    let (counts, told) = counts(gate, sorted);
    let alone = |number: usize, words: String| {
        if number == told {
            words
        } else {
            format!("{number} {words}")
        }
    };
    if let Some(first) = sorted.allowed.iter().map(|exception| exception.until).min() {
        let words = format!("allowed until {first}");
        let_pass.push(alone(sorted.allowed.len(), words));
    }
    if sorted.unfixable > 0 {
        let_pass.push(alone(sorted.unfixable, "without a fix".to_owned()));
    }
    if let_pass.is_empty() {
        counts
    } else {
        format!("{counts} ({})", let_pass.join(", "))
    }
}

/// Critical and high, and milder ones as far as the gate looks; and how many these are. What nobody has
/// rated is told when there is any, and is not among them.
fn counts(gate: &ScanGate, sorted: &Sorted<'_>) -> (String, usize) {
    let number = |severity: Severity| sorted.counts.get(&severity).copied().unwrap_or_default();
    let looked_at = |severity: &Severity| *severity >= gate.fail_on.min(Severity::High);
    let told = Severity::GATES.into_iter().filter(looked_at);
    let sum = told.clone().map(number).sum();
    let mut parts: Vec<String> = told
        .map(|severity| format!("{} {severity}", number(severity)))
        .collect();
    let unrated = number(Severity::Unrated);
    if unrated > 0 {
        parts.push(format!("{unrated} {}", Severity::Unrated));
    }
    (parts.join(", "), sum)
}

/// Too much was found.
pub(super) fn failed(gate: &ScanGate, sorted: &Sorted<'_>) -> Refused {
    let failing = &sorted.failing;
    let names = failing
        .iter()
        .take(IN_ONE_LINE)
        .map(|(found, _)| format!("{} ({})", name(found), found.severity));
    let names = and_more(names.collect(), failing.len());
    let mut evidence: Vec<String> = failing
        .iter()
        .take(NAMED)
        .map(|(found, expired)| line(found, *expired))
        .collect();
    if failing.len() > NAMED {
        evidence.push(format!("and {} more", failing.len() - NAMED));
    }
    Refused {
        text: passed(gate, sorted),
        finding: Finding {
            code: "scan-gate".to_owned(),
            cause: format!(
                "the image does not pass the scan gate (fail_on = \"{}\"): {names}; nothing was deployed",
                gate.fail_on
            ),
            evidence,
            remedy: remedy(failing.iter().map(|(found, _)| found)),
        },
    }
}

/// `CVE-2026-1 critical: openssl 3.0.1, fixed in 3.0.2; its exception ended on 2026-11-01 (why) https://…`.
fn line(found: &Vulnerability, expired: Option<&ScanException>) -> String {
    let mut packages: Vec<String> = found
        .packages
        .iter()
        .take(IN_ONE_LINE)
        .map(|package| {
            let version = Some(echo(&package.version)).filter(|version| !version.is_empty());
            let version = version.map(|version| format!(" {version}"));
            let fixed = package.fixed_in.as_deref().map(echo);
            let fixed = fixed.map(|fixed| format!(", fixed in {fixed}"));
            format!(
                "{}{}{}",
                echo(&package.name),
                version.unwrap_or_default(),
                fixed.unwrap_or_default()
            )
        })
        .collect();
    if packages.is_empty() {
        packages.push("the scanner names no package".to_owned());
    }
    let more = found.packages.len().saturating_sub(IN_ONE_LINE);
    if more > 0 {
        packages.push(format!("and {more} more packages"));
    }
    let mut text = format!(
        "{} {}: {}",
        name(found),
        found.severity,
        packages.join("; ")
    );
    match found.fix {
        super::Fix::None => text.push_str(", no fix exists"),
        super::Fix::NotSaid => text.push_str(", whether a fix exists is not said"),
        super::Fix::Exists if fixes(found).next().is_none() => text.push_str(", a fix exists"),
        super::Fix::Exists => {}
    }
    if let Some(exception) = expired {
        text.push_str(&format!(
            "; its exception ended on {} ({})",
            exception.until,
            echo(&exception.reason)
        ));
    }
    // A link that is cut leads nowhere.
    if !found.link.is_empty() && found.link.len() <= 200 {
        text.push(' ');
        text.push_str(&found.link);
    }
    text
}

fn name(found: &Vulnerability) -> String {
    if found.id.is_empty() {
        "a vulnerability without id".to_owned()
    } else {
        echo(&found.id).into_owned()
    }
}

/// `openssl >= 3.0.2` for each package with a fix.
fn fixes(found: &Vulnerability) -> impl Iterator<Item = String> {
    found.packages.iter().filter_map(|package| {
        let fixed = package.fixed_in.as_deref()?;
        Some(format!("{} >= {}", echo(&package.name), echo(fixed)))
    })
}

fn remedy<'a>(failing: impl Iterator<Item = &'a Vulnerability>) -> String {
    const ALLOW: &str = "except it until a day under [[scan.exceptions]] in shipway.toml";
    let fixes: BTreeSet<String> = failing.flat_map(fixes).collect();
    if fixes.is_empty() {
        return format!("rebuild on a base without it, or {ALLOW}");
    }
    let all = fixes.len();
    let some = fixes.into_iter().take(IN_ONE_LINE).collect();
    format!("rebuild with {}; or {ALLOW}", and_more(some, all))
}

fn and_more(some: Vec<String>, all: usize) -> String {
    let more = all - some.len();
    let text = some.join(", ");
    if more == 0 {
        text
    } else {
        format!("{text} and {more} more")
    }
}

/// What to say of exceptions that count no more, whether or not anything needs them.
#[must_use]
pub fn expired(gate: &ScanGate, today: Day) -> Vec<String> {
    let over = gate.exceptions.iter().filter(|e| !e.holds(today));
    over.map(|exception| {
        format!(
            "the scan exception for {} ended on {} and counts no more ({})",
            echo(&exception.id),
            exception.until,
            echo(&exception.reason)
        )
    })
    .collect()
}

/// `ECR to scan linux/arm64 and 1 more (IN_PROGRESS)`.
pub(super) fn waits_for(first: &ImageScan, open: usize) -> String {
    let mut text = match &first.seen {
        ScanSeen::Missing => "ECR to begin to scan",
        ScanSeen::Ended(_) => "ECR to list what it counts",
        ScanSeen::UnderWay { .. } | ScanSeen::Without { .. } => "ECR to scan",
    }
    .to_owned();
    if !first.platform.is_empty() {
        text.push_str(&format!(" {}", first.platform));
    }
    if open > 1 {
        text.push_str(&format!(" and {} more", open - 1));
    }
    if let ScanSeen::UnderWay { status } = &first.seen
        && !status.is_empty()
    {
        text.push_str(&format!(" ({})", echo(status)));
    }
    text
}

/// The scan has not ended in time.
pub(super) fn too_late(gate: &ScanGate, open: &[&ImageScan]) -> Refused {
    let evidence = open.iter().map(|image| {
        let said = match &image.seen {
            ScanSeen::Missing => "ECR knows of no scan",
            ScanSeen::Ended(_) => "ECR counts more vulnerabilities than it lists",
            ScanSeen::UnderWay { status } | ScanSeen::Without { status } => status,
        };
        of(image, said)
    });
    unknown(
        format!("the scan did not end within {}", gate.patience()),
        evidence.collect(),
        "see that scanning is on for the repository; deploy again once ECR has scanned the image (it is not \
         built again), or raise timeout under [scan]",
    )
}

/// The scan has no result, and gets none.
pub(super) fn without(image: &ImageScan, status: &str) -> Refused {
    let evidence = vec![of(image, status)];
    unknown(
        "the scan has no result".to_owned(),
        evidence,
        "see in ECR why the image cannot be scanned; build it on a base that ECR scans, or deploy without [scan]",
    )
}

/// There was nothing to scan.
pub(super) fn nothing_to_scan() -> Refused {
    unknown(
        "the image has no manifest that can be scanned".to_owned(),
        Vec::new(),
        "build it again",
    )
}

fn of(image: &ImageScan, said: &str) -> String {
    if image.platform.is_empty() {
        said.to_owned()
    } else {
        format!("{}: {said}", image.platform)
    }
}

fn unknown(why: String, evidence: Vec<String>, remedy: &str) -> Refused {
    Refused {
        finding: Finding {
            code: "scan-unknown".to_owned(),
            cause: format!(
                "whether the image passes the scan gate is not known: {why}; nothing was deployed"
            ),
            evidence,
            remedy: remedy.to_owned(),
        },
        text: why,
    }
}

/// The finding for an image whose registry is not that of the manifest: nobody can tell what scans of it
/// found.
#[must_use]
pub fn not_here(name: &str, repository: &str) -> Finding {
    Finding {
        code: "scan-not-possible".to_owned(),
        cause: format!(
            "{} is not in the repository {repository}, so its scan cannot be seen; nothing was deployed",
            echo(name)
        ),
        evidence: Vec::new(),
        remedy: "push it to the repository of [image], or deploy without [scan]".to_owned(),
    }
}

/// The finding for an image that an agent calls ready without a word about its scan.
#[must_use]
pub fn not_scanned() -> Finding {
    let why = "the agent does not know scan gates".to_owned();
    unknown(
        why,
        Vec::new(),
        "update the agent to the version of the coordinator; then deploy again",
    )
    .finding
}
