//! The board does what the flows of the design say.

mod agents;
mod answers;
mod audit;
mod found;
mod gated;
mod limits;
mod past;
mod reads;
mod releases;
mod search;
mod targets;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use super::{Board, Decision, Effect, Input, Policy, Refusal, Report, Submission};
use crate::agent::{AgentAccount, AgentDescription, Held};
use crate::change::Change;
use crate::event::{Event, EventKind};
use crate::gate::Gates;
use crate::ids::{AgentId, Attempt, Digest, IdempotencyKey, Incarnation, JobId, ReleaseId, Target};
use crate::job::{BuiltImage, JobState, Outcome, RolloutReport, TaskRun};
use crate::spec::{
    Autoscaling, Breaker, ImageSettings, Priority, ReleaseKind, ReleaseSpec, RolloutSettings,
    Source, TargetSpec,
};
use crate::time::Timestamp;
use crate::verdict::Verdict;

pub(super) const PROD: &str = "222222222222";
pub(super) const TOOLS: &str = "000000000000";

pub(super) fn target(service: &str) -> Target {
    Target {
        account: PROD.parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        cluster: "main".parse().unwrap(),
        service: service.parse().unwrap(),
    }
}

/// A deploy of `app` to its environment `prod`, in waves of services.
pub(crate) fn spec(app: &str, waves: &[&[&str]]) -> ReleaseSpec {
    let targets = waves.iter().enumerate().flat_map(|(wave, services)| {
        services.iter().map(move |service| TargetSpec {
            target: target(service),
            wave: u32::try_from(wave).unwrap(),
        })
    });
    ReleaseSpec {
        app: app.parse().unwrap(),
        env: "prod".parse().unwrap(),
        kind: ReleaseKind::Deploy,
        source: Source::Image {
            reference: "tools/web:1".to_owned(),
        },
        build: None,
        image: ImageSettings {
            account: TOOLS.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            repository: "web".parse().unwrap(),
            tags: Vec::new(),
            create: None,
            set_policy: true,
        },
        task_definition: Digest::of(b"{}"),
        containers: vec!["web".to_owned()],
        targets: targets.collect(),
        rollout: RolloutSettings {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            health_check_grace_period: None,
            breaker: Breaker::On,
            autoscaling: Autoscaling::Keep,
            timeout: Duration::from_secs(1200),
            force: false,
            stop_early_after: 3,
            keep_revisions: None,
        },
        priority: Priority::default(),
        scan: None,
        gates: Gates::default(),
    }
}

