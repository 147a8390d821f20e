//! Answers to hooks that pause a deployment: who may be answered, what is kept, and who is told.

use super::{Fixture, Refusal, Report, built, rolled, spec, target};
use crate::agent::Held;
use crate::board::{Answered, Answering, Effect};
use crate::event::{EventKind, Progress, Stage, TaskCounts};
use crate::hook::{Hook, HookAction, HookAnswer};
use crate::ids::{Incarnation, JobId, ReleaseId};
use crate::job::Job;
use crate::size;
use crate::time::Timestamp;
use crate::verdict::Verdict;

fn hook(id: &str) -> Hook {
    Hook {
        id: id.to_owned(),
        stage: "POST_SCALE_UP".to_owned(),
        expires_at: Some(Timestamp::from_millis(9_000_000)),
        on_timeout: Some(HookAction::Rollback),
        answer: None,
    }
}

/// The agent reports that these hooks wait.
fn waits(fixture: &mut Fixture, held: Held, hooks: &[&str]) {
    let counts = TaskCounts {
        stage: Some(Stage {
            name: "POST_SCALE_UP".to_owned(),
            hooks: hooks.iter().map(|id| hook(id)).collect(),
            ..Stage::default()
        }),
        ..TaskCounts::default()
    };
    fixture.report(held, Report::Progress(vec![Progress::Tasks(counts).into()]));
}

/// A rollout of each service that runs on an agent.
fn running(services: &[&str]) -> (Fixture, ReleaseId) {
    let mut fixture = Fixture::with_agent(9);
    let release = fixture.submit(spec("web", &[services]));
    fixture.finish(release, 0, built());
    fixture.effects.clear();
    (fixture, release)
}

fn approve(release: ReleaseId) -> Answering {
    Answering {
        release,
        target: None,
        hook: None,
        action: HookAction::Continue,
        by: "ann".to_owned(),
        reason: "the figures are right".to_owned(),
    }
}

fn answer(fixture: &mut Fixture, answering: Answering) -> Result<Answered, Refusal> {
    let input = super::Input::Answer(answering);
    let answered = fixture.input(input)?.answered;
    Ok(answered.expect("what was answered"))
}

fn job(fixture: &Fixture, release: ReleaseId, index: u32) -> &Job {
    let id = JobId { release, index };
    let mut jobs = fixture.board.jobs_of(release);
    jobs.find(|job| job.id == id).expect("the job")
}

#[test]
fn an_answer_is_kept_told_in_an_event_and_sent_to_the_agent_that_has_the_job() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    waits(&mut fixture, held, &["h1"]);
    let answered = answer(&mut fixture, approve(release)).expect("it waits");
    assert_eq!(answered.target, target("a"));
    let given = HookAnswer {
        hook: "h1".to_owned(),
        action: HookAction::Continue,
        by: "ann".to_owned(),
        reason: "the figures are right".to_owned(),
        at: fixture.now,
    };
    assert_eq!(answered.hooks[0].answer, Some(given.clone()));
    assert_eq!(
        job(&fixture, release, 1).answers().collect::<Vec<_>>(),
        [&given]
    );
    let (_, event) = fixture.events.last().expect("an event");
    assert_eq!(event.job, Some(1));
    assert_eq!(
        event.kind,
        EventKind::HookAnswered {
            stage: "POST_SCALE_UP".to_owned(),
            answer: given.clone()
        }
    );
    let told = fixture.effects.iter().any(|effect| {
        matches!(effect, Effect::Answer { held: to, answer, .. } if *to == held && *answer == given)
    });
    assert!(told, "{:?}", fixture.effects);
}

#[test]
fn an_answer_to_a_job_whose_agent_is_lost_is_in_the_next_offer() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    waits(&mut fixture, held, &["h1"]);
    fixture
        .input(super::Input::Lost {
            agent: fixture.agent("a"),
            incarnation: Incarnation(1),
        })
        .unwrap();
    fixture.pass(3600);
    assert_eq!(fixture.granted(), []);
    answer(&mut fixture, approve(release)).expect("it waits still");
    fixture.hello("b", 1, 9, &[], None).unwrap();
    let offered = fixture
        .effects
        .iter()
        .rev()
        .find_map(|effect| match effect {
            Effect::Offer(offer) => Some(offer.job.answers().count()),
            _ => None,
        });
    assert_eq!(offered, Some(1));
}

#[test]
fn an_agent_that_comes_back_with_its_job_is_told_what_was_answered_meanwhile() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    waits(&mut fixture, held, &["h1"]);
    fixture
        .input(super::Input::Lost {
            agent: fixture.agent("a"),
            incarnation: Incarnation(1),
        })
        .unwrap();
    answer(&mut fixture, approve(release)).expect("it waits still");
    fixture.effects.clear();
    fixture.hello("a", 1, 9, &[held], None).unwrap();
    let told = fixture.effects.iter().filter_map(|effect| match effect {
        Effect::Answer { held, answer, .. } => Some((*held, answer.hook.as_str())),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(held, "h1")]);
}

#[test]
fn a_job_that_rests_is_looked_at_again_at_once() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    waits(&mut fixture, held, &["h1"]);
    fixture.finish(release, 1, rolled(Verdict::Unknown));
    assert_eq!(fixture.granted(), []);
    answer(&mut fixture, approve(release)).expect("it waits still");
    assert_eq!(fixture.granted(), [held.job]);
}

