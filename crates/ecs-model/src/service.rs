//! A service and its rolling updates.

mod course;
mod drive;
mod inputs;
mod reports;
mod rollout;
mod scheduler;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bounds::Bounds;
use crate::config::Config;
use crate::deployment::{Deployment, RolloutState};
use crate::event::{Event, Say};
use crate::outside::{Fresh, Outside};
use crate::service_deployment::{Counts, ServiceDeployment};
use crate::task::{Task, TaskStatus};
use crate::time::Time;

pub use inputs::{ContinueRefused, StopRefused};

/// Events kept (ecs-facts 1.6).
const EVENTS: usize = 100;
/// After so long a rare event is said again.
const SAY_AGAIN: Duration = Duration::from_secs(6 * 3600);
/// Stopped tasks are kept for so long.
const KEEP_STOPPED: Duration = Duration::from_secs(3600);
/// And at most so many of them, the newest: thousands of tasks that end at once and are replaced at once would
/// fill all memory within that hour.
const MOST_STOPPED: usize = 2_000;
/// Service deployments are kept for so long.
const KEEP_DEPLOYMENTS: Duration = Duration::from_secs(90 * 24 * 3600);

/// Where a service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has what it should have.
    Steady,
    /// Something will change by itself.
    Moving,
    /// Nothing will change until somebody does something.
    Stalled(Stall),
}

/// Why nothing moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    /// The percentages permit neither a start nor a stop.
    Deadlock,
    /// The deployment failed, and there is nothing to go back to, or nobody wanted to, or that failed too.
    Failed,
}

/// A service, its tasks and its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    name: String,
    desired: u32,
    config: Config,
    clock: Time,
    dirty: bool,
    tasks: Vec<Task>,
    /// PRIMARY first.
    deployments: Vec<Deployment>,
    /// Oldest first.
    history: Vec<ServiceDeployment>,
    /// Newest first.
    events: VecDeque<Event>,
    said: Vec<(Rare, Time)>,
    /// The last completed deployment, as long as a rollback may go there (ecs-facts 2.4).
    eligible: Option<String>,
    deadlocked: bool,
}

/// The events that are not repeated while their cause lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Rare {
    Impaired,
    Deadlock,
    Steady,
    NoPlace,
}

impl Service {
    /// A new service: its first deployment starts at once.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        config: Config,
        desired: u32,
        deployment: impl Into<String>,
        now: Time,
        outside: &mut dyn Outside,
    ) -> Self {
        let mut service = Self::empty(name.into(), config, desired, now);
        service.update(deployment, now, outside);
        service
    }

    /// A service that has been steady for a while: all tasks run, its one deployment was successful.
    #[must_use]
    pub fn steady(
        name: impl Into<String>,
        config: Config,
        desired: u32,
        deployment: impl Into<String>,
        now: Time,
        outside: &mut dyn Outside,
    ) -> Self {
        let mut service = Self::empty(name.into(), config, desired, now);
        let id = deployment.into();
        service.begin(id.clone(), outside);
        for _ in 0..desired {
            let task = outside.fresh(Fresh::Task);
            let plan = outside.plan(&id, &task, now);
            let owner = Some(id.clone());
            service.tasks.push(Task::running(task, owner, plan, now));
        }
        service.complete_at_once(outside);
        service
    }

    fn empty(name: String, config: Config, desired: u32, clock: Time) -> Self {
        Self {
            name,
            desired,
            config,
            clock,
            dirty: false,
            tasks: Vec::new(),
            deployments: Vec::new(),
            history: Vec::new(),
            events: VecDeque::new(),
            said: Vec::new(),
            eligible: None,
            deadlocked: false,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `desiredCount`.
    #[must_use]
    pub const fn desired(&self) -> u32 {
        self.desired
    }

    /// Its settings.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The bounds of this moment.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.config.percents.bounds(self.desired)
    }

    /// All tasks that are known, in order of their launch; stopped ones for an hour, the newest 2,000.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// `deployments[]`: PRIMARY first, then those that are being replaced.
    #[must_use]
    pub fn deployments(&self) -> &[Deployment] {
        &self.deployments
    }

    /// The newest entry.
    #[must_use]
    pub fn primary(&self) -> &Deployment {
        // A service is made with a deployment, and the last one is never taken away.
        &self.deployments[0]
    }

    /// Service deployments, oldest first.
    #[must_use]
    pub fn service_deployments(&self) -> &[ServiceDeployment] {
        &self.history
    }

    /// The newest service deployment.
    #[must_use]
    pub fn current(&self) -> Option<&ServiceDeployment> {
        self.history.last()
    }

    /// `events[]`, newest first.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.events.iter()
    }

    /// The deployment that a rollback would go to.
    #[must_use]
    pub fn rollback_target(&self) -> Option<&str> {
        self.eligible.as_deref()
    }

    /// Whether a deployment is under way.
    #[must_use]
    pub fn is_deploying(&self) -> bool {
        self.primary().in_progress()
    }

    /// How many tasks a deployment has.
    #[must_use]
    pub fn counts(&self, deployment: &str) -> Counts {
        let of = |wanted: fn(&Task) -> bool| {
            let mine = self.tasks_of(deployment).filter(|task| wanted(task));
            u32::try_from(mine.count()).unwrap_or(u32::MAX)
        };
        let entry = self.deployments.iter().find(|d| d.id == deployment);
        Counts {
            requested: entry.map_or(0, |d| d.wanted),
            running: of(|task| task.status() == TaskStatus::Running),
            pending: of(Task::is_starting),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.dirty {
            return Standing::Moving;
        }
        match self.primary().rollout {
            RolloutState::Failed if self.tasks.iter().any(Task::is_moving) => Standing::Moving,
            RolloutState::Failed if self.current().is_some_and(|c| c.due.is_some()) => {
                Standing::Moving
            }
            RolloutState::Failed => Standing::Stalled(Stall::Failed),
            _ if self.deadlocked => Standing::Stalled(Stall::Deadlock),
            RolloutState::Completed if self.is_filled() && self.is_alone() => Standing::Steady,
            // Early success left tasks to come, or the desired count grew, and there is no room.
            RolloutState::Completed if self.is_stuck() => Standing::Stalled(Stall::Deadlock),
            _ => Standing::Moving,
        }
    }

    fn tasks_of<'a>(&'a self, deployment: &'a str) -> impl Iterator<Item = &'a Task> {
        let mine = move |task: &&Task| task.deployment() == Some(deployment);
        self.tasks.iter().filter(mine)
    }

    fn say(&mut self, what: &Say<'_>, outside: &mut dyn Outside) {
        if let Some(rare) = Rare::of(what) {
            if self.said.iter().any(|(said, _)| *said == rare) {
                return;
            }
            self.said.push((rare, self.clock));
        }
        let event = Event {
            id: outside.fresh(Fresh::Event),
            created_at: self.clock,
            message: what.text(&self.name),
        };
        self.events.push_front(event);
        self.events.truncate(EVENTS);
    }

    /// The cause of a rare event has gone.
    fn unsay(&mut self, rare: Rare) {
        self.said.retain(|(said, _)| *said != rare);
    }
}

impl Rare {
    const fn of(what: &Say<'_>) -> Option<Self> {
        match what {
            Say::Impaired => Some(Self::Impaired),
            Say::Deadlock => Some(Self::Deadlock),
            Say::SteadyState => Some(Self::Steady),
            Say::NoPlace(_) => Some(Self::NoPlace),
            _ => None,
        }
    }
}
