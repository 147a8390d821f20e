//! A release with one rollout, told event by event.

use std::collections::BTreeMap;

use super::super::{Story, Trace, of_release};
use crate::event::{Event, EventKind, Mark, Progress, Step, StepResult, TaskLife, Waited};
use crate::ids::{Attempt, Digest, JobId, ReleaseId, Target};
use crate::job::{Job, JobKind, JobState, Outcome, RolloutReport};
use crate::release::Release;
use crate::spec::{Priority, ReleaseKind};
use crate::time::Timestamp;
use crate::verdict::{Finding, Verdict};

pub(super) const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// What all times are counted from, in seconds.
pub(super) const NOON: u64 = 1_767_268_800;

pub(super) fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis((NOON + secs) * 1000)
}

/// A release with one rollout, told event by event.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) release: Release,
    pub(super) jobs: Vec<Job>,
    pub(super) events: Vec<Event>,
    pub(super) waits: BTreeMap<u32, Vec<Waited>>,
}

impl Told {
    pub(super) fn new() -> Self {
        let id = ReleaseId::from_number(1007);
        let target: Target = "222222222222/eu-west-1/main/web".parse().unwrap();
        let rollout = Job {
            id: JobId {
                release: id,
                index: 0,
            },
            kind: JobKind::Rollout { target, wave: 0 },
            needs: Vec::new(),
            state: JobState::Queued {
                not_before: Timestamp::ZERO,
                resting: None,
            },
            attempt: Attempt(0),
            fruitless: 0,
            checkpoints: Vec::new(),
            started_at: Timestamp::ZERO,
            since: at(1),
            stop: None,
            hooks: Vec::new(),
        };
        let release = Release {
            id,
            app: "web".parse().unwrap(),
            env: "prod".parse().unwrap(),
            kind: ReleaseKind::Deploy,
            priority: Priority::default(),
            key: "key".parse().unwrap(),
            content: Digest::of(b"spec"),
            submitter: "ci-web".to_owned(),
            trace_parent: CALLER.to_owned(),
            title: "commit 4f1c2d9".to_owned(),
            began_at: at(0),
            submitted_at: at(1),
            jobs: 1,
            last_seq: 0,
            verdict: None,
            ended_at: None,
        };
        let mut told = Self {
            release,
            jobs: vec![rollout],
            events: Vec::new(),
            waits: BTreeMap::new(),
        };
        told.event(
            1,
            None,
            EventKind::Submitted {
                by: "ci-web".to_owned(),
            },
        );
        told
    }

    pub(super) fn event(&mut self, secs: u64, job: Option<u32>, kind: EventKind) {
        let seq = self.events.len() as u64 + 1;
        let at = at(secs);
        self.events.push(Event { seq, at, job, kind });
    }

    pub(super) fn job(&mut self, secs: u64, kind: EventKind) {
        self.event(secs, Some(0), kind);
    }

    pub(super) fn granted(&mut self, secs: u64, agent: &str, attempt: u32) {
        let granted = EventKind::Granted {
            agent: agent.parse().unwrap(),
            attempt: Attempt(attempt),
        };
        self.job(secs, granted);
    }

    pub(super) fn step(&mut self, from: u64, until: Option<u64>, step: Step, number: u32) {
        let started = Progress::StepStarted { step, number };
        self.job(from, EventKind::Progress(started));
        if let Some(until) = until {
            self.step_ended(until, step, number);
        }
    }

    pub(super) fn step_ended(&mut self, secs: u64, step: Step, number: u32) {
        let ended = Progress::StepEnded {
            step,
            number,
            result: StepResult::Done,
            detail: String::new(),
        };
        self.job(secs, EventKind::Progress(ended));
    }

    pub(super) fn life(&mut self, secs: u64, task: &str, new: bool, marks: &[(Mark, u64)]) {
        let mut life = TaskLife {
            task: format!("arn:aws:ecs:eu-west-1:222222222222:task/main/{task}"),
            task_definition: "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:42".to_owned(),
            new,
            ..TaskLife::default()
        };
        for (mark, secs) in marks {
            life.mark(*mark, at(*secs));
        }
        self.job(secs, EventKind::Progress(Progress::Task(Box::new(life))));
    }

    /// Of the task that was told of last.
    pub(super) fn why_it_stopped(&mut self, reason: &str) {
        if let Some(EventKind::Progress(Progress::Task(life))) =
            self.events.last_mut().map(|event| &mut event.kind)
        {
            reason.clone_into(&mut life.reason);
        }
    }

    pub(super) fn ended(&mut self, secs: u64, verdict: Verdict, findings: Vec<Finding>) {
        let summary = verdict.as_str().to_owned();
        let report = RolloutReport::unseen(verdict, summary, findings);
        let outcome = Outcome::RolledOut(report);
        self.jobs[0].state = JobState::Ended(outcome.clone());
        self.job(secs, EventKind::JobEnded(outcome));
        self.event(secs, None, EventKind::Ended { verdict });
        self.release.verdict = Some(verdict);
        self.release.ended_at = Some(at(secs));
    }

    pub(super) fn trace(&self) -> Trace {
        of_release(&Story {
            release: &self.release,
            spec: None,
            jobs: &self.jobs,
            events: &self.events,
            waits: &self.waits,
        })
    }
}

pub(super) fn live() -> Told {
    let mut told = Told::new();
    told.granted(3, "agent-prod-1", 1);
    told.step(4, Some(5), Step::Register, 1);
    told.step(5, Some(6), Step::Update, 2);
    told.step(6, Some(60), Step::Follow, 3);
    told
}
