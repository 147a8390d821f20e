//! Claims: what a gate says of what scans found.

mod judging;
mod telling;

use std::time::Duration;

use super::*;
use crate::day::Day;
use crate::time::Timestamp;
use crate::verdict::Finding;

const TIMEOUT: Duration = ScanGate::TIMEOUT;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn today() -> Day {
    day("2026-11-27")
}

fn gate(fail_on: Severity) -> ScanGate {
    ScanGate {
        fail_on,
        only_fixable: false,
        timeout: TIMEOUT,
        exceptions: Vec::new(),
    }
}

fn only_fixable(fail_on: Severity) -> ScanGate {
    ScanGate {
        only_fixable: true,
        ..gate(fail_on)
    }
}

impl ScanGate {
    fn excepting(mut self, id: &str, until: &str) -> Self {
        self.exceptions.push(ScanException {
            id: id.to_owned(),
            until: day(until),
            reason: "not reachable".to_owned(),
        });
        self
    }
}

/// `CVE-1 high openssl 1.0 -> 1.1`, `CVE-1 high openssl 1.0 none`, `CVE-1 high` (nothing is said of a fix).
fn found(text: &str) -> Vulnerability {
    let words: Vec<&str> = text.split(' ').collect();
    let severity = [
        Severity::Unrated,
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    let severity = severity
        .into_iter()
        .find(|severity| severity.as_str().replace(' ', "-") == words[1]);
    let fixed_in = words.get(5).map(|version| (*version).to_owned());
    let package = words.get(2).map(|name| VulnerablePackage {
        name: (*name).to_owned(),
        version: words[3].to_owned(),
        fixed_in: fixed_in.clone(),
    });
    Vulnerability {
        id: words[0].to_owned(),
        severity: severity.expect("a severity"),
        packages: package.into_iter().collect(),
        fix: match words.get(4) {
            Some(&"none") => Fix::None,
            Some(_) => Fix::Exists,
            None => Fix::NotSaid,
        },
        link: String::new(),
    }
}

fn ended(all: &[&str]) -> ScanSeen {
    ScanSeen::Ended(ScanResult {
        found: all.iter().map(|text| found(text)).collect(),
        ..ScanResult::default()
    })
}

fn under_way() -> ScanSeen {
    ScanSeen::UnderWay {
        status: "IN_PROGRESS".to_owned(),
    }
}

fn without() -> ScanSeen {
    ScanSeen::Without {
        status: "UNSUPPORTED_IMAGE: no such system".to_owned(),
    }
}

fn unlisted(severity: Severity) -> ScanSeen {
    ScanSeen::Ended(ScanResult {
        unlisted: vec![(severity, 2)],
        ..ScanResult::default()
    })
}

fn images(all: impl IntoIterator<Item = ScanSeen>) -> Vec<ImageScan> {
    let all: Vec<ScanSeen> = all.into_iter().collect();
    let names = ["linux/amd64", "linux/arm64"];
    let one = all.len() == 1;
    let with_name = |(place, seen)| ImageScan {
        platform: if one { "" } else { names[place] }.to_owned(),
        seen,
    };
    all.into_iter().enumerate().map(with_name).collect()
}

/// The judgement in a line: `passed: …`, `waiting: …`, or the code and the step's text.
fn line(gate: &ScanGate, all: impl IntoIterator<Item = ScanSeen>, waited: Duration) -> String {
    match judge(gate, &images(all), today(), waited) {
        Judgement::Passed { text } => format!("passed: {text}"),
        Judgement::Waiting { what } => format!("waiting: {what}"),
        Judgement::Refused(refused) => format!("{}: {}", refused.finding.code, refused.text),
    }
}

#[track_caller]
fn refused(gate: &ScanGate, all: impl IntoIterator<Item = ScanSeen>) -> Finding {
    match judge(gate, &images(all), today(), Duration::ZERO) {
        Judgement::Refused(refused) => refused.finding,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gate_that_means_nothing_is_refused() {
    let good = gate(Severity::Low).excepting("CVE-1", "2027-01-31");
    assert_eq!(good.check(), Ok(()));
    let wrong = [
        gate(Severity::Informational),
        ScanGate {
            timeout: Duration::from_secs(9),
            ..good.clone()
        },
        ScanGate {
            timeout: Duration::from_secs(4 * 3600 + 1),
            ..good.clone()
        },
        good.clone().excepting("CVE-1", "2028-01-31"),
        good.clone().excepting("CVE 1", "2028-01-31"),
        good.clone().excepting("", "2028-01-31"),
        ScanGate {
            exceptions: vec![ScanException {
                reason: "  ".to_owned(),
                ..good.exceptions[0].clone()
            }],
            ..good.clone()
        },
        (0..=ScanGate::EXCEPTIONS).fold(gate(Severity::High), |gate, n| {
            gate.excepting(&format!("CVE-{n}"), "2027-01-31")
        }),
    ];
    for gate in wrong {
        assert!(gate.check().is_err(), "{gate:?}");
    }
}
