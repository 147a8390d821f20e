//! Claims: what a gate says of what scans found.

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
fn what_was_found_is_held_against_severity_fixes_and_exceptions() {
    use Severity::{Critical, High, Low, Medium};
    let fixable = "CVE-1 high zlib 1.2 -> 1.3";
    let unfixable = "CVE-2 high glibc 2.3 none";
    let unsaid = "CVE-3 high";
    for (gate, found, wanted) in [
        (gate(High), &[][..], "passed: 0 critical, 0 high"),
        (gate(High), &["CVE-9 medium"], "passed: 0 critical, 0 high"),
        (
            gate(Medium),
            &["CVE-9 medium"],
            "scan-gate: 0 critical, 0 high, 1 medium",
        ),
        (
            gate(Low),
            &["CVE-9 low"],
            "scan-gate: 0 critical, 0 high, 0 medium, 1 low",
        ),
        (
            gate(Low),
            &["CVE-9 informational"],
            "passed: 0 critical, 0 high, 0 medium, 0 low",
        ),
        (gate(High), &[fixable], "scan-gate: 0 critical, 1 high"),
        (
            gate(High),
            &["CVE-9 critical"],
            "scan-gate: 1 critical, 0 high",
        ),
        // What is milder than the gate is told all the same, down to high.
        (
            gate(Critical),
            &[fixable, unsaid],
            "passed: 0 critical, 2 high",
        ),
        // Nobody has rated it: it is told, and keeps nothing.
        (
            gate(Low),
            &["CVE-9 not-rated"],
            "passed: 0 critical, 0 high, 0 medium, 0 low, 1 not rated",
        ),
        // One CVE counts once, with the worst that is said of it.
        (
            gate(High),
            &["CVE-1 medium", "CVE-1 high", "CVE-1 high"],
            "scan-gate: 0 critical, 1 high",
        ),
        // Only what certainly has no fix is left out.
        (
            only_fixable(High),
            &[unfixable],
            "passed: 0 critical, 1 high (without a fix)",
        ),
        (
            only_fixable(High),
            &[fixable],
            "scan-gate: 0 critical, 1 high",
        ),
        (
            only_fixable(High),
            &[unsaid],
            "scan-gate: 0 critical, 1 high",
        ),
        (
            only_fixable(High),
            &[unfixable, "CVE-2 high glibc 2.2 -> 2.4"],
            "scan-gate: 0 critical, 1 high",
        ),
        (
            gate(High)
                .excepting("CVE-1", "2027-01-31")
                .excepting("CVE-2", "2027-02-28"),
            &[fixable, unfixable],
            "passed: 0 critical, 2 high (allowed until 2027-01-31)",
        ),
        (
            gate(High).excepting("CVE-1", "2027-01-31"),
            &[fixable, unfixable],
            "scan-gate: 0 critical, 2 high (1 allowed until 2027-01-31)",
        ),
        (
            only_fixable(High)
                .excepting("CVE-1", "2027-01-31")
                .excepting("CVE-2", "2027-01-31"),
            &[fixable, unfixable],
            "passed: 0 critical, 2 high (1 allowed until 2027-01-31, 1 without a fix)",
        ),
        (
            gate(Critical).excepting("CVE-9", "2027-01-31"),
            &["CVE-9 critical", fixable],
            "passed: 1 critical, 1 high (1 allowed until 2027-01-31)",
        ),
        // The last day counts, the next does not.
        (
            gate(High).excepting("CVE-1", "2026-11-27"),
            &[fixable],
            "passed: 0 critical, 1 high (allowed until 2026-11-27)",
        ),
        (
            gate(High).excepting("CVE-1", "2026-11-26"),
            &[fixable],
            "scan-gate: 0 critical, 1 high",
        ),
        // An exception is for its own id, whole.
        (
            gate(High).excepting("CVE-10", "2027-01-31"),
            &[fixable],
            "scan-gate: 0 critical, 1 high",
        ),
    ] {
        assert_eq!(
            line(&gate, [ended(found)], Duration::ZERO),
            wanted,
            "{gate:?} {found:?}"
        );
    }
}

#[test]
fn what_nobody_knows_never_passes() {
    let gate = gate(Severity::High);
    let clean = || ended(&[]);
    let late = "scan-unknown: the scan did not end within 10 m";
    for (seen, early, at_the_end) in [
        (
            vec![ScanSeen::Missing],
            "waiting: ECR to begin to scan",
            late,
        ),
        (
            vec![under_way()],
            "waiting: ECR to scan (IN_PROGRESS)",
            late,
        ),
        (
            vec![clean(), under_way()],
            "waiting: ECR to scan linux/arm64 (IN_PROGRESS)",
            late,
        ),
        (
            vec![ScanSeen::Missing, under_way()],
            "waiting: ECR to begin to scan linux/amd64 and 1 more",
            late,
        ),
        (
            vec![unlisted(Severity::High)],
            "waiting: ECR to list what it counts",
            late,
        ),
        (
            vec![without()],
            "scan-unknown: the scan has no result",
            "scan-unknown: the scan has no result",
        ),
        (
            vec![under_way(), without()],
            "scan-unknown: the scan has no result",
            "scan-unknown: the scan has no result",
        ),
        (
            vec![],
            "scan-unknown: the image has no manifest that can be scanned",
            "scan-unknown: the image has no manifest that can be scanned",
        ),
    ] {
        let almost = TIMEOUT.checked_sub(Duration::from_secs(1)).expect("longer");
        assert_eq!(line(&gate, seen.clone(), almost), early, "{seen:?}");
        assert_eq!(line(&gate, seen.clone(), TIMEOUT), at_the_end, "{seen:?}");
    }
}

