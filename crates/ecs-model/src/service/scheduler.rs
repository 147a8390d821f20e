//! The scheduler: which tasks to start and which to stop, one pass at a time (ecs-facts 1.2).
//!
//! Two rules hold for each of its own choices: it stops no healthy task when fewer than `lower` healthy ones
//! would be left, and starts none when more than `upper` would exist. Tasks that die by themselves, or that
//! people stop, may take a service below `lower` all the same.

use std::time::Duration;

use crate::breaker::Failure;
use crate::deployment::RolloutState;
use crate::event::Say;
use crate::outside::{Fresh, Outside};
use crate::plan::{Check, Outcome};
use crate::task::{Health, StopCode, Task, TaskStatus};

use super::{Rare, Service};

/// A place that was not found is looked for again after this.
const PLACEMENT_RETRY: Duration = Duration::from_secs(15);

impl Service {
    /// One pass: true when it changed something.
    pub(super) fn pass(&mut self, outside: &mut dyn Outside) -> bool {
        let mut moved = self.settle_rollout(outside);
        self.want();
        moved |= self.refill(outside);
        moved |= self.start_primary(outside);
        moved |= self.stop_unhealthy(outside);
        moved |= self.stop_old(outside);
        moved |= self.stop_surplus(outside);
        moved
    }

    /// PRIMARY wants what the service wants. An entry that may not be refilled wants no more than it has.
    fn want(&mut self) {
        let failed = self.primary().rollout == RolloutState::Failed;
        for index in 0..self.deployments.len() {
            let entry = &self.deployments[index];
            let has = self.census_of(&entry.id).live();
            let wanted = match index {
                0 if failed => has,
                0 => self.desired,
                _ if entry.refills > 0 => entry.wanted,
                _ => entry.wanted.min(has),
            };
            self.deployments[index].wanted = wanted;
        }
    }

    /// Healthy tasks of all deployments.
    pub(super) fn healthy(&self) -> u32 {
        count(&self.tasks, |task| {
            task.is_wanted() && task.health() == Health::Healthy
        })
    }

    /// Tasks that count against `upper`.
    fn occupying(&self) -> u32 {
        let stopping = self.config.choices.stopping_counts;
        count(&self.tasks, |task| {
            task.is_wanted() || (stopping && task.status() < TaskStatus::Deprovisioning)
        })
    }

    fn room(&self) -> u32 {
        let upper = self.bounds().upper;
        // Both revisions of a blue/green deployment may be complete (ecs-facts 3.6).
        let upper = if self.doubles() {
            upper.max(self.desired.saturating_mul(2))
        } else {
            upper
        };
        upper.saturating_sub(self.occupying())
    }

    /// Lost tasks of a revision that is being replaced come back in it, as long as they are needed.
    fn refill(&mut self, outside: &mut dyn Outside) -> bool {
        let mut moved = false;
        for index in 1..self.deployments.len() {
            let entry = &self.deployments[index];
            let census = self.census_of(&entry.id);
            let needed = if self.doubles() && self.is_needed(entry) {
                // The new tasks take no traffic yet: they make up for none of these.
                entry.wanted
            } else {
                self.bounds().lower.saturating_sub(self.healthy())
            };
            let missing = entry
                .wanted
                .saturating_sub(census.healthy + census.unsettled);
            let count = missing.min(needed).min(entry.refills);
            if self.launch(index, count, outside) {
                let entry = &mut self.deployments[index];
                entry.refills = entry.refills.saturating_sub(count);
                moved = true;
            }
        }
        moved
    }

    fn start_primary(&mut self, outside: &mut dyn Outside) -> bool {
        let entry = self.primary();
        if entry.rollout == RolloutState::Failed || self.holds_launches() {
            return false;
        }
        let census = self.census_of(&entry.id);
        // An unhealthy task is not counted: its replacement starts first, when there is room.
        let missing = entry
            .wanted
            .saturating_sub(census.healthy + census.unsettled);
        self.launch(0, missing, outside)
    }

    fn launch(&mut self, index: usize, wanted: u32, outside: &mut dyn Outside) -> bool {
        let at = self.clock;
        let count = wanted.min(self.room());
        if count == 0 || self.deployments[index].launches_from > at {
            return false;
        }
        let owner = self.deployments[index].id.clone();
        let mut started = Vec::new();
        let mut no_place = None;
        for _ in 0..count {
            let id = outside.fresh(Fresh::Task);
            let plan = outside.plan(&owner, &id, at);
            if let Outcome::NoPlace { reason } = plan.outcome {
                no_place = Some(reason);
                break;
            }
            started.push(id.clone());
            let task = Task::launch(id, Some(owner.clone()), plan, at);
            self.tasks.push(task);
        }
        if !started.is_empty() {
            self.unsay(Rare::NoPlace);
            self.say(&Say::Started(&started), outside);
        }
        if let Some(reason) = no_place {
            let exits = self.config.choices.early_exits_count;
            let entry = &mut self.deployments[index];
            entry.failed_tasks += 1;
            entry.breaker.failed(Failure::NeverRan, exits);
            self.say(&Say::NoPlace(&reason), outside);
            self.back_off(&owner, outside);
            let entry = &mut self.deployments[index];
            entry.launches_from = entry.launches_from.max(at + PLACEMENT_RETRY);
        }
        true
    }

