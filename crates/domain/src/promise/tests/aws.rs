//! What AWS shows against what was recorded and told.

use super::*;
use crate::event::{NoteLevel, Progress};
use crate::late_call::LateCall;

#[test]
fn a_second_update_of_one_rollout_breaks_the_second_promise() {
    breaks(
        Promise::Attempts,
        [mutation(9, held(1, 1), update())],
        "sent UpdateService 2 times (attempt 1 at 4000, attempt 1 at 9000)",
    );
}

#[test]
fn a_call_without_its_intent_breaks_the_second_promise() {
    let other = Operation::UpdateService {
        task_definition: Some("web:9".to_owned()),
    };
    let calls = [
        other,
        Operation::StopServiceDeployment,
        Operation::ContinueServiceDeployment,
        Operation::RegisterTaskDefinition,
        Operation::CreateRepository,
    ];
    for call in calls {
        let name = call.name().to_owned();
        let history = history(begun().into_iter().chain([mutation(9, held(1, 1), call)]));
        let broken = attempts(&history, Moment::Any);
        let words =
            format!("{name} was called by attempt 1 of job 1000.1 without a durable intent");
        only(Promise::Attempts, &broken, &words);
    }
    let suspend = Operation::SetScaling {
        flags: Some(ScalingFlags::ALL),
    };
    let history = history(
        begun()
            .into_iter()
            .chain([mutation(9, held(0, 1), suspend)]),
    );
    only(
        Promise::Attempts,
        &attempts(&history, Moment::Any),
        "RegisterScalableTarget was called by attempt 1 of job 1000.0 without",
    );
}

#[test]
fn a_suspension_after_what_was_suspended_is_put_back_needs_an_intent_of_its_own() {
    let suspend = Operation::SetScaling {
        flags: Some(ScalingFlags::ALL),
    };
    let notes = [suspend_intent(), Checkpoint::Resumed];
    let back = Fact::Committed(vec![noted(job(1, 2, granted(1)), &notes)]);
    let again = [&notes[..], &[suspend_intent()]].concat();
    let meant = Fact::Committed(vec![noted(job(1, 2, granted(1)), &again)]);
    let call = |attempt| mutation(9, held(1, attempt), suspend.clone());
    let intents = |facts: Vec<Fact>| {
        let mut broken = attempts(&history(begun().into_iter().chain(facts)), Moment::Any);
        broken.retain(|broken| broken.what.contains("without a durable intent"));
        broken
    };
    only(
        Promise::Attempts,
        &intents(vec![back.clone(), call(2)]),
        "RegisterScalableTarget was called by attempt 2 of job 1000.1 without",
    );
    // What an older attempt noted last is not known any more.
    assert_eq!(intents(vec![back.clone(), call(1)]), []);
    assert_eq!(intents(vec![back, meant, call(2)]), []);
}

#[test]
fn calls_with_their_intents_and_those_of_others_break_nothing() {
    let notes = [
        suspend_intent(),
        update_intent(),
        Checkpoint::CreateRepositoryIntent,
        Checkpoint::RegisterIntent {
            family: "web".to_owned(),
            at: at(5),
        },
        Checkpoint::StopIntent {
            service_deployment: "sd/1".to_owned(),
            early: None,
        },
    ];
    let foreign = Fact::Mutated(Mutation {
        at: at(9),
        target: Some(target()),
        operation: update(),
        by: None,
    });
    let facts = [
        Fact::Committed(vec![noted(job(1, 1, granted(1)), &notes)]),
        mutation(6, held(1, 1), Operation::CreateRepository),
        mutation(6, held(1, 1), Operation::RegisterTaskDefinition),
        mutation(7, held(1, 1), Operation::StopServiceDeployment),
        mutation(8, held(1, 1), Operation::Other("TagResource".to_owned())),
        mutation(
            8,
            held(0, 1),
            Operation::SetScaling {
                flags: Some(ScalingFlags::default()),
            },
        ),
        foreign,
    ];
    assert_eq!(
        at_every_moment(&history(begun().into_iter().chain(facts))),
        []
    );
}

#[test]
fn an_attempt_that_was_never_granted_must_not_act() {
    breaks(
        Promise::Attempts,
        [mutation(
            9,
            held(1, 2),
            Operation::Other("TagResource".to_owned()),
        )],
        "whose newest durable attempt is 1",
    );
    breaks(
        Promise::Attempts,
        [mutation(
            9,
            held(7, 1),
            Operation::Other("TagResource".to_owned()),
        )],
        "for job 1000.7, which does not exist",
    );
}

