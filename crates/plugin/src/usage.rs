//! What a platform has called, and what it may call yet, as plain numbers.

use crate::platform::Place;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallOutcome {
    /// It was answered; that something is not there is an answer, too.
    Done,
    /// It was refused because too much was called, by the platform or by our own budget.
    Throttled,
    /// It failed otherwise.
    Failed,
}

impl CallOutcome {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }
}

/// Calls of one kind since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// The service, such as `ecs`.
    pub service: &'static str,
    /// The budget that they draw from; `none` when none is known.
    pub bucket: &'static str,
    /// How they ended. One that was tried again is one call.
    pub outcome: CallOutcome,
    /// How many.
    pub calls: u64,
}

/// What may be called at once.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetLeft {
    /// Where.
    pub place: Place,
    /// The budget.
    pub bucket: &'static str,
    /// Calls; below 0 so many callers wait.
    pub tokens: f64,
}

/// What a platform has called since its start, and what it may call yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Calls, by kind.
    pub calls: Vec<Calls>,
    /// Answers that too much was called, by budget: also those after which a call was tried again.
    pub throttles: Vec<(&'static str, u64)>,
    /// What is left of the budgets of the places that were opened.
    pub budgets: Vec<BudgetLeft>,
}
