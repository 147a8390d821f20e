//! A rollout as a pure planner: what is wanted, what was noted and what was seen give the next thing
//! to do. The agent walks it; plugins carry it out and answer *what is*, never *what now*.

mod action;
mod answer;
mod balance;
mod clean;
mod drift;
mod early;
mod end;
mod follow;
mod late;
mod limits;
mod lives;
mod phase;
mod prepare;
mod progress;
mod recognise;
mod refuse;
mod resume;
mod saw;
mod stage;
mod stays;
mod table;
mod verify;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

pub use action::{Action, CallFailed, FailureKind, Next, RunTask, Saw};
pub(crate) use limits::{SETTLED, STOP_TIMEOUT};
pub(crate) use prepare::tagged;
pub(crate) use refuse::{no_service, unfit, wrong_account};
pub(crate) use saw::refusal;
pub use table::{Asked, verdict_of};

use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::document::Document;
use crate::event::NoteLevel;
use crate::hook::HookAnswer;
use crate::ids::{AppName, Attempt, EnvName, JobId, Target};
use crate::job::{BuiltImage, StopReason};
use crate::observe::{
    RevisionSeen, ScalingSeen, ServiceDeploymentSeen, ServiceEventSeen, ServiceSeen, TaskSeen,
};
use crate::spec::{ReleaseKind, RolloutSettings};
use crate::time::Timestamp;
use crate::verdict::Finding;

/// What a rollout is to bring about.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The job that does it.
    pub job: JobId,
    /// The attempt that walks it.
    pub attempt: Attempt,
    /// Why the release exists.
    pub kind: ReleaseKind,
    /// The app.
    pub app: AppName,
    /// Its environment.
    pub env: EnvName,
    /// The service to change.
    pub target: Target,
    /// The image that is to serve.
    pub image: BuiltImage,
    /// Task definition as submitted, without the image.
    pub task_definition: Document,
    /// Containers that get the image.
    pub containers: Vec<String>,
    /// How.
    pub settings: RolloutSettings,
    /// Moving tags to put on the image once it is live.
    pub moving_tags: Vec<String>,
    /// What is owed to the target from before this job.
    pub debt: Option<ScalingFlags>,
    /// Task definition that was last proven live on the target.
    pub proven: Option<String>,
    /// When the first attempt began: the timeout runs from here.
    pub started_at: Timestamp,
    /// How long a call that changes something may take; after twice this an old attempt's call
    /// has landed or never will.
    pub call_timeout: Duration,
}

impl Wanted {
    /// The tag by which a revision is recognised as made for this very job.
    #[must_use]
    pub fn job_tag(&self) -> (String, String) {
        (JOB_TAG.to_owned(), self.job.to_string())
    }
}

/// Tag of a task definition with the release it was registered for.
pub const RELEASE_TAG: &str = "shipway:release";
/// Tag of a task definition with the job it was registered for.
pub const JOB_TAG: &str = "shipway:job";

/// A rollout on its way.
#[derive(Clone, Debug)]
pub struct Rollout {
    wanted: Wanted,
    /// Notes of all attempts, in order.
    noted: Vec<Checkpoint>,
    stop: Option<StopReason>,
    /// What people answered to hooks of our deployment.
    answers: Vec<HookAnswer>,
    seen: Seen,
    /// How many of `noted` come from earlier attempts.
    inherited: usize,
    failing: Option<Failing>,
    /// Things worth telling people, taken out by [`Rollout::take_notes`].
    remarks: Vec<(NoteLevel, String)>,
}

