//! A release told step by step, for the snapshots.

use shipway_domain::event::{Event, EventKind, Progress, Step, StepResult, TaskCounts};
use shipway_domain::ids::{AccountId, AgentId, Attempt, Digest};
use shipway_domain::job::{BuiltImage, Outcome, RolloutReport};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1;

use crate::follow::state::State;
use crate::follow::{plain, view};
use crate::json;
use crate::text::line::Line;

/// 2026-01-01 12:00:00 UTC.
const NOON: u64 = 1_767_268_800_000;

/// A release, its events so far, and what each form shows of it.
pub(super) struct Scene {
    pub(super) view: v1::ReleaseView,
    pub(super) state: State,
    now: Timestamp,
    events: Vec<Event>,
    plain: Vec<String>,
}

impl Scene {
    /// A release of `web` to `prod` on one target per wave number, not begun.
    pub(super) fn new(waves: &[u32]) -> Self {
        let regions = ["eu-west-1", "us-east-1", "ap-south-1"];
        let build = v1::JobView {
            kind: "build".to_owned(),
            phase: v1::JobPhase::Waiting.into(),
            since_ms: NOON,
            ..v1::JobView::default()
        };
        let rollouts = waves
            .iter()
            .zip(regions)
            .zip(1..)
            .map(|((wave, region), index)| v1::JobView {
                index,
                kind: "rollout".to_owned(),
                target: Some(v1::Target {
                    account: "222222222222".to_owned(),
                    region: region.to_owned(),
                    cluster: "main".to_owned(),
                    service: "web".to_owned(),
                }),
                wave: Some(*wave),
                phase: v1::JobPhase::Waiting.into(),
                since_ms: NOON,
                wait: Some(wait("needs", "the build comes first")),
                ..v1::JobView::default()
            });
        let view = v1::ReleaseView {
            id: 7,
            app: "web".to_owned(),
            env: "prod".to_owned(),
            submitter: "ci-web".to_owned(),
            title: "commit 4f1c2d9 \"Faster cart\"".to_owned(),
            trace_parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
            submitted_ms: NOON,
            jobs: [build].into_iter().chain(rollouts).collect(),
            ..v1::ReleaseView::default()
        };
        let mut state = State::new(view.clone()).expect("a view");
        let account = AccountId::new("222222222222").expect("an account");
        state.accounts.insert(account, "prod".to_owned());
        Self {
            plain: vec![plain::greeting(&state)],
            view,
            state,
            now: Timestamp::from_millis(NOON),
            events: Vec::new(),
        }
    }

    /// The view was changed: the coordinator says it again, before anything happens.
    pub(super) fn told_anew(&mut self) {
        let accounts = std::mem::take(&mut self.state.accounts);
        self.state = State::new(self.view.clone()).expect("a view");
        self.state.accounts = accounts;
    }

    /// Lets seconds pass.
    pub(super) fn pass(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now.plus(std::time::Duration::from_secs(seconds));
        self
    }

    /// An event happens.
    pub(super) fn event(&mut self, job: Option<u32>, kind: EventKind) -> &mut Self {
        let event = Event {
            seq: self.events.len() as u64 + 1,
            at: self.now,
            job,
            kind,
        };
        assert!(self.state.fold(&event), "a new event");
        self.plain.extend(plain::line(&self.state, &event));
        self.events.push(event);
        self
    }

    /// The coordinator says how a job stands.
    pub(super) fn stands(
        &mut self,
        job: usize,
        change: impl FnOnce(&mut v1::JobView),
    ) -> &mut Self {
        let now = self.now.millis();
        let view = &mut self.view.jobs[job];
        view.since_ms = now;
        change(view);
        self.state.see(self.view.clone()).expect("a view");
        self
    }

    /// An agent gets a job.
    pub(super) fn granted(&mut self, job: u32, agent: &str) -> &mut Self {
        let agent = AgentId::new(agent).expect("an agent");
        self.stands(job as usize, |view| {
            view.phase = v1::JobPhase::Running.into();
            view.agent = Some(agent.to_string());
            view.wait = None;
        });
        self.event(
            Some(job),
            EventKind::Granted {
                agent,
                attempt: Attempt(1),
            },
        )
    }

    /// A step takes some seconds.
    pub(super) fn step(&mut self, job: u32, step: Step, seconds: u64, detail: &str) -> &mut Self {
        self.begins(job, step).pass(seconds);
        let end = Progress::StepEnded {
            number: 1,
            step,
            result: StepResult::Done,
            detail: detail.to_owned(),
        };
        self.event(Some(job), EventKind::Progress(end))
    }

