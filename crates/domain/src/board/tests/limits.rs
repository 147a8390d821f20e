//! What agents send is bounded: what does not fit is refused or cut, and seen.

use super::*;
use crate::checkpoint::Checkpoint;
use crate::event::{NoteLevel, Progress};
use crate::size;
use crate::verdict::Finding;

fn pushed(number: usize, bytes: usize) -> Report {
    Report::Checkpoint {
        number: number as u64,
        checkpoint: Checkpoint::Pushed {
            digest: format!("{number:0bytes$}"),
        },
    }
}

fn following(number: usize) -> Report {
    Report::Checkpoint {
        number: number as u64,
        checkpoint: Checkpoint::Following {
            service_deployment: format!("{number:0200}"),
        },
    }
}

/// Notes until one is refused; the number of those that were kept, and why no more.
fn notes(world: &mut Fixture, held: Held, say: impl Fn(usize) -> Report) -> (usize, String) {
    for number in 0..10_000 {
        let decision = world.report(held, say(number));
        match decision.effects.as_slice() {
            [Effect::CheckpointKept { .. }] => {}
            [Effect::Gone { reason, .. }] => return (number, reason.clone()),
            other => panic!("{other:?}"),
        }
    }
    panic!("notes without end were kept");
}

#[test]
fn a_build_that_notes_without_end_fails_and_says_why() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    let held = world.held(release, 0);
    let (kept, reason) = notes(&mut world, held, |number| pushed(number, 71));
    assert!((100..1000).contains(&kept), "{kept}");
    assert!(reason.contains("at most 24576"), "{reason}");
    assert_eq!(world.verdict(release), Some(Verdict::Failed));
    let causes: Vec<&Finding> = world
        .events
        .iter()
        .filter_map(|(_, event)| match &event.kind {
            EventKind::JobEnded(Outcome::Failed(finding)) => Some(finding),
            _ => None,
        })
        .collect();
    assert_eq!(causes[0].code, "too-many-notes");
    assert!(causes[0].cause.contains(&reason), "{:?}", causes[0]);
}

#[test]
fn a_single_note_beyond_its_size_is_refused() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    let held = world.held(release, 0);
    let (kept, reason) = notes(&mut world, held, |number| pushed(number, 3000));
    assert_eq!(kept, 0);
    assert!(reason.contains("at most 2048"), "{reason}");
}

#[test]
fn a_rollout_that_notes_without_end_is_stuck_keeps_its_slot_and_can_still_go_back() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    world.build(release);
    let held = world.held(release, 1);
    notes(&mut world, held, following);
    assert_eq!(world.granted(), []);
    let job = world.board.jobs_of(release).find(|job| job.id == held.job);
    let JobState::Queued {
        resting: Some(report),
        ..
    } = &job.unwrap().state
    else {
        panic!("{job:?}")
    };
    assert_eq!(report.verdict, Verdict::Stuck);
    assert_eq!(report.findings[0].code, "too-many-notes");
    world.cancel(release);
    let again = world.held(release, 1);
    assert_ne!(again, held, "a cancelled one is looked at again");
    let stop = Checkpoint::StopIntent {
        service_deployment: "arn".to_owned(),
        early: None,
    };
    let decision = world.report(
        again,
        Report::Checkpoint {
            number: 1,
            checkpoint: stop,
        },
    );
    assert!(
        matches!(decision.effects[0], Effect::CheckpointKept { .. }),
        "{:?}",
        decision.effects
    );
}

#[test]
fn an_outcome_beyond_its_size_is_cut_and_says_so() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    world.build(release);
    let Outcome::RolledOut(mut report) = rolled(Verdict::Failed) else {
        panic!()
    };
    let finding = Finding {
        code: "c".to_owned(),
        cause: "é\u{1}".repeat(50_000),
        evidence: vec!["e".repeat(9000); 500],
        remedy: "r".repeat(9000),
    };
    report.findings = vec![finding; 100];
    world.finish(release, 1, Outcome::RolledOut(report));
    assert_eq!(world.verdict(release), Some(Verdict::Failed));
    let ended = world
        .events
        .iter()
        .find_map(|(_, event)| match &event.kind {
            EventKind::JobEnded(Outcome::RolledOut(report)) => Some(report.clone()),
            _ => None,
        });
    let ended = ended.unwrap();
    assert!(
        ended.summary.contains("more findings]"),
        "{}",
        ended.summary
    );
    assert!(
        ended.findings[0]
            .cause
            .contains("[cut: it had 150000 bytes]")
    );
    let whole = format!("{ended:?}").len();
    assert!(whole < 3 * size::OUTCOME, "{whole}");
    let outcome = Outcome::RolledOut(ended);
    assert_eq!(size::fit(outcome.clone()), outcome, "a cut is made once");
}

#[test]
fn an_end_that_does_not_fit_its_job_is_quoted_within_bounds() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    let what = "\u{1}".repeat(20_000);
    world.finish(release, 0, Outcome::Settled { what });
    let ended = world
        .events
        .iter()
        .find_map(|(_, event)| match &event.kind {
            EventKind::JobEnded(Outcome::Failed(finding)) => Some(finding),
            _ => None,
        });
    let ended = ended.unwrap();
    assert_eq!(ended.code, "wrong-outcome");
    assert!(ended.evidence[0].len() <= size::OUTCOME);
}