/// What this attempt has seen; nothing of it is durable.
#[derive(Clone, Debug, Default)]
struct Seen {
    identity: bool,
    identity_at: Option<Timestamp>,
    service: Option<ServiceSeen>,
    service_missing: bool,
    service_at: Timestamp,
    running_definition: Option<Document>,
    /// Answer of the search for a revision made for this job, and when it was given.
    own_revision: Option<(Option<String>, Timestamp)>,
    registered: Option<String>,
    register_uncertain: bool,
    updated: Option<String>,
    update_uncertain: bool,
    scaling: Option<Option<ScalingSeen>>,
    scaling_at: Timestamp,
    suspended: bool,
    /// The scalable target when it is to be put back.
    scaling_at_end: Option<Option<ScalingSeen>>,
    scaling_at_end_at: Timestamp,
    /// When a call that sets flags last had no answer.
    scaling_uncertain_at: Option<Timestamp>,
    resumed: bool,
    /// When scaling was found suspended again after it had been put back.
    suspended_again_at: Option<Timestamp>,
    resume_failures: u32,
    candidates: Vec<ServiceDeploymentSeen>,
    listed_at: Option<Timestamp>,
    revisions: Vec<RevisionSeen>,
    deployment: Option<ServiceDeploymentSeen>,
    /// Polls in a row in which ECS did not know our deployment.
    vanished: u32,
    stop_answered: bool,
    /// Service deployments listed after ours had ended.
    later: Option<bool>,
    tasks: Option<(Vec<TaskSeen>, Timestamp)>,
    /// When our deployment was first seen at its end.
    ended_at: Option<Timestamp>,
    stopped: Option<Vec<TaskSeen>>,
    /// The task that failed, and what it has said last.
    lines: Option<(String, Vec<String>)>,
    /// When stopped tasks were looked at while the deployment was under way, and how many were to be expected.
    looked_at_trouble: Option<(Timestamp, u32)>,
    /// Tasks of ours that had died by the first look after the end.
    dead_at_end: Option<stays::Dead>,
    /// What looks at the tasks brought to light while the deployment was under way.
    watched: watch::Watched,
    /// What is known of each of them.
    lives: lives::Lives,
    /// What the load balancer was seen to find of new tasks.
    balanced: balance::Balanced,
    /// What the service wanted when it was updated, or first seen.
    desired_before: Option<u32>,
    /// Why the deployment cannot come to serve.
    hopeless: Option<Finding>,
    /// Hooks of our deployment that were seen to wait.
    paused: Vec<answer::Paused>,
    /// Hooks to which ECS took an answer from this attempt.
    answered: Vec<String>,
    /// Hooks to which it takes none any more.
    unanswerable: BTreeSet<String>,
    tagged: bool,
    tag_failures: u32,
    /// Revisions of no use.
    cleaning: clean::Cleaning,
    /// What ends the job, once what is owed has been put back.
    fatal: Option<Finding>,
}

/// Failures in a row, since when, and the last of them.
#[derive(Clone, Debug)]
struct Failing {
    last: CallFailed,
    times: u32,
    at: Timestamp,
    /// Whether it belongs to what is done after the end is known: it ends by itself.
    after_the_end: bool,
}

impl Rollout {
    /// A rollout, with what earlier attempts noted.
    #[must_use]
    pub fn new(wanted: Wanted, noted: Vec<Checkpoint>, stop: Option<StopReason>) -> Self {
        Self {
            wanted,
            inherited: noted.len(),
            noted,
            stop,
            answers: Vec::new(),
            seen: Seen::default(),
            failing: None,
            remarks: Vec::new(),
        }
    }

    /// What is wanted.
    #[must_use]
    pub const fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// A note became durable.
    pub fn noted(&mut self, checkpoint: Checkpoint) {
        // A fresh intent goes before a fresh call: the doubt about the one before is settled.
        match &checkpoint {
            // Another one than before: nothing of what was seen of that one is about this one.
            Checkpoint::Following { service_deployment }
                if self
                    .following()
                    .is_some_and(|known| known != service_deployment) =>
            {
                self.seen.deployment = None;
                self.seen.ended_at = None;
                self.seen.later = None;
                self.seen.tasks = None;
                self.seen.stopped = None;
                self.seen.lines = None;
                self.seen.dead_at_end = None;
                self.seen.looked_at_trouble = None;
                self.seen.watched = watch::Watched::default();
                self.seen.lives = lives::Lives::default();
                self.seen.balanced = balance::Balanced::default();
                self.seen.paused.clear();
                self.seen.hopeless = None;
            }
            Checkpoint::RegisterIntent { .. } => self.seen.register_uncertain = false,
            Checkpoint::UpdateIntent { .. } => self.seen.update_uncertain = false,
            _ => {}
        }
        if self.noted.last() != Some(&checkpoint) {
            self.noted.push(checkpoint);
        }
    }

    /// Somebody asked for the end of it.
    pub fn stop(&mut self, reason: StopReason) {
        self.stop.get_or_insert(reason);
    }

    /// Notes for people since the last call.
    pub fn take_notes(&mut self) -> Vec<(NoteLevel, String)> {
        std::mem::take(&mut self.remarks)
    }

