//! What a rule shows to its upstream: a secret, or a role.

use serde::{Deserialize, Serialize};

use super::upstream::Upstream;
use crate::secrets;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// What the names of secrets for this begin with (ecs-facts 7.6).
const SECRETS: &str = "ecr-pullthroughcache/";

/// The credentials of a rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Credentials {
    /// `credentialArn`.
    pub(super) secret: Option<String>,
    /// `customRoleArn`.
    pub(super) role: Option<String>,
}

/// Reads `credentialArn`, whose secret must be there, and `customRoleArn`, which must be of this account.
pub(super) fn read(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Credentials, ApiError> {
    let secret = input.str("credentialArn")?;
    if let Some(arn) = secret {
        check_secret(world, ctx, arn)?;
    }
    let role = input.str("customRoleArn")?;
    let own = format!("arn:aws:iam::{}:role/", ctx.account);
    if let Some(arn) = role.filter(|arn| !arn.starts_with(&own) || arn.len() > 2048) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'customRoleArn': '{arn}' is no role of the account {}",
            ctx.account
        )));
    }
    Ok(Credentials {
        secret: secret.map(str::to_owned),
        role: role.map(str::to_owned),
    })
}

fn check_secret(world: &mut World, ctx: &Ctx, arn: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let (region, account, name) = match parts.as_slice() {
        [
            "arn",
            "aws",
            "secretsmanager",
            region,
            account,
            "secret",
            name,
        ] => (*region, *account, *name),
        _ => ("", "", ""),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    let rest = name.strip_prefix(SECRETS);
    let named = rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed));
    if !named || !(50..=612).contains(&arn.len()) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'credentialArn' failed to satisfy constraint: 'must satisfy regular expression \
             '^arn:aws(-\\w+)*:secretsmanager:[a-zA-Z0-9-:]+:secret:ecr\\-pullthroughcache\\/[a-zA-Z0-9\\/_+=.@-]+$'' \
             of 50 to 612 characters but was '{arn}'"
        )));
    }
    if (region, account) != (ctx.region.as_str(), ctx.account.as_str()) {
        return Err(ApiError::client(
            "UnableToAccessSecretException",
            format!(
                "The secret '{arn}' cannot be accessed: it is not in the account {} and the region {}",
                ctx.account, ctx.region
            ),
        ));
    }
    if secrets::is_there(world, ctx, arn) {
        return Ok(());
    }
    Err(ApiError::client(
        "SecretNotFoundException",
        format!("The secret '{arn}' does not exist"),
    ))
}

/// Refuses credentials that an upstream would not take.
pub(super) fn suffice(
    upstream: &Upstream<'_>,
    given: &Credentials,
    ctx: &Ctx,
) -> Result<(), ApiError> {
    let name = upstream.name;
    if upstream.wants_secret && given.secret.is_none() {
        return Err(ApiError::validation(format!(
            "The upstream registry {name} needs a credentialArn"
        )));
    }
    let foreign = upstream
        .account
        .is_some_and(|account| account != ctx.account);
    if foreign && given.role.is_none() {
        return Err(ApiError::validation(format!(
            "The upstream registry {name} of another account needs a customRoleArn"
        )));
    }
    Ok(())
}

/// What has become wrong with the credentials of a rule.
pub(super) fn problem(world: &mut World, ctx: &Ctx, kept: &Credentials) -> Option<String> {
    let secret = kept.secret.as_deref()?;
    let gone = !secrets::is_there(world, ctx, secret);
    gone.then(|| format!("The secret '{secret}' does not exist"))
}
