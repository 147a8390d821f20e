//! Walks a planner: does what it says, tells it what was seen, until it says the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{NoteLevel, Progress, TaskCounts, TaskLife};
use shipway_domain::gate::GateRun;
use shipway_domain::hook::HookAnswer;
use shipway_domain::job::{Outcome, StopReason};
use shipway_domain::observe::ServiceEventSeen;
use shipway_domain::planted::{self, Bug};
use shipway_domain::rollout::{Action, Next, Rollout, Saw};
use shipway_domain::time::Timestamp;
use tracing::Instrument as _;

use super::actions::Hands;
use super::{Work, points};
use crate::running::Gone;

/// Said while the coordinator is not heard of.
const NOT_CLEAR: &str = "the lease to be renewed by the coordinator; nothing is changed before";

/// What is walked.
pub(super) trait Planner {
    /// What to do next.
    fn next(&self, now: Timestamp) -> Next;
    /// A note became durable.
    fn noted(&mut self, checkpoint: Checkpoint);
    /// Somebody asked for the end of it.
    fn stop(&mut self, reason: StopReason);
    /// What came of an action.
    fn saw(&mut self, now: Timestamp, action: &Action, saw: Saw);
    /// Notes for people since the last call.
    fn take_notes(&mut self) -> Vec<(NoteLevel, String)>;
    /// Output since the last call, line by line.
    fn take_output(&mut self) -> Vec<String> {
        Vec::new()
    }
    /// Somebody answered a hook that pauses a deployment.
    fn answer(&mut self, _answer: HookAnswer) {}
    /// How the tasks of a rollout stand.
    fn counts(&self) -> Option<TaskCounts> {
        None
    }
    /// What ECS said of the service, newest first.
    fn events(&self) -> Vec<&ServiceEventSeen> {
        Vec::new()
    }
    /// What is known of tasks.
    fn lives(&self) -> Vec<&TaskLife> {
        Vec::new()
    }
}

/// What both planners have by these names.
macro_rules! by_its_own {
    () => {
        fn next(&self, now: Timestamp) -> Next {
            self.next(now)
        }

        fn noted(&mut self, checkpoint: Checkpoint) {
            self.noted(checkpoint);
        }

        fn stop(&mut self, reason: StopReason) {
            self.stop(reason);
        }

        fn saw(&mut self, now: Timestamp, action: &Action, saw: Saw) {
            self.saw(now, action, saw);
        }

        fn take_notes(&mut self) -> Vec<(NoteLevel, String)> {
            self.take_notes()
        }
    };
}

impl Planner for Rollout {
    by_its_own!();

    fn answer(&mut self, answer: HookAnswer) {
        self.answer(answer);
    }

    fn counts(&self) -> Option<TaskCounts> {
        self.counts()
    }

    fn events(&self) -> Vec<&ServiceEventSeen> {
        self.events().collect()
    }

    fn lives(&self) -> Vec<&TaskLife> {
        self.lives().collect()
    }
}

impl Planner for GateRun {
    by_its_own!();

    fn take_output(&mut self) -> Vec<String> {
        self.take_output()
    }

    fn lives(&self) -> Vec<&TaskLife> {
        self.life().into_iter().collect()
    }
}

/// What was told already, so that it is told once.
#[derive(Default)]
struct Told {
    counts: Option<TaskCounts>,
    events: BTreeSet<String>,
    waiting: String,
    lives: BTreeMap<String, TaskLife>,
}

/// Walks one planner.
pub(super) struct Walker<P> {
    planner: P,
    hands: Hands,
    told: Told,
}

impl<P: Planner> Walker<P> {
    pub(super) fn new(planner: P, hands: Hands) -> Self {
        Self {
            planner,
            hands,
            told: Told::default(),
        }
    }

