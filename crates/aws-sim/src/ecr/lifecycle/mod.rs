//! Lifecycle policies (ecs-facts 7.4): kept, previewed, and run.

mod evaluate;
mod grammar;
mod preview;
mod run;

use serde_json::{Value, json};

use self::grammar::Policy;
pub(super) use self::preview::{Preview, get as get_preview, start as start_preview};

use super::repository;
use super::state::Repository;
use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `PutLifecyclePolicy`.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let text = input.need_str("lifecyclePolicyText")?;
    let (owner, name, repository) = repository(world, ctx, input, "PutLifecyclePolicy")?;
    adopt(repository, text, ctx.now)?;
    Ok(shown(owner, name, text))
}

/// Gives a repository a policy.
pub(super) fn adopt(repository: &mut Repository, text: &str, now: SimTime) -> Result<(), ApiError> {
    read(text)?;
    repository.lifecycle = Some(text.to_owned());
    repository.lifecycle_due = Some(now + run::EVERY);
    repository.lifecycle_ran = None;
    Ok(())
}

/// `GetLifecyclePolicy`.
pub(super) fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, name, repository) = repository(world, ctx, input, "GetLifecyclePolicy")?;
    let text = repository.lifecycle.as_deref();
    let mut shown = shown(owner, name, text.ok_or_else(|| none(owner, name))?);
    if let Some(ran) = repository.lifecycle_ran {
        shown["lastEvaluatedAt"] = ran.json();
    }
    Ok(shown)
}

/// `DeleteLifecyclePolicy`.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, name, repository) = repository(world, ctx, input, "DeleteLifecyclePolicy")?;
    let text = repository.lifecycle.take();
    repository.lifecycle_due = None;
    Ok(shown(owner, name, &text.ok_or_else(|| none(owner, name))?))
}

fn shown(owner: &str, name: &str, text: &str) -> Value {
    json!({"registryId": owner, "repositoryName": name, "lifecyclePolicyText": text})
}

fn none(owner: &str, name: &str) -> ApiError {
    ApiError::client(
        "LifecyclePolicyNotFoundException",
        format!(
            "Lifecycle policy does not exist for the repository with name '{name}' in the \
             registry with id '{owner}'"
        ),
    )
}

fn read(text: &str) -> Result<Policy, ApiError> {
    Policy::parse(text).map_err(|problem| {
        ApiError::invalid_parameter(format!(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: \
             'Lifecycle policy validation failure: {problem}'"
        ))
    })
}
