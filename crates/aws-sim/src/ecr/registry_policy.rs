//! The policy of a registry: Put, Get and DeleteRegistryPolicy, and how much of it counts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::{list, strings};
use super::policy;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// What a registry policy of version 1 is about (AWS: private registry permissions).
const OF_V1: [&str; 3] = [
    "ReplicateImage",
    "BatchImportUpstreamImage",
    "CreateRepository",
];

/// `REGISTRY_POLICY_SCOPE`: which actions the policy of a registry is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scope {
    /// The three that make repositories and bring images in.
    V1,
    /// All; the default of registries that are new.
    #[default]
    V2,
}

impl Scope {
    /// Whether the policy is asked about an action (without `ecr:`).
    pub(super) fn covers(self, action: &str) -> bool {
        self == Self::V2 || OF_V1.contains(&action)
    }
}

/// `PutRegistryPolicy`.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let text = input.need_str("policyText")?;
    let registry = &mut world.region(&ctx.account, &ctx.region).ecr;
    check(text, registry.policy_scope).map_err(|problem| policy::bad(&problem))?;
    registry.policy = Some(text.to_owned());
    Ok(shown(ctx, text))
}

/// `GetRegistryPolicy`.
pub(super) fn get(world: &mut World, ctx: &Ctx) -> Result<Value, ApiError> {
    let registry = &world.region(&ctx.account, &ctx.region).ecr;
    let text = registry.policy.as_deref().ok_or_else(|| none(ctx))?;
    Ok(shown(ctx, text))
}

/// `DeleteRegistryPolicy`.
pub(super) fn delete(world: &mut World, ctx: &Ctx) -> Result<Value, ApiError> {
    let registry = &mut world.region(&ctx.account, &ctx.region).ecr;
    let text = registry.policy.take().ok_or_else(|| none(ctx))?;
    Ok(shown(ctx, &text))
}

fn shown(ctx: &Ctx, text: &str) -> Value {
    json!({"registryId": ctx.account, "policyText": text})
}

fn none(ctx: &Ctx) -> ApiError {
    ApiError::client(
        "RegistryPolicyNotFoundException",
        format!(
            "Registry policy does not exist in the registry with id '{}'",
            ctx.account
        ),
    )
}

/// What is wrong with a policy text: beside what holds for policies of repositories, that each statement has
/// resources, and actions that the scope knows.
fn check(text: &str, scope: Scope) -> Result<(), String> {
    let document = policy::check(text)?;
    for statement in list(document.get("Statement")) {
        if strings(statement.get("Resource")).next().is_none() {
            return Err("a statement has no Resource".to_owned());
        }
        let actions = strings(statement.get("Action"));
        let odd = |action: &str| match action.strip_prefix("ecr:") {
            Some("*") => false,
            Some(plain) => !scope.covers(plain),
            None => action != "*",
        };
        if let Some(action) = actions.into_iter().find(|action| odd(action)) {
            return Err(format!(
                "a registry policy of scope {scope:?} cannot have the action {action}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_need_resources_and_actions_of_the_scope() {
        let policy = |action: &str, resource: Value| {
            json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": action,
                "Resource": resource}})
            .to_string()
        };
        let all = json!("*");
        for (action, v1, v2) in [
            ("ecr:CreateRepository", true, true),
            ("ecr:ReplicateImage", true, true),
            ("ecr:*", true, true),
            ("ecr:BatchGetImage", false, true),
            ("s3:GetObject", false, false),
        ] {
            let text = policy(action, all.clone());
            assert_eq!(check(&text, Scope::V1).is_ok(), v1, "{action}");
            assert_eq!(check(&text, Scope::V2).is_ok(), v2, "{action}");
        }
        assert!(check(&policy("ecr:*", Value::Null), Scope::V2).is_err());
        assert!(check("", Scope::V2).is_err());
    }
}
