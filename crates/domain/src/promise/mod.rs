//! The promises that are never broken, as pure checks over what was seen from outside and over boards.
//!
//! A [`History`] is told [`Fact`]s: what submitters and watchers were told, what became durable, and what
//! AWS shows. [`at_every_moment`] holds while things go on, [`at_rest`] once everything has ended and
//! settled. [`board`] holds of every board, whoever made it. Nothing here asks Shipway what it believes
//! of AWS: the two sides are told apart, and compared.
//!
//! | promise | function |
//! | --- | --- |
//! | 1. An acknowledged submission is never lost; a key is one release, until 7 days after its end | [`submissions`] |
//! | 2. One attempt changes a target at a time; old attempts change nothing, or it is told | [`attempts`] |
//! | 3. Attempts only grow; each job ends once; a release ends with its last job | [`ends`] |
//! | 4. Every debt is paid | [`debts`] |
//! | 5. The verdict says what is true in AWS | [`verdicts`] |
//! | 6. Events are one gapless sequence, seen once by each watcher | [`events`] |
//! | 7. A job that cannot run says why | [`reasons`] |
//! | 8. The trace of a release is one tree, complete whoever died, each part within its whole | [`traces`] |

mod attempt;
pub mod board;
mod debt;
mod end;
mod event;
mod fact;
mod history;
mod late;
mod reason;
mod submission;
mod trace;
mod verdict;
mod within;

#[cfg(test)]
mod tests;

use std::fmt;

pub use fact::{DeploymentShown, Fact, FlagsShown, Mutation, Operation};
pub use history::History;
pub use within::{debts_paid_within, goes_on_within};

/// One of the eight promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// An acknowledged submission is never lost; a submission retried with its key is one release,
    /// until 7 days after that has ended.
    Submissions,
    /// At most one attempt may change a target at a time; old attempts change nothing.
    Attempts,
    /// Attempts only grow; each job ends exactly once; each release ends once all its jobs have.
    Ends,
    /// Every debt is paid.
    Debts,
    /// The verdict says what is true in AWS.
    Verdicts,
    /// Events of a release form one gapless sequence, and each watcher sees each once.
    Events,
    /// A job that cannot run says why; nothing waits for ever.
    Reasons,
    /// The trace of a release is one tree, complete whoever died, and each part lies within its whole.
    Traces,
}

impl Promise {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Submissions,
        Self::Attempts,
        Self::Ends,
        Self::Debts,
        Self::Verdicts,
        Self::Events,
        Self::Reasons,
        Self::Traces,
    ];

    /// Its number, 1 to 8.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Submissions => 1,
            Self::Attempts => 2,
            Self::Ends => 3,
            Self::Debts => 4,
            Self::Verdicts => 5,
            Self::Events => 6,
            Self::Reasons => 7,
            Self::Traces => 8,
        }
    }

    /// What is promised, in one sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Submissions => {
                "an acknowledged submission is never lost, and a key is one release until 7 days after \
                 its end"
            }
            Self::Attempts => "one attempt changes a target at a time, and old ones change nothing",
            Self::Ends => "attempts only grow, jobs end once, a release ends with its last job",
            Self::Debts => "what was suspended is put back as it was",
            Self::Verdicts => "the verdict says what is true in AWS",
            Self::Events => "events form one gapless sequence, and a watcher sees each once",
            Self::Reasons => "what waits says why, and nothing waits for ever",
            Self::Traces => "the trace of a release is one tree, each part within its whole",
        }
    }
}

/// A promise that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Broken {
    /// Which promise.
    pub promise: Promise,
    /// What was seen: release, job, attempt, target, and what should have been.
    pub what: String,
}

impl Broken {
    /// A broken promise.
    #[must_use]
    pub fn new(promise: Promise, what: impl Into<String>) -> Self {
        Self {
            promise,
            what: what.into(),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "promise {} ({}) is broken: {}",
            self.promise.number(),
            self.promise.words(),
            self.what
        )
    }
}

