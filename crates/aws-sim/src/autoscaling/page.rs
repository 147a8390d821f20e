//! Paging of the describing calls.

use serde_json::{Value, json};

use crate::wire::{ApiError, Input, page};

/// Largest and default page.
const PAGE: i64 = 50;

/// One page of what was found, as the answer of a describing call.
pub(super) fn paged(member: &str, found: Vec<Value>, input: &Input<'_>) -> Result<Value, ApiError> {
    let size = input.int("MaxResults")?.unwrap_or(PAGE);
    let size = usize::try_from(size)
        .ok()
        .filter(|_| (1..=PAGE).contains(&size));
    let size = size
        .ok_or_else(|| ApiError::validation(format!("MaxResults must be between 1 and {PAGE}")))?;
    let (shown, next) = page(member, found, input.str("NextToken")?, size).ok_or_else(|| {
        ApiError::client("InvalidNextTokenException", "The next token is invalid.")
    })?;
    let mut answer = json!({member: shown});
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

/// The names a call asks for, at most a page of them; empty for all.
pub(super) fn names<'a>(input: &Input<'a>, member: &str) -> Result<Vec<&'a str>, ApiError> {
    let names = input.strings(member)?;
    if names.len() > 50 {
        return Err(ApiError::validation(format!(
            "{member} must have at most {PAGE} members"
        )));
    }
    Ok(names)
}
