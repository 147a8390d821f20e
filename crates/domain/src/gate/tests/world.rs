//! A small ECS that runs tasks, and an agent that walks the planner and may die.

use std::collections::VecDeque;
use std::time::Duration;

use crate::checkpoint::Checkpoint;
use crate::document::Document;
use crate::event::NoteLevel;
use crate::gate::{GateRun, Gated, TaskGate, When};
use crate::ids::{Attempt, Digest, JobId, ReleaseId, Target};
use crate::job::{BuiltImage, Outcome, StopReason};
use crate::observe::{CallerSeen, ContainerSeen, ServiceSeen, TaskSeen};
use crate::rollout::{Action, CallFailed, FailureKind, Next, RunTask, Saw};
use crate::time::Timestamp;

const FAMILY: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web";
const SHOWN: Duration = Duration::from_secs(3600);
const TOKEN: Duration = Duration::from_secs(24 * 3600);

/// What becomes of a call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It happens, and is answered.
    Heard,
    /// It does not happen, and nobody knows.
    Lost,
    /// It happens, and is not answered.
    Unheard,
    /// It happens so many seconds later, and is not answered; within twice the limit of a call.
    Late(u64),
}

/// A task that was run.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) asked: RunTask,
    at: Timestamp,
    stopped: Option<Timestamp>,
}

/// Everything.
pub(super) struct World {
    now: Timestamp,
    began: Timestamp,
    pub(super) gate: TaskGate,
    pub(super) service: ServiceSeen,
    pub(super) no_service: bool,
    pub(super) account: String,
    pub(super) exit: i32,
    pub(super) lasts: Duration,
    pub(super) reason: String,
    pub(super) log: Vec<String>,
    pub(super) no_place: Option<Duration>,
    pub(super) deaf_to_stop: bool,
    meddles: bool,
    /// Seconds by which the clock of every second attempt is ahead.
    pub(super) ahead: u64,
    pub(super) fates: VecDeque<Fate>,
    refused: Option<(&'static str, FailureKind)>,
    dies_after: Option<&'static str>,
    stop: Option<(Timestamp, StopReason)>,
    pub(super) notes: Vec<Checkpoint>,
    attempts: u32,
    pub(super) tasks: Vec<Task>,
    revisions: Vec<String>,
    late: Vec<(Timestamp, Action)>,
    pub(super) stops: u32,
    pub(super) calls: Vec<String>,
    pub(super) output: Vec<String>,
    pub(super) remarks: Vec<(NoteLevel, String)>,
}

impl Task {
    fn ends(&self, lasts: Duration) -> Timestamp {
        let by_itself = self.at.plus(Duration::from_secs(2)).plus(lasts);
        self.stopped.map_or(by_itself, |at| at.min(by_itself))
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.stopped.is_some_and(|at| at <= now) || self.at.plus(Duration::from_secs(60)) < now
    }
}

/// The word for a note.
pub(super) const fn word(note: &Checkpoint) -> &'static str {
    match note {
        Checkpoint::RegisterIntent { .. } => "register-intent",
        Checkpoint::Registered { .. } => "registered",
        Checkpoint::RunIntent { .. } => "run-intent",
        Checkpoint::Ran { .. } => "ran",
        _ => "another",
    }
}

fn name(action: &Action) -> &'static str {
    match action {
        Action::CheckIdentity => "identity",
        Action::DescribeService => "service",
        Action::FindRevision { .. } => "revision",
        Action::Register { .. } => "register",
        Action::RunTask(_) => "run",
        Action::FindTask { .. } => "search",
        Action::DescribeTask { .. } => "task",
        Action::StopTask { .. } => "stop",
        Action::ReadLog { .. } => "logs",
        other => panic!("a gate does not ask for {other:?}"),
    }
}

