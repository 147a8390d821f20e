//! Each promise with a history that keeps it and histories that break it.

mod aws;
mod ends_and_debts;
mod records;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::agent::Held;
use crate::change::Change;
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::event::{Event, EventKind};
use crate::ids::{Attempt, Digest, Incarnation, JobId, ReleaseId, Target};
use crate::job::{BuiltImage, Grant, Job, JobKind, JobState, Outcome, RolloutReport};
use crate::observe::ServiceDeploymentStatus;
use crate::release::Release;
use crate::spec::{Priority, ReleaseKind};
use crate::target::{Debt, TargetRecord};
use crate::time::Timestamp;
use crate::verdict::Verdict;

const fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

const RELEASE: ReleaseId = ReleaseId::from_number(0);

const fn job_id(index: u32) -> JobId {
    JobId {
        release: RELEASE,
        index,
    }
}

const fn held(index: u32, attempt: u32) -> Held {
    Held {
        job: job_id(index),
        attempt: Attempt(attempt),
    }
}

fn target() -> Target {
    Target {
        account: "222222222222".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        cluster: "main".parse().unwrap(),
        service: "s".parse().unwrap(),
    }
}

fn release(last_seq: u64, ended: Option<Verdict>) -> Release {
    Release {
        id: RELEASE,
        app: "web".parse().unwrap(),
        env: "prod".parse().unwrap(),
        kind: ReleaseKind::Deploy,
        priority: Priority::default(),
        key: "key".parse().unwrap(),
        content: Digest::of(b"spec"),
        submitter: "ci".to_owned(),
        trace_parent: String::new(),
        title: String::new(),
        began_at: at(1),
        submitted_at: at(1),
        jobs: 2,
        last_seq,
        verdict: ended,
        ended_at: ended.map(|_| at(60)),
    }
}

fn job(index: u32, attempt: u32, state: JobState) -> Job {
    Job {
        id: job_id(index),
        kind: if index == 0 {
            JobKind::Build
        } else {
            JobKind::Rollout {
                target: target(),
                wave: 0,
            }
        },
        needs: Vec::new(),
        state,
        attempt: Attempt(attempt),
        fruitless: 0,
        checkpoints: Vec::new(),
        started_at: Timestamp::ZERO,
        since: at(1),
        stop: None,
        hooks: Vec::new(),
    }
}

const fn queued() -> JobState {
    JobState::Queued {
        not_before: Timestamp::ZERO,
        resting: None,
    }
}

fn granted(life: u64) -> JobState {
    JobState::Granted(Grant {
        agent: "a".parse().unwrap(),
        incarnation: Incarnation(life),
        lease_until: at(61),
        accepted: true,
        progressed: true,
    })
}

fn built() -> JobState {
    JobState::Ended(Outcome::Built(BuiltImage {
        name: "registry/web".to_owned(),
        digest: Digest::of(b"image"),
        accepted: vec![Digest::of(b"image")],
        builder: "docker".to_owned(),
        tags: Vec::new(),
        bytes_pushed: 0,
        reused: false,
        scan: None,
    }))
}

fn report(verdict: Verdict) -> RolloutReport {
    RolloutReport {
        verdict,
        unchanged: false,
        summary: "as seen".to_owned(),
        image_digest: Some(Digest::of(b"image")),
        task_definition: Some("web:2".to_owned()),
        serving: None,
        service_deployment: Some("sd/1".to_owned()),
        running: 1,
        desired: 1,
        findings: Vec::new(),
    }
}

fn rolled(verdict: Verdict) -> JobState {
    JobState::Ended(Outcome::RolledOut(report(verdict)))
}

fn resting(verdict: Verdict) -> JobState {
    JobState::Queued {
        not_before: Timestamp::ZERO,
        resting: Some(Box::new(report(verdict))),
    }
}

fn slot(slot: Option<u32>, debt: Option<ScalingFlags>) -> Change {
    Change::Target(TargetRecord {
        target: target(),
        slot: slot.map(job_id),
        debt: debt.map(|before| Debt {
            by: job_id(1),
            before,
            since: at(2),
        }),
        proven: None,
    })
}

fn noted(mut job: Job, notes: &[Checkpoint]) -> Change {
    job.checkpoints = notes.to_vec();
    Change::Job(Arc::new(job))
}

fn kept(job: Job) -> Change {
    Change::Job(Arc::new(job))
}

fn event(seq: u64, secs: u64, job: Option<u32>, kind: EventKind) -> Change {
    Change::Event {
        release: RELEASE,
        event: Event {
            seq,
            at: at(secs),
            job,
            kind,
        },
    }
}

fn grant(seq: u64, secs: u64, attempt: u32) -> Change {
    let kind = EventKind::Granted {
        agent: "a".parse().unwrap(),
        attempt: Attempt(attempt),
    };
    event(seq, secs, Some(1), kind)
}

fn changed(release: Release) -> Change {
    Change::Release(Arc::new(release))
}

fn suspend_intent() -> Checkpoint {
    Checkpoint::SuspendIntent {
        before: ScalingFlags::default(),
    }
}

fn update_intent() -> Checkpoint {
    Checkpoint::UpdateIntent {
        task_definition: "web:2".to_owned(),
        primary_before: String::new(),
        deployment_before: None,
        serving_before: String::new(),
        at: at(3),
    }
}

