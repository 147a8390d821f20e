//! The scan gate: what it becomes, and mistakes in it.

use std::time::Duration;

use expect_test::expect;
use shipway_domain::day::Day;
use shipway_domain::scan::{ScanException, ScanGate, Severity};

use crate::support::{Shelf, check, context, manifest, resolve, shelf, told};

fn gated(scan: &str) -> Shelf {
    manifest("[accounts]", &format!("[scan]\n{scan}\n[accounts]"))
}

const EXCEPTION: &str = "fail_on = \"high\"\n[[scan.exceptions]]\nid = \"CVE-2026-1\"\nuntil = \"2027-01-31\"\nreason = \"no way in\"\n";

fn gate(files: &Shelf) -> Option<ScanGate> {
    let resolved = resolve(files, "prod", &context(None)).expect("the files are good");
    resolved.spec.scan
}

#[test]
fn a_gate_is_what_the_manifest_says_and_absent_without_its_table() {
    assert_eq!(gate(&shelf()), None);
    assert_eq!(
        gate(&gated("fail_on = \"low\"")),
        Some(ScanGate {
            fail_on: Severity::Low,
            only_fixable: false,
            timeout: Duration::from_secs(600),
            exceptions: Vec::new(),
        })
    );
    let whole = format!("only_fixable = true\ntimeout = \"90s\"\n{EXCEPTION}");
    let whole = gate(&gated(&whole)).expect("a gate");
    assert_eq!(
        whole,
        ScanGate {
            fail_on: Severity::High,
            only_fixable: true,
            timeout: Duration::from_secs(90),
            exceptions: vec![ScanException {
                id: "CVE-2026-1".to_owned(),
                until: Day::parse("2027-01-31").expect("a day"),
                reason: "no way in".to_owned(),
            }],
        }
    );
    assert_eq!(whole.check(), Ok(()));
    // TOML has days of its own.
    let bare = gate(&gated(&EXCEPTION.replace("\"2027-01-31\"", "2027-01-31")));
    assert_eq!(bare.map(|gate| gate.exceptions), Some(whole.exceptions));
}

#[test]
fn whatever_the_manifest_permits_the_coordinator_takes() {
    for (key, severity) in [
        ("critical", Severity::Critical),
        ("high", Severity::High),
        ("medium", Severity::Medium),
        ("low", Severity::Low),
    ] {
        for timeout in ["10s", "4h"] {
            let text = format!("fail_on = \"{key}\"\ntimeout = \"{timeout}\"");
            let gate = gate(&gated(&text)).expect("a gate");
            assert_eq!((gate.fail_on, gate.check()), (severity, Ok(())));
        }
    }
}

#[test]
fn a_gate_without_a_severity_or_with_a_strange_one() {
    check(
        &gated(""),
        &expect![[r#"
        error: missing key "fail_on"
          --> shipway.toml:17:1
           |
        17 | [scan]
           | ^^^^^^
           = help: fail_on: The mildest severity that keeps it."#]],
    );
    check(
        &gated("fail_on = \"severe\""),
        &expect![[r#"
        error: fail_on cannot be "severe"
          --> shipway.toml:18:11
           |
        18 | fail_on = "severe"
           |           ^^^^^^^^ scan.fail_on
           = help: permitted: "critical", "high", "medium", "low""#]],
    );
}

#[test]
fn a_timeout_that_is_none_or_too_long() {
    check(
        &gated("fail_on = \"high\"\ntimeout = \"10\""),
        &expect![[r#"
            error: "10" is no duration
              --> shipway.toml:19:11
               |
            19 | timeout = "10"
               |           ^^^^ scan.timeout
               = help: a duration is a whole number and s, m or h, as in "90s", "5m", "1h""#]],
    );
    check(
        &gated("fail_on = \"high\"\ntimeout = \"5h\""),
        &expect![[r#"
            error: timeout cannot be "5h"
              --> shipway.toml:19:11
               |
            19 | timeout = "5h"
               |           ^^^^ scan.timeout
               = help: permitted: 10s to 4h"#]],
    );
}

#[test]
fn an_exception_without_an_end() {
    check(
        &gated(&EXCEPTION.replace("until = \"2027-01-31\"\n", "")),
        &expect![[r#"
            error: missing key "until"
              --> shipway.toml:19:1
               |
            19 | [[scan.exceptions]]
               | ^^^^^^^^^^^^^^^^^^^ scan.exceptions[0]
               = help: until: The last day, in UTC, on which it is let pass, such as "2027-01-31"."#]],
    );
    check(
        &gated(&EXCEPTION.replace("2027-01-31", "2027-02-30")),
        &expect![[r#"
            error: "2027-02-30" is no day
              --> shipway.toml:21:9
               |
            21 | until = "2027-02-30"
               |         ^^^^^^^^^^^^ scan.exceptions[0].until
               = help: a day is written YYYY-MM-DD, as in "2027-01-31", from 1970 on"#]],
    );
}

#[test]
fn an_exception_without_a_reason_or_an_id() {
    check(
        &gated(&EXCEPTION.replace("no way in", "  ")),
        &expect![[r#"
            error: an exception needs a reason
              --> shipway.toml:22:10
               |
            22 | reason = "  "
               |          ^^^^ scan.exceptions[0].reason
               = help: write 1 to 300 characters: why it may pass"#]],
    );
    check(
        &gated(&EXCEPTION.replace("CVE-2026-1", "CVE 2026")),
        &expect![[r#"
            error: "CVE 2026" is no id of a vulnerability
              --> shipway.toml:20:6
               |
            20 | id = "CVE 2026"
               |      ^^^^^^^^^^ scan.exceptions[0].id
               = help: an id has 1 to 64 letters, digits, '-', '.', '_' and ':', as in "CVE-2026-1234""#]],
    );
}

#[test]
fn an_exception_that_stands_twice() {
    let (_, exception) = EXCEPTION.split_once('\n').expect("lines");
    check(
        &gated(&format!("{EXCEPTION}{exception}")),
        &expect![[r#"
            error: CVE-2026-1 stands twice
              --> shipway.toml:24:6
               |
            24 | id = "CVE-2026-1"
               |      ^^^^^^^^^^^^ scan.exceptions[1].id
               = help: leave one of them"#]],
    );
}

#[test]
fn more_exceptions_than_a_gate_takes() {
    let one = |n| {
        format!(
            "[[scan.exceptions]]\nid = \"CVE-{n}\"\nuntil = \"2027-01-31\"\nreason = \"no way in\"\n"
        )
    };
    let all: String = (0..=ScanGate::EXCEPTIONS).map(one).collect();
    let told = told(&gated(&format!("fail_on = \"high\"\n{all}")));
    assert!(told.contains("exceptions has 101 items"), "{told}");
    assert!(told.contains("permitted: at most 100"), "{told}");
}