#[test]
fn progress_is_cut_and_ends_with_a_note_after_so_many_events() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    let held = world.held(release, 0);
    let long = Progress::Note {
        level: NoteLevel::Info,
        text: "n".repeat(5000),
    };
    // Two jobs and the release itself.
    let most = usize::try_from(3 * size::EVENTS_PER_JOB).unwrap();
    world.report(held, Report::Progress(vec![long.into()]));
    let short = Progress::Note {
        level: NoteLevel::Info,
        text: String::new(),
    };
    for _ in 0..2 {
        world.report(held, Report::Progress(vec![short.clone().into(); most]));
    }
    let mut texts = Vec::new();
    for (_, event) in &world.events {
        if let EventKind::Progress(Progress::Note { text, .. }) = &event.kind {
            texts.push(text);
        }
    }
    assert!(texts.len() <= most + 1, "{}", texts.len());
    assert!(texts[0].len() <= size::TEXT && texts[0].ends_with("[cut: it had 5000 bytes]"));
    assert!(texts.last().unwrap().contains("is not kept"));
    world.build(release);
    assert!(
        world
            .board
            .jobs_of(release)
            .any(|job| matches!(job.state, JobState::Ended(_)))
    );
}

#[test]
fn a_refused_name_is_echoed_shortly_with_its_rule() {
    let error = AgentId::new("é".repeat(5000)).unwrap_err().to_string();
    assert!(error.len() < 400, "{error}");
    assert!(error.contains("(10000 bytes)"), "{error}");
    assert!(error.ends_with("starting with a letter"), "{error}");
}

fn notes_of(world: &Fixture, wanted: &str) -> usize {
    let texts = world.events.iter();
    texts
        .filter(|(_, event)| {
            matches!(&event.kind, EventKind::Progress(Progress::Note { text, .. }) if text.contains(wanted))
        })
        .count()
}

#[test]
fn the_limit_of_events_is_told_also_when_an_event_of_another_kind_reaches_it() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    let held = world.held(release, 0);
    let most = usize::try_from(size::most_events(2)).unwrap();
    let note = Progress::Note {
        level: NoteLevel::Info,
        text: String::new(),
    };
    let have = world.events.len();
    world.report(held, Report::Progress(vec![note.into(); most - have - 1]));
    assert_eq!(world.events.len(), most - 1);
    world.cancel(release);
    assert_eq!(notes_of(&world, "more progress of its jobs is not kept"), 1);
}

#[test]
fn what_asks_again_to_cancel_changes_nothing_and_leaves_no_event() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    for _ in 0..5 {
        world.cancel(release);
    }
    let asked = world.events.iter();
    let asked = asked.filter(|(_, event)| matches!(event.kind, EventKind::CancelAsked { .. }));
    assert_eq!(asked.count(), 1);
}

fn unreadable() -> Report {
    Report::Unreadable {
        what: "outcome: of an unknown kind".to_owned(),
    }
}

fn is_told_to_let_go(decision: &Decision) -> bool {
    matches!(decision.effects.as_slice(), [.., Effect::Gone { reason, .. }] if reason.contains("unknown kind"))
}

#[test]
fn a_build_whose_end_cannot_be_read_fails_and_says_why() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    let held = world.held(release, 0);
    assert!(is_told_to_let_go(&world.report(held, unreadable())));
    assert_eq!(world.verdict(release), Some(Verdict::Failed));
    let told = world
        .events
        .iter()
        .find_map(|(_, event)| match &event.kind {
            EventKind::JobEnded(Outcome::Failed(finding)) => Some(finding),
            _ => None,
        });
    let finding = told.unwrap();
    assert_eq!(finding.code, "unreadable-report");
    assert_eq!(finding.evidence, ["outcome: of an unknown kind"]);
}

#[test]
fn a_rollout_whose_end_cannot_be_read_keeps_its_target_until_a_person_decides() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    world.build(release);
    let held = world.held(release, 1);
    assert!(is_told_to_let_go(&world.report(held, unreadable())));
    assert_eq!(world.verdict(release), None);
    assert_eq!(world.granted(), []);
    let slot = world.board.target(&target("web")).unwrap().slot;
    assert_eq!(slot, Some(held.job));
    // The same from an attempt that does not stand any more is not heard.
    let job = world.board.job(held.job).unwrap().clone();
    world.report(held, unreadable());
    assert_eq!(world.board.job(held.job), Some(&job));
}

#[test]
fn a_first_cancel_is_told_also_when_no_more_progress_is_kept() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    world.build(release);
    let held = world.held(release, 1);
    let note = Progress::Note {
        level: NoteLevel::Info,
        text: String::new(),
    };
    let most = usize::try_from(size::most_events(2)).unwrap();
    world.report(held, Report::Progress(vec![note.into(); most]));
    // It rests: nobody has it.
    world.report(held, unreadable());
    let asked = |world: &Fixture| {
        let events = world.events.iter();
        events
            .filter(|(_, event)| matches!(event.kind, EventKind::CancelAsked { .. }))
            .count()
    };
    world.cancel(release);
    assert_eq!(asked(&world), 1);
    for _ in 0..3 {
        world.cancel(release);
    }
    assert_eq!(asked(&world), 1, "again it adds nothing");
}

#[test]
fn an_agent_is_told_once_to_stop_however_often_somebody_cancels() {
    let mut world = Fixture::with_agent(1);
    let release = world.submit(spec("web", &[&["web"]]));
    world.build(release);
    let held = world.held(release, 1);
    let intent = Checkpoint::RegisterIntent {
        family: "web".to_owned(),
        at: world.now,
    };
    world.report(
        held,
        Report::Checkpoint {
            number: 1,
            checkpoint: intent,
        },
    );
    for _ in 0..3 {
        world.cancel(release);
    }
    let told = world.effects.iter();
    let told = told.filter(|effect| matches!(effect, Effect::Stop { held: of, .. } if *of == held));
    assert_eq!(told.count(), 1);
}
