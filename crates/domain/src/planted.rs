//! Bugs that are planted on purpose, to see that tests find them.
//!
//! They exist only with the feature `planted`, which nothing but the test package asks for, and there only as a
//! dependency of its tests; and even then none is there until a test plants it on its own thread. Without the
//! feature [`has`] is always false, and the compiler leaves the bugs out.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bug {
    /// The board hears attempts that do not stand any more.
    StaleAttemptHeard,
    /// The coordinator answers before the disk has what it says.
    AnsweredBeforeDurable,
    /// A cancel forgets what is owed to the target.
    DebtDroppedOnCancel,
    /// The end of a lease frees the slot of the target.
    SlotFreedAtExpiry,
    /// An agent notes its intent to update only after the update.
    IntentAfterAct,
    /// Who waits for a slot is not looked at when it is freed.
    LostWakeUp,
    /// A number of an event is left out.
    EventSkipped,
    /// An agent is told that a note is durable before it is.
    NoteKeptEarly,
    /// A renewal counts for any attempt, and the agent goes on with it.
    RenewalResurrects,
    /// A deployment that was rolled back counts as live.
    LiveAfterRollback,
    /// An agent changes AWS without a lease.
    ActsWithoutLease,
    /// An agent that comes back does not hear of a stop that it missed.
    StopForgotten,
    /// An update without an answer is sent again without a look.
    SentAgainBlindly,
    /// A restarted coordinator does not know the keys of submissions.
    KeysForgotten,
    /// A restarted coordinator takes jobs away without a lease of grace.
    NoGrace,
    /// A settle believes that a debt is paid because somebody tried.
    SettledUnseen,
    /// A call that landed late is taken over without a word.
    LateUnreported,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::StaleAttemptHeard,
        Self::AnsweredBeforeDurable,
        Self::DebtDroppedOnCancel,
        Self::SlotFreedAtExpiry,
        Self::IntentAfterAct,
        Self::LostWakeUp,
        Self::EventSkipped,
        Self::NoteKeptEarly,
        Self::RenewalResurrects,
        Self::LiveAfterRollback,
        Self::ActsWithoutLease,
        Self::StopForgotten,
        Self::SentAgainBlindly,
        Self::KeysForgotten,
        Self::NoGrace,
        Self::SettledUnseen,
        Self::LateUnreported,
    ];
}

#[cfg(feature = "planted")]
std::thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Plants a bug on this thread, in place of the one before.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether this bug is planted here.
#[cfg(feature = "planted")]
#[must_use]
pub fn has(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Whether this bug is planted here: never.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn has(_bug: Bug) -> bool {
    false
}