    /// A step begins.
    pub(super) fn begins(&mut self, job: u32, step: Step) -> &mut Self {
        self.event(
            Some(job),
            EventKind::Progress(Progress::StepStarted { step, number: 1 }),
        )
    }

    /// ECS says something.
    pub(super) fn says(&mut self, job: u32, message: &str) -> &mut Self {
        let (at, message) = (self.now, message.to_owned());
        self.event(
            Some(job),
            EventKind::Progress(Progress::ServiceEvent { at, message }),
        )
    }

    /// Tasks are counted: old, new, on their way.
    pub(super) fn tasks(&mut self, job: u32, counts: [u32; 3], waiting_for: &str) -> &mut Self {
        let [old_running, new_running, new_pending] = counts;
        let counts = TaskCounts {
            old_running,
            new_running,
            new_pending,
            failed: 0,
            desired: 3,
            upper: 6,
            waiting_for: waiting_for.to_owned(),
            ..TaskCounts::default()
        };
        self.counted(job, counts)
    }

    /// Tasks are counted.
    pub(super) fn counted(&mut self, job: u32, counts: TaskCounts) -> &mut Self {
        self.event(Some(job), EventKind::Progress(Progress::Tasks(counts)))
    }

    /// Now.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// A job ends.
    pub(super) fn ends(&mut self, job: u32, outcome: Outcome) -> &mut Self {
        let message = v1::Outcome::from(&outcome);
        self.stands(job as usize, |view| {
            view.phase = v1::JobPhase::Ended.into();
            view.wait = None;
            view.outcome = Some(message);
        });
        self.event(Some(job), EventKind::JobEnded(outcome))
    }

    /// The release ends.
    pub(super) fn verdict(&mut self, verdict: Verdict) -> &mut Self {
        self.event(None, EventKind::Ended { verdict })
    }

    /// The build, from start to end.
    pub(super) fn built(&mut self) -> &mut Self {
        let by = "ci-web".to_owned();
        self.event(None, EventKind::Submitted { by })
            .granted(0, "agent-tools-1")
            .step(0, Step::Account, 0, "")
            .step(0, Step::Build, 24, "docker, 11 of 14 layers cached")
            .step(0, Step::Push, 6, "18 MB new, 212 MB already there")
            .ends(0, Outcome::Built(image()))
    }

    /// The live view, `width` columns and `height` rows.
    pub(super) fn screen(&self, width: usize, height: usize) -> String {
        text(&view::lines(&self.state, self.now, width, height))
    }

    /// What stays on the screen at the end.
    pub(super) fn ending(&self) -> String {
        text(&view::finished(&self.state, self.now, 100))
    }

    /// The plain lines.
    pub(super) fn plain(&self) -> String {
        self.plain.join("\n")
    }

    /// The JSON lines.
    pub(super) fn json(&self) -> String {
        let events = self.events.iter().map(json::event::object);
        let last = json::document(json::release::object(&self.state));
        let lines: Vec<String> = events.chain([last]).map(|line| line.to_string()).collect();
        lines.join("\n")
    }
}

fn text(lines: &[Line]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| line.render(false)).collect();
    lines.join("\n")
}

/// A reason to wait.
pub(super) fn wait(code: &str, text: &str) -> v1::Wait {
    v1::Wait {
        code: code.to_owned(),
        text: text.to_owned(),
        release: None,
    }
}

pub(super) fn digest() -> Digest {
    Digest::new(format!("sha256:9a41{}e2", "0".repeat(58))).expect("a digest")
}

fn image() -> BuiltImage {
    BuiltImage {
        name: "000000000000.dkr.ecr.eu-west-1.amazonaws.com/tools/web".to_owned(),
        digest: digest(),
        accepted: vec![digest()],
        builder: "docker".to_owned(),
        tags: vec!["4f1c2d9".to_owned()],
        bytes_pushed: 18_000_000,
        reused: false,
        scan: None,
    }
}

/// A report of a rollout with this verdict.
pub(super) fn report(verdict: Verdict, summary: &str) -> RolloutReport {
    let arn = |revision: u32| {
        format!("arn:aws:ecs:eu-west-1:222222222222:task-definition/web:{revision}")
    };
    RolloutReport {
        verdict,
        unchanged: false,
        summary: summary.to_owned(),
        image_digest: Some(digest()),
        task_definition: Some(arn(42)),
        serving: Some(arn(if verdict == Verdict::Live { 42 } else { 41 })),
        service_deployment: None,
        running: 3,
        desired: 3,
        findings: Vec::new(),
    }
}