#[test]
fn what_was_found_goes_before_what_is_not_known_and_what_does_not_matter_is_not_waited_for() {
    let gate = gate(Severity::High);
    let bad = || ended(&["CVE-1 high"]);
    for other in [ScanSeen::Missing, under_way(), without()] {
        assert_eq!(refused(&gate, [other, bad()]).code, "scan-gate");
    }
    let mild = unlisted(Severity::Medium);
    assert_eq!(
        line(&gate, [mild], Duration::ZERO),
        "passed: 0 critical, 0 high"
    );
    // A result that came just in time counts.
    assert_eq!(
        line(&gate, [ended(&[])], TIMEOUT),
        "passed: 0 critical, 0 high"
    );
}

#[test]
fn a_failed_gate_names_package_severity_fix_and_way_out() {
    let mut linked = found("CVE-2026-1 critical openssl 3.0.1 -> 3.0.2");
    linked.link = "https://nvd.nist.gov/vuln/detail/CVE-2026-1".to_owned();
    linked
        .packages
        .extend(found("x high libssl 3.0.1 -> 3.0.2").packages);
    let seen = ScanSeen::Ended(ScanResult {
        found: vec![
            found("CVE-2026-2 high"),
            found("CVE-2026-3 high glibc 2.3 none"),
            linked,
        ],
        ..ScanResult::default()
    });
    let gate = gate(Severity::High).excepting("CVE-2026-3", "2026-11-01");
    let finding = refused(&gate, [seen]);
    assert_eq!(
        finding.cause,
        "the image does not pass the scan gate (fail_on = \"high\"): CVE-2026-1 (critical), CVE-2026-2 \
         (high), CVE-2026-3 (high); nothing was deployed"
    );
    assert_eq!(
        finding.evidence,
        [
            "CVE-2026-1 critical: libssl 3.0.1, fixed in 3.0.2; openssl 3.0.1, fixed in 3.0.2 \
             https://nvd.nist.gov/vuln/detail/CVE-2026-1",
            "CVE-2026-2 high: the scanner names no package, whether a fix exists is not said",
            "CVE-2026-3 high: glibc 2.3, no fix exists; its exception ended on 2026-11-01 (not reachable)",
        ]
    );
    assert_eq!(
        finding.remedy,
        "rebuild with libssl >= 3.0.2, openssl >= 3.0.2; or except it until a day under \
         [[scan.exceptions]] in shipway.toml"
    );
}

#[test]
fn a_gate_that_finds_hundreds_names_the_worst_and_counts_the_rest() {
    let all: Vec<String> = (0..500)
        .map(|n| {
            format!(
                "CVE-{n:03} {} pkg{n} 1 -> 2",
                if n == 499 { "critical" } else { "high" }
            )
        })
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let finding = refused(&gate(Severity::High), [ended(&all)]);
    assert!(
        finding.cause.contains("CVE-499 (critical), CVE-000 (high)"),
        "{}",
        finding.cause
    );
    assert!(finding.cause.contains("and 495 more"), "{}", finding.cause);
    assert_eq!(finding.evidence.len(), 21);
    assert_eq!(finding.evidence[20], "and 480 more");
    assert!(
        finding.remedy.contains("and 495 more; or"),
        "{}",
        finding.remedy
    );
}

#[test]
fn an_unknown_scan_says_that_nothing_is_known_and_nothing_was_deployed() {
    let gate = gate(Severity::High);
    let images = images([ScanSeen::Missing, under_way()]);
    let Judgement::Refused(late) = judge(&gate, &images, today(), TIMEOUT) else {
        panic!("it is late");
    };
    assert_eq!(
        late.finding.cause,
        "whether the image passes the scan gate is not known: the scan did not end within 10 m; nothing \
         was deployed"
    );
    assert_eq!(
        late.finding.evidence,
        [
            "linux/amd64: ECR knows of no scan",
            "linux/arm64: IN_PROGRESS"
        ]
    );
    assert!(
        late.finding.remedy.contains("timeout"),
        "{}",
        late.finding.remedy
    );
    let finding = refused(&gate, [without()]);
    assert_eq!(finding.evidence, ["UNSUPPORTED_IMAGE: no such system"]);
}

#[test]
fn exceptions_that_ran_out_are_told_whether_needed_or_not() {
    let gate = gate(Severity::High)
        .excepting("CVE-1", "2026-11-26")
        .excepting("CVE-2", "2026-11-27");
    assert_eq!(
        expired(&gate, today()),
        ["the scan exception for CVE-1 ended on 2026-11-26 and counts no more (not reachable)"]
    );
}

#[test]
fn a_scan_is_asked_for_when_there_is_none_or_an_old_one() {
    let now = Timestamp::from_millis(1_795_000_000_000);
    let ago = |hours: u64| {
        ScanSeen::Ended(ScanResult {
            ended_at: Some(now.minus(Duration::from_secs(hours * 3600))),
            ..ScanResult::default()
        })
    };
    for (seen, wanted) in [
        (ScanSeen::Missing, true),
        (under_way(), false),
        (without(), false),
        (ended(&[]), false),
        (ago(23), false),
        (ago(25), true),
    ] {
        assert_eq!(wants_scan(&seen, now), wanted, "{seen:?}");
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

#[test]
fn the_documents_name_every_finding_of_a_gate() {
    let page = include_str!("../../../../docs/findings.md");
    let gate = gate(Severity::High);
    for finding in [
        refused(&gate, [ended(&["CVE-1 high"])]),
        refused(&gate, [without()]),
        not_scanned(),
        not_here("other/web", "web"),
    ] {
        let named = page.contains(&format!("| `{}` |", finding.code));
        let told = finding.cause.ends_with("nothing was deployed") && !finding.remedy.is_empty();
        assert!(named && told, "{finding:?}");
    }
}
