//! Security Token Service: who is calling, and becoming a role (ecs-facts 9.1).

mod assume;
mod checks;
mod issue;
mod limits;
mod token;
mod web;

use serde_json::{Value, json};

use crate::wire::{Ctx, Operation};

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

fn caller_identity(ctx: &Ctx) -> Value {
    json!({
        "Arn": ctx.principal.arn,
        "UserId": ctx.principal.user_id,
        "Account": ctx.account,
    })
}
