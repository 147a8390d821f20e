//! DeleteTaskDefinitions: inactive revisions go once nothing refers to them (ecs-facts 6.2).

use std::collections::BTreeSet;

use ecs_model::TaskStatus;
use serde_json::{Value, json};

use crate::ecs::names::Place;
use crate::ecs::state::State;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most revisions of one call.
const MOST: usize = 10;

/// `DeleteTaskDefinitions`.
pub(in crate::ecs) fn delete(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let names = input.strings("taskDefinitions")?;
    if input.get("taskDefinitions").is_none() {
        return Err(input.required("taskDefinitions"));
    }
    if !(1..=MOST).contains(&names.len()) {
        return Err(ApiError::invalid_parameter(format!(
            "Specify 1 to {MOST} task definitions."
        )));
    }
    let place = Place::of(ctx);
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    state.forget_deleted(&place);
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let short = place.last("task-definition", name).unwrap_or_default();
        let Some((family, revision)) = short.rsplit_once(':') else {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid task definition '{name}': the revision must be specified."
            )));
        };
        let found = revision.parse().ok().and_then(|revision: u32| {
            let family = state.families.get_mut(family)?;
            family.revisions.get_mut(&revision)
        });
        match found {
            Some(found) if found.is_active() => failures.push(json!({
                "arn": found.arn(&place),
                "reason": "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
            })),
            Some(found) => {
                found.delete_requested_at.get_or_insert(ctx.now);
                deleted.push(found.show(&place));
            }
            None => failures.push(json!({"arn": name, "reason": "MISSING"})),
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

impl State {
    /// Lets go of the revisions in DELETE_IN_PROGRESS that nothing refers to any more.
    pub(in crate::ecs) fn forget_deleted(&mut self, place: &Place) {
        let revisions = self
            .families
            .values()
            .flat_map(|family| family.revisions.values());
        let deleted = revisions.filter(|revision| revision.delete_requested_at.is_some());
        let mut gone: BTreeSet<String> = deleted.map(|revision| revision.arn(place)).collect();
        if gone.is_empty() {
            return;
        }
        for arn in self.referred_to() {
            gone.remove(arn);
        }
        for family in self.families.values_mut() {
            family
                .revisions
                .retain(|_, revision| !gone.contains(&revision.arn(place)));
        }
        self.tags.retain(|arn, _| !gone.contains(arn));
    }

    /// ARNs of the revisions of deployments, of tasks of services, and of tasks of their own.
    fn referred_to(&self) -> impl Iterator<Item = &str> {
        self.clusters.values().flat_map(|cluster| {
            let services = cluster
                .services
                .values()
                .filter(|service| service.is_listed());
            let services = services.flat_map(|service| {
                let deployments = service
                    .model
                    .deployments()
                    .iter()
                    .map(|one| one.id.as_str());
                let tasks = service
                    .model
                    .tasks()
                    .iter()
                    .filter_map(|task| task.deployment());
                let revisions = deployments.chain(tasks);
                let revisions = revisions.filter_map(|id| service.records.revisions.get(id));
                revisions.map(|revision| revision.spec.definition.as_str())
            });
            let tasks = cluster.tasks.values();
            let tasks = tasks.filter(|task| task.task.status() != TaskStatus::Stopped);
            services.chain(tasks.map(|task| task.spec.definition.as_str()))
        })
    }
}
