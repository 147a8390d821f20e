//! Alarms of CloudWatch.

use serde_json::{Value, json};
use shipway_domain::surroundings::AlarmSeen;
use shipway_plugin::PlatformError;

use super::{list, numbered, text};
use crate::clients::Clients;
use crate::operation::DESCRIBE_ALARMS;
use crate::signed;

/// Those of these names, metric and composite ones.
pub(super) async fn named(
    clients: &Clients,
    names: &[String],
) -> Result<Vec<AlarmSeen>, PlatformError> {
    let mut order = numbered("AlarmNames.member", names);
    for (nth, kind) in ["MetricAlarm", "CompositeAlarm"].iter().enumerate() {
        order.insert(format!("AlarmTypes.member.{}", nth + 1), json!(kind));
    }
    order.insert("MaxRecords".to_owned(), json!(100));
    let answer = signed::send(clients, &DESCRIBE_ALARMS, None, &Value::Object(order)).await?;
    let result = &answer["DescribeAlarmsResult"];
    let all = list(&result["MetricAlarms"]).chain(list(&result["CompositeAlarms"]));
    let seen = all.map(|alarm| AlarmSeen {
        name: text(alarm, "AlarmName"),
        state: text(alarm, "StateValue"),
        reason: text(alarm, "StateReason"),
    });
    Ok(seen.collect())
}
