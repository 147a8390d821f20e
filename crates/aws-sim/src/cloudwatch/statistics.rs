//! GetMetricStatistics: how many vCPUs of Fargate run now, of all metrics.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::quotas::{ON_DEMAND, SPOT};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most points of one answer.
const MOST: i64 = 1440;

/// Periods below a minute, in seconds; longer ones are whole minutes.
const SHORT: [i64; 4] = [1, 5, 10, 30];

/// Most dimensions of a metric.
const DIMENSIONS: usize = 30;

/// `GetMetricStatistics`. What runs now is the only point, at the beginning of the last period that is asked for:
/// nothing is kept of what ran earlier, and whoever asks has a clock of their own.
pub(super) fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (namespace, metric) = (input.need_str("Namespace")?, input.need_str("MetricName")?);
    let begins = last_period(input)?;
    let statistics = statistics(input)?;
    let dimensions = input.structures("Dimensions")?;
    if dimensions.len() > DIMENSIONS {
        return Err(wrong_value(format!(
            "The collection Dimensions must not have a size greater than {DIMENSIONS}."
        )));
    }
    let mut named = Vec::new();
    for dimension in &dimensions {
        named.push((dimension.need_str("Name")?, dimension.need_str("Value")?));
    }
    let unit = input.str("Unit")?.unwrap_or("None");
    let spot = if (namespace, metric, unit) == ("AWS/Usage", "ResourceCount", "None") {
        is_spot(named)
    } else {
        None
    };
    let region = world.region(&ctx.account, &ctx.region);
    let point = spot.filter(|_| !statistics.is_empty()).map(|spot| {
        let value = region.ecs.vcpus(spot);
        let mut point: Map<String, Value> = statistics
            .iter()
            .map(|name| {
                let value = if *name == "SampleCount" { 1.0 } else { value };
                ((*name).to_owned(), value.into())
            })
            .collect();
        point.insert("Timestamp".to_owned(), begins.into());
        point.insert("Unit".to_owned(), "None".into());
        point
    });
    let points: Vec<_> = point.into_iter().collect();
    Ok(json!({"Label": metric, "Datapoints": points}))
}

/// Whether these are the dimensions of the vCPUs of `FARGATE_SPOT`, or those of the other ones of Fargate; `None` for
/// any others.
fn is_spot(mut named: Vec<(&str, &str)>) -> Option<bool> {
    named.sort_unstable();
    let of = |class| {
        [
            ("Class", class),
            ("Resource", "vCPU"),
            ("Service", "Fargate"),
            ("Type", "Resource"),
        ]
    };
    [(ON_DEMAND, false), (SPOT, true)]
        .into_iter()
        .find_map(|(class, spot)| (named == of(class)).then_some(spot))
}

/// The statistics that a point shall have. Percentiles of usage metrics there are none.
fn statistics<'a>(input: &Input<'a>) -> Result<Vec<&'a str>, ApiError> {
    let (plain, extended) = (
        input.strings("Statistics")?,
        input.strings("ExtendedStatistics")?,
    );
    match (plain.is_empty(), extended.is_empty()) {
        (true, true) => Err(ApiError::client(
            "MissingParameter",
            "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        )),
        (false, false) => Err(combination(
            "The parameters Statistics and ExtendedStatistics cannot both be specified.",
        )),
        _ => Ok(plain),
    }
}

/// When the last period of those that are asked for begins, in epoch seconds.
fn last_period(input: &Input<'_>) -> Result<i64, ApiError> {
    let (start, end) = (moment(input, "StartTime")?, moment(input, "EndTime")?);
    let period = input.int("Period")?;
    let period = period.ok_or_else(|| input.required("Period"))?;
    if !SHORT.contains(&period) && (period < 60 || period % 60 != 0) {
        return Err(wrong_value(
            "The parameter Period must be 1, 5, 10, 30 or a multiple of 60.",
        ));
    }
    if start >= end {
        return Err(wrong_value(
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    let asked = (end - start) / period;
    if asked > MOST {
        return Err(combination(format!(
            "You have requested up to {asked} datapoints, which exceeds the limit of {MOST}. You may reduce the \
             datapoints requested by increasing Period, or decreasing the time range."
        )));
    }
    Ok((end - 1).div_euclid(period) * period)
}

/// A point in time in whole epoch seconds, as any of the protocols has it.
fn moment(input: &Input<'_>, name: &str) -> Result<i64, ApiError> {
    let value = input.get(name).ok_or_else(|| input.required(name))?;
    let moment = match value {
        Value::String(text) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        other => other.as_f64().and_then(|seconds| {
            let since = time::Duration::checked_seconds_f64(seconds)?;
            OffsetDateTime::UNIX_EPOCH.checked_add(since)
        }),
    };
    moment.map(OffsetDateTime::unix_timestamp).ok_or_else(|| {
        ApiError::client(
            "SerializationException",
            format!("Expected {name} to be a timestamp"),
        )
    })
}

fn wrong_value(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValue", message)
}

fn combination(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterCombination", message)
}
