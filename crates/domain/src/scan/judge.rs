//! Whether an image may be deployed, by what its scans found.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tell::{self, Refused};
use super::{Fix, ImageScan, ScanException, ScanGate, ScanSeen, Severity, Vulnerability};
use crate::day::Day;
use crate::time::Timestamp;

/// The registry scans an image at most once in this span when asked (ecs-facts 7.5).
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a gate says of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It may be deployed.
    Passed {
        /// What was found, in a few words: `0 critical, 2 high (allowed until 2027-01-31)`.
        text: String,
    },
    /// It may not: too much was found, or nothing is known.
    Refused(Box<Refused>),
    /// The scans have to be looked at again.
    Waiting {
        /// What is waited for: `ECR to scan linux/arm64 (IN_PROGRESS)`.
        what: String,
    },
}

/// Judges an image by the scans of its manifests. `waited` is how long they have been waited for.
///
/// One CVE counts once, in however many packages and platforms it is. What was found goes first: an image
/// that fails on one platform fails, whatever is not known of the others.
#[must_use]
pub fn judge(gate: &ScanGate, images: &[ImageScan], today: Day, waited: Duration) -> Judgement {
    let sorted = Sorted::of(gate, images, today);
    if !sorted.failing.is_empty() {
        return Judgement::Refused(Box::new(tell::failed(gate, &sorted)));
    }
    for image in images {
        if let ScanSeen::Without { status } = &image.seen {
            return Judgement::Refused(Box::new(tell::without(image, status)));
        }
    }
    let open: Vec<&ImageScan> = images.iter().filter(|image| is_open(gate, image)).collect();
    match open.first() {
        None if images.is_empty() => Judgement::Refused(Box::new(tell::nothing_to_scan())),
        None => Judgement::Passed {
            text: tell::passed(gate, &sorted),
        },
        Some(_) if waited >= gate.timeout => {
            Judgement::Refused(Box::new(tell::too_late(gate, &open)))
        }
        Some(first) => Judgement::Waiting {
            what: tell::waits_for(first, open.len()),
        },
    }
}

/// Whether the registry shall be asked to scan an image: it knows of no scan, or of one that is older than
/// the time after which it scans again. Enhanced scanning refuses, and has newer results by itself.
#[must_use]
pub fn wants_scan(seen: &ScanSeen, now: Timestamp) -> bool {
    match seen {
        ScanSeen::Missing => true,
        ScanSeen::Ended(result) => result.ended_at.is_some_and(|at| now.since(at) > EVERY),
        ScanSeen::UnderWay { .. } | ScanSeen::Without { .. } => false,
    }
}

/// Whether more is to be known of an image that matters to the gate.
fn is_open(gate: &ScanGate, image: &ImageScan) -> bool {
    match &image.seen {
        ScanSeen::Missing | ScanSeen::UnderWay { .. } => true,
        ScanSeen::Ended(result) => result
            .unlisted
            .iter()
            .any(|(severity, number)| *severity >= gate.fail_on && *number > 0),
        ScanSeen::Without { .. } => false,
    }
}

/// What was found, by what the gate makes of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sorted<'a> {
    /// All, by severity.
    pub(super) counts: BTreeMap<Severity, usize>,
    /// What keeps the image from being deployed, worst first; with the exception that has run out.
    pub(super) failing: Vec<(Vulnerability, Option<&'a ScanException>)>,
    /// What an exception lets pass.
    pub(super) allowed: Vec<&'a ScanException>,
    /// How many are let pass because no fix exists.
    pub(super) unfixable: usize,
}

impl<'a> Sorted<'a> {
    fn of(gate: &'a ScanGate, images: &[ImageScan], today: Day) -> Self {
        let mut sorted = Self::default();
        for vulnerability in merged(images) {
            *sorted.counts.entry(vulnerability.severity).or_default() += 1;
            if vulnerability.severity < gate.fail_on {
                continue;
            }
            let known = |exception: &&ScanException| exception.id == vulnerability.id;
            let exception = gate.exceptions.iter().find(known);
            match exception {
                _ if gate.only_fixable && vulnerability.fix == Fix::None => sorted.unfixable += 1,
                Some(exception) if exception.holds(today) => sorted.allowed.push(exception),
                expired => sorted.failing.push((vulnerability, expired)),
            }
        }
        // Stable: ids stay in order within a severity.
        sorted
            .failing
            .sort_by_key(|(vulnerability, _)| std::cmp::Reverse(vulnerability.severity));
        sorted
    }
}

/// Each vulnerability once, by id: with the worst that any platform says of it.
fn merged(images: &[ImageScan]) -> Vec<Vulnerability> {
    let mut all: BTreeMap<&str, Vulnerability> = BTreeMap::new();
    let results = images.iter().filter_map(|image| match &image.seen {
        ScanSeen::Ended(result) => Some(result),
        ScanSeen::Missing | ScanSeen::UnderWay { .. } | ScanSeen::Without { .. } => None,
    });
    for found in results.flat_map(|result| &result.found) {
        let known = all
            .entry(found.id.as_str())
            .or_insert_with(|| Vulnerability {
                packages: Vec::new(),
                ..found.clone()
            });
        known.severity = known.severity.max(found.severity);
        known.fix = known.fix.max(found.fix);
        if known.link.is_empty() {
            known.link.clone_from(&found.link);
        }
        known.packages.extend(found.packages.iter().cloned());
        known.packages.sort();
        known.packages.dedup();
    }
    all.into_values().collect()
}