impl std::error::Error for Broken {}

/// When a history is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Things go on: what is only due at the end is not asked for.
    Any,
    /// Everything that was begun has ended, debts are settled, watchers have caught up.
    Rest,
}

/// What is broken already, whatever comes next.
#[must_use]
pub fn at_every_moment(history: &History) -> Vec<Broken> {
    check(history, Moment::Any)
}

/// What is broken once nothing goes on any more. Includes [`at_every_moment`].
#[must_use]
pub fn at_rest(history: &History) -> Vec<Broken> {
    check(history, Moment::Rest)
}

fn check(history: &History, moment: Moment) -> Vec<Broken> {
    [
        submissions(history, moment),
        attempts(history, moment),
        ends(history, moment),
        debts(history, moment),
        verdicts(history, moment),
        events(history, moment),
        reasons(history, moment),
        traces(history, moment),
    ]
    .concat()
}

/// Promise 1. At any moment: an acknowledged release is durable, a key names one release of one
/// content, from its submission until 7 days after its end (or 100 000 later ends: [`crate::board::KeyWindow`]). (A store that lost something shows it when it is reopened: [`Fact::Reopened`].)
#[must_use]
pub fn submissions(history: &History, _moment: Moment) -> Vec<Broken> {
    history.broken(Promise::Submissions, submission::check(history))
}

/// Promise 2. At any moment: a granted job holds the slot of its target, and nobody else does; a slot is
/// kept until its job ends; only a granted attempt acts in AWS, after its intent was durable; one rollout
/// has one UpdateService; no older attempt acts on a target after a newer one did. At rest: what an attempt's call
/// did after it had lost its right is told by an event of its release.
#[must_use]
pub fn attempts(history: &History, moment: Moment) -> Vec<Broken> {
    let mut all = attempt::check(history);
    if moment == Moment::Rest {
        all.extend(late::check(history));
    }
    history.broken(Promise::Attempts, all)
}

/// Promise 3. At any moment: attempts only grow, an ended job stays as it ended, a release has ended if
/// and only if all its jobs have.
#[must_use]
pub fn ends(history: &History, _moment: Moment) -> Vec<Broken> {
    history.broken(Promise::Ends, end::check(history))
}

/// Promise 4. At any moment: a debt has a job that will pay it, is never forgotten and never rewritten.
/// At rest: nothing is owed, and AWS shows the flags that somebody other than Shipway set last.
#[must_use]
pub fn debts(history: &History, moment: Moment) -> Vec<Broken> {
    history.broken(Promise::Debts, debt::check(history, moment))
}

/// Promise 5. At any moment: a job that ended has the verdict that its service deployment bears out.
#[must_use]
pub fn verdicts(history: &History, _moment: Moment) -> Vec<Broken> {
    history.broken(Promise::Verdicts, verdict::check(history))
}

/// Promise 6. At any moment: events are numbered without gaps, watchers see each once and only durable
/// ones. At rest: watchers that stayed have seen all.
#[must_use]
pub fn events(history: &History, moment: Moment) -> Vec<Broken> {
    history.broken(Promise::Events, event::check(history, moment))
}

/// Promise 8. At rest: of each release one trace can be told, whose spans have each a parent in it, an id of their own and
/// an end, and lie within their parents.
#[must_use]
pub fn traces(history: &History, moment: Moment) -> Vec<Broken> {
    let found = match moment {
        Moment::Any => Vec::new(),
        Moment::Rest => trace::check(history),
    };
    history.broken(Promise::Traces, found)
}

/// Promise 7. At any moment: what rests or failed says why. At rest: every release has ended, or rests
/// as `stuck` for a person, with a reason.
#[must_use]
pub fn reasons(history: &History, moment: Moment) -> Vec<Broken> {
    history.broken(Promise::Reasons, reason::check(history, moment))
}
