//! RunTask and StopTask.

use std::time::Duration;

use ecs_model::{Outcome, StopCode, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::calls::all;
use super::{OwnTask, TaskRecord};
use crate::clock::SimTime;
use crate::ecs::drive::{model_time, with};
use crate::ecs::log::Unsaid;
use crate::ecs::names::{self, Place, one_of};
use crate::ecs::plan::foresee;
use crate::ecs::spec::Spec;
use crate::ecs::tags;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most tasks of one RunTask (ecs-facts 5.1).
const MOST: i64 = 10;
/// Members that the task repeats.
const REPEATED: [&str; 7] = [
    "launchType",
    "capacityProviderStrategy",
    "networkConfiguration",
    "overrides",
    "enableExecuteCommand",
    "propagateTags",
    "platformVersion",
];

/// A client token is known for so long (ecs-facts 3.5).
const TOKEN: Duration = Duration::from_secs(24 * 3600);
/// Most characters of a client token.
const TOKEN_LENGTH: usize = 64;

/// A client token, and what it has started.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Token {
    asked: Asked,
    tasks: Vec<String>,
}

/// What was asked for with a client token.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Asked {
    members: Value,
    at: SimTime,
}

impl Asked {
    fn new(input: &Input<'_>, at: SimTime) -> Self {
        let named = input
            .names()
            .filter_map(|name| Some((name.to_owned(), input.get(name)?.clone())));
        Self {
            members: Value::Object(named.collect()),
            at,
        }
    }

    fn is_over(&self, now: SimTime) -> bool {
        now.since(self.at) >= TOKEN
    }

    /// The tasks that this token has started already.
    fn again(
        &self,
        world: &mut World,
        place: &Place,
        cluster: &str,
        token: &str,
    ) -> Result<Option<Vec<String>>, ApiError> {
        if token.chars().count() > TOKEN_LENGTH {
            return Err(ApiError::invalid_parameter(format!(
                "clientToken must be at most {TOKEN_LENGTH} characters long."
            )));
        }
        let state = &world.region(&place.account, &place.region).ecs;
        let known = state.cluster(cluster)?.tokens.get(token);
        match known.filter(|known| !known.asked.is_over(self.at)) {
            None => Ok(None),
            Some(known) if known.asked.members == self.members => Ok(Some(known.tasks.clone())),
            Some(_) => Err(ApiError::client(
                "ConflictException",
                "The client token was used before with other parameters.",
            )),
        }
    }
}

