//! The log of calls, filtered.

use std::str::FromStr;

use serde_json::Value;

use super::{Answer, Asked, show};
use crate::calls::{Filter, KEPT, Outcome};
use crate::shared::Shared;
use crate::world::is_account_id;

/// The keys that a query may have.
pub(super) const KEYS: &[&str] = &[
    "since",
    "account",
    "service",
    "action",
    "principal",
    "error",
    "limit",
];

/// The calls that pass the filters, oldest first.
pub(super) fn list(shared: &Shared, asked: &Asked) -> Answer {
    show(&shared.calls.find(&filter(asked)?))
}

fn filter(asked: &Asked) -> Result<Filter, String> {
    let account = text(asked, "account");
    if let Some(account) = account.as_ref().filter(|account| !is_account_id(account)) {
        return Err(format!("account=`{account}` is not twelve digits"));
    }
    let since = number(
        asked,
        "since",
        "a number of epoch seconds",
        |since: &f64| since.is_finite(),
    )?;
    let most = format!("a whole number from 1 to {KEPT}");
    Ok(Filter {
        since: since.unwrap_or_default(),
        account,
        service: text(asked, "service"),
        action: text(asked, "action"),
        principal: text(asked, "principal"),
        outcome: text(asked, "error").map(|code| match code.as_str() {
            "any" => Outcome::Failed,
            "none" => Outcome::Succeeded,
            _ => Outcome::Code(code),
        }),
        limit: number(asked, "limit", &most, |limit| (1..=KEPT).contains(limit))?,
    })
}

fn text(asked: &Asked, key: &str) -> Option<String> {
    let value = asked.query.get(key).and_then(Value::as_str);
    value.map(str::to_owned)
}

fn number<T: FromStr>(
    asked: &Asked,
    key: &str,
    what: &str,
    good: impl Fn(&T) -> bool,
) -> Result<Option<T>, String> {
    let read = |text: String| {
        let number = text.parse().ok().filter(&good);
        number.ok_or_else(|| format!("{key}=`{text}` is not {what}"))
    };
    text(asked, key).map(read).transpose()
}
