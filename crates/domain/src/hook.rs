//! Lifecycle hooks that pause a deployment until a person answers, and the answers.

use std::fmt;

use crate::time::Timestamp;

/// What a hook is answered, by a person or by its timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookAction {
    /// On with the deployment.
    Continue,
    /// Back to what ran before.
    Rollback,
}

impl HookAction {
    /// ECS's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "CONTINUE",
            Self::Rollback => "ROLLBACK",
        }
    }

    /// The action with ECS's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Continue, Self::Rollback]
            .into_iter()
            .find(|action| action.as_str() == word)
    }

    /// What somebody did who answered so.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Continue => "approved",
            Self::Rollback => "rejected",
        }
    }
}

/// A run of a hook that was reported as waiting for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// ECS's id of this run; another run of the same hook has another one.
    pub id: String,
    /// The stage that the deployment was in, as ECS names it; empty when it named none.
    pub stage: String,
    /// When it times out, by the clock of ECS.
    pub expires_at: Option<Timestamp>,
    /// What ECS does then.
    pub on_timeout: Option<HookAction>,
    /// What was answered.
    pub answer: Option<HookAnswer>,
}

/// What somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookAnswer {
    /// ECS's id of the run of the hook.
    pub hook: String,
    /// What.
    pub action: HookAction,
    /// Who: the name of a token.
    pub by: String,
    /// Why, as they said; may be empty.
    pub reason: String,
    /// When the coordinator took it in.
    pub at: Timestamp,
}

impl fmt::Display for HookAnswer {
    /// As `approved by ann: it looks well`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.action.done(), self.by)?;
        if self.reason.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.reason)
    }
}

/// A share of traffic, in tenths of a percent: ECS moves it in steps of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(pub u32);

impl Weight {
    /// All of it.
    pub const ALL: Self = Self(1000);

    /// The nearest one to a number of percent.
    #[must_use]
    pub fn of_percent(percent: f64) -> Self {
        let tenths = (percent * 10.0).round().clamp(0.0, 1000.0);
        // Between 0 and 1000, and whole.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped right before"
        )]
        Self(tenths as u32)
    }

    /// In percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl fmt::Display for Weight {
    /// As `25 %` or `12.5 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{} %", self.0 / 10),
            tenths => write!(f, "{}.{tenths} %", self.0 / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_by_the_words_of_ecs_and_no_other_word_is_one() {
        for action in [HookAction::Continue, HookAction::Rollback] {
            assert_eq!(HookAction::parse(action.as_str()), Some(action));
        }
        assert_eq!(HookAction::parse("ABORT"), None);
    }

    #[test]
    fn an_answer_says_who_and_why() {
        let mut answer = HookAnswer {
            hook: "h".to_owned(),
            action: HookAction::Rollback,
            by: "ann".to_owned(),
            reason: "it is slow".to_owned(),
            at: Timestamp::ZERO,
        };
        assert_eq!(answer.to_string(), "rejected by ann: it is slow");
        answer.action = HookAction::Continue;
        answer.reason.clear();
        assert_eq!(answer.to_string(), "approved by ann");
    }

    #[test]
    fn weights_are_told_in_percent_without_a_needless_digit() {
        for (percent, text) in [
            (0.0, "0 %"),
            (12.5, "12.5 %"),
            (3.1, "3.1 %"),
            (100.0, "100 %"),
        ] {
            assert_eq!(Weight::of_percent(percent).to_string(), text);
            assert!((Weight::of_percent(percent).percent() - percent).abs() < 1e-9);
        }
        assert_eq!(Weight::of_percent(-1.0), Weight(0));
        assert_eq!(Weight::of_percent(1e9), Weight::ALL);
    }
}
