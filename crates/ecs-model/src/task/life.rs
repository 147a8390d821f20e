//! How a task goes from state to state.

use std::time::Duration;

use super::{Exit, Health, Stop, StopCode, Task, TaskChange, TaskStatus};
use crate::plan::{Check, Outcome, Plan, Until};
use crate::time::Time;

impl Task {
    /// Takes the one step that is due at `at`, if any. `grace` delays what a failing check does.
    pub fn step(&mut self, at: Time, grace: Duration) -> Option<TaskChange> {
        let due = |when: Time| when <= at;
        if self.ends.as_ref().is_some_and(|(when, _)| due(*when)) {
            let (_, exit) = self.ends.take()?;
            return Some(self.exited(at, exit));
        }
        if let Some((_, health)) = self.next_health.take_if(|(when, _)| due(*when)) {
            return Some(self.turned(health, grace));
        }
        let when = self.next_status.take_if(|when| due(*when))?;
        self.version += 1;
        Some(self.moved(when, grace))
    }

    /// Stops it for a cause from outside. Nothing happens to one that is being stopped already.
    pub fn stop(&mut self, at: Time, code: StopCode, reason: impl Into<String>) {
        if self.stop.is_some() {
            return;
        }
        self.leave(at, code, reason.into());
        if self.status == TaskStatus::Running {
            self.status = TaskStatus::Deactivating;
            let draining = if self.plan.checks.target {
                self.plan.phases.draining
            } else {
                Duration::ZERO
            };
            self.next_status = Some(at + draining);
        } else {
            self.status = TaskStatus::Deprovisioning;
            self.next_status = Some(at + self.plan.phases.deprovisioning);
        }
    }

    fn leave(&mut self, at: Time, code: StopCode, reason: String) {
        self.stop = Some(Stop { code, reason });
        self.times.stopping_at = Some(at);
        self.next_health = None;
        self.ends = None;
        self.version += 1;
    }

    fn moved(&mut self, at: Time, grace: Duration) -> TaskChange {
        let phases = self.plan.phases;
        match self.status {
            TaskStatus::Provisioning => {
                if let Some(reason) = self.fails(Until::Provisioning) {
                    return self.never_ran(at, reason);
                }
                self.times.connectivity_at = Some(at);
                self.times.pull_started_at = Some(at);
                self.go_when_told(TaskStatus::Pending, at + phases.pulling)
            }
            TaskStatus::Pending => {
                self.times.pull_stopped_at = Some(at);
                if let Some(reason) = self.fails(Until::Pulling) {
                    return self.never_ran(at, reason);
                }
                self.go_when_told(TaskStatus::Activating, at + phases.activating)
            }
            TaskStatus::Activating => {
                if let Some(reason) = self.fails(Until::Activating) {
                    return self.never_ran(at, reason);
                }
                self.status = TaskStatus::Running;
                self.times.started_at = Some(at);
                self.foresee(at, grace);
                TaskChange::Running
            }
            TaskStatus::Deactivating => {
                let stopped = at + phases.terminating.min(phases.stop_timeout);
                self.go_when_told(TaskStatus::Stopping, stopped);
                if self.told.exit.is_some() {
                    self.next_status = Some(at);
                }
                TaskChange::Drained
            }
            TaskStatus::Stopping => {
                let killed = phases.terminating >= phases.stop_timeout;
                self.exit = Some(self.told.exit.take().unwrap_or(Exit {
                    code: if killed { 137 } else { 0 },
                    reason: None,
                }));
                self.times.execution_stopped_at = Some(at);
                self.go(TaskStatus::Deprovisioning, at + phases.deprovisioning)
            }
            TaskStatus::Deprovisioning => {
                self.status = TaskStatus::Stopped;
                self.times.stopped_at = Some(at);
                TaskChange::Moved
            }
            TaskStatus::Running | TaskStatus::Stopped => TaskChange::Moved,
        }
    }

    const fn go(&mut self, status: TaskStatus, until: Time) -> TaskChange {
        self.status = status;
        self.next_status = Some(until);
        TaskChange::Moved
    }

    /// Enters a state that an external task leaves when it is told to, and any other one by its phases.
    fn go_when_told(&mut self, status: TaskStatus, until: Time) -> TaskChange {
        self.status = status;
        self.next_status = (!self.is_external()).then_some(until);
        TaskChange::Moved
    }

    fn fails(&self, here: Until) -> Option<String> {
        match &self.plan.outcome {
            Outcome::CannotStart { until, reason } if *until == here => Some(reason.clone()),
            Outcome::External => self.told.failure.clone(),
            _ => None,
        }
    }

    fn never_ran(&mut self, at: Time, reason: String) -> TaskChange {
        self.leave(at, StopCode::TaskFailedToStart, reason);
        self.go(
            TaskStatus::Deprovisioning,
            at + self.plan.phases.deprovisioning,
        );
        TaskChange::NeverRan
    }

    fn exited(&mut self, at: Time, exit: Exit) -> TaskChange {
        let early = !self.was_healthy;
        self.leave(
            at,
            StopCode::EssentialContainerExited,
            "Essential container in task exited".to_owned(),
        );
        self.exit = Some(exit);
        self.times.execution_stopped_at = Some(at);
        self.go(
            TaskStatus::Deprovisioning,
            at + self.plan.phases.deprovisioning,
        );
        TaskChange::Exited { early }
    }

    /// At RUNNING all that will happen by itself is known (the four rules of ecs-facts 1.1).
    fn foresee(&mut self, at: Time, grace: Duration) {
        let Plan {
            phases,
            checks,
            outcome,
        } = &self.plan;
        if *outcome == Outcome::External && (checks.container || checks.target) {
            return;
        }
        let passing = match (checks.container, checks.target) {
            (false, false) => phases.settling,
            (true, false) => phases.container_passing,
            (false, true) => phases.target_passing,
            (true, true) => phases.container_passing.max(phases.target_passing),
        };
        self.next_health = Some((at + passing, Health::Healthy));
        match outcome {
            Outcome::Exits { code, after } => {
                let exit = Exit {
                    code: *code,
                    reason: None,
                };
                self.ends = Some((at + *after, exit));
            }
            Outcome::OutOfMemory { after } => {
                let exit = Exit {
                    code: 137,
                    reason: Some(
                        "OutOfMemoryError: Container killed due to memory usage".to_owned(),
                    ),
                };
                self.ends = Some((at + *after, exit));
            }
            Outcome::Unhealthy { check, after, .. } if checks.has(*check) && *after < passing => {
                self.next_health = Some((self.noticed(at, *after, grace), Health::Unhealthy));
            }
            _ => {}
        }
    }

    fn noticed(&self, started: Time, after: Duration, grace: Duration) -> Time {
        let failing = match self.plan.outcome {
            Outcome::Unhealthy {
                check: Check::Container,
                ..
            } => self.plan.phases.container_failing,
            _ => self.plan.phases.target_failing,
        };
        started + after.saturating_add(failing).max(grace)
    }

    fn turned(&mut self, health: Health, grace: Duration) -> TaskChange {
        self.health = health;
        self.version += 1;
        if health == Health::Unhealthy {
            return TaskChange::Unhealthy;
        }
        self.was_healthy = true;
        if let (Outcome::Unhealthy { check, after, .. }, Some(started)) =
            (&self.plan.outcome, self.times.started_at)
            && self.plan.checks.has(*check)
        {
            self.next_health = Some((self.noticed(started, *after, grace), Health::Unhealthy));
        }
        TaskChange::Healthy
    }
}