    /// Unhealthy tasks go when their replacement has settled, or one at a time when there is no room for one.
    fn stop_unhealthy(&mut self, outside: &mut dyn Outside) -> bool {
        let mut moved = false;
        for index in 0..self.deployments.len() {
            let entry = &self.deployments[index];
            let (id, wanted) = (entry.id.clone(), entry.wanted);
            let census = self.census_of(&id);
            let settled = (census.healthy + census.unhealthy).saturating_sub(wanted);
            let missing = census.healthy + census.unsettled < wanted;
            let cramped = missing && self.room() == 0 && census.leaving == 0;
            let count = settled.max(u32::from(cramped)).min(census.unhealthy);
            moved |= self.stop_some(&id, Health::Unhealthy, count, outside);
        }
        moved
    }

    /// Tasks of replaced revisions go as far as `lower` permits, those of failed deployments first.
    fn stop_old(&mut self, outside: &mut dyn Outside) -> bool {
        if self.primary().rollout == RolloutState::Failed {
            return false;
        }
        let mut moved = false;
        let mut order: Vec<usize> = (1..self.deployments.len()).rev().collect();
        order.sort_by_key(|index| self.deployments[*index].was_completed);
        for index in order {
            let entry = &self.deployments[index];
            let id = entry.id.clone();
            let lower = self.bounds().lower;
            let healthy = self.healthy();
            let census = self.census_of(&id);
            if self.is_needed(entry) {
                // It has the traffic: it shrinks with the service, and no further.
                let surplus = census.live().saturating_sub(self.desired);
                let spare = healthy.saturating_sub(lower);
                let count = surplus.min(spare).min(census.healthy);
                if self.stop_some(&id, Health::Healthy, count, outside) {
                    self.deployments[index].wanted = self.desired;
                    moved = true;
                }
                continue;
            }
            if healthy >= lower || entry.rollout == RolloutState::Failed {
                // Stopping these takes nothing from the healthy count; their places are given up.
                moved |= self.stop_some(&id, Health::Unknown, census.unsettled, outside);
                moved |= self.stop_some(&id, Health::Unhealthy, census.unhealthy, outside);
                self.deployments[index].wanted = census.healthy;
            }
            let spare = healthy.saturating_sub(lower).min(census.healthy);
            if self.stop_some(&id, Health::Healthy, spare, outside) {
                self.deployments[index].wanted = census.healthy - spare;
                moved = true;
            }
        }
        moved
    }

    /// More tasks than desired: a scale-in, or what a failed deployment has left over.
    fn stop_surplus(&mut self, outside: &mut dyn Outside) -> bool {
        let entry = self.primary();
        let id = entry.id.clone();
        let census = self.census_of(&id);
        let failed = entry.rollout == RolloutState::Failed;
        let (have, unsettled) = if failed && !self.primary_has_traffic() {
            (count(&self.tasks, Task::is_wanted), census.unsettled)
        } else {
            (census.healthy + census.unsettled, census.unsettled)
        };
        let surplus = have.saturating_sub(self.desired);
        let first = surplus.min(unsettled);
        let mut moved = self.stop_some(&id, Health::Unknown, first, outside);
        let spare = self.healthy().saturating_sub(self.bounds().lower);
        let second = (surplus - first).min(spare);
        moved |= self.stop_some(&id, Health::Healthy, second.min(census.healthy), outside);
        if self.desired == 0 {
            moved |= self.stop_everything(outside);
        }
        moved
    }

    fn stop_everything(&mut self, outside: &mut dyn Outside) -> bool {
        let mut moved = false;
        let ids: Vec<String> = self.deployments.iter().map(|d| d.id.clone()).collect();
        for id in ids {
            for health in [Health::Unknown, Health::Unhealthy, Health::Healthy] {
                moved |= self.stop_some(&id, health, u32::MAX, outside);
            }
        }
        moved
    }

    /// Stops up to `count` tasks of a deployment that have this health, the oldest first.
    fn stop_some(
        &mut self,
        deployment: &str,
        health: Health,
        count: u32,
        outside: &mut dyn Outside,
    ) -> bool {
        let at = self.clock;
        let exits = self.config.choices.early_exits_count;
        let mut stopped = Vec::new();
        for task in &mut self.tasks {
            let fits = task.deployment() == Some(deployment) && task.health() == health;
            if stopped.len() == count as usize || !fits || !task.is_wanted() {
                continue;
            }
            let reason = stop_reason(task, deployment, self.config.target_group.as_deref());
            task.stop(at, StopCode::ServiceSchedulerInitiated, reason);
            stopped.push(task.id().to_owned());
        }
        if stopped.is_empty() {
            return false;
        }
        if health == Health::Unhealthy
            && let Some(entry) = self.deployments.iter_mut().find(|d| d.id == deployment)
        {
            for _ in &stopped {
                entry.failed_tasks += 1;
                entry.breaker.failed(Failure::Unhealthy, exits);
            }
        }
        if self.config.target_group.is_some() {
            self.say(&Say::Draining(stopped.len()), outside);
        }
        self.say(&Say::StoppedTasks(&stopped), outside);
        true
    }
}

fn stop_reason(task: &Task, deployment: &str, target_group: Option<&str>) -> String {
    match (task.trouble(), task.health()) {
        (Some((Check::Target, _)), Health::Unhealthy) => format!(
            "Task failed ELB health checks in (target-group {})",
            target_group.unwrap_or_default()
        ),
        (_, Health::Unhealthy) => "Task failed container health checks".to_owned(),
        _ => format!("Scaling activity initiated by (deployment {deployment})"),
    }
}

fn count(tasks: &[Task], wanted: impl Fn(&Task) -> bool) -> u32 {
    let count = tasks.iter().filter(|task| wanted(task)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}
