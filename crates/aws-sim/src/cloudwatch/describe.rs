//! DescribeAlarms.

use serde_json::{Value, json};

use crate::autoscaling;
use crate::wire::{ApiError, Ctx, Input, page};
use crate::world::World;

/// Default and largest page.
const PAGE: usize = 50;
const LARGEST: usize = 100;

/// `DescribeAlarms`, by name: those of the control API and those of scaling policies.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let names = input.strings("AlarmNames")?;
    let (prefix, action) = (input.str("AlarmNamePrefix")?, input.str("ActionPrefix")?);
    if names.len() > LARGEST {
        return Err(invalid(format!(
            "The collection AlarmNames must not have a size greater than {LARGEST}."
        )));
    }
    if !names.is_empty() && prefix.is_some() {
        return Err(invalid(
            "AlarmNames and AlarmNamePrefix cannot both be specified",
        ));
    }
    let state = one_of(
        input.str("StateValue")?,
        &["OK", "ALARM", "INSUFFICIENT_DATA"],
    )?;
    let kinds = input.strings("AlarmTypes")?;
    for kind in &kinds {
        one_of(Some(kind), &["CompositeAlarm", "MetricAlarm", "LogAlarm"])?;
    }
    let size = match input.int("MaxRecords")? {
        None => PAGE,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=LARGEST).contains(size))
            .ok_or_else(|| invalid(format!("MaxRecords must be between 1 and {LARGEST}")))?,
    };
    // Composite alarms, and with them parents and children, do not exist here.
    let related = ["ChildrenOfAlarmName", "ParentsOfAlarmName"];
    let none = related.iter().any(|name| input.get(name).is_some())
        || (!kinds.is_empty() && !kinds.contains(&"MetricAlarm"));
    let mut found = if none { Vec::new() } else { all(world, ctx) };
    let text = |alarm: &Value, name: &str| {
        let text = alarm.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    found.retain(|alarm| {
        let name = text(alarm, "AlarmName");
        let actions = alarm["AlarmActions"].as_array();
        let mut actions = actions.into_iter().flatten().filter_map(Value::as_str);
        (names.is_empty() || names.contains(&name.as_str()))
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && state.is_none_or(|state| alarm["StateValue"] == state)
            && action.is_none_or(|prefix| actions.any(|action| action.starts_with(prefix)))
    });
    found.sort_by_key(|alarm| text(alarm, "AlarmName"));
    let (shown, next) = page("MetricAlarms", found, input.str("NextToken")?, size)
        .ok_or_else(|| ApiError::client("InvalidNextToken", "The next token is not valid."))?;
    let mut answer = json!({"MetricAlarms": shown, "CompositeAlarms": []});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn all(world: &World, ctx: &Ctx) -> Vec<Value> {
    let region = world.existing_region(&ctx.account, &ctx.region);
    let mut alarms = region.map_or_else(Vec::new, |region| region.cloudwatch.show(ctx));
    alarms.extend(autoscaling::alarms(world, ctx));
    alarms
}

fn one_of<'a>(word: Option<&'a str>, allowed: &[&str]) -> Result<Option<&'a str>, ApiError> {
    match word {
        Some(word) if !allowed.contains(&word) => Err(invalid(format!(
            "1 validation error detected: Value '{word}' failed to satisfy constraint: Member must \
             satisfy enum value set: [{}]",
            allowed.join(", ")
        ))),
        word => Ok(word),
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}
