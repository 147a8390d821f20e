//! Alarms that the control API makes: their states are set, nothing is measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::SimTime;
use crate::wire::Ctx;

/// The alarms of one region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By name.
    alarms: BTreeMap<String, Alarm>,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Alarm {
    state: AlarmState,
    reason: String,
    created: SimTime,
    /// When it came into its state.
    since: SimTime,
}

/// `StateValue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    /// Puts an alarm into a state; makes it if there is none of this name.
    pub(super) fn set(
        &mut self,
        name: &str,
        state: AlarmState,
        reason: Option<String>,
        now: SimTime,
    ) {
        let known = self.alarms.get(name);
        let since = known.filter(|known| known.state == state);
        let alarm = Alarm {
            state,
            reason: reason.unwrap_or_else(|| "Set by the control API of the simulator".to_owned()),
            created: known.map_or(now, |known| known.created),
            since: since.map_or(now, |known| known.since),
        };
        self.alarms.insert(name.to_owned(), alarm);
    }

    /// Whether there is such an alarm, in ALARM.
    pub(crate) fn in_alarm(&self, name: &str) -> bool {
        let known = self.alarms.get(name);
        known.is_some_and(|known| known.state == AlarmState::Alarm)
    }

    /// Takes an alarm away; false when there is none of this name.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.alarms.remove(name).is_some()
    }

    /// Name, state and time of all alarms.
    pub(super) fn list(&self) -> impl Iterator<Item = (&str, AlarmState, SimTime)> {
        let alarms = self.alarms.iter();
        alarms.map(|(name, alarm)| (name.as_str(), alarm.state, alarm.since))
    }

    /// All alarms, as DescribeAlarms shows them.
    pub(super) fn show(&self, ctx: &Ctx) -> Vec<Value> {
        let alarms = self.alarms.iter();
        let shown = alarms.map(|(name, alarm)| {
            json!({
                "AlarmName": name,
                "AlarmArn": ctx.arn("cloudwatch", &format!("alarm:{name}")),
                "AlarmConfigurationUpdatedTimestamp": alarm.created.json(),
                "ActionsEnabled": true,
                "OKActions": [],
                "AlarmActions": [],
                "InsufficientDataActions": [],
                "StateValue": alarm.state,
                "StateReason": alarm.reason,
                "StateUpdatedTimestamp": alarm.since.json(),
                "StateTransitionedTimestamp": alarm.since.json(),
                "MetricName": "Simulated",
                "Namespace": "aws-sim",
                "Statistic": "Average",
                "Dimensions": [],
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            })
        });
        shown.collect()
    }
}
