//! Security Token Service: who is calling, and becoming a role (ecs-facts 9.1).

mod assume;
mod checks;
mod issue;
mod limits;
mod token;
mod web;

use serde_json::{Value, json};

use crate::wire::{ApiError, Ctx, Input, Operation, find};
use crate::world::World;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("GetCallerIdentity", |_, ctx, _| Ok(caller_identity(ctx))),
    ("AssumeRole", assume::assume),
    ("AssumeRoleWithWebIdentity", web::assume),
    ("GetSessionToken", issue::session_token),
    ("GetAccessKeyInfo", |world, _, input| {
        issue::key_info(world, input)
    }),
];

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::textual(input, "ValidationError")?;
    let answerer = find(OPERATIONS, action).ok_or_else(|| {
        ApiError::client(
            "InvalidAction",
            format!("Could not find operation {action} for version 2011-06-15"),
        )
    })?;
    answerer(world, ctx, input)
}

fn caller_identity(ctx: &Ctx) -> Value {
    json!({
        "Arn": ctx.principal.arn,
        "UserId": ctx.principal.user_id,
        "Account": ctx.account,
    })
}