/// `RunTask`. A modelled task knows no program that ends: it exits with 0 after a while, unless a script says
/// otherwise.
pub(in crate::ecs) fn run(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let count = input.int("count")?.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(ApiError::invalid_parameter(format!(
            "count must be in 1..={MOST} but was {count}"
        )));
    }
    names::check_providers(input)?;
    let launch_types = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];
    let launch_type = one_of(input, "launchType", &launch_types)?;
    one_of(
        input,
        "propagateTags",
        &["TASK_DEFINITION", "SERVICE", "NONE"],
    )?;
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    state.cluster(cluster)?;
    let definition = state.usable_definition(&place, input.need_str("taskDefinition")?)?;
    let spec = definition.spec(&place);
    if launch_type == Some("FARGATE") && !definition.runs_on_fargate() {
        return Err(ApiError::invalid_parameter(
            "Task definition does not support launch_type FARGATE.",
        ));
    }
    if spec.awsvpc && input.structure("networkConfiguration")?.is_none() {
        return Err(ApiError::invalid_parameter(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    check_overrides(input, &spec)?;
    let tags = tags::read(input)?;
    let token = input.str("clientToken")?.map(str::to_owned);
    let asked = Asked::new(input, ctx.now);
    if let Some(token) = &token
        && let Some(known) = asked.again(world, &place, cluster, token)?
    {
        return Ok(json!({"tasks": shown(world, &place, cluster, &known)?, "failures": []}));
    }
    let members: Map<String, Value> = REPEATED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), input.get(name)?.clone())))
        .collect();
    let family = format!("family:{}", spec.family);
    let group = input.str("group")?.unwrap_or(&family);

    let (mut ids, mut failures) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut foreseen = foresee(world, &place, &spec, &[], false, input.get("overrides"));
        if let Outcome::NoPlace { reason } = &foreseen.plan.outcome {
            failures.push(json!({"arn": place.cluster(cluster), "reason": reason}));
            continue;
        }
        if foreseen.plan.outcome == Outcome::Runs {
            foreseen.plan.outcome = Outcome::Exits {
                code: 0,
                after: world.ecs_settings.one_off(),
            };
        }
        let id = world.ids.hex(32);
        let record = TaskRecord::new(&mut world.ids, &spec, &foreseen);
        let unsaid = Unsaid::new(&spec, &id, foreseen.log);
        let own = OwnTask {
            unsaid,
            task: Task::launch(id.clone(), None, foreseen.plan, model_time(ctx.now)),
            record,
            spec: spec.clone(),
            started_by: input.str("startedBy")?.map(str::to_owned),
            group: group.to_owned(),
            members: members.clone(),
        };
        let state = &mut world.region(&ctx.account, &ctx.region).ecs;
        state.cluster_mut(cluster)?.tasks.insert(id.clone(), own);
        state.set_tags(&place.task(cluster, &id), tags.clone());
        ids.push(id);
    }
    if let Some(token) = token.filter(|_| !ids.is_empty()) {
        let state = &mut world.region(&ctx.account, &ctx.region).ecs;
        let tokens = &mut state.cluster_mut(cluster)?.tokens;
        tokens.retain(|_, known| !known.asked.is_over(ctx.now));
        tokens.insert(
            token,
            Token {
                asked,
                tasks: ids.clone(),
            },
        );
    }
    Ok(json!({"tasks": shown(world, &place, cluster, &ids)?, "failures": failures}))
}

fn check_overrides(input: &Input<'_>, spec: &Spec) -> Result<(), ApiError> {
    let Some(overrides) = input.structure("overrides")? else {
        return Ok(());
    };
    for container in overrides.structures("containerOverrides")? {
        let name = container.str("name")?.unwrap_or_default();
        if !spec.containers.iter().any(|known| known.name == name) {
            return Err(ApiError::invalid_parameter(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    Ok(())
}

fn shown(
    world: &mut World,
    place: &Place,
    cluster: &str,
    ids: &[String],
) -> Result<Vec<Value>, ApiError> {
    let state = &world.region(&place.account, &place.region).ecs;
    let tasks = all(state.cluster(cluster)?, place, cluster);
    let wanted = tasks.filter(|view| ids.iter().any(|id| id == view.task.id()));
    Ok(wanted
        .map(|view| view.show(state.task_tags(place, cluster, &view)))
        .collect())
}

/// `StopTask`. A service replaces its task.
pub(in crate::ecs) fn stop(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let missing = || ApiError::invalid_parameter("The referenced task was not found.");
    let id = place
        .last("task", input.need_str("task")?)
        .ok_or_else(missing)?;
    let reason = input.str("reason")?.unwrap_or("Task stopped by user");
    let now = model_time(ctx.now);
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    let known = state.cluster_mut(cluster)?;
    if let Some(own) = known.tasks.get_mut(id) {
        own.task.stop(now, StopCode::UserInitiated, reason);
    } else {
        let of_service = |task: &Task| task.id() == id;
        let mut services = known.services.iter();
        let service = services
            .find(|(_, service)| service.model.tasks().iter().any(of_service))
            .map(|(name, _)| name.clone())
            .ok_or_else(missing)?;
        with(world, &place, cluster, &service, |model, hands| {
            model.stop_task(id, reason, now, hands)
        })?;
    }
    let mut tasks = shown(world, &place, cluster, &[id.to_owned()])?;
    Ok(json!({"task": tasks.pop()}))
}