impl World {
    pub(super) fn new() -> Self {
        let now = Timestamp::from_millis(1_000_000_000);
        Self {
            now,
            began: now,
            gate: TaskGate {
                container: "app".to_owned(),
                command: vec!["./migrate".to_owned()],
                environment: Vec::new(),
                timeout: TaskGate::TIMEOUT,
            },
            service: ServiceSeen {
                status: "ACTIVE".to_owned(),
                controller: "ECS".to_owned(),
                launch: r#"{"launchType":"FARGATE"}"#.to_owned(),
                ..ServiceSeen::default()
            },
            no_service: false,
            account: "111122223333".to_owned(),
            exit: 0,
            lasts: Duration::from_secs(5),
            reason: String::new(),
            log: Vec::new(),
            no_place: None,
            deaf_to_stop: false,
            meddles: false,
            ahead: 0,
            fates: VecDeque::new(),
            refused: None,
            dies_after: None,
            stop: None,
            notes: Vec::new(),
            attempts: 0,
            tasks: Vec::new(),
            revisions: Vec::new(),
            late: Vec::new(),
            stops: 0,
            calls: Vec::new(),
            output: Vec::new(),
            remarks: Vec::new(),
        }
    }

    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) const fn began(&self) -> Timestamp {
        self.began
    }

    pub(super) fn started(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn task_arn(&self, index: usize) -> String {
        format!("arn:aws:ecs:eu-west-1:111122223333:task/main/0123456789{index}")
    }

    /// Calls of this name are answered so.
    pub(super) fn refuse(&mut self, call: &'static str, kind: FailureKind) {
        self.refused = Some((call, kind));
    }

    /// The next attempt dies right after its first call of this name.
    pub(super) fn die_after(&mut self, call: &'static str) {
        self.dies_after = Some(call);
    }

    pub(super) fn stop_at(&mut self, after: Duration, reason: StopReason) {
        self.stop = Some((self.now.plus(after), reason));
    }

    /// Somebody stops whatever is run, ten seconds after it was.
    pub(super) fn somebody_stops_it(&mut self) {
        self.meddles = true;
    }

    pub(super) fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
        self.arrive();
    }

    fn arrive(&mut self) {
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.late = later;
        let due: Vec<(Timestamp, Action)> = due;
        for (at, action) in due {
            self.happens(at, &action);
        }
    }

    /// Walks to the end.
    pub(super) fn walk(&mut self, _: usize) -> Outcome {
        for _ in 0..20 {
            if let Some(outcome) = self.attempt(5_000) {
                return outcome;
            }
        }
        panic!("it does not end: {:?}", &self.calls);
    }

    /// One attempt of at most so many steps (0: as many as it takes); `None` when it died.
    pub(super) fn attempt(&mut self, steps: usize) -> Option<Outcome> {
        self.attempts += 1;
        let ahead = if self.attempts.is_multiple_of(2) {
            Duration::from_secs(self.ahead)
        } else {
            Duration::ZERO
        };
        let mut planner = GateRun::new(self.wanted(ahead), self.notes.clone(), self.asked());
        let most = if steps == 0 { 5_000 } else { steps };
        for _ in 0..most {
            if let Some(reason) = self.asked() {
                planner.stop(reason);
            }
            let clock = self.now.plus(ahead);
            match planner.next(clock) {
                Next::Do(action) => {
                    self.calls
                        .push(format!("{} {}", self.attempts, name(&action)));
                    let saw = self.perform(&action);
                    if self
                        .dies_after
                        .take_if(|call| *call == name(&action))
                        .is_some()
                    {
                        return None;
                    }
                    let clock = self.now.plus(ahead);
                    planner.saw(clock, &action, saw);
                    self.remarks.extend(planner.take_notes());
                    self.output.extend(planner.take_output());
                }
                Next::Note(note) => {
                    self.notes.push(note.clone());
                    planner.noted(note);
                }
                Next::Wait { until, .. } => {
                    let span = until.since(clock).max(Duration::from_millis(50));
                    self.pass(span);
                }
                Next::End(outcome) => return Some(*outcome),
            }
        }
        None
    }

    fn asked(&self) -> Option<StopReason> {
        let stop = self.stop.as_ref().filter(|(at, _)| *at <= self.now);
        stop.map(|(_, reason)| reason.clone())
    }

    fn wanted(&self, ahead: Duration) -> Gated {
        let definition = r#"{"family":"web","containerDefinitions":[{"name":"app","image":"x","memory":512,
            "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/web","awslogs-region":"eu-west-1",
            "awslogs-stream-prefix":"web"}}}]}"#;
        let digest = Digest::of(b"image");
        let target: Target = "111122223333/eu-west-1/main/web".parse().expect("a target");
        Gated {
            job: JobId {
                release: ReleaseId::from_number(1000),
                index: 1,
            },
            attempt: Attempt(self.attempts),
            app: "web".parse().expect("an app"),
            env: "prod".parse().expect("an environment"),
            target,
            when: When::Before,
            gate: self.gate.clone(),
            image: BuiltImage {
                name: "registry/web".to_owned(),
                digest: digest.clone(),
                accepted: vec![digest],
                builder: "docker".to_owned(),
                tags: Vec::new(),
                bytes_pushed: 0,
                reused: false,
                scan: None,
            },
            task_definition: Document::parse(definition).expect("a definition"),
            containers: vec!["app".to_owned()],
            started_at: self.began.plus(ahead),
            call_timeout: Duration::from_secs(10),
        }
    }

    fn perform(&mut self, action: &Action) -> Saw {
        self.pass(Duration::from_millis(100));
        let failed = |kind| {
            Saw::Failed(CallFailed {
                call: name(action).to_owned(),
                kind,
                message: "as asked".to_owned(),
            })
        };
        if let Some((call, kind)) = self.refused
            && call == name(action)
        {
            return failed(kind);
        }
        if !matches!(action, Action::RunTask(_) | Action::Register { .. }) {
            return self.happens(self.now, action);
        }
        match self.fates.pop_front().unwrap_or(Fate::Heard) {
            Fate::Heard => self.happens(self.now, action),
            Fate::Lost => {
                self.pass(Duration::from_secs(10));
                failed(FailureKind::Uncertain)
            }
            Fate::Unheard => {
                self.happens(self.now, action);
                self.pass(Duration::from_secs(10));
                failed(FailureKind::Uncertain)
            }
            Fate::Late(seconds) => {
                // It never takes longer than twice the limit.
                let due = self.now.plus(Duration::from_secs(seconds.min(19)));
                self.late.push((due, action.clone()));
                self.pass(Duration::from_secs(10));
                failed(FailureKind::Uncertain)
            }
        }
    }

    fn happens(&mut self, at: Timestamp, action: &Action) -> Saw {
        match action {
            Action::CheckIdentity => Saw::Caller(CallerSeen {
                account: self.account.clone(),
                arn: "arn:session".to_owned(),
            }),
            Action::DescribeService => {
                let service = (!self.no_service).then(|| Box::new(self.service.clone()));
                Saw::Service(service)
            }
            Action::FindRevision { .. } => Saw::FoundRevision(self.revisions.last().cloned()),
            Action::Register { .. } => {
                let arn = format!("{FAMILY}:{}", self.revisions.len() + 1);
                self.revisions.push(arn.clone());
                Saw::Registered(arn)
            }
            Action::RunTask(asked) => self.run(at, asked),
            Action::FindTask { started_by, .. } => {
                let found = (0..self.tasks.len())
                    .find(|index| self.tasks[*index].asked.token == *started_by);
                Saw::Task(found.and_then(|index| self.seen(index)).map(Box::new))
            }
            Action::DescribeTask { task } => {
                let found = (0..self.tasks.len()).find(|index| self.task_arn(*index) == *task);
                Saw::Task(found.and_then(|index| self.seen(index)).map(Box::new))
            }
            Action::StopTask { .. } => {
                self.stops += 1;
                if !self.deaf_to_stop {
                    for task in &mut self.tasks {
                        task.stopped.get_or_insert(at);
                    }
                }
                Saw::TaskStopAsked
            }
            Action::ReadLog { after, .. } => {
                let from = after.as_ref().and_then(|after| after.parse().ok());
                let from: usize = from.unwrap_or(0);
                let to = (from + 7).min(self.log.len());
                Saw::Log {
                    lines: self.log[from..to].to_vec(),
                    after: Some(to.to_string()),
                }
            }
            other => panic!("a gate does not ask for {other:?}"),
        }
    }

    fn run(&mut self, at: Timestamp, asked: &RunTask) -> Saw {
        let answer = |task: Option<String>, refused: Vec<String>| Saw::TaskRun { task, refused };
        let same = |task: &Task| task.asked.token == asked.token && at < task.at.plus(TOKEN);
        if let Some(known) = self.tasks.iter().position(same) {
            return answer(Some(self.task_arn(known)), Vec::new());
        }
        if self.no_place.is_some_and(|span| at < self.began.plus(span)) {
            return answer(None, vec!["RESOURCE:MEMORY".to_owned()]);
        }
        let meddled = at.plus(Duration::from_secs(10));
        self.tasks.push(Task {
            asked: asked.clone(),
            at,
            stopped: self.meddles.then_some(meddled),
        });
        answer(Some(self.task_arn(self.tasks.len() - 1)), Vec::new())
    }

    fn seen(&self, index: usize) -> Option<TaskSeen> {
        let task = self.tasks.get(index)?;
        let ends = task.ends(self.lasts);
        if self.now >= ends.plus(SHOWN) {
            return None;
        }
        let started = task.at.plus(Duration::from_secs(2));
        let over = self.now >= ends;
        let killed = task.stopped.is_some_and(|at| at <= ends);
        let exit = if killed { 0 } else { self.exit };
        Some(TaskSeen {
            arn: self.task_arn(index),
            task_definition: task.asked.task_definition.clone(),
            started_by: task.asked.token.clone(),
            last_status: if over { "STOPPED" } else { "RUNNING" }.to_owned(),
            stop_code: over.then(|| {
                let code = ["EssentialContainerExited", "UserInitiated"];
                code[usize::from(killed)].to_owned()
            }),
            stopped_reason: over.then(|| self.reason.clone()),
            started_at: (self.now >= started).then_some(started),
            execution_stopped_at: over.then_some(ends),
            stopped_at: over.then_some(ends),
            containers: vec![ContainerSeen {
                name: "app".to_owned(),
                exit_code: over.then_some(exit),
                ..ContainerSeen::default()
            }],
            ..TaskSeen::default()
        })
    }
}
