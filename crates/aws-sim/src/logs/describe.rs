//! DescribeLogGroups and DescribeLogStreams.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::store::Line;
use super::{group, groups, limit, millis};
use crate::wire::{ApiError, Ctx, Input, page};
use crate::world::World;

/// Largest and default page.
const PAGE: usize = 50;

/// When groups were made that have no line yet, in epoch milliseconds: nothing says it.
const CREATED: u64 = 1_704_067_200_000;

/// `DescribeLogGroups`.
pub(super) fn groups(world: &World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (prefix, part) = (
        input.str("logGroupNamePrefix")?,
        input.str("logGroupNamePattern")?,
    );
    if prefix.is_some() && part.is_some() {
        return Err(ApiError::invalid_parameter(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let all = groups::all(world, &ctx.account, &ctx.region);
    let wanted = all.into_iter().filter(|(name, _)| {
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && part.is_none_or(|part| name.contains(part))
    });
    let shown = wanted.map(|(name, streams)| {
        let arn = ctx.arn("logs", &format!("log-group:{name}"));
        let first = streams
            .values()
            .filter_map(|lines| lines.front())
            .map(millis);
        json!({
            "logGroupName": name,
            "creationTime": first.min().unwrap_or(CREATED),
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "logGroupClass": "STANDARD",
            "storedBytes": streams.values().map(bytes).sum::<usize>(),
        })
    });
    paged("logGroups", shown.collect(), input)
}

/// `DescribeLogStreams`.
pub(super) fn streams(world: &World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let group = group(input, ctx)?;
    let prefix = input.str("logStreamNamePrefix")?;
    let by_time = match input.str("orderBy")? {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_none() => true,
        Some("LastEventTime") => {
            return Err(ApiError::invalid_parameter(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        Some(other) => {
            return Err(ApiError::invalid_parameter(format!(
                "1 validation error detected: Value '{other}' at 'orderBy' failed to satisfy \
                 constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]"
            )));
        }
    };
    let known = super::streams(world, ctx, group)?.iter();
    let mut wanted: Vec<(&String, &VecDeque<Line>)> = known
        .filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)))
        .collect();
    if by_time {
        wanted.sort_by_key(|(_, lines)| lines.back().map(millis));
    }
    if input.bool("descending")?.unwrap_or_default() {
        wanted.reverse();
    }
    let shown = wanted.into_iter().map(|(name, lines)| {
        let arn = format!("log-group:{group}:log-stream:{name}");
        let mut shown = json!({
            "logStreamName": name,
            "arn": ctx.arn("logs", &arn),
            "storedBytes": bytes(lines),
        });
        if let (Some(first), Some(last)) = (lines.front(), lines.back()) {
            shown["creationTime"] = millis(first).into();
            shown["firstEventTimestamp"] = millis(first).into();
            shown["lastEventTimestamp"] = millis(last).into();
            shown["lastIngestionTime"] = millis(last).into();
        }
        shown
    });
    paged("logStreams", shown.collect(), input)
}

fn bytes(lines: &VecDeque<Line>) -> usize {
    lines.iter().map(|line| line.text.len()).sum()
}

fn paged(member: &str, found: Vec<Value>, input: &Input<'_>) -> Result<Value, ApiError> {
    let (shown, next) = page(member, found, input.str("nextToken")?, limit(input, PAGE)?)
        .ok_or_else(|| ApiError::invalid_parameter("The specified nextToken is invalid."))?;
    let mut answer = json!({member: shown});
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}
