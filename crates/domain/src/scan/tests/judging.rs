//! What passes, what does not, and what is waited for.

use super::*;

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
