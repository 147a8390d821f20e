//! GetLogEvents: the lines of one stream, page by page, forwards and backwards.

use serde_json::{Value, json};

use super::store::Line;
use super::{group, limit, millis, no_stream, within};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Lines and bytes of a page; each line counts for some bytes more than it has.
const LINES: usize = 10_000;
const BYTES: usize = 1 << 20;
const OVERHEAD: usize = 26;

/// The place of a line in its stream: its time, and how many lines before it have the same. It stays
/// what it is when older lines are forgotten.
type Position = (u64, u64);

/// Where a page starts.
enum Start {
    Head,
    Tail,
    After(Position),
    Before(Position),
}

/// `GetLogEvents`. Without a token a page is the last lines, or with `startFromHead` the first.
pub(super) fn get(world: &World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let group = group(input, ctx)?;
    let stream = input.need_str("logStreamName")?;
    let (limit, within) = (limit(input, LINES)?, within(input)?);
    let start = match input.str("nextToken")? {
        Some(token) => read_token(token)
            .ok_or_else(|| ApiError::invalid_parameter("The specified nextToken is invalid."))?,
        None if input.bool("startFromHead")?.unwrap_or_default() => Start::Head,
        None => Start::Tail,
    };
    let streams = super::streams(world, ctx, group)?;
    let lines = streams.get(stream).ok_or_else(no_stream)?.iter();
    let mut last: Position = (0, 0);
    let placed: Vec<(Position, &Line)> = lines
        .map(|line| {
            let at = line.at.micros();
            last = if at == last.0 {
                (at, last.1 + 1)
            } else {
                (at, 0)
            };
            (last, line)
        })
        .filter(|(_, line)| within(line))
        .collect();
    let page = page(&placed, &start, limit);
    let (first, last) = match (&start, page.first(), page.last()) {
        (_, Some((first, _)), Some((last, _))) => (*first, *last),
        (Start::After(token) | Start::Before(token), ..) => (*token, *token),
        _ => ((0, 0), (0, 0)),
    };
    let events: Vec<Value> = page
        .iter()
        .map(|(_, line)| {
            json!({"timestamp": millis(line), "message": line.text, "ingestionTime": millis(line)})
        })
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": token('f', last),
        "nextBackwardToken": token('b', first),
    }))
}

fn page<'l, 'a>(
    placed: &'l [(Position, &'a Line)],
    start: &Start,
    limit: usize,
) -> &'l [(Position, &'a Line)] {
    let split = |position: Position, after: bool| {
        placed.partition_point(|(at, _)| {
            if after {
                *at <= position
            } else {
                *at < position
            }
        })
    };
    let cost = |(_, line): &(Position, &Line)| line.text.len() + OVERHEAD;
    let fitting = |costs: &mut dyn Iterator<Item = usize>| {
        let mut used = 0;
        let within = costs.take(limit).take_while(|cost| {
            used += cost;
            used <= BYTES
        });
        within.count()
    };
    let forward = |from: usize| {
        let count = fitting(&mut placed[from..].iter().map(cost));
        &placed[from..from + count]
    };
    let backward = |to: usize| {
        let count = fitting(&mut placed[..to].iter().rev().map(cost));
        &placed[to - count..to]
    };
    match start {
        Start::Head => forward(0),
        Start::Tail => backward(placed.len()),
        Start::After(position) => forward(split(*position, true)),
        Start::Before(position) => backward(split(*position, false)),
    }
}

fn token(direction: char, (micros, ordinal): Position) -> String {
    format!("{direction}/{micros:020}{ordinal:010}")
}

fn read_token(token: &str) -> Option<Start> {
    let (direction, digits) = token.split_once('/')?;
    let whole = digits.len() == 30 && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole.then_some(())?;
    let position = (digits[..20].parse().ok()?, digits[20..].parse().ok()?);
    match direction {
        "f" => Some(Start::After(position)),
        "b" => Some(Start::Before(position)),
        _ => None,
    }
}
