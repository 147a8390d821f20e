//! Authorization tokens: who may talk to the registries, until when (ecs-facts 7.1).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::choices::SessionTokens;
use crate::clock::SimTime;
use crate::digest;
use crate::iam::Principal;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::{World, is_account_id};

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// What a password says. It is not secret, but it is sealed: only this world makes valid ones.
#[derive(Serialize, Deserialize)]
struct Password {
    principal: Principal,
    expires: SimTime,
    seal: String,
}

/// Why a password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    /// Not issued here.
    Unknown,
    /// Older than twelve hours.
    Expired,
}

impl World {
    /// A fresh password for the user `AWS`.
    pub(crate) fn issue_password(&mut self, principal: &Principal, expires: SimTime) -> String {
        let password = Password {
            principal: principal.clone(),
            expires,
            seal: self.seal(principal, expires),
        };
        STANDARD.encode(serde_json::to_vec(&password).unwrap_or_default())
    }

    /// Whose password it is.
    pub(crate) fn check_password(
        &self,
        password: &str,
        now: SimTime,
    ) -> Result<Principal, BadToken> {
        let bytes = STANDARD.decode(password).map_err(|_| BadToken::Unknown)?;
        let password: Password = serde_json::from_slice(&bytes).map_err(|_| BadToken::Unknown)?;
        if password.seal != self.seal(&password.principal, password.expires) {
            return Err(BadToken::Unknown);
        }
        if password.expires <= now {
            return Err(BadToken::Expired);
        }
        Ok(password.principal)
    }

    /// When a token ends that is issued now: whether one of a role session outlives it is not documented
    /// (ecs-facts 13).
    fn tokens_end(&self, ctx: &Ctx) -> SimTime {
        let latest = ctx.now + LIFETIME;
        if self.choices.session_tokens == SessionTokens::TwelveHours {
            return latest;
        }
        ctx.session_ends.map_or(latest, |ends| ends.min(latest))
    }

    fn seal(&self, principal: &Principal, expires: SimTime) -> String {
        let key = &self.token_key;
        digest::of(format!("{key}/{}/{}", principal.arn, expires.micros()).as_bytes())
    }
}

/// `GetAuthorizationToken`.
pub(super) fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let mut registries = input.strings("registryIds")?;
    if registries.len() > 10 || registries.iter().any(|id| !is_account_id(id)) {
        return Err(ApiError::invalid_parameter(
            "Invalid parameter at 'registryIds': 1 to 10 account ids of twelve digits",
        ));
    }
    if registries.is_empty() {
        registries.push(&ctx.account);
    }
    let expires = world.tokens_end(ctx);
    let password = world.issue_password(&ctx.principal, expires);
    let token = STANDARD.encode(format!("AWS:{password}"));
    let mut data = Vec::new();
    for registry in registries {
        let host = super::registry_host(world, registry, &ctx.region)?;
        data.push(json!({
            "authorizationToken": token,
            "expiresAt": ctx.clock.on_the_clients_clock(expires).json(),
            "proxyEndpoint": format!("http://{host}"),
        }));
    }
    Ok(json!({"authorizationData": data}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;

    #[test]
    fn a_password_is_good_for_its_world_and_its_time() {
        let mut world = World::with_ids(Ids::seeded(1));
        let other = World::with_ids(Ids::seeded(2));
        let caller = Principal::root("111111111111");
        let expires = SimTime::from_micros(1_000);
        let password = world.issue_password(&caller, expires);
        let before = SimTime::from_micros(999);
        assert_eq!(world.check_password(&password, before), Ok(caller));
        assert_eq!(
            world.check_password(&password, expires),
            Err(BadToken::Expired)
        );
        assert_eq!(
            other.check_password(&password, before),
            Err(BadToken::Unknown)
        );
        assert_eq!(world.check_password("x", before), Err(BadToken::Unknown));
    }
}
