//! The lives of the tasks of a rollout, gathered from every look at them. They are for who follows or traces it:
//! nothing is decided by them.

use std::collections::BTreeMap;

use super::{Action, Next, Rollout};
use crate::event::{Mark, TaskLife};
use crate::observe::{ServiceDeploymentStatus, TaskSeen};
use crate::time::Timestamp;

/// New tasks of a rollout whose lives are told at most, and old ones: a service that dies again and again makes more for
/// ever, and a large one has many that go.
const MOST_OF_EACH: usize = 100;

/// What is known of them, by ARN.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    of: BTreeMap<String, TaskLife>,
    /// Whether those that have stopped were looked at after the end.
    looked_back: bool,
}

impl Lives {
    fn see(&mut self, task: &TaskSeen, new: bool, healthy: bool, now: Timestamp) {
        let alike = self.of.values().filter(|life| life.new == new);
        if !self.of.contains_key(&task.arn) && alike.count() >= MOST_OF_EACH {
            return;
        }
        let life = self.of.entry(task.arn.clone()).or_default();
        life.new = new;
        life.look(task);
        if healthy {
            life.mark(Mark::Healthy, now);
        }
        if task.last_status == "DEACTIVATING" {
            life.mark(Mark::Draining, now);
        } else if life.at(Mark::Draining).is_some() {
            life.mark(Mark::Drained, now);
        }
    }
}

impl Rollout {
    /// The lives of the tasks, as far as they are known.
    pub fn lives(&self) -> impl Iterator<Item = &TaskLife> {
        self.seen.lives.of.values()
    }

    /// Tasks were looked at, for whatever reason.
    pub(super) fn see_lives(&mut self, now: Timestamp, action: &Action, tasks: &[TaskSeen]) {
        let Some(deployment) = &self.seen.deployment else {
            return;
        };
        let (since, status) = (deployment.created_at, &deployment.status);
        let Some(ours) = self.registered().map(ToOwned::to_owned) else {
            return;
        };
        let is_over = status.is_terminal();
        // What ECS calls successful is healthy, as far as it runs.
        let proven = *status == ServiceDeploymentStatus::Successful;
        for task in tasks {
            let new = task.task_definition == ours;
            let is_of_it = task.stopping_at.is_none_or(|at| at >= since);
            if new || is_of_it {
                let runs = task.last_status == "RUNNING";
                let healthy = self.seen.watched.healthy.contains(&task.arn) || (proven && runs);
                self.seen.lives.see(task, new, new && healthy, now);
            }
        }
        if matches!(action, Action::WatchTasks { leaving: true }) {
            self.seen.lives.looked_back |= is_over;
        }
    }

    /// A last look at the tasks that have stopped, so that it is known how they ended.
    pub(super) fn look_back(&self) -> Option<Next> {
        let due = !self.seen.lives.looked_back && !self.seen.watched.is_refused();
        due.then_some(Next::Do(Action::WatchTasks { leaving: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Lives, MOST_OF_EACH};
    use crate::observe::TaskSeen;
    use crate::time::Timestamp;

    #[test]
    fn many_old_tasks_leave_room_for_new_ones() {
        let mut lives = Lives::default();
        for (count, new) in [(3 * MOST_OF_EACH, false), (2, true)] {
            for number in 0..count {
                let task = TaskSeen {
                    arn: format!("{new}/{number}"),
                    ..TaskSeen::default()
                };
                lives.see(&task, new, false, Timestamp::ZERO);
            }
        }
        let told = |new| lives.of.values().filter(|life| life.new == new).count();
        assert_eq!((told(false), told(true)), (MOST_OF_EACH, 2));
    }
}