/// A board with a clock, a log of effects and events, and agents that are asked by hand.
pub(super) struct Fixture {
    pub(super) board: Board,
    pub(super) now: Timestamp,
    pub(super) effects: Vec<Effect>,
    pub(super) events: Vec<(ReleaseId, Event)>,
    keys: u32,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self {
            board: Board::new(Policy::default()),
            now: Timestamp::from_millis(1_000_000),
            effects: Vec::new(),
            events: Vec::new(),
            keys: 0,
        }
    }

    /// One that has an agent `a` with room for `capacity` jobs.
    pub(super) fn with_agent(capacity: u32) -> Self {
        let mut fixture = Self::new();
        fixture.hello("a", 1, capacity, &[], None).unwrap();
        fixture
    }

    pub(super) fn pass(&mut self, secs: u64) {
        self.now = self.now.plus(Duration::from_secs(secs));
        self.input(Input::Tick).unwrap();
    }

    pub(super) fn input(&mut self, input: Input) -> Result<Decision, Refusal> {
        self.board.wake(self.now);
        let decision = self.board.decide(self.now, input)?;
        self.perform(&decision);
        while let Some(grant) = self.board.dispatch(self.now) {
            self.perform(&grant);
        }
        Ok(decision)
    }

    fn perform(&mut self, decision: &Decision) {
        self.board.apply(self.now, &decision.changes);
        self.board.apply_agents(self.now, &decision.agents);
        self.effects.extend(decision.effects.iter().cloned());
        for change in &decision.changes {
            if let Change::Event { release, event } = change {
                self.events.push((*release, event.clone()));
            }
        }
    }

    pub(super) fn submit(&mut self, spec: ReleaseSpec) -> ReleaseId {
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        self.submit_with(&key, spec).unwrap().release.unwrap().id
    }

    pub(super) fn submit_with(
        &mut self,
        key: &str,
        spec: ReleaseSpec,
    ) -> Result<Decision, Refusal> {
        self.input(Input::Submit(Submission {
            content: Digest::of(format!("{spec:?}").as_bytes()),
            spec: Arc::new(spec),
            key: IdempotencyKey::new(key).unwrap(),
            submitter: "ci".to_owned(),
            trace_parent: String::new(),
            began_ago: std::time::Duration::ZERO,
            title: "a change".to_owned(),
        }))
    }

    pub(super) fn hello(
        &mut self,
        id: &str,
        life: u64,
        capacity: u32,
        holds: &[Held],
        predecessor: Option<u64>,
    ) -> Result<Decision, Refusal> {
        let account = |id: &str, name: &str| AgentAccount {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            regions: vec!["eu-west-1".parse().unwrap()],
        };
        self.input(Input::Hello {
            agent: AgentDescription {
                id: id.parse().unwrap(),
                incarnation: Incarnation(life),
                version: "test".to_owned(),
                accounts: vec![account(TOOLS, "tools"), account(PROD, "prod")],
                plugins: vec!["docker".to_owned(), "ecs".to_owned()],
                capacity,
                labels: Vec::new(),
            },
            holds: holds.to_vec(),
            predecessor: predecessor.map(Incarnation),
        })
    }

    pub(super) fn cancel(&mut self, release: ReleaseId) {
        let (by, reason) = ("ci".to_owned(), String::new());
        let cancel = Input::Cancel {
            release,
            by,
            reason,
        };
        self.input(cancel).unwrap();
    }

    pub(super) fn report(&mut self, held: Held, report: Report) -> Decision {
        self.report_as("a", 1, held, report)
    }

    pub(super) fn report_as(
        &mut self,
        agent: &str,
        life: u64,
        held: Held,
        report: Report,
    ) -> Decision {
        let agent = agent.parse().unwrap();
        self.input(Input::Report {
            agent,
            incarnation: Incarnation(life),
            held,
            report,
        })
        .unwrap()
    }

    /// The newest grant of a job, as its agent knows it.
    pub(super) fn held(&self, release: ReleaseId, index: u32) -> Held {
        let id = JobId { release, index };
        let attempt = self
            .board
            .jobs_of(release)
            .find(|job| job.id == id)
            .unwrap()
            .attempt;
        Held { job: id, attempt }
    }

    /// Jobs that agents hold now.
    pub(super) fn granted(&self) -> Vec<JobId> {
        let jobs = self.board.waiting_and_running();
        let granted = jobs
            .iter()
            .filter(|job| matches!(job.state, JobState::Granted(_)));
        let mut ids: Vec<JobId> = granted.map(|job| job.id).collect();
        ids.sort();
        ids
    }

    pub(super) fn finish(&mut self, release: ReleaseId, index: u32, outcome: Outcome) {
        let held = self.held(release, index);
        self.report(held, Report::Finished(outcome));
    }

    pub(super) fn build(&mut self, release: ReleaseId) {
        self.finish(release, 0, built());
    }

    /// Verdict of a release that has ended.
    pub(super) fn verdict(&self, release: ReleaseId) -> Option<Verdict> {
        self.events
            .iter()
            .rev()
            .find_map(|(id, event)| match event.kind {
                EventKind::Ended { verdict } if *id == release => Some(verdict),
                _ => None,
            })
    }

    pub(super) fn agent(&self, id: &str) -> AgentId {
        id.parse().unwrap()
    }
}

pub(super) const fn job(release: ReleaseId, index: u32) -> JobId {
    JobId { release, index }
}

/// The task of a gate that has done its work.
pub(super) fn ran() -> Outcome {
    Outcome::Ran(TaskRun {
        task: "arn:task/1".to_owned(),
        task_definition: "web:2".to_owned(),
        image_digest: Digest::of(b"image"),
        millis: 5_000,
    })
}

pub(super) fn built() -> Outcome {
    let digest = Digest::of(b"image");
    Outcome::Built(BuiltImage {
        name: "registry/web".to_owned(),
        digest: digest.clone(),
        accepted: vec![digest],
        builder: "docker".to_owned(),
        tags: Vec::new(),
        bytes_pushed: 0,
        reused: false,
        scan: None,
    })
}

pub(super) fn rolled(verdict: Verdict) -> Outcome {
    Outcome::RolledOut(RolloutReport {
        verdict,
        unchanged: false,
        summary: "as told".to_owned(),
        image_digest: Some(Digest::of(b"image")),
        task_definition: Some("web:2".to_owned()),
        serving: None,
        service_deployment: None,
        running: 2,
        desired: 2,
        findings: Vec::new(),
    })
}

pub(super) const fn attempt(held: Held, attempt: u32) -> Held {
    Held {
        job: held.job,
        attempt: Attempt(attempt),
    }
}
