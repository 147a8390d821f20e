//! Scheduled actions: bounds that are set at their time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::activity::{Activity, Outcome};
use super::drive::{At, clamp};
use super::page::{names, paged};
use super::register::capacity;
use super::schedule::Schedule;
use super::{DIMENSION, NAMESPACE, resource};
use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Scheduled actions of one target.
const MOST: usize = 200;

/// A scheduled action.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ScheduledAction {
    id: String,
    created: SimTime,
    schedule: String,
    time_zone: Option<String>,
    start: Option<SimTime>,
    end: Option<SimTime>,
    min: Option<u32>,
    max: Option<u32>,
    /// When it runs next.
    pub(super) next: Option<SimTime>,
}

impl ScheduledAction {
    /// Foresees its next run after `now`.
    fn foresee(&mut self, now: SimTime) {
        let Ok(schedule) = Schedule::read(&self.schedule) else {
            self.next = None;
            return;
        };
        let anchor = self.start.unwrap_or(self.created);
        // A start that lies ahead may be the first time itself.
        let before = |start: SimTime| SimTime::from_micros(start.micros().saturating_sub(1));
        let after = self.start.map_or(now, |start| now.max(before(start)));
        let next = match schedule {
            Schedule::Rate(_) if anchor > after => Some(anchor),
            _ => schedule.next(after, anchor),
        };
        self.next = next.filter(|next| self.end.is_none_or(|end| *next <= end));
    }
}

/// `PutScheduledAction`: makes an action or changes it; start and end are forgotten where they are not
/// sent again.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let name = input.need_str("ScheduledActionName")?;
    let fits = |letter: char| !letter.is_control() && !":/|".contains(letter);
    if !(1..=256).contains(&name.chars().count())
        || !name.chars().all(fits)
        || name.trim_matches(' ') != name
    {
        return Err(ApiError::validation(
            "ScheduledActionName must have 1 to 256 characters without colons, slashes and bars",
        ));
    }
    let resource = resource::read(input)?;
    let schedule = input.str("Schedule")?;
    if let Some(text) = schedule {
        Schedule::read(text).map_err(|problem| {
            ApiError::validation(format!("Invalid schedule expression: {problem}"))
        })?;
    }
    let time_zone = time_zone(input)?;
    let (start, end) = (moment(input, "StartTime")?, moment(input, "EndTime")?);
    if start.zip(end).is_some_and(|(start, end)| start >= end) {
        return Err(ApiError::validation("EndTime must be after StartTime"));
    }
    let bounds = input.structure("ScalableTargetAction")?;
    let bounds = bounds.map(|action| {
        let (min, max) = (
            capacity(&action, "MinCapacity")?,
            capacity(&action, "MaxCapacity")?,
        );
        match (min, max) {
            (None, None) => Err(ApiError::validation(
                "ScalableTargetAction must have MinCapacity or MaxCapacity",
            )),
            (Some(min), Some(max)) if min > max => Err(ApiError::validation(
                "Maximum capacity cannot be less than minimum capacity",
            )),
            both => Ok(both),
        }
    });
    let bounds = bounds.transpose()?;
    let id = world.ids.uuid();
    let state = &mut world.region(&ctx.account, &ctx.region).autoscaling;
    let actions = &mut state.target(resource.id)?.actions;
    let full = actions.len() >= MOST;
    let mut action = match actions.get(name) {
        Some(known) => known.clone(),
        None if full => {
            return Err(ApiError::client(
                "LimitExceededException",
                format!("A scalable target has at most {MOST} scheduled actions"),
            ));
        }
        None => ScheduledAction {
            id,
            created: ctx.now,
            schedule: schedule
                .ok_or_else(|| ApiError::validation("Schedule must be specified"))?
                .to_owned(),
            time_zone: None,
            start: None,
            end: None,
            min: None,
            max: None,
            next: None,
        },
    };
    if let Some(schedule) = schedule {
        schedule.clone_into(&mut action.schedule);
    }
    action.time_zone = time_zone.or(action.time_zone);
    (action.start, action.end) = (start, end);
    (action.min, action.max) = bounds.unwrap_or((action.min, action.max));
    if action.min.is_none() && action.max.is_none() {
        return Err(ApiError::validation(
            "ScalableTargetAction must be specified",
        ));
    }
    action.foresee(ctx.now);
    actions.insert(name.to_owned(), action);
    Ok(json!({}))
}

/// Schedules run in UTC here.
fn time_zone(input: &Input<'_>) -> Result<Option<String>, ApiError> {
    match input.str("Timezone")? {
        None => Ok(None),
        Some(utc @ ("UTC" | "Etc/UTC" | "Etc/GMT" | "GMT")) => Ok(Some(utc.to_owned())),
        Some(other) => Err(ApiError::validation(format!(
            "The simulator schedules in UTC only, not in '{other}'"
        ))),
    }
}

