//! What the report calls a success, and what it says.

use super::*;

const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

fn report(verdict: Verdict, digest: &str) -> v1::RolloutReport {
    v1::RolloutReport {
        verdict: v1::Verdict::from(verdict) as i32,
        summary: "as told".to_owned(),
        image_digest: Some(digest.to_owned()),
        task_definition: Some("arn:aws:ecs:eu-west-1:222222222222:task-definition/hello:7".into()),
        ..v1::RolloutReport::default()
    }
}

fn act(expected: Verdict, report: v1::RolloutReport) -> Act {
    let target = v1::Target {
        account: "222222222222".to_owned(),
        region: "eu-west-1".to_owned(),
        cluster: "main".to_owned(),
        service: "hello".to_owned(),
    };
    let release = v1::ReleaseView {
        id: 0,
        env: "prod".to_owned(),
        title: "commit 4f1c2d9".to_owned(),
        submitted_ms: 1000,
        ended_ms: Some(4500),
        verdict: Some(report.verdict),
        jobs: vec![v1::JobView {
            target: Some(target),
            outcome: Some(v1::Outcome {
                outcome: Some(v1::outcome::Outcome::RolledOut(report)),
            }),
            ..v1::JobView::default()
        }],
        ..v1::ReleaseView::default()
    };
    Act {
        command: "shipway deploy prod".to_owned(),
        expected,
        code: expected.exit_code(),
        same_image_as: None,
        release: Some(release),
    }
}

fn of(acts: Vec<Act>) -> Report {
    Report {
        builder: "layers".to_owned(),
        acts,
    }
}

fn live(digest: &str) -> Act {
    act(Verdict::Live, report(Verdict::Live, digest))
}

#[test]
fn what_ended_as_it_should_is_a_success() {
    let again = Act {
        same_image_as: Some(0),
        ..live(ONE)
    };
    assert!(of(vec![live(ONE), live(TWO), again]).as_expected());
}

#[test]
fn an_exit_code_that_is_not_that_of_the_verdict_is_none() {
    let act = Act {
        code: 1,
        ..live(ONE)
    };
    assert!(!of(vec![act]).as_expected());
}

#[test]
fn another_image_than_the_earlier_one_is_none() {
    let other = Act {
        same_image_as: Some(0),
        ..live(TWO)
    };
    assert!(!of(vec![live(ONE), other]).as_expected());
}

#[test]
fn a_rollback_by_ecs_without_a_cause_is_none() {
    let mut bare = report(Verdict::RolledBack, ONE);
    assert!(!of(vec![act(Verdict::RolledBack, bare.clone())]).as_expected());
    bare.findings.push(v1::Finding::default());
    assert!(of(vec![act(Verdict::RolledBack, bare)]).as_expected());
}

#[test]
fn the_table_names_accounts_and_shortens_what_is_long() {
    let table = of(vec![live(ONE)]).table();
    let line = table.lines().nth(1).expect("a line");
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let expected = ["prod", "prod", "live", "sha256:111111111111", "hello:7"];
    assert_eq!(words[..5], expected);
    assert!(line.ends_with("3.5 s  commit 4f1c2d9"), "{line}");
}

#[test]
fn the_document_has_account_numbers_and_whole_digests() {
    let document = of(vec![live(ONE)]).json();
    assert_eq!(document["as_expected"], true);
    let target = &document["releases"][0]["targets"][0];
    assert_eq!(target["account"], "222222222222");
    assert_eq!(target["image_digest"], ONE);
}
