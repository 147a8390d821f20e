//! Settings of a registry: no replication; `BLOB_MOUNTING`, without which a mount is answered with an upload; and
//! `REGISTRY_POLICY_SCOPE`.

use serde_json::{Value, json};

use super::registry_policy::Scope;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `DescribeRegistry`: nothing is replicated here.
pub(super) fn describe_registry(ctx: &Ctx) -> Value {
    json!({"registryId": ctx.account, "replicationConfiguration": {"rules": []}})
}

/// A setting by its name.
#[derive(Clone, Copy)]
enum Setting {
    BlobMounting,
    PolicyScope,
}

impl Setting {
    const ALL: [(&str, Self, [&str; 2]); 2] = [
        ("BLOB_MOUNTING", Self::BlobMounting, ["DISABLED", "ENABLED"]),
        ("REGISTRY_POLICY_SCOPE", Self::PolicyScope, ["V1", "V2"]),
    ];
}

/// `GetAccountSetting`.
pub(super) fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (name, setting, values) = known(input)?;
    let registry = &world.region(&ctx.account, &ctx.region).ecr;
    let second = match setting {
        Setting::BlobMounting => registry.blob_mounting,
        Setting::PolicyScope => registry.policy_scope == Scope::V2,
    };
    Ok(json!({"name": name, "value": values[usize::from(second)]}))
}

/// `PutAccountSetting`.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (name, setting, values) = known(input)?;
    let value = input.need_str("value")?;
    let Some(second) = values.iter().position(|known| *known == value) else {
        return Err(ApiError::validation(format!(
            "{name} is {}, not '{value}'",
            values.join(" or ")
        )));
    };
    let registry = &mut world.region(&ctx.account, &ctx.region).ecr;
    match setting {
        Setting::BlobMounting => registry.blob_mounting = second == 1,
        Setting::PolicyScope => registry.policy_scope = [Scope::V1, Scope::V2][second],
    }
    Ok(json!({"name": name, "value": value}))
}

fn known(input: &Input<'_>) -> Result<(&'static str, Setting, [&'static str; 2]), ApiError> {
    let asked = input.need_str("name")?;
    let found = Setting::ALL.into_iter().find(|(name, ..)| *name == asked);
    found.ok_or_else(|| {
        ApiError::validation(format!(
            "The simulator knows no account setting '{asked}', only {}",
            Setting::ALL.map(|(name, ..)| name).join(" and ")
        ))
    })
}
