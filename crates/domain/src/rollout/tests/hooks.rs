//! Deployments by stages: what people are told of them, and what comes of their answers.

use std::time::Duration;

use super::fixtures::{TIMEOUT, cancelled, wanted};
use super::world::World;
use super::{Checkpoint, Verdict, Walk};
use crate::event::{PhaseKind, TaskCounts};
use crate::hook::{HookAction, HookAnswer, Weight};
use crate::observe::{HookSeen, RevisionCounts, ServiceDeploymentStatus as Status};
use crate::rollout::FailureKind;
use crate::time::Timestamp;

const CANARY: &str = r#"{"strategy":"CANARY","bakeTimeInMinutes":5,
    "canaryConfiguration":{"canaryPercent":12.5,"canaryBakeTimeInMinutes":10}}"#;

/// A service that is set up for this strategy.
fn staged(strategy: &str, configuration: &str) -> Walk {
    let mut world = World::new();
    world.script = vec![Status::InProgress];
    let service = world.service_mut();
    strategy.clone_into(&mut service.strategy);
    configuration.clone_into(&mut service.deployment_configuration);
    let mut walk = Walk::of(wanted(), world);
    walk.until("Following");
    walk
}

fn hook(id: &str, status: &str) -> HookSeen {
    HookSeen {
        id: id.to_owned(),
        target_type: "PAUSE".to_owned(),
        status: status.to_owned(),
        expires_at: Some(Timestamp::from_millis(1_795_424_129_000)),
        on_timeout: Some(HookAction::Rollback),
    }
}

/// A blue/green deployment that waits for an answer to the hook `h1`.
fn paused() -> Walk {
    let mut walk = staged(
        "BLUE_GREEN",
        r#"{"strategy":"BLUE_GREEN","bakeTimeInMinutes":5}"#,
    );
    at(&mut walk, "POST_SCALE_UP", 0.0);
    walk.world.first().hooks = vec![hook("h1", "AWAITING_ACTION")];
    walk.until("Follow");
    walk
}

/// The deployment is in this stage, with so much traffic.
fn at(walk: &mut Walk, stage: &str, percent: f64) {
    let deployment = walk.world.first();
    deployment.lifecycle_stage = Some(stage.to_owned());
    deployment.target_revision.production = Some(Weight::of_percent(percent));
    deployment.target_revision.running = 2;
    deployment.target_revision.pending = 0;
    deployment.source_revisions = vec![RevisionCounts {
        running: 2,
        ..RevisionCounts::default()
    }];
}

fn answer(hook: &str, action: HookAction, at: Timestamp) -> HookAnswer {
    HookAnswer {
        hook: hook.to_owned(),
        action,
        by: "ann".to_owned(),
        reason: "the figures are right".to_owned(),
        at,
    }
}

fn told(walk: &mut Walk) -> TaskCounts {
    walk.log.clear();
    walk.until("Follow");
    walk.rollout.counts().expect("counts")
}

#[test]
fn each_stage_is_told_in_plain_words_with_its_traffic_and_its_limit() {
    let mut walk = staged("CANARY", CANARY);
    let table = [
        (
            "RECONCILE_SERVICE",
            0.0,
            "ECS to prepare the deployment",
            None,
        ),
        (
            "POST_SCALE_UP",
            0.0,
            "ECS to go on: all new tasks are up",
            None,
        ),
        (
            "PRODUCTION_TRAFFIC_SHIFT",
            12.5,
            "the canary to bake: 12.5 % of production traffic is at the new tasks",
            Some(600),
        ),
        (
            "PRODUCTION_TRAFFIC_SHIFT",
            100.0,
            "production traffic to move: all new tasks are up, 100 % of it is theirs",
            None,
        ),
        (
            "BAKE_TIME",
            100.0,
            "the bake time to pass: all production traffic is at the new tasks, the old ones are kept",
            Some(300),
        ),
        ("LATER_STAGE", 100.0, "the stage LATER_STAGE to end", None),
    ];
    for (stage, percent, words, limit) in table {
        at(&mut walk, stage, percent);
        let counts = told(&mut walk);
        assert_eq!(counts.waiting_for, words);
        let phase = counts.phase.expect("a phase");
        assert_eq!(phase.at_most.map(|most| most.as_secs()), limit, "{stage}");
        let shown = counts.stage.expect("a stage");
        assert_eq!(shown.name, stage);
        assert_eq!(shown.production, Some(Weight::of_percent(percent)));
        assert_eq!(counts.upper, 4, "both revisions in full");
    }
}

