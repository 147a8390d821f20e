//! Running the task of a gate as a pure planner, walked like a rollout: at most once for a release and a target, whatever
//! is lost on the way. RunTask takes a client token (ecs-facts 3.5): said again with the same token it starts nothing
//! a second time. What it started is found by `startedBy`, too, as long as ECS shows it.

use std::time::Duration;

use super::{TaskGate, When};
use crate::checkpoint::Checkpoint;
use crate::document::Document;
use crate::event::{NoteLevel, TaskLife};
use crate::ids::{AppName, Attempt, EnvName, JobId, Target};
use crate::job::{BuiltImage, Outcome, StopReason};
use crate::observe::{ServiceSeen, TaskSeen};
use crate::registering::{Registering, Registers};
use crate::revisions::Owner;
use crate::rollout::{Action, CallFailed, JOB_TAG, Next, RunTask, no_service, tagged, unfit};
use crate::task_definition;
use crate::time::Timestamp;
use crate::verdict::Finding;

/// How long after its intent the token of a RunTask is relied upon. ECS knows it for 24 hours; clocks may differ.
const TOKEN: Duration = Duration::from_secs(12 * 60 * 60);
/// So long after its intent a task that has run shows for sure: ECS shows stopped ones for an hour (ecs-facts 1.4).
const SHOWN: Duration = Duration::from_secs(40 * 60);
/// Pause after ECS found no place for the task.
const NO_PLACE: Duration = Duration::from_secs(15);
/// Pause between two looks at the task, at first and later.
const PACE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));
/// So long the quicker pace is kept.
const QUICK: Duration = Duration::from_secs(60);
/// Looks in a row that did not show the task, after which it is not believed to show again.
const VANISHED: u32 = 5;

/// What a gate is to run, and where.
#[derive(Clone, Debug)]
pub struct Gated {
    /// The job that does it.
    pub job: JobId,
    /// The attempt that walks it.
    pub attempt: Attempt,
    /// The app.
    pub app: AppName,
    /// Its environment.
    pub env: EnvName,
    /// The service whose slot is held, and whose network and capacity the task gets.
    pub target: Target,
    /// Before or after its rollout.
    pub when: When,
    /// The task.
    pub gate: TaskGate,
    /// The image of the release.
    pub image: BuiltImage,
    /// Task definition as submitted, without the image.
    pub task_definition: Document,
    /// Containers that get the image.
    pub containers: Vec<String>,
    /// When the first attempt began: the timeout runs from here.
    pub started_at: Timestamp,
    /// How long a call that changes something may take; after twice this an old attempt's call
    /// has landed or never will.
    pub call_timeout: Duration,
}

/// The task of a gate on its way.
#[derive(Clone, Debug)]
pub struct GateRun {
    pub(super) wanted: Gated,
    /// Notes of all attempts, in order.
    pub(super) noted: Vec<Checkpoint>,
    pub(super) stop: Option<StopReason>,
    pub(super) seen: Seen,
    /// How many of `noted` come from earlier attempts.
    pub(super) inherited: usize,
    /// The last call that failed, how often in a row, and when.
    pub(super) failing: Option<(CallFailed, u32, Timestamp)>,
    pub(super) remarks: Vec<(NoteLevel, String)>,
    /// Lines of output that nobody has taken yet.
    pub(super) output: Vec<String>,
    /// What is known of the life of the task.
    pub(super) life: Option<TaskLife>,
}

