//! A call of an attempt that had lost its right, and took effect all the same: how it is told.

use crate::ids::Attempt;
use crate::time::Timestamp;
use crate::verdict::Finding;

/// Code of the finding (`docs/verdicts.md`).
pub const LATE_CALL: &str = "late-call";

/// A call that nobody had heard an answer of, found to have changed AWS after another attempt had begun, or after
/// what it did had been put back. AWS takes no token that would keep it out (design.md section 4, take-over): it is
/// found, dealt with, and told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateCall {
    /// Service and operation, as `ecs:UpdateService`.
    pub call: String,
    /// The attempt that found it.
    pub found_by: Attempt,
    /// By when it had taken effect: as AWS says, or when it was seen.
    pub at: Timestamp,
    /// What came of it: an ARN, or plain words.
    pub what: String,
    /// What was done about it, in plain words.
    pub done: String,
}

impl LateCall {
    /// How every report of such a call begins.
    #[must_use]
    pub fn opening(call: &str) -> String {
        format!("late call: {call} of ")
    }

    /// All of it in one sentence, for an event of the release.
    #[must_use]
    pub fn text(&self) -> String {
        let sender = match self.found_by.0 {
            // It was sent by an attempt that did not hear of its effect itself.
            0 | 1 => "this attempt".to_owned(),
            2 => "attempt 1".to_owned(),
            later => format!("an attempt from 1 to {}", later - 1),
        };
        format!(
            "{}{sender}, which had not heard an answer, has taken effect by {}: {}; attempt {} {}",
            Self::opening(&self.call),
            self.at,
            self.what,
            self.found_by,
            self.done
        )
    }

    /// The same among the findings of a verdict.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding {
            code: LATE_CALL.to_owned(),
            cause: self.text(),
            evidence: vec![format!("{} by {}", self.what, self.at)],
            remedy: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_call_says_what_when_by_whom_and_what_was_done() {
        let mut late = LateCall {
            call: "ecs:UpdateService".to_owned(),
            found_by: Attempt(2),
            at: Timestamp::from_millis(1_795_424_129_000),
            what: "a deployment of web:2".to_owned(),
            done: "follows it".to_owned(),
        };
        assert_eq!(
            late.text(),
            "late call: ecs:UpdateService of attempt 1, which had not heard an answer, has taken effect by \
             2026-11-23T08:55:29Z: a deployment of web:2; attempt 2 follows it"
        );
        late.found_by = Attempt(4);
        assert!(late.text().contains("of an attempt from 1 to 3,"));
        let finding = late.finding();
        assert_eq!(
            (finding.code.as_str(), finding.cause),
            (LATE_CALL, late.text())
        );
    }
}
