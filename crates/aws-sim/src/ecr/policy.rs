//! Repository policies as documents: Set, Get and DeleteRepositoryPolicy.

use serde_json::{Value, json};

use super::access::list;
use super::{condition, repository};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Longest policy in characters (ecs-facts 7.9).
const LIMIT: usize = 10_240;

/// `SetRepositoryPolicy`.
pub(super) fn set(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let text = input.need_str("policyText")?;
    read(text)?;
    let (owner, name, repository) = repository(world, ctx, input, "SetRepositoryPolicy")?;
    repository.policy = Some(text.to_owned());
    Ok(shown(owner, name, text))
}

/// `GetRepositoryPolicy`.
pub(super) fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, name, repository) = repository(world, ctx, input, "GetRepositoryPolicy")?;
    let text = repository.policy.as_deref();
    Ok(shown(owner, name, text.ok_or_else(|| none(owner, name))?))
}

/// `DeleteRepositoryPolicy`.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, name, repository) = repository(world, ctx, input, "DeleteRepositoryPolicy")?;
    let text = repository.policy.take();
    Ok(shown(owner, name, &text.ok_or_else(|| none(owner, name))?))
}

/// Refuses a text that is no policy.
pub(super) fn read(text: &str) -> Result<(), ApiError> {
    check(text).map(drop).map_err(|problem| bad(&problem))
}

/// The refusal of a text that is no policy.
pub(super) fn bad(problem: &str) -> ApiError {
    ApiError::invalid_parameter(format!(
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: '{problem}'"
    ))
}

fn shown(owner: &str, name: &str, text: &str) -> Value {
    json!({"registryId": owner, "repositoryName": name, "policyText": text})
}

fn none(owner: &str, name: &str) -> ApiError {
    ApiError::client(
        "RepositoryPolicyNotFoundException",
        format!(
            "Repository policy does not exist for the repository with name '{name}' in the \
             registry with id '{owner}'"
        ),
    )
}

/// A policy text as a document, or what is wrong with it in the simulator's words.
pub(super) fn check(text: &str) -> Result<Value, String> {
    if text.len() > LIMIT {
        return Err(format!("the policy is longer than {LIMIT} characters"));
    }
    let policy: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let statements = list(policy.get("Statement"));
    if statements.is_empty() {
        return Err("Invalid policy provided: no Statement".to_owned());
    }
    for statement in statements {
        let effect = statement.get("Effect").and_then(Value::as_str);
        if !matches!(effect, Some("Allow" | "Deny")) {
            return Err("Effect is neither Allow nor Deny".to_owned());
        }
        for member in ["Principal", "Action"] {
            if statement.get(member).is_none() {
                return Err(format!("a statement has no {member}"));
            }
        }
        if let Some(asked) = statement.get("Condition") {
            condition::check(asked)?;
        }
    }
    Ok(policy)
}