#[test]
fn a_bake_time_counts_from_when_it_was_seen_to_begin_and_tells_the_end() {
    let mut walk = staged("CANARY", CANARY);
    at(&mut walk, "POST_PRODUCTION_TRAFFIC_SHIFT", 100.0);
    told(&mut walk);
    at(&mut walk, "BAKE_TIME", 100.0);
    let begun = told(&mut walk).phase.and_then(|phase| phase.since);
    let begun = begun.expect("it was seen");
    told(&mut walk);
    let counts = told(&mut walk);
    assert_eq!(counts.phase.and_then(|phase| phase.since), Some(begun));
    let end = counts.ends_about.expect("an end");
    assert!(end.since(begun) < Duration::from_secs(306), "{end}");
    // The attempt after it came in the middle, and claims no beginning.
    walk.again();
    let counts = told(&mut walk);
    let phase = counts.phase.expect("a phase");
    assert_eq!((phase.kind, phase.since), (PhaseKind::BakeTime, None));
    assert_eq!(counts.ends_about, None);
}

#[test]
fn while_both_revisions_have_to_stay_no_task_is_said_to_be_in_the_way() {
    let mut walk = staged(
        "BLUE_GREEN",
        r#"{"strategy":"BLUE_GREEN","bakeTimeInMinutes":5}"#,
    );
    at(&mut walk, "SCALE_UP", 0.0);
    walk.world.first().target_revision.pending = 1;
    walk.world.first().target_revision.running = 1;
    assert_eq!(told(&mut walk).waiting_for, "1 of 2 new tasks to start");
    at(&mut walk, "SCALE_UP", 0.0);
    assert_eq!(told(&mut walk).waiting_for, "new tasks to be healthy");
    at(&mut walk, "CLEAN_UP", 100.0);
    assert_eq!(told(&mut walk).waiting_for, "2 old tasks to go");
}

#[test]
fn a_pause_says_where_it_is_how_it_is_answered_and_what_follows_without_an_answer() {
    let mut walk = paused();
    let counts = told(&mut walk);
    assert_eq!(
        counts.waiting_for,
        "approval at POST_SCALE_UP (hook h1): shipway approve 1; without an answer by \
         2026-11-23T08:55:29Z ECS rolls back"
            .replace(
                "approve 1;",
                &format!("approve {};", walk.wanted.job.release)
            )
    );
    assert_eq!(
        counts.phase.map(|phase| phase.kind),
        Some(PhaseKind::Approval)
    );
    let hooks = counts.stage.expect("a stage").hooks;
    assert_eq!(hooks.len(), 1);
    assert_eq!(
        (hooks[0].id.as_str(), hooks[0].stage.as_str()),
        ("h1", "POST_SCALE_UP")
    );
}

#[test]
fn an_approval_is_noted_handed_on_once_and_the_release_is_live() {
    let mut walk = paused();
    walk.answer(answer("h1", HookAction::Continue, walk.world.now));
    walk.log.clear();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(
        walk.log[..4],
        ["AnswerIntent", "Continue", "Answered", "Follow"]
    );
    assert_eq!(walk.did("Continue"), 1);
}

#[test]
fn a_rejection_rolls_back_and_the_verdict_names_who_and_why() {
    let mut walk = paused();
    walk.answer(answer("h1", HookAction::Rollback, walk.world.now));
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(
        report.summary,
        "rejected by ann: the figures are right; web:1 serves again"
    );
    let finding = &report.findings[0];
    assert_eq!(finding.code, "rejected");
    assert_eq!(finding.cause, "ann rejected the deployment");
    let evidence = finding.evidence.join("\n");
    assert!(evidence.contains("the figures are right"), "{evidence}");
    assert!(evidence.contains("hook h1 at POST_SCALE_UP"), "{evidence}");
    assert_eq!(walk.did("StopDeployment"), 0);
}

#[test]
fn an_answer_to_a_hook_that_does_not_wait_is_kept_for_nobody() {
    let mut walk = paused();
    walk.answer(answer("h0", HookAction::Continue, walk.world.now));
    told(&mut walk);
    assert_eq!(walk.did("AnswerIntent") + walk.did("Continue"), 0);
}

#[test]
fn the_attempt_after_an_intent_looks_first_and_answers_only_what_still_waits() {
    for (waits, calls) in [(true, 1), (false, 0)] {
        let mut walk = paused();
        walk.answer(answer("h1", HookAction::Continue, walk.world.now));
        walk.until("AnswerIntent");
        if !waits {
            // The call of the attempt before has landed unheard.
            walk.world.first().hooks = vec![hook("h1", "SUCCEEDED")];
            walk.world.script = vec![Status::InProgress, Status::Successful];
        }
        walk.again();
        walk.log.clear();
        let report = walk.report();
        assert_eq!(report.verdict, Verdict::Live);
        assert_eq!(walk.did("Continue"), calls, "{:?}", walk.log);
        // What landed unheard is told.
        let late = report.findings.iter().filter(|it| it.code == "late-call");
        assert_eq!(late.count(), usize::from(!waits));
        assert_eq!(walk.did("Answered"), 1);
        let follow = walk.log.iter().position(|act| act == "Follow");
        let call = walk.log.iter().position(|act| act == "Continue");
        assert!(
            call.is_none_or(|call| follow < Some(call)),
            "{:?}",
            walk.log
        );
    }
}

