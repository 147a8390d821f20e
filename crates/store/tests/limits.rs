//! What the domain lets into a job fits into its record.

mod support;

use shipway_domain::change::Change;
use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{Event, EventKind, NoteLevel, Progress};
use shipway_domain::hook::{Hook, HookAction, HookAnswer};
use shipway_domain::ids::Attempt;
use shipway_domain::ids::Target;
use shipway_domain::job::{JobKind, JobState, Outcome, RolloutReport, StopReason};
use shipway_domain::late_call::LateCall;
use shipway_domain::size;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::{Finding, Verdict};
use support::*;

/// As many notes as a job takes, of those that this makes.
fn notes(make: impl Fn(usize) -> Checkpoint) -> Vec<Checkpoint> {
    let mut notes = Vec::new();
    while size::may_note(&notes, &make(notes.len())).is_ok() {
        notes.push(make(notes.len()));
    }
    let stop = |number: usize| Checkpoint::StopIntent {
        service_deployment: number.to_string(),
        early: None,
    };
    while size::may_note(&notes, &stop(notes.len())).is_ok() {
        notes.push(stop(notes.len()));
    }
    notes
}

/// As many hooks with answers as a job takes.
fn hooks() -> Vec<Hook> {
    let now = Timestamp::from_millis(u64::MAX);
    let hook = Hook {
        id: "h".repeat(size::HOOK),
        stage: "s".repeat(size::HOOK),
        expires_at: Some(now),
        on_timeout: Some(HookAction::Rollback),
        answer: Some(HookAnswer {
            hook: "h".repeat(size::HOOK),
            action: HookAction::Rollback,
            by: "b".repeat(64),
            reason: size::fit_reason(&"r".repeat(9000)),
            at: now,
        }),
    };
    let room = size::HOOKS / size::hook(&hook);
    vec![hook; room]
}

fn longest() -> RolloutReport {
    let finding = Finding {
        code: "c".repeat(60),
        cause: "c".repeat(3000),
        evidence: vec!["e".to_owned(); 3000],
        remedy: "r".repeat(9000),
    };
    RolloutReport {
        verdict: Verdict::Failed,
        unchanged: false,
        summary: "s".repeat(9000),
        image_digest: None,
        task_definition: Some("t".repeat(9000)),
        serving: Some("t".repeat(9000)),
        service_deployment: Some("t".repeat(9000)),
        running: u32::MAX,
        desired: u32::MAX,
        findings: vec![finding; 100],
    }
}

#[test]
fn the_largest_job_that_the_domain_lets_in_is_a_record() {
    let now = Timestamp::from_millis(u64::MAX);
    let small = notes(|_| Checkpoint::Suspended);
    let middle = notes(|number| Checkpoint::UpdateIntent {
        task_definition: number.to_string(),
        primary_before: String::new(),
        deployment_before: Some(String::new()),
        serving_before: String::new(),
        at: now,
    });
    let large = notes(|number| {
        Checkpoint::LateCall(LateCall {
            call: number.to_string(),
            found_by: Attempt(u32::MAX),
            at: now,
            what: "w".repeat(1000),
            done: "d".repeat(900),
        })
    });
    for checkpoints in [small, middle, large] {
        assert!(checkpoints.len() > 10, "{}", checkpoints.len());
        let mut job = job(1, 1);
        let name = "n".repeat(255);
        job.kind = JobKind::Rollout {
            target: Target {
                cluster: name.parse().expect("a name"),
                service: name.parse().expect("a name"),
                ..target("web")
            },
            wave: u32::MAX,
        };
        job.needs = (0..500).collect();
        job.hooks = hooks();
        job.checkpoints = checkpoints;
        job.stop = Some(StopReason::Cancelled {
            by: "b".repeat(1024),
            reason: "r".repeat(1024),
        });
        let outcome = size::fit(Outcome::RolledOut(longest()));
        let Outcome::RolledOut(report) = outcome.clone() else {
            panic!("{outcome:?}")
        };
        for state in [
            JobState::Ended(outcome),
            JobState::Queued {
                not_before: now,
                resting: Some(Box::new(report)),
            },
        ] {
            job.state = state;
            shipway_store::fits(&Change::Job(job.clone().into())).expect("it fits");
        }
    }
}

#[test]
fn the_largest_event_that_the_domain_lets_in_is_a_record() {
    let note = Progress::Note {
        level: NoteLevel::Warning,
        text: "n".repeat(100_000),
    };
    for kind in [
        EventKind::Progress(size::fit_progress(note)),
        EventKind::JobEnded(size::fit(Outcome::RolledOut(longest()))),
        EventKind::JobEnded(size::fit(Outcome::Settled {
            what: "é".repeat(100_000),
        })),
    ] {
        let event = Event { kind, ..event(1) };
        let change = Change::Event {
            release: job_id(1, 0).release,
            event,
        };
        shipway_store::fits(&change).expect("it fits");
    }
}
