//! Differences for people: short, one by one, and without secrets.

use super::Change;
use crate::document::{Document, Pointer, Segment};
use crate::task_definition::Difference;

/// Words in the name of a variable whose value nobody is shown.
const SECRET: [&str; 12] = [
    "pass",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "private",
    "pwd",
    "cert",
    "signature",
    "salt",
    "dsn",
];
/// Members that say where a secret is kept.
const REFERENCES: [&str; 2] = ["secrets", "secretOptions"];
const HIDDEN: &str = "(hidden)";

/// What a difference is told as. Whole objects are told member by member: a container that is new has as many lines
/// as settings.
pub(super) fn changes(difference: &Difference) -> Vec<Change> {
    let mut all = Vec::new();
    let (before, after) = (&difference.before, &difference.after);
    tell(&difference.path, before.as_ref(), after.as_ref(), &mut all);
    all
}

fn tell(
    path: &Pointer,
    before: Option<&Document>,
    after: Option<&Document>,
    all: &mut Vec<Change>,
) {
    let (one, is_new) = match (before, after) {
        (None, Some(after)) => (after, true),
        (Some(before), None) => (before, false),
        _ => (&Document::Null, true),
    };
    if one.members().is_empty() {
        all.push(Change {
            path: path.to_string(),
            before: before.map(|value| shown(path, value)),
            after: after.map(|value| shown(path, value)),
        });
        return;
    }
    for (name, value) in one.members() {
        let (before, after) = if is_new {
            (None, Some(value))
        } else {
            (Some(value), None)
        };
        tell(&path.name(name.as_str()), before, after, all);
    }
}

fn shown(path: &Pointer, value: &Document) -> String {
    if may_be_secret(path, value) {
        return HIDDEN.to_owned();
    }
    let text = value.as_str();
    without_password(&text.map_or_else(|| value.to_string(), ToOwned::to_owned))
}

/// Names and ARNs of secrets are no secrets; what a variable holds may be one, by its name.
fn may_be_secret(path: &Pointer, value: &Document) -> bool {
    let names = path.segments().iter().filter_map(|segment| match segment {
        Segment::Name(name) => Some(name.as_str()),
        Segment::Index(_) => None,
    });
    let names: Vec<&str> = names.collect();
    if names.iter().any(|name| REFERENCES.contains(name)) {
        return false;
    }
    // A variable with more members than ECS knows, or a list of them, goes on below its name.
    let variable = names.iter().position(|name| *name == "environment");
    let named = variable.map_or_else(|| names.len().saturating_sub(1), |at| at + 1);
    let says = |name: &&str| SECRET.iter().any(|word| name.to_lowercase().contains(word));
    let is_list = variable.is_some() && value.as_str().is_none();
    is_list || names.iter().skip(named).any(says)
}

/// The text with the password of each URL hidden: `postgres://user:(hidden)@host`.
fn without_password(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(['/', ' ', '"', '?', '#']).unwrap_or(after.len());
        let (authority, more) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                let user = user.split_once(':').map_or(user, |(user, _)| user);
                out.push_str(&format!("{user}:{HIDDEN}@{host}"));
            }
            None => out.push_str(authority),
        }
        rest = more;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_hidden_and_the_rest_is_shown() {
        for (text, expected) in [
            (
                "postgres://web:s3cret@db/shop",
                "postgres://web:(hidden)@db/shop",
            ),
            ("redis://:p@ss@cache:6379", "redis://:(hidden)@cache:6379"),
            ("http://token@host", "http://token:(hidden)@host"),
            ("https://example.org/a@b", "https://example.org/a@b"),
            (
                "a://u:p@h and b://v:q@i",
                "a://u:(hidden)@h and b://v:(hidden)@i",
            ),
            ("plain", "plain"),
        ] {
            assert_eq!(without_password(text), expected);
        }
    }
}