/// What this attempt has seen; nothing of it is durable.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) identity_at: Option<Timestamp>,
    pub(super) service: Option<ServiceSeen>,
    pub(super) service_missing: bool,
    pub(super) registered: Option<String>,
    pub(super) register_uncertain: bool,
    pub(super) own_revision: Option<(Option<String>, Timestamp)>,
    /// ARN of the task that RunTask was answered with, or that was found.
    pub(super) run: Option<String>,
    /// When a RunTask that may have started it last came to no answer.
    pub(super) run_uncertain_at: Option<Timestamp>,
    /// Whether ECS said that the token belongs to another request.
    pub(super) token_taken: bool,
    /// Why ECS refused to run it.
    pub(super) refused: Option<Finding>,
    /// When it was last searched for, in vain.
    pub(super) searched_at: Option<Timestamp>,
    /// Why ECS found no place for it, and when.
    pub(super) no_place: Option<(Vec<String>, Timestamp)>,
    pub(super) task: Option<TaskSeen>,
    pub(super) looked_at: Option<Timestamp>,
    pub(super) vanished: u32,
    pub(super) stop_sent: bool,
    /// When it was first seen at its end.
    pub(super) ended_at: Option<Timestamp>,
    /// Where to read on in its output.
    pub(super) log_after: Option<String>,
    pub(super) log_read_at: Option<Timestamp>,
    /// Whether the last reading gave nothing new.
    pub(super) log_dry: bool,
    /// Its output cannot be read.
    pub(super) log_denied: bool,
    /// The last lines of its output.
    pub(super) lines: Vec<String>,
    /// What ends the job.
    pub(super) fatal: Option<Finding>,
}

/// The intent to run the task, borrowed.
struct Intent<'a> {
    task_definition: &'a str,
    launch: &'a str,
    at: Timestamp,
}

impl GateRun {
    /// A gate's task, with what earlier attempts noted.
    #[must_use]
    pub fn new(wanted: Gated, noted: Vec<Checkpoint>, stop: Option<StopReason>) -> Self {
        Self {
            wanted,
            inherited: noted.len(),
            noted,
            stop,
            seen: Seen::default(),
            failing: None,
            remarks: Vec::new(),
            output: Vec::new(),
            life: None,
        }
    }

    /// A note became durable.
    pub fn noted(&mut self, checkpoint: Checkpoint) {
        if matches!(checkpoint, Checkpoint::RegisterIntent { .. }) {
            self.seen.register_uncertain = false;
        }
        if self.noted.last() != Some(&checkpoint) {
            self.noted.push(checkpoint);
        }
    }

    /// Somebody asked for the end of it.
    pub fn stop(&mut self, reason: StopReason) {
        self.stop.get_or_insert(reason);
    }

    /// What is known of the life of the task, once it was seen.
    #[must_use]
    pub const fn life(&self) -> Option<&TaskLife> {
        self.life.as_ref()
    }

    /// Notes for people since the last call.
    pub fn take_notes(&mut self) -> Vec<(NoteLevel, String)> {
        std::mem::take(&mut self.remarks)
    }

    /// Lines that the task has printed since the last call.
    pub fn take_output(&mut self) -> Vec<String> {
        std::mem::take(&mut self.output)
    }