#[test]
fn a_call_that_lands_after_a_newer_attempt_has_acted_breaks_the_second_promise() {
    let notes = [suspend_intent(), update_intent()];
    let tag = || Operation::Other("TagResource".to_owned());
    let newer = [
        Fact::Committed(vec![
            noted(job(1, 2, granted(2)), &notes),
            grant(4, 70, 2),
            changed(release(4, None)),
        ]),
        mutation(75, held(1, 2), tag()),
    ];
    let fine = history(begun().into_iter().chain(newer.clone()));
    assert_eq!(at_every_moment(&fine), []);
    breaks(
        Promise::Attempts,
        newer.into_iter().chain([mutation(76, held(1, 1), tag())]),
        "after attempt 2 of job 1000.1, which was granted later, had changed it",
    );
}

#[test]
fn grants_are_in_the_order_of_their_times_and_those_of_one_job_in_that_of_their_numbers() {
    let granted_to = |seq, secs, job, attempt| {
        let kind = EventKind::Granted {
            agent: "a".parse().unwrap(),
            attempt: Attempt(attempt),
        };
        event(seq, secs, Some(job), kind)
    };
    // Attempt 1 of job 1 is granted at 2 s.
    let out_of_order = |grants: Vec<Change>, calls: &[Held]| {
        let tag = || Operation::Other("TagResource".to_owned());
        let calls = (9..).zip(calls);
        let calls = calls.map(|(secs, held)| mutation(secs, *held, tag()));
        let facts = begun().into_iter().chain([Fact::Committed(grants)]);
        let jobs = Fact::Committed(vec![kept(job(2, 1, granted(1)))]);
        let all = attempts(&history(facts.chain([jobs]).chain(calls)), Moment::Any);
        let later = all.iter().filter(|b| b.what.contains("granted later"));
        later.count()
    };
    let (first, second, other) = (held(1, 1), held(1, 2), held(2, 1));
    let later = vec![granted_to(4, 70, 2, 1)];
    assert_eq!(out_of_order(later.clone(), &[first, other]), 0);
    assert_eq!(out_of_order(later, &[other, first]), 1);
    let together = vec![granted_to(4, 2, 2, 1)];
    assert_eq!(out_of_order(together, &[first, other, first]), 0);
    let set_back = vec![granted_to(4, 1, 1, 2)];
    assert_eq!(out_of_order(set_back, &[first, second]), 0);
}

#[test]
fn a_call_that_lands_late_is_told_by_an_event_of_its_release() {
    let notes = [suspend_intent(), update_intent()];
    // Attempt 2 is granted before the update of attempt 1 lands.
    let taken_over_and = |landed| {
        let mut facts = begun();
        facts.retain(|fact| !matches!(fact, Fact::Mutated(m) if m.operation == update()));
        facts.push(Fact::Committed(vec![
            noted(job(1, 2, granted(2)), &notes),
            grant(4, 70, 2),
            changed(release(4, None)),
        ]));
        facts.push(mutation(landed, held(1, 1), update()));
        facts
    };
    let taken_over = || taken_over_and(71);
    let late = |history: &History| {
        let mut broken = attempts(history, Moment::Rest);
        broken.retain(|broken| broken.what.contains("landed late"));
        broken
    };
    let silent = history(taken_over());
    assert_eq!(
        attempts(&silent, Moment::Any),
        [],
        "the report may come yet"
    );
    only(
        Promise::Attempts,
        &late(&silent),
        "ecs:UpdateService of attempt 1 of job 1000.1 landed late, at 71000, and no event",
    );
    let told = |call: &str| {
        let text = format!("{}attempt 1", LateCall::opening(call));
        let level = NoteLevel::Warning;
        let note = EventKind::Progress(Progress::Note { level, text });
        Fact::Committed(vec![event(5, 72, Some(1), note), changed(release(5, None))])
    };
    let with = |call| history(taken_over().into_iter().chain([told(call)]));
    assert_eq!(late(&with("ecs:UpdateService")), []);
    assert_eq!(
        late(&with("ecs:RegisterTaskDefinition")).len(),
        1,
        "of another call"
    );
    assert_eq!(late(&history(taken_over_and(70))), [], "at that moment");
    assert_eq!(late(&history(begun())), [], "in time");
}

#[test]
fn an_update_that_lands_after_the_end_of_its_job_is_told_too() {
    let mut facts = whole();
    facts.retain(|fact| !matches!(fact, Fact::Mutated(m) if m.operation == update()));
    facts.push(mutation(61, held(1, 1), update()));
    only(
        Promise::Attempts,
        &attempts(&history(facts), Moment::Rest),
        "landed late, at 61000",
    );
}

