//! The causes that can be read off ECS's words, old and new ones (ecs-facts section 10).
//!
//! Texts are matched by fragments: Fargate cuts long reasons short, the agent on EC2 and Fargate say the same thing
//! differently, and the plain sentences of 2024 stand beside the older words.

mod healthy;
mod initialize;
mod place;
mod pull;
mod start;

use crate::verdict::Finding;

/// A cause that can be read off a text.
pub(super) struct Rule {
    pub(super) code: &'static str,
    pub(super) weight: Weight,
    /// All of these (lower case) must stand in the text.
    all: &'static [&'static str],
    /// And one of these, when there are any.
    any: &'static [&'static str],
    cause: &'static str,
    remedy: &'static str,
}

/// How much a cause explains, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// What ECS or AWS does because of something else, or by itself: it slows a rollout and seldom fails one.
    Passing,
    /// What is seen of a failure from outside: the reason lies deeper when another cause is found.
    Outside,
    /// What fails by itself.
    Cause,
}

/// The rules, group by group. The first that matches says the cause: a text that names a wider failure names the
/// narrower, too.
pub(super) const GROUPS: [&[Rule]; 5] = [
    pull::RULES,
    initialize::RULES,
    start::RULES,
    healthy::RULES,
    place::RULES,
];

/// Words that are said of every failure to initialise, whatever it was.
const PREAMBLE: &str = "unable to pull secrets or registry auth";

/// The rule for a text, if there is one.
pub(super) fn of(text: &str) -> Option<&'static Rule> {
    let text = text.to_lowercase().replace(PREAMBLE, "");
    all().find(|rule| rule.matches(&text))
}

/// The rule of a code, if there is one.
pub(super) fn coded(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code == code)
}

/// All rules.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.into_iter().flatten()
}

impl Rule {
    /// Whether the text (lower case) shows this cause.
    fn matches(&self, text: &str) -> bool {
        self.all.iter().all(|part| text.contains(part))
            && (self.any.is_empty() || self.any.iter().any(|part| text.contains(part)))
    }

    /// Code, cause and remedy.
    pub(super) const fn told(&self) -> (&'static str, &'static str, &'static str) {
        (self.code, self.cause, self.remedy)
    }

    /// The finding, with what shows it.
    pub(super) fn finding(&self, evidence: String) -> Finding {
        Finding {
            code: self.code.to_owned(),
            cause: self.cause.to_owned(),
            evidence: vec![evidence],
            remedy: self.remedy.to_owned(),
        }
    }
}
