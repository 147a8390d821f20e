//! Security Token Service: who is calling, and becoming a role (ecs-facts 9.1).

mod assume;
mod checks;
mod issue;
mod limits;
mod token;
mod web;

use serde_json::{Value, json};

use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::textual(input, "ValidationError")?;
    match action {
        "GetCallerIdentity" => Ok(json!({
            "Arn": ctx.principal.arn,
            "UserId": ctx.principal.user_id,
            "Account": ctx.account,
        })),
        "AssumeRole" => assume::assume(world, ctx, input),
        "AssumeRoleWithWebIdentity" => web::assume(world, ctx, input),
        "GetSessionToken" => issue::session_token(world, ctx, input),
        "GetAccessKeyInfo" => issue::key_info(world, input),
        _ => Err(ApiError::client(
            "InvalidAction",
            format!("Could not find operation {action} for version 2011-06-15"),
        )),
    }
}
