//! A pull-through cache rule, and the prefixes that rules go by.

use serde::{Deserialize, Serialize};

use super::credentials::Credentials;
use crate::clock::SimTime;
use crate::ecr::repositories::is_name;
use crate::ecr::state::State;
use crate::wire::{ApiError, Input};

/// The prefix that stands for every repository.
pub(super) const ROOT: &str = "ROOT";

/// A rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    /// As it was given, perhaps with a slash at its end.
    pub(super) prefix: String,
    /// `upstreamRegistry`.
    pub(super) upstream: String,
    /// `upstreamRegistryUrl`.
    pub(super) url: String,
    pub(super) upstream_prefix: Option<String>,
    pub(super) credentials: Credentials,
    pub(super) created: SimTime,
    pub(super) updated: Option<SimTime>,
}

impl Rule {
    /// Why nothing comes through.
    pub(super) fn unreachable(&self) -> String {
        format!(
            "The upstream registry {} of the pull through cache rule '{}' cannot be reached: a simulated registry \
             has nothing upstream",
            self.url, self.prefix
        )
    }
}

impl State {
    /// The rule that a repository belongs to: that of the longest prefix.
    pub(super) fn rule(&self, name: &str) -> Option<&Rule> {
        let fits = |prefix: &str| {
            let rest = name.strip_prefix(prefix);
            prefix == ROOT || rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let fitting = self.rules.iter().filter(|(prefix, _)| fits(prefix));
        let rank = |prefix: &str| if prefix == ROOT { 0 } else { prefix.len() };
        let best = fitting.max_by_key(|(prefix, _)| rank(prefix));
        best.map(|(_, rule)| rule)
    }
}

/// A prefix without the slash that is assumed at its end anyway.
pub(super) fn key(prefix: &str) -> &str {
    prefix.strip_suffix('/').unwrap_or(prefix)
}

/// Reads a prefix: 2 to 30 characters, the start of a name of repositories or `ROOT`.
pub(super) fn prefix<'a>(input: &Input<'a>, member: &str) -> Result<Option<&'a str>, ApiError> {
    let Some(prefix) = input.str(member)? else {
        return Ok(None);
    };
    let short = key(prefix);
    // A name has two characters; the slash can be the second of a prefix.
    let named = prefix == ROOT || is_name(short) || short.len() == 1 && is_name(&short.repeat(2));
    if named && (2..=30).contains(&prefix.len()) {
        return Ok(Some(prefix));
    }
    Err(ApiError::invalid_parameter(format!(
        "Invalid parameter at '{member}' failed to satisfy constraint: 'must satisfy regular expression \
         '^([a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*\\/?|ROOT)$'' of 2 to 30 \
         characters but was '{prefix}'"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_prefix_starts_names_of_repositories() {
        for (text, fits) in [
            ("quay", true),
            ("ecr-public/", true),
            ("team/quay", true),
            ("ROOT", true),
            ("a/", true),
            ("a", false),
            ("quay-", false),
            ("quay//", false),
            ("Quay", false),
            ("", false),
            ("/", false),
            ("a-prefix-of-more-than-30-letters", false),
        ] {
            let value = json!({"ecrRepositoryPrefix": text});
            let input = Input::new(&value, "InvalidParameterException").unwrap();
            let read = prefix(&input, "ecrRepositoryPrefix");
            assert_eq!(read.is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn the_longest_prefix_has_the_repository() {
        let mut registry = State::default();
        for prefix in ["quay", "quay/team", "ROOT"] {
            let rule = Rule {
                prefix: prefix.to_owned(),
                ..Rule::default()
            };
            registry.rules.insert(prefix.to_owned(), rule);
        }
        let rule_of = |name: &str| registry.rule(name).map(|rule| rule.prefix.as_str());
        assert_eq!(rule_of("quay/app"), Some("quay"));
        assert_eq!(rule_of("quay/team/app"), Some("quay/team"));
        assert_eq!(rule_of("quays/app"), Some("ROOT"));
        registry.rules.remove("ROOT");
        assert_eq!(registry.rule("quay").map(|rule| rule.prefix.as_str()), None);
    }
}
