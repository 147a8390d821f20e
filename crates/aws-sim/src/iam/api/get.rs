//! GetRole.

use serde_json::{Value, json};

use super::no_role;
use crate::iam::{Role, Trust};
use crate::wire::{ApiError, Ctx, Input, form};
use crate::world::World;

/// When all roles were made: their seeds do not say it.
const CREATED: &str = "2024-01-01T00:00:00Z";

/// Characters of names of roles beside letters and digits.
const NAME: &str = "_+=,.@-";

/// `GetRole`.
pub(super) fn role(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let name = input.need_str("RoleName")?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || NAME.contains(letter);
    if !(1..=64).contains(&name.chars().count()) || !name.chars().all(fits) {
        return Err(ApiError::client(
            "ValidationError",
            "The specified value for roleName is invalid. It must contain only alphanumeric characters \
             and/or the following: +=,.@_-",
        ));
    }
    let role = world
        .role(&ctx.account, name)
        .ok_or_else(|| no_role(name))?;
    let trust = document(&role).to_string();
    Ok(json!({"Role": {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn(&ctx.account),
        "CreateDate": CREATED,
        "AssumeRolePolicyDocument": form::encode(&trust),
        "MaxSessionDuration": role.max_session_seconds,
    }}))
}

/// The trust policy of a role. Whom anybody may become, tasks of ECS may become too.
fn document(role: &Role) -> Value {
    if let Some(policy) = &role.trust_policy {
        return policy.document().clone();
    }
    let Trust {
        principals,
        external_id,
    } = &role.trust;
    let named = principals.iter().map(|named| match named.as_str() {
        account if crate::world::is_account_id(account) => format!("arn:aws:iam::{account}:root"),
        other => other.to_owned(),
    });
    let named: Vec<String> = named.collect();
    let mut principal = json!({"AWS": named});
    if principals.iter().any(|named| named == "*") && external_id.is_none() {
        principal["Service"] = "ecs-tasks.amazonaws.com".into();
    }
    let mut statement =
        json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    if let Some(id) = external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": id}});
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}
