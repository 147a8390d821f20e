//! AssumeRoleWithWebIdentity: becoming a role with a token of an OpenID Connect provider
//! (ecs-facts 9.5).

use std::time::Duration;

use serde_json::{Value, json};

use super::checks::{self, length, lifetime};
use super::issue::credentials;
use super::limits::wanted;
use super::token::Claims;
use crate::clock::SimTime;
use crate::iam::{Act, IdentityProvider, Principal, Role, Verdict, host};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;
use crate::{glob, world};

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// `AssumeRoleWithWebIdentity`. The provider must be one of the role's account, and the role's trust
/// policy must name it.
pub(super) fn assume(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (account, name) = checks::role(input)?;
    let session = checks::session_name(input)?;
    let token = input.need_str("WebIdentityToken")?;
    length("webIdentityToken", token, 4..=20_000)?;
    if input.str("ProviderId")?.is_some() {
        return Err(checks::validation(
            "ProviderId is for tokens of OAuth 2.0, which are not taken here",
        ));
    }
    let wanted = wanted(input, &std::collections::BTreeMap::new())?;
    let claims = Claims::read(token).ok_or_else(|| {
        invalid("The web identity token that was passed could not be validated by AWS.")
    })?;
    let state = world.accounts.get(account);
    vouched(state, account, &claims, ctx.now)?;
    let role = state.and_then(|state| state.roles.get(name));
    let role = role.filter(|role| trusts(role, account, session, input, &claims));
    let role = role.ok_or_else(|| {
        ApiError::forbidden(
            "AccessDenied",
            format!("Not authorized to perform {ACTION}"),
        )
    })?;
    let lifetime = lifetime(role, &ctx.principal, input)?;

    let mut principal = Principal::session(account, role, session);
    principal.session = wanted.traits;
    let mut answer = json!({
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        "SubjectFromWebIdentityToken": claims.sub,
        "Provider": provider_arn(account, &claims),
        "Audience": claims.audience(),
        "Credentials": credentials(world, ctx, principal, lifetime),
    });
    if let Some(percent) = wanted.packed {
        answer["PackedPolicySize"] = percent.into();
    }
    Ok(answer)
}

/// Whether a provider that the account knows stands behind the claims.
fn vouched(
    state: Option<&world::Account>,
    account: &str,
    claims: &Claims,
    now: SimTime,
) -> Result<(), ApiError> {
    let known = state.map_or(&[][..], |state| &state.identity_providers);
    let issuer = host(&claims.iss);
    let provider = known.iter().find(|provider| provider.host() == issuer);
    let provider = provider.ok_or_else(|| {
        invalid(format!(
            "No OpenIDConnect provider found in your account {account} for https://{issuer}"
        ))
    })?;
    if provider.unreachable {
        return Err(ApiError::client(
            "IDPCommunicationError",
            format!(
                "Couldn't retrieve verification key from your identity provider, https://{issuer}"
            ),
        ));
    }
    let expires = Duration::try_from_secs_f64(claims.exp).unwrap_or_default();
    let expires = SimTime::default() + expires;
    if expires <= now {
        return Err(ApiError::client(
            "ExpiredTokenException",
            format!(
                "Token expired: current date/time {} must be before the expiration date/time {}",
                now.iso8601(),
                expires.iso8601()
            ),
        ));
    }
    if !provider
        .audiences
        .iter()
        .any(|known| known == claims.audience())
    {
        return Err(invalid("Incorrect token audience"));
    }
    if rejects(provider, &claims.sub) {
        return Err(ApiError::forbidden(
            "IDPRejectedClaim",
            "The identity provider (IdP) reported that authentication failed.",
        ));
    }
    Ok(())
}

fn rejects(provider: &IdentityProvider, subject: &str) -> bool {
    let mut rules = provider.rejects.iter();
    rules.any(|rule| glob::matches(rule, subject))
}

/// Only a whole trust policy can name a provider.
fn trusts(role: &Role, account: &str, session: &str, input: &Input<'_>, claims: &Claims) -> bool {
    let issuer = host(&claims.iss);
    let (sub, aud) = (format!("{issuer}:sub"), format!("{issuer}:aud"));
    let act = Act {
        action: ACTION,
        resource: input.str("RoleArn").ok().flatten().unwrap_or_default(),
        context: &[
            ("sts:RoleSessionName", session),
            (&sub, &claims.sub),
            (&aud, claims.audience()),
        ],
    };
    let provider = provider_arn(account, claims);
    let policy = role.trust_policy.as_ref();
    policy.is_some_and(|policy| policy.federated(&provider, &act) == Verdict::Allowed)
}

fn provider_arn(account: &str, claims: &Claims) -> String {
    let issuer = host(&claims.iss);
    format!("arn:aws:iam::{account}:oidc-provider/{issuer}")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidIdentityToken", message)
}
