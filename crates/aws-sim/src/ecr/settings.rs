//! Settings of a registry: no replication, and `BLOB_MOUNTING`, without which a mount is answered with an upload.

use serde_json::{Value, json};

use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

const BLOB_MOUNTING: &str = "BLOB_MOUNTING";

/// `DescribeRegistry`: nothing is replicated here.
pub(super) fn describe_registry(ctx: &Ctx) -> Value {
    json!({"registryId": ctx.account, "replicationConfiguration": {"rules": []}})
}

/// `GetAccountSetting`.
pub(super) fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    known(input)?;
    let enabled = world.region(&ctx.account, &ctx.region).ecr.blob_mounting;
    let value = if enabled { "ENABLED" } else { "DISABLED" };
    Ok(json!({"name": BLOB_MOUNTING, "value": value}))
}

/// `PutAccountSetting`.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    known(input)?;
    let value = input.need_str("value")?;
    let enabled = match value {
        "ENABLED" => true,
        "DISABLED" => false,
        other => {
            return Err(ApiError::validation(format!(
                "{BLOB_MOUNTING} is ENABLED or DISABLED, not '{other}'"
            )));
        }
    };
    world.region(&ctx.account, &ctx.region).ecr.blob_mounting = enabled;
    Ok(json!({"name": BLOB_MOUNTING, "value": value}))
}

fn known(input: &Input<'_>) -> Result<(), ApiError> {
    let name = input.need_str("name")?;
    if name == BLOB_MOUNTING {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "The simulator knows no account setting '{name}', only {BLOB_MOUNTING}"
    )))
}