fn moment(input: &Input<'_>, name: &str) -> Result<Option<SimTime>, ApiError> {
    let Some(seconds) = input.number(name)? else {
        return Ok(None);
    };
    let since = Duration::try_from_secs_f64(seconds);
    let since = since.map_err(|_| ApiError::validation(format!("{name} is out of range")))?;
    Ok(Some(SimTime::default() + since))
}

/// `DescribeScheduledActions`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let asked = resource::filter(input)?;
    let names = names(input, "ScheduledActionNames")?;
    let targets = &world.region(&ctx.account, &ctx.region).autoscaling.targets;
    let targets = targets.iter();
    let targets = targets.filter(|(id, _)| asked.is_none_or(|asked| asked == *id));
    let actions = targets.flat_map(|(id, target)| {
        let actions = target.actions.iter();
        actions.map(move |(name, action)| (id, name, action))
    });
    let actions = actions
        .filter(|(_, name, _)| names.is_empty() || names.contains(&name.as_str()))
        .map(|(id, name, action)| show(ctx, id, name, action));
    paged("ScheduledActions", actions.collect(), input)
}

fn show(ctx: &Ctx, resource: &str, name: &str, action: &ScheduledAction) -> Value {
    let arn = format!(
        "scheduledAction:{}:resource/{NAMESPACE}/{resource}:scheduledActionName/{name}",
        action.id
    );
    let mut shown = json!({
        "ScheduledActionName": name,
        "ScheduledActionARN": ctx.arn("autoscaling", &arn),
        "ServiceNamespace": NAMESPACE,
        "Schedule": action.schedule,
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "ScalableTargetAction": {},
        "CreationTime": action.created.json(),
    });
    if let Some(zone) = &action.time_zone {
        shown["Timezone"] = zone.as_str().into();
    }
    for (member, moment) in [("StartTime", action.start), ("EndTime", action.end)] {
        if let Some(moment) = moment {
            shown[member] = moment.json();
        }
    }
    for (member, bound) in [("MinCapacity", action.min), ("MaxCapacity", action.max)] {
        if let Some(bound) = bound {
            shown["ScalableTargetAction"][member] = bound.into();
        }
    }
    shown
}

/// `DeleteScheduledAction`.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let name = input.need_str("ScheduledActionName")?;
    let resource = resource::read(input)?;
    let state = &mut world.region(&ctx.account, &ctx.region).autoscaling;
    if state.target(resource.id)?.actions.remove(name).is_none() {
        return Err(resource::not_found(format!(
            "No scheduled action found for service namespace: {NAMESPACE}, resource ID: {}, \
             scalable dimension: {DIMENSION}, scheduled action name: {name}",
            resource.id
        )));
    }
    Ok(json!({}))
}

/// Runs the actions of a target that are due; true when its service was scaled. What comes due while
/// scheduled scaling is suspended is not run, then or later (ecs-facts 8).
pub(super) fn run_due(world: &mut World, at: &At<'_>) -> bool {
    let state = &mut world.region(at.account, at.region).autoscaling;
    let Some(target) = state.targets.get_mut(at.resource.id) else {
        return false;
    };
    let mut ready = Vec::new();
    for (name, action) in &mut target.actions {
        if let Some(due) = action.next.filter(|due| *due <= at.now) {
            action.foresee(at.now);
            ready.push((due, name.clone(), action.min, action.max));
        }
    }
    if target.in_force(at.now).scheduled_scaling_suspended {
        return false;
    }
    ready.sort();
    let mut scaled = false;
    for (_, name, min, max) in ready {
        scaled |= run(world, at, &name, (min, max));
    }
    scaled
}

fn run(world: &mut World, at: &At<'_>, name: &str, bounds: (Option<u32>, Option<u32>)) -> bool {
    let state = &mut world.region(at.account, at.region).autoscaling;
    let Some(target) = state.targets.get_mut(at.resource.id) else {
        return false;
    };
    let (min, max) = (
        bounds.0.unwrap_or(target.min),
        bounds.1.unwrap_or(target.max),
    );
    let cause = format!("scheduled action name {name} was triggered");
    if min > max {
        let problem =
            format!("Maximum capacity cannot be less than minimum capacity: {max} < {min}");
        Activity::new(world, at, Outcome::Refused(problem), cause).keep(world, at);
        return false;
    }
    (target.min, target.max) = (min, max);
    target.look = Some(at.now);
    Activity::new(world, at, Outcome::Bounds(min, max), cause).keep(world, at);
    let Some((outcome, cause)) = clamp(world, at, (min, max)) else {
        return false;
    };
    Activity::new(world, at, outcome, cause).keep(world, at);
    true
}
