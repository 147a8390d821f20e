//! AssumeRole: becoming a role with credentials one has.

use serde_json::{Value, json};

use super::checks::{self, length, lifetime, text};
use super::issue::credentials;
use super::limits::wanted;
use crate::iam::{Act, Context, Principal};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `AssumeRole`.
pub(super) fn assume(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (account, name) = checks::role(input)?;
    let arn = input.need_str("RoleArn")?;
    let session = checks::session_name(input)?;
    let external_id = input.str("ExternalId")?;
    if let Some(id) = external_id {
        text("externalId", id, 2..=1224, "_+=,.@:/-")?;
    }
    let source = input.str("SourceIdentity")?;
    if let Some(source) = source {
        text("sourceIdentity", source, 2..=64, checks::NAME)?;
        if source.starts_with("aws:") {
            return Err(checks::validation(
                "SourceIdentity must not start with aws:",
            ));
        }
    }
    refuse_mfa(input)?;
    let inherited = &ctx.principal.session;
    let mut wanted = wanted(input, &inherited.transitive)?;

    let mut context = vec![("sts:RoleSessionName", session)];
    context.extend(external_id.map(|id| ("sts:ExternalId", id)));
    context.extend(source.map(|source| ("sts:SourceIdentity", source)));
    let role = world
        .accounts
        .get(account)
        .and_then(|state| state.roles.get(name));
    let mut actions = vec!["sts:AssumeRole"];
    actions.extend(wanted.tagged.then_some("sts:TagSession"));
    actions.extend(source.map(|_| "sts:SetSourceIdentity"));
    for action in actions {
        let act = Act {
            action,
            resource: arn,
            context: &context,
        };
        let trusted = role.is_some_and(|role| role.trusts(&ctx.principal, &act));
        if !trusted || !may(world, &ctx.principal, action, arn, &context) {
            return Err(denied(&ctx.principal, action, arn));
        }
    }
    if let (Some(kept), Some(asked)) = (inherited.source_identity.as_deref(), source)
        && kept != asked
    {
        return Err(denied(&ctx.principal, "sts:SetSourceIdentity", arn));
    }
    let role = role.ok_or_else(|| denied(&ctx.principal, "sts:AssumeRole", arn))?;
    let lifetime = lifetime(role, &ctx.principal, input)?;

    let source = source.map(str::to_owned);
    wanted.traits.source_identity = source.or_else(|| inherited.source_identity.clone());
    let mut principal = Principal::session(account, role, session);
    principal.session = wanted.traits.clone();
    let mut answer = json!({
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        "Credentials": credentials(world, ctx, principal, lifetime),
    });
    if let Some(source) = wanted.traits.source_identity {
        answer["SourceIdentity"] = source.into();
    }
    if let Some(percent) = wanted.packed {
        answer["PackedPolicySize"] = percent.into();
    }
    Ok(answer)
}

/// The caller's own policies must allow it too. `sts:AssumeRole` itself was checked with the call,
/// as every operation is.
fn may(
    world: &World,
    caller: &Principal,
    action: &str,
    resource: &str,
    context: &Context<'_>,
) -> bool {
    let act = Act {
        action,
        resource,
        context,
    };
    action == "sts:AssumeRole" || world.permits(caller, &act)
}

fn denied(caller: &Principal, action: &str, role: &str) -> ApiError {
    ApiError::forbidden(
        "AccessDenied",
        format!(
            "User: {} is not authorized to perform: {action} on resource: {role}",
            caller.arn
        ),
    )
}

/// There are no devices here, so no code of one can be right.
fn refuse_mfa(input: &Input<'_>) -> Result<(), ApiError> {
    let (serial, code) = (input.str("SerialNumber")?, input.str("TokenCode")?);
    if let Some(serial) = serial {
        text("serialNumber", serial, 9..=256, "_+=/:,.@-")?;
    }
    if let Some(code) = code {
        length("tokenCode", code, 6..=6)?;
    }
    if serial.is_none() && code.is_none() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code.",
    ))
}
