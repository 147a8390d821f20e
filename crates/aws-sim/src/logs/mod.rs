//! CloudWatch Logs: the log lines of containers, by group and stream, and the calls that read them.

mod describe;
mod events;
mod filter;
mod groups;
mod pattern;
mod store;

use crate::wire::{ApiError, Ctx, Input, Operation};
use crate::world::World;

pub(crate) use store::{Store, stream_name};

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("GetLogEvents", |world, ctx, input| {
        events::get(world, ctx, input)
    }),
    ("FilterLogEvents", |world, ctx, input| {
        filter::filter(world, ctx, input)
    }),
    ("DescribeLogGroups", |world, ctx, input| {
        describe::groups(world, ctx, input)
    }),
    ("DescribeLogStreams", |world, ctx, input| {
        describe::streams(world, ctx, input)
    }),
];

/// The streams of a group of the caller's account in its region.
fn streams<'w>(world: &'w World, ctx: &Ctx, group: &str) -> Result<&'w store::Streams, ApiError> {
    groups::streams(world, &ctx.account, &ctx.region, group)
}

/// The group that an input names, by its name or its ARN.
fn group<'a>(input: &Input<'a>, ctx: &Ctx) -> Result<&'a str, ApiError> {
    let (name, id) = (input.str("logGroupName")?, input.str("logGroupIdentifier")?);
    match (name, id) {
        (Some(name), None) => Ok(name),
        (None, Some(id)) if id.starts_with("arn:") => {
            let prefix = ctx.arn("logs", "log-group:");
            let name = id.strip_prefix(&prefix).ok_or_else(no_group)?;
            Ok(name.trim_end_matches(":*"))
        }
        (None, Some(id)) => Ok(id),
        (None, None) => Err(input.required("logGroupName")),
        (Some(_), Some(_)) => Err(ApiError::invalid_parameter(
            "LogGroupName and LogGroupIdentifier cannot both be specified",
        )),
    }
}

/// `limit`, 1 to `most`, which is also its default.
fn limit(input: &Input<'_>, most: usize) -> Result<usize, ApiError> {
    let Some(limit) = input.int("limit")? else {
        return Ok(most);
    };
    let fits = usize::try_from(limit).ok();
    let fits = fits.filter(|limit| (1..=most).contains(limit));
    fits.ok_or_else(|| {
        ApiError::invalid_parameter(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: \
             Member must have value between 1 and {most}"
        ))
    })
}

/// Whether a line was written between `startTime` and `endTime`, in milliseconds.
fn within(input: &Input<'_>) -> Result<impl Fn(&store::Line) -> bool + use<>, ApiError> {
    let moment = |name: &str| {
        let Some(millis) = input.int(name)? else {
            return Ok::<_, ApiError>(None);
        };
        let millis = u64::try_from(millis);
        let bad = |_| ApiError::invalid_parameter(format!("{name} must be at least 0"));
        millis.map(Some).map_err(bad)
    };
    let (start, end) = (moment("startTime")?, moment("endTime")?);
    Ok(move |line: &store::Line| {
        let at = millis(line);
        start.is_none_or(|start| at >= start) && end.is_none_or(|end| at < end)
    })
}

const fn millis(line: &store::Line) -> u64 {
    line.at.micros() / 1000
}

fn no_group() -> ApiError {
    ApiError::client(
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
}

fn no_stream() -> ApiError {
    ApiError::client(
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )
}
