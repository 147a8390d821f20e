//! The calls of IAM: what a role is, and what its policies say about an act.

mod get;
mod simulate;

use serde_json::Value;

use crate::wire::{ApiError, Operation};
use crate::world::World;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("GetRole", get::role),
    ("SimulatePrincipalPolicy", simulate::simulate),
];

/// ARN of the role that an input is about, with its path.
pub(crate) fn about(world: &World, account: &str, input: &Value) -> Option<String> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    if let Some(arn) = text("PolicySourceArn") {
        return Some(arn.to_owned());
    }
    let name = text("RoleName")?;
    let known = world.role(account, name);
    Some(known.map_or_else(
        || format!("arn:aws:iam::{account}:role/{name}"),
        |role| role.arn(account),
    ))
}

fn no_role(name: &str) -> ApiError {
    ApiError {
        status: 404,
        ..ApiError::client(
            "NoSuchEntity",
            format!("The role with name {name} cannot be found."),
        )
    }
}