fn mutation(secs: u64, by: Held, operation: Operation) -> Fact {
    Fact::Mutated(Mutation {
        at: at(secs),
        target: Some(target()),
        operation,
        by: Some(by),
    })
}

fn update() -> Operation {
    Operation::UpdateService {
        task_definition: Some("web:2".to_owned()),
    }
}

fn flags(secs: u64, flags: ScalingFlags, by: Option<Held>) -> Fact {
    Fact::Flags(FlagsShown {
        at: at(secs),
        target: target(),
        flags,
        by,
    })
}

fn deployment(secs: u64, arn: &str, status: ServiceDeploymentStatus, image: &[u8]) -> Fact {
    Fact::Deployment(DeploymentShown {
        at: at(secs),
        target: target(),
        arn: arn.to_owned(),
        created_at: at(5),
        task_definition: "web:2".to_owned(),
        digests: vec![Digest::of(image)],
        status,
    })
}

fn acknowledged(key: &str, content: &[u8], release: u64) -> Fact {
    Fact::Acknowledged {
        key: key.parse().unwrap(),
        content: Digest::of(content),
        release: ReleaseId::from_number(release),
    }
}

fn seen(seq: u64) -> Fact {
    Fact::Watched {
        watcher: "w".to_owned(),
        release: RELEASE,
        seq,
    }
}

/// The release is taken in; its rollout is granted to attempt 1 and about to update.
fn begun() -> Vec<Fact> {
    vec![
        Fact::Committed(vec![
            changed(release(3, None)),
            kept(job(0, 1, built())),
            noted(job(1, 1, granted(1)), &[suspend_intent(), update_intent()]),
            slot(Some(1), Some(ScalingFlags::default())),
            event(
                1,
                1,
                None,
                EventKind::Submitted {
                    by: "ci".to_owned(),
                },
            ),
            event(2, 2, Some(0), EventKind::JobEnded(outcome(built()))),
            grant(3, 2, 1),
        ]),
        acknowledged("key", b"spec", 0),
        seen(1),
        seen(2),
        seen(3),
        flags(1, ScalingFlags::default(), None),
        mutation(
            3,
            held(1, 1),
            Operation::SetScaling {
                flags: Some(ScalingFlags::ALL),
            },
        ),
        flags(3, ScalingFlags::ALL, Some(held(1, 1))),
        mutation(4, held(1, 1), update()),
        deployment(5, "sd/1", ServiceDeploymentStatus::InProgress, b"old"),
    ]
}

/// It went well, from first to last.
fn whole() -> Vec<Fact> {
    let mut facts = begun();
    let notes = [suspend_intent(), update_intent(), Checkpoint::Resumed];
    facts.extend([
        deployment(30, "sd/1", ServiceDeploymentStatus::Successful, b"image"),
        flags(40, ScalingFlags::default(), Some(held(1, 1))),
        Fact::Committed(vec![
            noted(job(1, 1, granted(1)), &notes),
            slot(Some(1), None),
        ]),
        Fact::NoteKept {
            held: held(1, 1),
            note: Checkpoint::Resumed,
        },
        Fact::Committed(vec![
            event(
                4,
                60,
                Some(1),
                EventKind::JobEnded(outcome(rolled(Verdict::Live))),
            ),
            event(
                5,
                60,
                None,
                EventKind::Ended {
                    verdict: Verdict::Live,
                },
            ),
            changed(release(5, Some(Verdict::Live))),
            noted(job(1, 1, rolled(Verdict::Live)), &notes),
            slot(None, None),
        ]),
        Fact::EndKept { held: held(1, 1) },
        seen(4),
        seen(5),
    ]);
    facts
}

fn outcome(state: JobState) -> Outcome {
    match state {
        JobState::Ended(outcome) => outcome,
        JobState::Queued { .. } | JobState::Granted(_) => unreachable!(),
    }
}

fn history(facts: impl IntoIterator<Item = Fact>) -> History {
    let mut history = History::new();
    for fact in facts {
        history.observe(fact);
    }
    history
}

/// The one breach of `begun` followed by these facts, at any moment.
#[track_caller]
fn breaks(promise: Promise, facts: impl IntoIterator<Item = Fact>, words: &str) {
    let history = history(begun().into_iter().chain(facts));
    only(promise, &at_every_moment(&history), words);
}

#[track_caller]
fn only(promise: Promise, broken: &[Broken], words: &str) {
    let told: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert!(
        !broken.is_empty()
            && broken.iter().all(|broken| broken.promise == promise)
            && told.iter().any(|text| text.contains(words)),
        "wanted {promise:?} broken with {words:?}: {told:#?}"
    );
}

#[test]
fn a_release_that_went_well_keeps_every_promise_at_each_step() {
    let mut history = History::new();
    for fact in whole() {
        let text = format!("{fact:?}");
        history.observe(fact);
        assert_eq!(at_every_moment(&history), [], "after {text}");
    }
    assert_eq!(at_rest(&history), []);
}

#[test]
fn a_broken_promise_says_which_one_it_is() {
    for (index, promise) in Promise::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(promise.number()), index + 1);
    }
    assert_eq!(
        Broken::new(Promise::Debts, "so").to_string(),
        "promise 4 (what was suspended is put back as it was) is broken: so"
    );
}