    /// What to do next, at `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Next {
        if let Some(next) = self.while_failing(now) {
            return next;
        }
        if let Some(finding) = &self.seen.fatal {
            return self.give_up(finding.clone());
        }
        if self.seen.identity_at.is_none() {
            return Next::Do(Action::CheckIdentity);
        }
        match (self.task(), self.intent()) {
            (Some(task), _) => self.follow(now, task),
            (None, Some(intent)) => self.run(now, &intent),
            (None, None) => match &self.stop {
                Some(reason) => Next::End(Box::new(Outcome::Stopped(reason.clone()))),
                None => self.prepare(now),
            },
        }
    }

    fn prepare(&self, now: Timestamp) -> Next {
        let target = &self.wanted.target;
        if self.seen.service_missing {
            return self.give_up(no_service(target));
        }
        let Some(service) = &self.seen.service else {
            return Next::Do(Action::DescribeService);
        };
        // What the rollout would refuse is not prepared for.
        if let Some(finding) = unfit(service) {
            return self.give_up(finding);
        }
        let wanted = &self.wanted;
        let rendered =
            task_definition::with_image(&wanted.task_definition, &wanted.containers, &wanted.image);
        let rendered = match rendered {
            Ok(rendered) => rendered,
            Err(finding) => return self.give_up(finding),
        };
        match self.registered() {
            Some(registered) => Next::Note(Checkpoint::RunIntent {
                task_definition: registered.to_owned(),
                launch: service.launch.clone(),
                at: now,
            }),
            None => self.register(now, &rendered),
        }
    }

    fn register(&self, now: Timestamp, rendered: &Document) -> Next {
        let family = rendered.get("family").and_then(Document::as_str);
        let intent = self
            .noted
            .iter()
            .enumerate()
            .rev()
            .find_map(|(place, note)| match note {
                Checkpoint::RegisterIntent { at, .. } => Some((*at, place >= self.inherited)),
                _ => None,
            });
        let (at, own) = intent.unwrap_or((now, true));
        let registering = Registering {
            family: family.unwrap_or_default(),
            tag: (JOB_TAG.to_owned(), self.wanted.job.to_string()),
            answered: self.seen.registered.as_deref(),
            intent,
            uncertain: self.seen.register_uncertain,
            stale: now > at.plus(self.wanted.call_timeout),
            settled: self.settled(at, own),
            found: self.seen.own_revision.as_ref(),
        };
        match registering.next(now) {
            Registers::Next(next) => next,
            Registers::Send => Next::Do(Action::Register {
                json: tagged(rendered, self.owner(), self.wanted.job),
            }),
            Registers::Found(task_definition, _) => {
                Next::Note(Checkpoint::Registered { task_definition })
            }
        }
    }

    const fn owner(&self) -> Owner<'_> {
        Owner {
            app: &self.wanted.app,
            env: &self.wanted.env,
            target: &self.wanted.target,
        }
    }

    /// The intent is written: the task runs, or is to run.
    fn run(&self, now: Timestamp, intent: &Intent<'_>) -> Next {
        if let Some(task) = &self.seen.run {
            return Next::Note(Checkpoint::Ran { task: task.clone() });
        }
        let lands = self.lands();
        if let Some(settled) = lands {
            match self.seen.searched_at {
                None => return self.search(intent),
                Some(at) if at >= settled => {}
                Some(_) if now >= settled => return self.search(intent),
                // A lost call may land yet. The token makes another one harmless, but not the end of the job.
                Some(_) if self.stop.is_some() || self.seen.token_taken => {
                    return Next::Wait {
                        until: settled,
                        reason: "a call of RunTask may still be on its way".to_owned(),
                    };
                }
                Some(_) => {}
            }
        }
        if let Some(reason) = &self.stop {
            return Next::End(Box::new(Outcome::Stopped(reason.clone())));
        }
        // What was started and has ended long ago does not show any more.
        let surely_not = lands.is_none() || now < intent.at.plus(SHOWN);
        if let Some(finding) = self.seen.refused.as_ref().filter(|_| surely_not) {
            return self.give_up(finding.clone());
        }
        let over = now > self.deadline() && !surely_not;
        let token = self.seen.token_taken || now > intent.at.plus(TOKEN);
        if token || over || self.seen.refused.is_some() {
            return self.lost("ECS does not show the task that may have been started");
        }
        if let Some((reasons, at)) = &self.seen.no_place {
            if now > self.deadline() {
                return self.no_place(reasons);
            }
            let until = at.plus(NO_PLACE);
            if now < until {
                return Next::Wait {
                    until,
                    reason: format!("a place for the task ({})", reasons.join("; ")),
                };
            }
        } else if now > self.deadline() {
            return self.give_up(self.overdue("it could not be started in time"));
        }
        Next::Do(Action::RunTask(RunTask {
            task_definition: intent.task_definition.to_owned(),
            launch: intent.launch.to_owned(),
            token: self.token(intent),
            container: self.wanted.gate.container.clone(),
            command: self.wanted.gate.command.clone(),
            environment: self.wanted.gate.environment.clone(),
        }))
    }

    fn search(&self, intent: &Intent<'_>) -> Next {
        let name = intent.task_definition.rsplit('/').next();
        let family = name.and_then(|name| name.split(':').next());
        Next::Do(Action::FindTask {
            started_by: self.token(intent),
            family: family.unwrap_or_default().to_owned(),
        })
    }

    fn follow(&self, now: Timestamp, task: &str) -> Next {
        let look = Next::Do(Action::DescribeTask {
            task: task.to_owned(),
        });
        let (Some(seen), Some(looked_at)) = (&self.seen.task, self.seen.looked_at) else {
            if self.seen.vanished >= VANISHED {
                return self.lost("ECS does not show the task any more");
            }
            return look;
        };
        if let Some(ended_at) = self.seen.ended_at {
            return self
                .read_to_the_end(now, ended_at)
                .unwrap_or_else(|| self.conclude(seen));
        }
        if self.seen.log_read_at < Some(looked_at)
            && let Some(next) = self.read_on()
        {
            return next;
        }
        if self.must_end(now) && !self.seen.stop_sent {
            return Next::Do(Action::StopTask {
                task: task.to_owned(),
                reason: self.stop_words(),
            });
        }
        if now > self.deadline().plus(super::end::STOPS) {
            return self.rest("the task was told to stop, and has not stopped yet");
        }
        let quick = now < self.wanted.started_at.plus(QUICK) || self.seen.stop_sent;
        let until = looked_at.plus(if quick { PACE.0 } else { PACE.1 });
        if now >= until {
            return look;
        }
        Next::Wait {
            until,
            reason: self.waiting(seen),
        }
    }

    /// Whether the task must not run on.
    pub(super) fn must_end(&self, now: Timestamp) -> bool {
        self.stop.is_some() || now > self.deadline()
    }

    /// The task, once it is known.
    pub(super) fn task(&self) -> Option<&str> {
        self.noted.iter().rev().find_map(|note| match note {
            Checkpoint::Ran { task } => Some(task.as_str()),
            _ => None,
        })
    }

    fn registered(&self) -> Option<&str> {
        self.noted.iter().rev().find_map(|note| match note {
            Checkpoint::Registered { task_definition } => Some(task_definition.as_str()),
            _ => None,
        })
    }

    fn intent(&self) -> Option<Intent<'_>> {
        self.noted.iter().rev().find_map(|note| match note {
            Checkpoint::RunIntent {
                task_definition,
                launch,
                at,
            } => Some(Intent {
                task_definition,
                launch,
                at: *at,
            }),
            _ => None,
        })
    }

    /// Whether the task may run, as far as is noted.
    pub(super) fn may_run(&self) -> bool {
        self.intent().is_some()
    }

    /// Client token of RunTask, and its `startedBy`: of this job alone, and of this revision, so that it is not the
    /// one of another coordinator that counts its releases from the same number on. 64 characters are possible.
    fn token(&self, intent: &Intent<'_>) -> String {
        let revision = intent.task_definition.rsplit(':').next();
        let job = self.wanted.job;
        format!(
            "shipway-{}-{}-r{}",
            job.release,
            job.index,
            revision.unwrap_or_default()
        )
    }

    /// When every call that may have started the task has landed, or never will; `None` when there was none.
    fn lands(&self) -> Option<Timestamp> {
        let inherited = self.noted.iter().take(self.inherited);
        let before = inherited
            .rev()
            .find(|note| matches!(note, Checkpoint::RunIntent { .. }))
            .and(self.seen.identity_at);
        let sent = self.seen.run_uncertain_at.max(before)?;
        Some(self.settled(sent, true))
    }

    /// When a call that followed an intent of `at` has landed, or never will. An attempt before this one sent it
    /// before this one began; what its own clock said then may be wrong by minutes.
    fn settled(&self, at: Timestamp, own: bool) -> Timestamp {
        let began = self.seen.identity_at.filter(|_| !own);
        let sent = began.unwrap_or(at);
        sent.plus(self.wanted.call_timeout.saturating_mul(2))
    }

    pub(super) fn deadline(&self) -> Timestamp {
        self.wanted.started_at.plus(self.wanted.gate.timeout)
    }
}
