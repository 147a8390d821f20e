//! SSM: GetParameter of seeded parameters.

use serde_json::{Value, json};

use crate::wire::{ApiError, Ctx, Input, Operation};
use crate::world::World;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[("GetParameter", get)];

/// By name or ARN; `WithDecryption` makes no difference.
fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let asked = input.need_str("Name")?;
    let parameters = &world.region(&ctx.account, &ctx.region).parameters;
    let mut all = parameters.iter();
    let found = all.find(|(name, _)| asked == *name || asked == arn(ctx, name));
    let (name, value) = found.ok_or_else(|| {
        ApiError::client("ParameterNotFound", format!("Parameter {asked} not found."))
    })?;
    Ok(json!({"Parameter": {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": 1,
        "ARN": arn(ctx, name),
        "DataType": "text",
    }}))
}

fn arn(ctx: &Ctx, name: &str) -> String {
    ctx.arn(
        "ssm",
        &format!("parameter/{}", name.trim_start_matches('/')),
    )
}
