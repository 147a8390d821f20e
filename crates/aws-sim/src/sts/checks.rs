//! The limits of inputs (ecs-facts 9.1), and the names of roles.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::iam::{Principal, Role};
use crate::wire::{ApiError, Input};
use crate::world::is_account_id;

/// Longest session of a role assumed by a role session, whatever the role allows.
const CHAIN_LIMIT: u64 = 3600;

/// Characters of session names and source identities beside letters and digits.
pub(super) const NAME: &str = "_+=,.@-";

pub(super) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

/// Account and name of the role that an input names.
pub(super) fn role<'a>(input: &Input<'a>) -> Result<(&'a str, &'a str), ApiError> {
    let arn = input.need_str("RoleArn")?;
    length("roleArn", arn, 20..=2048)?;
    parse_role_arn(arn).ok_or_else(|| validation(format!("{arn} is invalid")))
}

/// The name of the session that an input asks for.
pub(super) fn session_name<'a>(input: &Input<'a>) -> Result<&'a str, ApiError> {
    let name = input.need_str("RoleSessionName")?;
    text("roleSessionName", name, 2..=64, NAME)?;
    Ok(name)
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

/// Refuses a text that is too short or too long.
pub(super) fn length(
    member: &str,
    text: &str,
    range: RangeInclusive<usize>,
) -> Result<(), ApiError> {
    let (least, most) = (*range.start(), *range.end());
    let (bound, limit) = match text.chars().count() {
        count if count < least => ("greater", least),
        count if count > most => ("less", most),
        _ => return Ok(()),
    };
    let text: String = text.chars().take(100).collect();
    Err(validation(format!(
        "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: \
         Member must have length {bound} than or equal to {limit}"
    )))
}

/// Refuses a text of the wrong length, or with others than letters, digits and `others`.
pub(super) fn text(
    member: &str,
    text: &str,
    range: RangeInclusive<usize>,
    others: &str,
) -> Result<(), ApiError> {
    length(member, text, range)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
    if text.chars().all(fits) {
        return Ok(());
    }
    Err(validation(format!(
        "1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w{others}]*"
    )))
}

/// How long the session of a role lasts.
pub(super) fn lifetime(
    role: &Role,
    caller: &Principal,
    input: &Input<'_>,
) -> Result<Duration, ApiError> {
    let Some(seconds) = duration(input, 43_200)? else {
        return Ok(Duration::from_secs(3600));
    };
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

/// `DurationSeconds`.
pub(super) fn duration(input: &Input<'_>, most: u64) -> Result<Option<u64>, ApiError> {
    let seconds = match input.int("DurationSeconds") {
        Ok(None) => return Ok(None),
        Ok(Some(seconds)) => u64::try_from(seconds).unwrap_or(0),
        Err(_) => 0,
    };
    let (bound, limit) = match seconds {
        0..900 => ("greater", 900),
        _ if seconds > most => ("less", most),
        _ => return Ok(Some(seconds)),
    };
    Err(validation(format!(
        "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: \
         Member must have value {bound} than or equal to {limit}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_chained_session_lasts_an_hour_at_most() {
        let mut role = Role::open("deploy");
        role.max_session_seconds = 43_200;
        let root = Principal::root("111111111111");
        let chained = Principal::session("111111111111", &role, "job");
        let lifetime = |role: &Role, caller: &Principal, seconds: &str| {
            let input = json!({"DurationSeconds": seconds});
            lifetime(role, caller, &Input::textual(&input, "x").unwrap())
        };
        assert!(lifetime(&role, &root, "43200").is_ok());
        assert!(lifetime(&role, &chained, "3600").is_ok());
        let refused = lifetime(&role, &chained, "3601").unwrap_err();
        assert!(refused.message.contains("role chaining"), "{refused}");
        assert!(lifetime(&Role::open("x"), &root, "3601").is_err());
        for bad in ["899", "43201", "soon", "-1"] {
            assert!(lifetime(&role, &root, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_role_arn_may_have_a_path() {
        let parsed = parse_role_arn("arn:aws:iam::111111111111:role/team/deploy");
        assert_eq!(parsed, Some(("111111111111", "deploy")));
        assert_eq!(parse_role_arn("arn:aws:iam::1:role/deploy"), None);
        assert_eq!(parse_role_arn("arn:aws:iam::111111111111:user/x"), None);
    }
}