#[test]
fn only_what_was_reported_last_can_be_answered_and_only_once() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    let told = |refused: Result<Answered, Refusal>| refused.expect_err("refused").to_string();
    let nothing = format!("nothing of release {release} waits for an answer");
    assert_eq!(told(answer(&mut fixture, approve(release))), nothing);
    waits(&mut fixture, held, &["h1"]);
    // Nobody can have seen what was not reported.
    let later = Answering {
        hook: Some("h2".to_owned()),
        ..approve(release)
    };
    assert_eq!(
        told(answer(&mut fixture, later.clone())),
        format!("no hook h2 of release {release} waits for an answer; h1 does")
    );
    answer(&mut fixture, approve(release)).expect("it waits");
    let again = told(answer(&mut fixture, approve(release)));
    assert_eq!(
        again,
        "hook h1 was answered already: approved by ann: the figures are right; nothing else waits"
    );
    // The next stage pauses: it has not been answered with the first.
    waits(&mut fixture, held, &["h2"]);
    let answered = answer(&mut fixture, later).expect("it waits");
    assert_eq!(answered.hooks.len(), 1);
    assert_eq!(job(&fixture, release, 1).answers().count(), 2);
    waits(&mut fixture, held, &[]);
    waits(&mut fixture, held, &["h3"]);
    waits(&mut fixture, held, &[]);
    assert!(matches!(
        answer(&mut fixture, approve(release)),
        Err(Refusal::AlreadyAnswered { .. })
    ));
}

#[test]
fn hooks_that_wait_together_are_answered_together() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    waits(&mut fixture, held, &["h1", "h2"]);
    let reject = Answering {
        action: HookAction::Rollback,
        ..approve(release)
    };
    let answered = answer(&mut fixture, reject).expect("they wait");
    let ids: Vec<&str> = answered.hooks.iter().map(|hook| hook.id.as_str()).collect();
    assert_eq!(ids, ["h1", "h2"]);
    let sent = |effect: &&Effect| matches!(effect, Effect::Answer { .. });
    assert_eq!(fixture.effects.iter().filter(sent).count(), 2);
}

#[test]
fn of_several_targets_that_wait_one_is_to_be_named() {
    let (mut fixture, release) = running(&["a", "b"]);
    for index in [1, 2] {
        let held = fixture.held(release, index);
        waits(&mut fixture, held, &[&format!("h{index}")]);
    }
    let refused = answer(&mut fixture, approve(release)).expect_err("which?");
    let text = refused.to_string();
    assert!(
        text.contains("main/a") && text.contains("--target"),
        "{text}"
    );
    let named = Answering {
        target: Some("b".parse().unwrap()),
        ..approve(release)
    };
    assert_eq!(
        answer(&mut fixture, named.clone()).expect("b waits").target,
        target("b")
    );
    // Then there is but one left.
    assert_eq!(
        answer(&mut fixture, approve(release))
            .expect("a waits")
            .target,
        target("a")
    );
    let nowhere = Answering {
        target: Some("c".parse().unwrap()),
        ..named
    };
    let refused = answer(&mut fixture, nowhere).expect_err("no such target");
    assert!(matches!(refused, Refusal::NothingWaits { .. }), "{refused}");
}

#[test]
fn what_has_ended_or_is_being_stopped_takes_no_answer() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    waits(&mut fixture, held, &["h1"]);
    fixture.cancel(release);
    let refused = answer(&mut fixture, approve(release)).expect_err("it goes back");
    assert_eq!(refused, Refusal::Stopping(release));
    fixture.finish(release, 1, rolled(Verdict::Cancelled));
    let refused = answer(&mut fixture, approve(release)).expect_err("it has ended");
    assert_eq!(refused, Refusal::AlreadyEnded(release));
    let unknown = ReleaseId::from_number(999);
    let refused = answer(&mut fixture, approve(unknown)).expect_err("there is none");
    assert_eq!(refused, Refusal::NoSuchRelease(unknown));
}

#[test]
fn what_waits_is_written_only_when_it_changes() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    waits(&mut fixture, held, &["h1"]);
    let counts = TaskCounts {
        stage: Some(Stage {
            hooks: vec![hook("h1")],
            ..Stage::default()
        }),
        ..TaskCounts::default()
    };
    let report = Report::Progress(vec![Progress::Tasks(counts).into()]);
    let decision = fixture.report(held, report);
    let jobs = decision.changes.iter();
    let jobs = jobs.filter(|change| matches!(change, crate::change::Change::Job(_)));
    assert_eq!(jobs.count(), 0);
}

#[test]
fn a_job_keeps_no_more_hooks_and_answers_than_its_record_has_room_for() {
    let (mut fixture, release) = running(&["a"]);
    let held = fixture.held(release, 1);
    for number in 0..100 {
        let id = format!("{number:0>200}");
        waits(&mut fixture, held, &[&id]);
        let verbose = Answering {
            reason: "r".repeat(1000),
            ..approve(release)
        };
        answer(&mut fixture, verbose).expect("it waits");
    }
    let job = job(&fixture, release, 1);
    let kept: usize = job.hooks.iter().map(size::hook).sum();
    assert!(kept <= size::HOOKS, "{kept}");
    let last = job.answers().last().expect("the last answer");
    assert!(last.hook.ends_with("099"), "the newest stay");
    assert!(last.reason.len() <= size::REASON);
    let long = "x".repeat(size::HOOK + 1);
    waits(&mut fixture, held, &[&long]);
    let refused = answer(&mut fixture, approve(release));
    assert!(refused.is_err(), "{refused:?}");
    fixture.finish(release, 1, rolled(Verdict::Live));
}
