//! Alarms that fail a deployment (ecs-facts 2.5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::breaker::BreakerStatus;
use crate::outside::Outside;
use crate::time::Time;

/// How often alarms are looked at.
const POLL: Duration = Duration::from_secs(15);

/// `alarms` of a service on which they are enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmConfig {
    /// `alarmNames`.
    pub names: Vec<String>,
    /// Whether a deployment that an alarm fails is rolled back.
    pub rollback: bool,
    /// The bake time where none is set: ECS computes one of "less than 5 minutes".
    pub computed_bake: Duration,
}

impl Default for AlarmConfig {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            rollback: true,
            computed_bake: Duration::from_secs(180),
        }
    }
}

/// The alarms of one service deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmReport {
    /// What the monitor does.
    pub status: BreakerStatus,
    /// `alarmNames`.
    pub names: Vec<String>,
    /// `triggeredAlarmNames`.
    pub triggered: Vec<String>,
    rollback: bool,
    computed_bake: Duration,
    next_look: Option<Time>,
}

impl AlarmReport {
    /// For a deployment that starts now: one alarm in ALARM switches the monitor off for all of it.
    pub(crate) fn begin(config: Option<&AlarmConfig>, at: Time, outside: &dyn Outside) -> Self {
        let mut report = Self {
            status: BreakerStatus::Disabled,
            names: Vec::new(),
            triggered: Vec::new(),
            rollback: false,
            computed_bake: Duration::ZERO,
            next_look: None,
        };
        if let Some(config) = config {
            report.names.clone_from(&config.names);
            report.rollback = config.rollback;
            if !config.names.iter().any(|name| outside.in_alarm(name)) {
                report.status = BreakerStatus::Monitoring;
                report.computed_bake = config.computed_bake;
                report.next_look = Some(at + POLL);
            }
        }
        report
    }

    /// Looks when it is time; true when an alarm fires.
    pub(crate) fn look(&mut self, at: Time, outside: &dyn Outside) -> bool {
        if self.next_look.is_none_or(|next| next > at) {
            return false;
        }
        self.next_look = Some(at + POLL);
        let firing = self.names.iter().filter(|name| outside.in_alarm(name));
        self.triggered = firing.cloned().collect();
        if self.triggered.is_empty() {
            return false;
        }
        self.status = BreakerStatus::Triggered;
        self.next_look = None;
        true
    }

    /// The deployment is over, or on its way back.
    pub(crate) fn end(&mut self) {
        self.next_look = None;
        if self.status == BreakerStatus::Monitoring {
            self.status = BreakerStatus::MonitoringComplete;
        }
    }

    pub(crate) const fn next_wakeup(&self) -> Option<Time> {
        self.next_look
    }

    pub(crate) const fn rolls_back(&self) -> bool {
        self.rollback
    }

    pub(crate) const fn computed_bake(&self) -> Duration {
        self.computed_bake
    }
}