    /// What to do next, at `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Next {
        self.after_late_calls(now, self.next_by_itself(now))
    }

    fn next_by_itself(&self, now: Timestamp) -> Next {
        if let Some(next) = self.while_failing(now) {
            return next;
        }
        if let Some(finding) = &self.seen.fatal {
            // What was begun goes on in ECS, whoever we are now.
            if !self.seen.identity && self.update_intent().is_some() {
                return self.rest(&finding.cause);
            }
            return self.fail(finding.clone());
        }
        if !self.seen.identity {
            return Next::Do(Action::CheckIdentity);
        }
        match (self.following(), self.update_intent()) {
            (Some(ours), _) => self.follow(now, ours),
            (None, Some(intent)) => self.update(now, intent),
            (None, None) if self.stop.is_some() => self.end_untouched(),
            (None, None) => self.prepare(now),
        }
    }

    /// What ECS said of the service since our deployment began, by its own clock: newest first.
    pub fn events(&self) -> impl Iterator<Item = &ServiceEventSeen> {
        let since = self.events_since();
        let service = self.seen.service.iter();
        service
            .flat_map(|service| &service.events)
            .filter(move |event| event.at >= since)
    }

    /// When our deployment began by the clock of ECS; never, before it is known.
    fn events_since(&self) -> Timestamp {
        let deployment = self.seen.deployment.as_ref();
        deployment.map_or(Timestamp::from_millis(u64::MAX), |deployment| {
            deployment.created_at
        })
    }

    /// The service as last seen.
    #[must_use]
    pub const fn service(&self) -> Option<&ServiceSeen> {
        self.seen.service.as_ref()
    }

    fn update_intent(&self) -> Option<UpdateIntent<'_>> {
        self.noted.iter().rev().find_map(|note| match note {
            Checkpoint::UpdateIntent {
                task_definition,
                primary_before,
                deployment_before,
                serving_before,
                at,
            } => Some(UpdateIntent {
                task_definition,
                primary_before,
                deployment_before: deployment_before.as_deref(),
                serving_before,
                at: *at,
            }),
            _ => None,
        })
    }

    fn registered(&self) -> Option<&str> {
        self.noted.iter().rev().find_map(|note| match note {
            Checkpoint::Registered { task_definition } => Some(task_definition.as_str()),
            _ => None,
        })
    }

    fn following(&self) -> Option<&str> {
        self.noted.iter().rev().find_map(|note| match note {
            Checkpoint::Following { service_deployment } => Some(service_deployment.as_str()),
            _ => None,
        })
    }

    fn has(&self, wanted: impl Fn(&Checkpoint) -> bool) -> bool {
        self.noted.iter().any(wanted)
    }

    /// Whether this very attempt wrote such a note.
    fn wrote(&self, wanted: impl Fn(&Checkpoint) -> bool) -> bool {
        self.noted.iter().skip(self.inherited).any(wanted)
    }

    /// Whether an intent of `at` is too old to send its call: what is sent lands within twice the call timeout after
    /// its intent, so that [`Rollout::settled`] holds when no answer comes.
    fn is_stale(&self, at: Timestamp, now: Timestamp) -> bool {
        now > at.plus(self.wanted.call_timeout)
    }

    /// When a call that was sent at `at` at the latest has landed, or never will.
    fn settled(&self, at: Timestamp) -> Timestamp {
        at.plus(self.wanted.call_timeout.saturating_mul(2))
    }

    /// By when a call that followed an intent of `at` was sent, by the clock of this attempt. An attempt before this
    /// one sent it before this one began; what its own clock said then may be wrong by minutes.
    fn sent_by(&self, at: Timestamp, is_own: bool) -> Timestamp {
        let began = self.seen.identity_at.filter(|_| !is_own);
        began.unwrap_or(at)
    }

    /// When it is not waited for any longer. What a person took until they answered is not held against it.
    fn deadline(&self) -> Timestamp {
        let began = Some(self.wanted.started_at).max(self.answered_at());
        let began = began.unwrap_or(self.wanted.started_at);
        began.plus(self.wanted.settings.timeout)
    }
}

/// The parts of [`Checkpoint::UpdateIntent`], borrowed.
#[derive(Clone, Copy, Debug)]
struct UpdateIntent<'a> {
    task_definition: &'a str,
    primary_before: &'a str,
    deployment_before: Option<&'a str>,
    serving_before: &'a str,
    at: Timestamp,
}
