//! What the model asks of those who use it: fresh ids, and what becomes of a task.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Outcome, Plan};
use crate::time::Time;

/// What an id is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fresh {
    /// A task.
    Task,
    /// An entry of `deployments[]` and its service revision.
    Deployment,
    /// A service deployment.
    ServiceDeployment,
    /// A service event.
    Event,
    /// One run of a lifecycle hook.
    Hook,
}

/// The world around the model.
pub trait Outside {
    /// An id never given before.
    fn fresh(&mut self, kind: Fresh) -> String;

    /// What will become of `task`, which `deployment` launches now.
    fn plan(&mut self, deployment: &str, task: &str, at: Time) -> Plan;

    /// Whether an alarm is in ALARM.
    fn in_alarm(&self, _name: &str) -> bool {
        false
    }
}

/// An outside made of counters and of outcomes fixed beforehand: for tests, tables and `plan`.
#[derive(Debug, Clone, Default)]
pub struct Scripted {
    given: u64,
    default: Plan,
    outcomes: BTreeMap<String, Vec<Outcome>>,
    /// The alarms that are in ALARM.
    pub alarms: BTreeSet<String>,
}

impl Scripted {
    /// Every task goes by `plan`, unless a script says otherwise.
    #[must_use]
    pub const fn new(plan: Plan) -> Self {
        Self {
            given: 0,
            default: plan,
            outcomes: BTreeMap::new(),
            alarms: BTreeSet::new(),
        }
    }

    /// The tasks of `deployment` go by these outcomes, one after the other; the last one stays.
    pub fn script(&mut self, deployment: &str, outcomes: Vec<Outcome>) {
        self.outcomes
            .insert(deployment.to_owned(), outcomes.into_iter().rev().collect());
    }
}

impl Outside for Scripted {
    fn fresh(&mut self, kind: Fresh) -> String {
        self.given += 1;
        match kind {
            Fresh::Deployment => format!("ecs-svc/{}", self.given),
            Fresh::Task => format!("task-{}", self.given),
            Fresh::ServiceDeployment => format!("deployment-{}", self.given),
            Fresh::Event => format!("event-{}", self.given),
            Fresh::Hook => format!("hook-{}", self.given),
        }
    }

    fn plan(&mut self, deployment: &str, _task: &str, _at: Time) -> Plan {
        let mut plan = self.default.clone();
        if let Some(script) = self.outcomes.get_mut(deployment) {
            let next = match script.len() {
                0 | 1 => script.last().cloned(),
                _ => script.pop(),
            };
            plan.outcome = next.unwrap_or_default();
        }
        plan
    }

    fn in_alarm(&self, name: &str) -> bool {
        self.alarms.contains(name)
    }
}