#[test]
fn scaling_that_is_not_as_it_was_breaks_the_fourth_promise() {
    let facts = whole()
        .into_iter()
        .filter(|fact| !matches!(fact, Fact::Flags(shown) if shown.at == at(40)));
    let left = history(facts);
    assert_eq!(at_every_moment(&left), []);
    only(
        Promise::Debts,
        &at_rest(&left),
        "shows scale-in, scale-out, scheduled suspended (set by attempt 1 of job 1000.1), but had \
         nothing suspended",
    );
}

#[test]
fn what_somebody_else_sets_meanwhile_stands() {
    let theirs = ScalingFlags {
        scale_in: true,
        ..ScalingFlags::default()
    };
    let with = |secs, set| {
        let mut facts = whole();
        facts.retain(|fact| !matches!(fact, Fact::Flags(shown) if shown.at == at(40)));
        facts.push(flags(secs, set, None));
        facts
    };
    assert_eq!(at_rest(&history(with(20, theirs))), []);
    // Set to what we set: nobody can tell whose it is, so that both may be left.
    assert_eq!(at_rest(&history(with(20, ScalingFlags::ALL))), []);
    let mut back = with(20, ScalingFlags::ALL);
    back.push(flags(41, ScalingFlags::default(), Some(held(1, 1))));
    assert_eq!(at_rest(&history(back)), []);
    let mut undone = with(20, theirs);
    undone.push(flags(41, ScalingFlags::default(), Some(held(1, 1))));
    only(
        Promise::Debts,
        &at_rest(&history(undone)),
        "but had scale-in suspended",
    );
}

fn ends(verdict: Verdict, shown: Vec<Fact>) -> Vec<Broken> {
    ends_as(&rolled(verdict), &[], shown)
}

/// What is wrong with such an end, and such notes besides the usual ones, where ECS shows this.
fn ends_as(state: &JobState, notes: &[Checkpoint], shown: Vec<Fact>) -> Vec<Broken> {
    let mut facts = whole();
    for fact in &mut facts {
        if let Fact::Committed(changes) = fact {
            for change in changes {
                match change {
                    Change::Job(ended)
                        if matches!(&ended.state, JobState::Ended(Outcome::RolledOut(_))) =>
                    {
                        let ended = Arc::make_mut(ended);
                        ended.state = state.clone();
                        ended.checkpoints.extend_from_slice(notes);
                    }
                    _ => {}
                }
            }
        }
    }
    facts.retain(|fact| !matches!(fact, Fact::Deployment(_)));
    facts.extend(shown);
    verdicts(&history(facts), Moment::Any)
}

#[test]
fn live_is_proven_by_our_deployment_with_our_image() {
    use ServiceDeploymentStatus::{RollbackSuccessful, Successful};
    let live = |fact| ends(Verdict::Live, vec![fact]);
    assert_eq!(live(deployment(30, "sd/1", Successful, b"image")), []);
    only(
        Promise::Verdicts,
        &live(deployment(30, "sd/1", RollbackSuccessful, b"old")),
        "which is RollbackSuccessful in ECS",
    );
    let shown = vec![
        deployment(20, "sd/1", ServiceDeploymentStatus::InProgress, b"image"),
        deployment(30, "sd/1", RollbackSuccessful, b"old"),
    ];
    only(
        Promise::Verdicts,
        &ends(Verdict::Live, shown),
        "which is RollbackSuccessful in ECS",
    );
    only(
        Promise::Verdicts,
        &live(deployment(30, "sd/2", Successful, b"image")),
        "sd/1, which does not exist in ECS",
    );
    only(
        Promise::Verdicts,
        &live(deployment(66, "sd/1", Successful, b"image")),
        "was not SUCCESSFUL by then",
    );
    assert_eq!(live(deployment(64, "sd/1", Successful, b"image")), []);
    only(
        Promise::Verdicts,
        &live(deployment(30, "sd/1", Successful, b"other")),
        "which is not an image of its release",
    );
    let mut foreign = deployment(30, "sd/1", Successful, b"image");
    if let Fact::Deployment(shown) = &mut foreign {
        shown.task_definition = "web:7".to_owned();
    }
    only(Promise::Verdicts, &live(foreign), "but ECS serves web:7");
}

