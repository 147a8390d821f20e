//! ListTasks and DescribeTasks.

use serde_json::{Map, Value, json};

use super::show::TaskView;
use crate::ecs::names::{self, Place, one_of};
use crate::ecs::state::{Cluster, State};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most tasks in one DescribeTasks (ecs-facts 5.1).
const MOST: usize = 100;

/// All tasks of a cluster: those of services and those of their own.
pub(super) fn all<'a>(
    cluster: &'a Cluster,
    place: &'a Place,
    name: &'a str,
) -> impl Iterator<Item = TaskView<'a>> {
    let of_services = cluster.services.iter().flat_map(move |(service, known)| {
        known.model.tasks().iter().filter_map(move |task| {
            let revision = known.records.revisions.get(task.deployment()?)?;
            Some(TaskView {
                place,
                cluster: name,
                task,
                record: known.records.tasks.get(task.id())?,
                spec: &revision.spec,
                started_by: task.deployment(),
                group: format!("service:{service}"),
                members: &revision.members,
            })
        })
    });
    let own = cluster.tasks.values().map(move |own| TaskView {
        place,
        cluster: name,
        task: &own.task,
        record: &own.record,
        spec: &own.spec,
        started_by: own.started_by.as_deref(),
        group: own.group.clone(),
        members: &own.members,
    });
    of_services.chain(own)
}

/// `ListTasks`.
pub(in crate::ecs) fn list(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let statuses = ["RUNNING", "PENDING", "STOPPED"];
    let desired = one_of(input, "desiredStatus", &statuses)?.unwrap_or("RUNNING");
    let launch_types = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];
    let launch_type = one_of(input, "launchType", &launch_types)?;
    let family = input.str("family")?;
    let started_by = input.str("startedBy")?;
    let service = input.str("serviceName")?;
    if started_by.is_some() && (family.is_some() || service.is_some() || launch_type.is_some()) {
        return Err(ApiError::invalid_parameter(
            "The startedBy filter cannot be combined with another one.",
        ));
    }
    if input.str("containerInstance")?.is_some() {
        return Err(ApiError::invalid_parameter(
            "The simulator has no container instances.",
        ));
    }
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let known = state.cluster(cluster)?;
    let group = match service {
        Some(asked) => {
            let short = place.last("service", asked).unwrap_or_default();
            if !known.services.contains_key(short) {
                return Err(names::no_service());
            }
            Some(format!("service:{short}"))
        }
        None => None,
    };
    let arns = all(known, &place, cluster)
        .filter(|view| match desired {
            "RUNNING" => view.task.is_wanted(),
            "STOPPED" => !view.task.is_wanted(),
            // A desired status is never PENDING.
            _ => false,
        })
        .filter(|view| group.as_ref().is_none_or(|group| view.group == *group))
        .filter(|view| family.is_none_or(|family| view.spec.family == family))
        .filter(|view| started_by.is_none_or(|by| view.started_by == Some(by)))
        .filter(|view| launch_type.is_none_or(|wanted| view.launch_type() == Some(wanted)))
        .map(|view| place.task(cluster, view.task.id()))
        .collect();
    names::paged_names("taskArns", arns, input, MOST)
}

/// `DescribeTasks`.
pub(in crate::ecs) fn describe(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let cluster = names::cluster(input, &place)?;
    let asked = input.strings("tasks")?;
    if asked.is_empty() || asked.len() > MOST {
        return Err(ApiError::invalid_parameter(format!(
            "tasks must have 1 to {MOST} items but had {}",
            asked.len()
        )));
    }
    let with_tags = input.strings("include")?.contains(&"TAGS");
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let known = state.cluster(cluster)?;
    let ids: Vec<Option<&str>> = asked.iter().map(|name| place.last("task", name)).collect();
    let mut shown: Map<String, Value> = Map::new();
    for view in all(known, &place, cluster) {
        if ids.contains(&Some(view.task.id())) {
            let tags = if with_tags {
                state.task_tags(&place, cluster, &view)
            } else {
                json!([])
            };
            shown.insert(view.task.id().to_owned(), view.show(tags));
        }
    }
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for (name, id) in asked.iter().zip(ids) {
        match id.and_then(|id| shown.get(id)) {
            Some(task) => tasks.push(task.clone()),
            None => {
                let arn = if name.starts_with("arn:") {
                    (*name).to_owned()
                } else {
                    place.task(cluster, name)
                };
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

impl State {
    /// A task's own tags, or those that `propagateTags` gives it.
    pub(super) fn task_tags(&self, place: &Place, cluster: &str, view: &TaskView<'_>) -> Value {
        let own = place.task(cluster, view.task.id());
        if self.tags.contains_key(&own) {
            return self.tags_of(&own);
        }
        match view.members.get("propagateTags").and_then(Value::as_str) {
            Some("TASK_DEFINITION") => self.tags_of(&view.spec.definition),
            Some("SERVICE") => {
                let service = view.group.trim_start_matches("service:");
                self.tags_of(&place.service(cluster, service))
            }
            _ => json!([]),
        }
    }
}
