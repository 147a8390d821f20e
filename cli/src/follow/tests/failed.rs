//! Releases that do not come to serve.

use expect_test::expect;
use shipway_domain::event::{EventKind, NoteLevel, Progress, Step};
use shipway_domain::ids::{JobId, ReleaseId};
use shipway_domain::job::{Outcome, StopReason};
use shipway_domain::verdict::{Finding, Verdict};

use super::scene::{Scene, report};

fn finding(code: &str, cause: &str, evidence: &[&str], remedy: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        cause: cause.to_owned(),
        evidence: evidence.iter().map(|line| (*line).to_owned()).collect(),
        remedy: remedy.to_owned(),
    }
}

fn rolled_back() -> Scene {
    let mut report = report(
        Verdict::RolledBack,
        "web:41 serves again (3 of 3 tasks), nobody was cut off",
    );
    report.findings = vec![
        finding(
            "container-exits",
            "the new container exits with code 1 about 2 s after it starts (3 of 3 tasks; breaker 3 of 3)",
            &[
                "task 8c1f, container web, exit 1, 12:05:02",
                "| Error: DATABASE_URL is not set",
                "|     at config.js:14",
            ],
            "DATABASE_URL is in the running definition (web:41) but not in the new one: add it to \
             task-definition.json, containerDefinitions[web].environment or secrets",
        ),
        finding(
            "W07",
            "health check grace period is 10 s; past tasks needed 28 s",
            &[],
            "",
        ),
    ];
    let mut scene = Scene::new(&[0, 1]);
    scene
        .built()
        .granted(1, "agent-prod-1")
        .begins(1, Step::Follow)
        .pass(254)
        .ends(1, Outcome::RolledOut(report));
    let needed = JobId {
        release: ReleaseId::from_number(7),
        index: 1,
    };
    scene
        .ends(2, Outcome::Skipped { needed })
        .verdict(Verdict::RolledBack);
    scene
}

#[test]
fn a_failed_rollout_ends_with_why_evidence_and_remedy() {
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   2 targets, 2 waves

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there

         ✗ prod eu-west-1 main/web  rolled-back   web:41 serves again (3 of 3 tasks), nobody was cut off   4 m 14 s

           Why      the new container exits with code 1 about 2 s after it starts (3 of 3 tasks; breaker 3
                    of 3) [container-exits]
           Evidence task 8c1f, container web, exit 1, 12:05:02
                    | Error: DATABASE_URL is not set
                    |     at config.js:14
           Remedy   DATABASE_URL is in the running definition (web:41) but not in the new one: add it to
                    task-definition.json, containerDefinitions[web].environment or secrets
           Also     health check grace period is 10 s; past tasks needed 28 s [W07]

         · prod us-east-1 main/web  not started: prod eu-west-1 main/web did not succeed
        rolled-back in 4 m 44 s   trace 0af7651916cd43dd8448eb211c80319c
        more: shipway logs 1007"#]].assert_eq(&rolled_back().ending());
    let ending = rolled_back().ending();
    let (_, rollout) = ending.split_once("\n ✗").expect("the line of the rollout");
    crate::text::shown_in_the_readme(&format!(" ✗{rollout}"));
}

#[test]
fn a_target_that_was_never_started_has_no_verdict() {
    let scene = rolled_back();
    let targets: Vec<_> = scene.state.targets().collect();
    assert_eq!(targets[0].verdict(), Some(Verdict::RolledBack));
    assert_eq!(targets[1].verdict(), None);
}

#[test]
fn a_failed_build_names_its_cause() {
    let mut scene = Scene::new(&[0]);
    let cause = finding(
        "dockerfile",
        "RUN npm ci failed with exit code 1",
        &["npm ERR! 404"],
        "",
    );
    scene
        .granted(0, "agent-tools-1")
        .begins(0, Step::Build)
        .pass(12)
        .ends(0, Outcome::Failed(cause));
    let needed = JobId {
        release: ReleaseId::from_number(7),
        index: 0,
    };
    scene
        .ends(1, Outcome::Skipped { needed })
        .verdict(Verdict::Failed);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✗ build            12 s

         ✗ build                    failed   RUN npm ci failed with exit code 1   12 s

           Why      RUN npm ci failed with exit code 1 [dockerfile]
           Evidence npm ERR! 404

         · prod eu-west-1 main/web  not started: build did not succeed
        failed in 12 s   trace 0af7651916cd43dd8448eb211c80319c
        more: shipway logs 1007"#]]
    .assert_eq(&scene.ending());
}

#[test]
fn a_cancelled_release_says_who_and_why() {
    let mut scene = Scene::new(&[0]);
    let (by, reason) = ("dev".to_owned(), "wrong branch".to_owned());
    let stop = StopReason::Cancelled {
        by: by.clone(),
        reason: reason.clone(),
    };
    scene
        .event(None, EventKind::CancelAsked { by, reason })
        .ends(0, Outcome::Stopped(stop.clone()))
        .ends(1, Outcome::Stopped(stop))
        .verdict(Verdict::Cancelled);
    expect![[r#"
        12:00:00Z  web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave
        12:00:00Z  release 1007: dev asks to cancel it: wrong branch
        12:00:00Z  build: cancelled: by dev: wrong branch
        12:00:00Z  prod eu-west-1 main/web: cancelled: by dev: wrong branch
        12:00:00Z  release 1007: cancelled in 0 s

        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         – build                    cancelled   by dev: wrong branch
         – prod eu-west-1 main/web  cancelled   by dev: wrong branch
        cancelled in 0 s   trace 0af7651916cd43dd8448eb211c80319c"#]]
    .assert_eq(&format!("{}\n\n{}", scene.plain(), scene.ending()));
}

#[test]
fn a_resting_release_is_not_final_and_says_how_to_go_on() {
    let mut scene = Scene::new(&[0]);
    scene
        .built()
        .granted(1, "agent-prod-1")
        .begins(1, Step::Follow)
        .pass(1800);
    let level = NoteLevel::Warning;
    let text = "ECS throttles DescribeServices; looking every 10 s".to_owned();
    scene.event(Some(1), EventKind::Progress(Progress::Note { level, text }));
    let summary = "no end in 30 m; ECS goes on".to_owned();
    scene.event(
        Some(1),
        EventKind::Rested {
            verdict: Verdict::Unknown,
            summary,
        },
    );
    scene.view.verdict = Some(shipway_proto::v1::Verdict::Unknown.into());
    scene.stands(1, |view| {
        view.phase = shipway_proto::v1::JobPhase::Resting.into()
    });
    assert!(!scene.state.is_final());
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there

         ? prod eu-west-1 main/web  unknown   no end in 30 m; ECS goes on   30 m
        unknown after 30 m 30 s, not final   trace 0af7651916cd43dd8448eb211c80319c
        it is looked at again: shipway watch 1007      give it up: shipway cancel 1007"#]]
    .assert_eq(&scene.ending());
}