#[test]
fn live_without_a_change_is_proven_by_what_had_come_to_serve_before() {
    use ServiceDeploymentStatus::{Stopped, Successful};
    let mut unchanged = report(Verdict::Live);
    unchanged.unchanged = true;
    unchanged.service_deployment = None;
    let unchanged = JobState::Ended(Outcome::RolledOut(unchanged));
    let other = |secs, status| {
        let mut fact = deployment(secs, "sd/2", status, b"image");
        if let Fact::Deployment(shown) = &mut fact {
            shown.created_at = at(secs);
            shown.task_definition = "web:7".to_owned();
        }
        fact
    };
    let with = |fact| {
        let before = deployment(30, "sd/1", Successful, b"image");
        ends_as(&unchanged, &[], vec![before, fact])
    };
    assert_eq!(with(other(40, Stopped)), []);
    assert_eq!(with(other(66, Successful)), [], "later than the end");
    only(
        Promise::Verdicts,
        &with(other(65, Successful)),
        "but ECS serves web:7",
    );
}

#[test]
fn the_deployment_of_a_job_that_failed_or_was_stopped_is_the_one_that_it_followed() {
    let stopped = JobState::Ended(Outcome::Stopped(crate::job::StopReason::Cancelled {
        by: "alice".to_owned(),
        reason: String::new(),
    }));
    let following = Checkpoint::Following {
        service_deployment: "sd/1".to_owned(),
    };
    let shown = |arn| {
        vec![deployment(
            30,
            arn,
            ServiceDeploymentStatus::Successful,
            b"image",
        )]
    };
    let notes = [following];
    assert_eq!(ends_as(&stopped, &notes, shown("sd/2")), []);
    assert_eq!(ends_as(&stopped, &[], shown("sd/1")), []);
    only(
        Promise::Verdicts,
        &ends_as(&stopped, &notes, shown("sd/1")),
        "ended as failed or stopped, but its service deployment sd/1 came to serve",
    );
}

#[test]
fn what_came_to_serve_while_it_was_watched_is_live() {
    use ServiceDeploymentStatus::{RollbackSuccessful, Successful};
    for verdict in [Verdict::Failed, Verdict::Cancelled, Verdict::Stopped] {
        only(
            Promise::Verdicts,
            &ends(verdict, vec![deployment(30, "sd/1", Successful, b"image")]),
            "came to serve its image at 30000 while it was watched",
        );
        let late = deployment(58, "sd/1", Successful, b"image");
        assert_eq!(ends(verdict, vec![late]), [], "too late to be seen");
        let wrong = deployment(30, "sd/1", Successful, b"other");
        assert_eq!(ends(verdict, vec![wrong]), [], "another image");
    }
    let replaced = vec![
        deployment(30, "sd/1", Successful, b"image"),
        deployment(40, "sd/2", ServiceDeploymentStatus::InProgress, b"image"),
    ];
    assert_eq!(ends(Verdict::Superseded, replaced), []);
    let back = deployment(30, "sd/1", RollbackSuccessful, b"old");
    assert_eq!(ends(Verdict::RolledBack, vec![back]), []);
    let not = deployment(30, "sd/1", ServiceDeploymentStatus::Stopped, b"old");
    only(
        Promise::Verdicts,
        &ends(Verdict::RolledBack, vec![not]),
        "never was ROLLBACK_SUCCESSFUL",
    );
}

#[test]
fn debts_and_jobs_have_their_times() {
    let whole_history = history(whole());
    let minute = Duration::from_secs(60);
    assert_eq!(debts_paid_within(&whole_history, at(0), minute), []);
    let facts = whole()
        .into_iter()
        .filter(|fact| !matches!(fact, Fact::Flags(shown) if shown.at == at(40)));
    let mut late = history(facts);
    only(
        Promise::Debts,
        &debts_paid_within(&late, at(0), minute),
        "was not put back by 120000",
    );
    late.observe(flags(130, ScalingFlags::default(), None));
    only(
        Promise::Debts,
        &debts_paid_within(&late, at(0), minute),
        "by 120000",
    );
    assert_eq!(debts_paid_within(&late, at(70), minute), []);
    let on = |from, secs| {
        goes_on_within(
            &whole_history,
            job_id(1),
            at(from),
            Duration::from_secs(secs),
        )
        .map_err(|broken| broken.what)
    };
    assert_eq!(on(1, 1), Ok(()));
    assert_eq!(on(3, 57), Ok(()));
    assert!(
        on(3, 56)
            .unwrap_err()
            .contains("went on only 57000 ms later")
    );
    assert!(on(61, 100).unwrap_err().contains("never went on"));
}
