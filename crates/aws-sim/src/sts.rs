//! Security Token Service: who is calling, and becoming a role (ecs-facts 9.1).

use std::time::Duration;

use serde_json::{Value, json};

use crate::iam::{Principal, Role, Session};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::{World, is_account_id};

/// Longest session of a role assumed by a role session, whatever the role allows.
const CHAIN_LIMIT: u64 = 3600;

/// How long expired sessions are remembered, so that their use is told from that of unknown keys.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// Answers one API call.
pub(crate) fn call(
    world: &mut World,
    ctx: &Ctx,
    action: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let input = &Input::new(input, "ValidationError")?;
    match action {
        "GetCallerIdentity" => Ok(json!({
            "Arn": ctx.principal.arn,
            "UserId": ctx.principal.user_id,
            "Account": ctx.account,
        })),
        "AssumeRole" => assume_role(world, ctx, input),
        _ => Err(ApiError::client(
            "InvalidAction",
            format!("Could not find operation {action} for version 2011-06-15"),
        )),
    }
}

fn assume_role(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let arn = input.need_str("RoleArn")?;
    let session = input.need_str("RoleSessionName")?;
    let external_id = input.str("ExternalId")?;
    check("roleSessionName", session, 2..=64, "_+=,.@-")?;
    if let Some(id) = external_id {
        check("externalId", id, 2..=1224, "_+=,.@:/-")?;
    }
    let (account, name) =
        parse_role_arn(arn).ok_or_else(|| validation(format!("{arn} is invalid")))?;
    let role = world
        .accounts
        .get(account)
        .and_then(|state| state.roles.get(name));
    let trusting = role.filter(|role| trusts(role, &ctx.principal, external_id));
    let role = trusting.ok_or_else(|| {
        ApiError::forbidden(
            "AccessDenied",
            format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
                ctx.principal.arn
            ),
        )
    })?;
    let lifetime = lifetime(role, &ctx.principal, input.str("DurationSeconds")?)?;
    let principal = Principal::session(account, role, session);
    let expires = ctx.now + lifetime;

    world
        .sessions
        .retain(|_, session| session.expires + REMEMBERED > ctx.now);
    let key = format!("ASIA{}", world.ids.capitals(16));
    let token = world.ids.letters(200);
    let mut answer = json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": world.ids.letters(40),
            "SessionToken": token,
            "Expiration": ctx.clock.on_the_clients_clock(expires).iso8601(),
        },
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
    });
    if let Some(source) = input.str("SourceIdentity")? {
        answer["SourceIdentity"] = source.into();
    }
    let session = Session {
        principal,
        token,
        expires,
    };
    world.sessions.insert(key, session);
    Ok(answer)
}

fn trusts(role: &Role, caller: &Principal, external_id: Option<&str>) -> bool {
    let trust = &role.trust;
    trust
        .principals
        .iter()
        .any(|named| caller.is_named_by(named))
        && trust
            .external_id
            .as_deref()
            .is_none_or(|wanted| external_id == Some(wanted))
}

/// How long the session lasts.
fn lifetime(role: &Role, caller: &Principal, asked: Option<&str>) -> Result<Duration, ApiError> {
    let Some(asked) = asked else {
        return Ok(Duration::from_secs(3600));
    };
    let seconds = asked
        .parse()
        .ok()
        .filter(|seconds| (900..=43_200).contains(seconds));
    let seconds: u64 = seconds.ok_or_else(|| {
        validation(format!(
            "1 validation error detected: Value '{asked}' at 'durationSeconds' failed to satisfy \
             constraint: Member must have value between 900 and 43200"
        ))
    })?;
    if caller.role.is_some() && seconds > CHAIN_LIMIT {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining",
        ));
    }
    if seconds > role.max_session_seconds {
        return Err(validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(Duration::from_secs(seconds))
}

/// Account and name of `arn:aws:iam::<account>:role/<path><name>`.
fn parse_role_arn(arn: &str) -> Option<(&str, &str)> {
    let (account, path) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    is_account_id(account).then_some(())?;
    path.rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .map(|name| (account, name))
}

fn check(
    member: &str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    others: &str,
) -> Result<(), ApiError> {
    let fits = text
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter));
    if fits && length.contains(&text.len()) {
        return Ok(());
    }
    Err(validation(format!(
        "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: \
         Member must have {} to {} characters of letters, digits and {others}",
        length.start(),
        length.end()
    )))
}

fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chained_session_lasts_an_hour_at_most() {
        let mut role = Role::open("deploy");
        role.max_session_seconds = 43_200;
        let root = Principal::root("111111111111");
        let chained = Principal::session("111111111111", &role, "job");
        assert!(lifetime(&role, &root, Some("43200")).is_ok());
        assert!(lifetime(&role, &chained, Some("3600")).is_ok());
        let refused = lifetime(&role, &chained, Some("3601")).unwrap_err();
        assert!(refused.message.contains("role chaining"), "{refused}");
        assert!(lifetime(&Role::open("x"), &root, Some("3601")).is_err());
        assert!(lifetime(&role, &root, Some("899")).is_err());
    }

    #[test]
    fn a_role_arn_may_have_a_path() {
        let parsed = parse_role_arn("arn:aws:iam::111111111111:role/team/deploy");
        assert_eq!(parsed, Some(("111111111111", "deploy")));
        assert_eq!(parse_role_arn("arn:aws:iam::1:role/deploy"), None);
        assert_eq!(parse_role_arn("arn:aws:iam::111111111111:user/x"), None);
    }
}