    /// Walks to the end.
    pub(super) async fn walk(&mut self, work: &mut Work) -> Result<Outcome, Gone> {
        let gone = work.running.gone().clone();
        let mut stop = work.running.stop();
        let mut answers = work.running.answers();
        let mut late = None;
        loop {
            if gone.is_cancelled() {
                return Err(Gone);
            }
            if let Some(reason) = stop.borrow_and_update().clone() {
                self.planner.stop(reason);
            }
            for answer in answers.borrow_and_update().iter() {
                self.planner.answer(answer.clone());
            }
            match self.planner.next(work.now()) {
                Next::Do(action) => {
                    if action.changes_aws() && !work.running.is_clear() {
                        self.tell_waiting(work, NOT_CLEAR.to_owned());
                        work.running.clearance().await?;
                        // Time has passed: what was to be done may not be any more.
                        continue;
                    }
                    let span = work.steps.begin(action.step());
                    points::before(&action);
                    let saw = tokio::select! {
                        biased;
                        // What changes AWS is never cut off in the middle.
                        saw = self.hands.perform(&action).instrument(span) => Some(saw),
                        () = gone.cancelled(), if !action.changes_aws() => return Err(Gone),
                        _ = stop.changed(), if is_following(&action) => None,
                        _ = answers.changed(), if is_following(&action) => None,
                    };
                    points::after(&action);
                    if let Some(saw) = saw {
                        self.take_in(work, &action, saw);
                    }
                    if let Some(checkpoint) = late.take() {
                        work.running.checkpoint(checkpoint).await?;
                    }
                }
                Next::Note(checkpoint @ Checkpoint::UpdateIntent { .. })
                    if planted::has(Bug::IntentAfterAct) =>
                {
                    self.planner.noted(checkpoint.clone());
                    late = Some(checkpoint);
                }
                Next::Note(checkpoint) => {
                    work.note(checkpoint.clone()).await?;
                    self.planner.noted(checkpoint);
                }
                Next::Wait { until, reason } => {
                    self.tell_waiting(work, reason);
                    let span = until.since(work.now()).max(Duration::from_millis(50));
                    tokio::select! {
                        biased;
                        () = gone.cancelled() => return Err(Gone),
                        _ = stop.changed() => {}
                        _ = answers.changed() => {}
                        () = tokio::time::sleep(span) => {}
                    }
                }
                Next::End(outcome) => {
                    self.tell_lives(work, |life, told| told != Some(life));
                    return Ok(*outcome);
                }
            }
        }
    }

    fn take_in(&mut self, work: &mut Work, action: &Action, saw: Saw) {
        if let Some(detail) = detail(action, &saw) {
            work.steps.detail(detail);
        }
        self.planner.saw(work.now(), action, saw);
        for (level, text) in self.planner.take_notes() {
            work.steps.note(level, text);
        }
        for line in self.planner.take_output() {
            work.running.log(&line);
        }
        self.tell_events(work);
        self.tell_lives(work, TaskLife::is_news);
        let counts = self.planner.counts();
        if counts != self.told.counts {
            if let Some(counts) = &counts {
                work.running.progress(Progress::Tasks(counts.clone()));
            }
            self.told.counts = counts;
        }
    }

    /// Words of ECS about our deployment, each once, oldest first.
    fn tell_events(&mut self, work: &Work) {
        for event in self.planner.events().into_iter().rev() {
            if self.told.events.insert(event.id.clone()) {
                let (at, message) = (event.at, event.message.clone());
                work.running
                    .progress(Progress::ServiceEvent { at, message });
            }
        }
    }

    /// Lives of tasks, as far as they are news.
    fn tell_lives(&mut self, work: &Work, is_news: impl Fn(&TaskLife, Option<&TaskLife>) -> bool) {
        for life in self.planner.lives() {
            if is_news(life, self.told.lives.get(&life.task)) {
                let behind = work.behind_coordinator();
                work.running.life(life.clone().observed_behind(behind));
                self.told.lives.insert(life.task.clone(), life.clone());
            }
        }
    }

    fn tell_waiting(&mut self, work: &Work, reason: String) {
        if self.told.waiting != reason {
            work.steps.note(NoteLevel::Info, format!("waits: {reason}"));
            self.told.waiting = reason;
        }
    }
}

/// Whether it only looks at how a deployment goes on: somebody may ask to stop it meanwhile.
const fn is_following(action: &Action) -> bool {
    matches!(
        action,
        Action::Follow { .. } | Action::WatchTasks { .. } | Action::WatchTargets { .. }
    )
}

/// A few words about what an action gave.
fn detail(action: &Action, saw: &Saw) -> Option<String> {
    let name = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    match (action, saw) {
        (_, Saw::Caller(caller)) => Some(caller.arn.clone()),
        (_, Saw::Registered(arn)) => Some(name(arn)),
        (_, Saw::Service(Some(service))) => Some(format!(
            "{} of {} tasks run",
            service.running, service.desired
        )),
        (_, Saw::Updated(service)) => Some(
            service
                .primary()
                .map_or_else(String::new, |entry| entry.id.clone()),
        ),
        // What is told of it is told by the counts.
        (Action::WatchTasks { .. }, _) => None,
        (_, Saw::RunningTasks(tasks)) => Some(format!("{} running tasks", tasks.len())),
        (Action::Deregister { task_definition }, Saw::Deregistered) => Some(name(task_definition)),
        (Action::PutTags { tags }, Saw::Tagged(refused)) if refused.is_empty() => {
            Some(tags.join(", "))
        }
        _ => None,
    }
}
