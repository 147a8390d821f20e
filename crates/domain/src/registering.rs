//! Registering a revision for a job, whatever gets lost on the way: RegisterTaskDefinition takes no token, so what a call
//! without an answer has made is looked for, by the tag of the job, before another one is sent.

use crate::checkpoint::Checkpoint;
use crate::rollout::{Action, Next};
use crate::time::Timestamp;

/// What is known of a registration.
#[derive(Clone, Debug)]
pub(crate) struct Registering<'a> {
    /// Family of the revision.
    pub(crate) family: &'a str,
    /// Tag by which it is recognised.
    pub(crate) tag: (String, String),
    /// The revision that a call of this attempt was answered with.
    pub(crate) answered: Option<&'a str>,
    /// When the last intent was written, and whether by this very attempt.
    pub(crate) intent: Option<(Timestamp, bool)>,
    /// Whether a call of this attempt had no answer.
    pub(crate) uncertain: bool,
    /// Whether the intent is too old for a call that follows it.
    pub(crate) stale: bool,
    /// When a call that followed the intent has landed, or never will.
    pub(crate) settled: Timestamp,
    /// What the search by the tag gave, and when.
    pub(crate) found: Option<&'a (Option<String>, Timestamp)>,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub(crate) enum Registers {
    /// This first.
    Next(Next),
    /// The call is to be sent.
    Send,
    /// A call of which nothing was heard has made this revision, seen at that time.
    Found(String, Timestamp),
}

impl Registering<'_> {
    /// What to do next, at `now`.
    pub(crate) fn next(&self, now: Timestamp) -> Registers {
        let note = |task_definition: &str| {
            Registers::Next(Next::Note(Checkpoint::Registered {
                task_definition: task_definition.to_owned(),
            }))
        };
        let about_to = Registers::Next(Next::Note(Checkpoint::RegisterIntent {
            family: self.family.to_owned(),
            at: now,
        }));
        if let Some(arn) = self.answered {
            return note(arn);
        }
        let Some((_, own)) = self.intent else {
            return about_to;
        };
        if own && !self.uncertain {
            return if self.stale {
                about_to
            } else {
                Registers::Send
            };
        }
        // Somebody may have registered it: the attempt before, or a call that got no answer.
        let find = Registers::Next(Next::Do(Action::FindRevision {
            family: self.family.to_owned(),
            tag: self.tag.clone(),
        }));
        match self.found {
            None => find,
            Some((Some(arn), at)) => Registers::Found(arn.clone(), *at),
            Some((None, at)) if *at >= self.settled => about_to,
            Some((None, _)) if now >= self.settled => find,
            Some((None, _)) => Registers::Next(Next::Wait {
                until: self.settled,
                reason: "a registration may still be on its way".to_owned(),
            }),
        }
    }
}
