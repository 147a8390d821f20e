//! What is said of it.

use super::*;

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
fn the_documents_name_every_finding_of_a_gate() {
    let page = include_str!("../../../../../docs/findings.md");
    let gate = gate(Severity::High);
    for finding in [
        refused(&gate, [ended(&["CVE-1 high"])]),
        refused(&gate, [without()]),
        not_scanned(),
        not_here("other/web", "web"),
    ] {
        assert!(
            page.contains(&format!("| `{}` |", finding.code)),
            "{finding:?}"
        );
        assert!(
            finding.cause.ends_with("nothing was deployed"),
            "{finding:?}"
        );
        assert!(!finding.remedy.is_empty(), "{finding:?}");
    }
}
