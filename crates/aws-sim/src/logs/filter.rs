//! FilterLogEvents: the lines of several streams that match a pattern.

use serde_json::{Value, json};

use super::pattern::Pattern;
use super::store::Line;
use super::{group, limit, millis, within};
use crate::digest;
use crate::wire::{ApiError, Ctx, Input, page};
use crate::world::World;

/// Events of a page.
const EVENTS: usize = 10_000;
/// Streams that one call names.
const STREAMS: usize = 100;

/// `FilterLogEvents`, oldest first.
pub(super) fn filter(world: &World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let group = group(input, ctx)?;
    let (limit, within) = (limit(input, EVENTS)?, within(input)?);
    let (named, prefix) = (
        input.strings("logStreamNames")?,
        input.str("logStreamNamePrefix")?,
    );
    if named.len() > STREAMS {
        return Err(ApiError::invalid_parameter(format!(
            "logStreamNames must have at most {STREAMS} members"
        )));
    }
    if !named.is_empty() && prefix.is_some() {
        return Err(ApiError::invalid_parameter(
            "logStreamNames and logStreamNamePrefix cannot both be specified",
        ));
    }
    let pattern = input.str("filterPattern")?.unwrap_or_default();
    let pattern = Pattern::read(pattern).ok_or_else(|| {
        ApiError::invalid_parameter(
            "Invalid filter pattern: the simulator reads words, phrases in quotes, ?word and -word",
        )
    })?;
    let streams = super::streams(world, ctx, group)?.iter();
    let mut found: Vec<(&str, usize, &Line)> = streams
        .filter(|(name, _)| named.is_empty() || named.contains(&name.as_str()))
        .filter(|(name, _)| prefix.is_none_or(|prefix| name.starts_with(prefix)))
        .flat_map(|(name, lines)| {
            let lines = lines.iter().enumerate();
            lines.map(move |(index, line)| (name.as_str(), index, line))
        })
        .filter(|(_, _, line)| within(line) && pattern.matches(&line.text))
        .collect();
    found.sort_by_key(|(_, _, line)| line.at);
    let (shown, next) = page("events", found, input.str("nextToken")?, limit)
        .ok_or_else(|| ApiError::invalid_parameter("The specified nextToken is invalid."))?;
    let events: Vec<Value> = shown
        .into_iter()
        .map(|(stream, index, line)| {
            let id = digest::of(format!("{group}/{stream}/{index}/{}", line.text).as_bytes());
            let digits = id.bytes().skip("sha256:".len());
            let digits: String = digits.map(|byte| char::from(b'0' + byte % 10)).collect();
            json!({
                "logStreamName": stream,
                "timestamp": millis(line),
                "message": line.text,
                "ingestionTime": millis(line),
                "eventId": digits.get(..56),
            })
        })
        .collect();
    let mut answer = json!({"events": events, "searchedLogStreams": []});
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}
