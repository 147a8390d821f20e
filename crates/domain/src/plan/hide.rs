//! Differences for people: short, one by one, and without secrets.

use super::Change;
use crate::document::{Document, Segment};
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
const HIDDEN: &str = "(hidden)";

/// What a difference is told as. Whole objects are told member by member: a container that is new has as many lines
/// as settings.
pub(super) fn changes(difference: &Difference) -> Vec<Change> {
    let path = difference.path.to_string();
    match (&difference.before, &difference.after) {
        (None, Some(Document::Object(members))) => told(&path, members, true),
        (Some(Document::Object(members)), None) => told(&path, members, false),
        (before, after) => {
            let last = match difference.path.segments().last() {
                Some(Segment::Name(name)) => name.as_str(),
                _ => "",
            };
            // Names and ARNs of secrets are no secrets; what a variable holds may be one.
            let is_reference = difference.path.segments().iter().any(
                |segment| matches!(segment, Segment::Name(name) if name == "secrets" || name == "secretOptions"),
            );
            let shown = |value: &Document| shown(last, value, is_reference);
            vec![Change {
                path,
                before: before.as_ref().map(shown),
                after: after.as_ref().map(shown),
            }]
        }
    }
}

fn told(path: &str, members: &[(String, Document)], new: bool) -> Vec<Change> {
    let mut all = Vec::new();
    for (name, value) in members {
        let path = format!("{path}.{name}");
        if let Document::Object(members) = value
            && !members.is_empty()
        {
            all.extend(told(&path, members, new));
            continue;
        }
        let is_reference = path.contains(".secrets.") || path.contains(".secretOptions.");
        let text = Some(shown(name, value, is_reference));
        let (before, after) = if new { (None, text) } else { (text, None) };
        all.push(Change {
            path,
            before,
            after,
        });
    }
    all
}

fn shown(name: &str, value: &Document, is_reference: bool) -> String {
    let name = name.to_lowercase();
    if !is_reference && SECRET.iter().any(|word| name.contains(word)) {
        return HIDDEN.to_owned();
    }
    let text = value.as_str();
    without_password(&text.map_or_else(|| value.to_string(), ToOwned::to_owned))
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