#[test]
fn an_answer_without_an_answer_of_ecs_is_followed_by_a_look() {
    let mut walk = paused();
    walk.answer(answer("h1", HookAction::Continue, walk.world.now));
    walk.world.fails("Continue", FailureKind::Uncertain, 1);
    walk.until("Continue");
    walk.log.clear();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.log[..2], ["Follow", "Continue"], "{:?}", walk.log);
}

#[test]
fn an_answer_that_comes_too_late_is_told_and_hinders_nothing() {
    let mut walk = paused();
    walk.answer(answer("h1", HookAction::Continue, walk.world.now));
    walk.world.fails("Continue", FailureKind::Invalid, 1);
    walk.until("Continue");
    let notes = walk.rollout.take_notes();
    assert!(
        notes
            .iter()
            .any(|(_, text)| text.contains("hook h1 was not taken")),
        "{notes:?}"
    );
    walk.world.script = vec![Status::Successful];
    walk.log.clear();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.did("Continue"), 0);
}

#[test]
fn a_cancel_goes_before_an_approval_that_was_not_handed_on() {
    let mut walk = paused();
    walk.answer(answer("h1", HookAction::Continue, walk.world.now));
    walk.stop(cancelled());
    assert_eq!(walk.verdict(), Verdict::Cancelled);
    assert_eq!((walk.did("Continue"), walk.did("StopDeployment")), (0, 1));
}

#[test]
fn a_hook_that_times_out_is_named_as_the_cause() {
    let mut walk = paused();
    walk.world.first().hooks = vec![HookSeen {
        on_timeout: None,
        ..hook("h1", "TIMED_OUT")
    }];
    walk.world.script = vec![Status::RollbackInProgress, Status::RollbackSuccessful];
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::RolledBack);
    assert_eq!(report.findings[0].code, "no-answer");
    assert!(
        report.summary.starts_with("nobody approved it in time"),
        "{}",
        report.summary
    );
}

#[test]
fn a_timeout_after_which_ecs_went_on_is_not_blamed_for_a_later_way_back() {
    let mut walk = paused();
    let mut waits = hook("h2", "AWAITING_ACTION");
    waits.on_timeout = Some(HookAction::Continue);
    walk.world.first().hooks = vec![waits.clone()];
    told(&mut walk);
    waits.status = "TIMED_OUT".to_owned();
    waits.on_timeout = None;
    walk.world.first().hooks = vec![waits];
    walk.world.script = vec![Status::RollbackInProgress, Status::RollbackSuccessful];
    let report = walk.report();
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.code != "no-answer"),
        "{report:?}"
    );
}

#[test]
fn past_its_time_a_pause_rests_and_says_that_it_waits_for_approval() {
    let mut walk = paused();
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Unknown);
    assert!(
        report
            .summary
            .contains("waiting for approval at POST_SCALE_UP (hook h1)"),
        "{}",
        report.summary
    );
}

#[test]
fn the_time_of_a_rollout_begins_anew_with_an_answer() {
    let mut walk = paused();
    walk.report();
    // Hours later somebody answers, and the job is looked at again.
    walk.world.pass(TIMEOUT * 4);
    walk.answer(answer("h1", HookAction::Continue, walk.world.now));
    walk.again();
    walk.until("Answered");
    walk.world.script = vec![Status::InProgress; 20];
    walk.world.script.push(Status::Successful);
    assert_eq!(walk.verdict(), Verdict::Live);
    assert!(walk.noted.contains(&Checkpoint::Answered {
        hook: "h1".to_owned()
    }));
}

#[test]
fn percentages_and_breaker_of_a_rolling_service_are_not_brought_to_another() {
    let mut world = World::new();
    let service = world.service_mut();
    "BLUE_GREEN".clone_into(&mut service.strategy);
    service.desired = 1;
    let mut wish = wanted();
    // Of one task these would move none if it were rolling.
    wish.settings.minimum_healthy_percent = 100;
    wish.settings.maximum_percent = 100;
    let mut walk = Walk::of(wish, world);
    assert_eq!(walk.verdict(), Verdict::Live);
    let update = &walk.world.updates[0];
    assert!(update.keeps_configuration);
    let mut walk = Walk::usual();
    walk.end();
    assert!(!walk.world.updates[0].keeps_configuration);
}
