//! Making credentials, and looking up what was made.

use std::time::Duration;

use serde_json::{Value, json};

use super::checks::{duration, text};
use crate::iam::{Principal, Session};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// How long expired sessions are remembered, so that their use is told from that of unknown keys.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// Credentials that make their bearer this principal for so long; as STS shows them.
pub(super) fn credentials(
    world: &mut World,
    ctx: &Ctx,
    principal: Principal,
    lifetime: Duration,
) -> Value {
    let expires = ctx.now + lifetime;
    world
        .sessions
        .retain(|_, session| session.expires + REMEMBERED > ctx.now);
    let key = format!("ASIA{}", world.ids.capitals(16));
    let token = world.ids.letters(200);
    let shown = json!({
        "AccessKeyId": key,
        "SecretAccessKey": world.ids.letters(40),
        "SessionToken": token,
        "Expiration": ctx.clock.on_the_clients_clock(expires).iso8601(),
    });
    let session = Session {
        principal,
        token,
        expires,
    };
    world.sessions.insert(key, session);
    shown
}

/// `GetSessionToken`: temporary credentials of the caller itself.
pub(super) fn session_token(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    if ctx.principal.role.is_some() {
        return Err(ApiError::forbidden(
            "AccessDenied",
            "Cannot call GetSessionToken with session credentials",
        ));
    }
    let seconds = duration(input, 129_600)?.unwrap_or(43_200);
    let principal = ctx.principal.clone();
    let lifetime = Duration::from_secs(seconds);
    Ok(json!({"Credentials": credentials(world, ctx, principal, lifetime)}))
}

/// `GetAccessKeyInfo`: the account of a key that was made here.
pub(super) fn key_info(world: &World, input: &Input<'_>) -> Result<Value, ApiError> {
    let key = input.need_str("AccessKeyId")?;
    text("accessKeyId", key, 16..=128, "_")?;
    let session = world.sessions.get(key).ok_or_else(|| {
        ApiError::forbidden(
            "InvalidClientTokenId",
            "The access key id is not one of this simulator.",
        )
    })?;
    Ok(json!({"Account": session.principal.account}))
}
