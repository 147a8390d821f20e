//! Lifecycle policies at work: once an hour of simulated time, well within the 24 h of ecs-facts 7.4.

use std::time::Duration;

use super::evaluate::{Candidate, Verdict, evaluate};
use super::grammar::{Action, Policy};
use crate::clock::SimTime;
use crate::ecr::state::Repository;

/// Between two runs.
pub(super) const EVERY: Duration = Duration::from_secs(3600);

/// Most runs that a jump of the clock makes up for; longer jumps take longer steps.
const MOST: u32 = 100;

impl Repository {
    /// Runs the policy as often as was due until `now`.
    pub(in crate::ecr) fn run_lifecycle(&mut self, now: SimTime) {
        let Some(mut due) = self.lifecycle_due.filter(|due| *due <= now) else {
            return;
        };
        let step = EVERY.max(now.since(due) / MOST);
        while due <= now {
            self.run_once(due);
            due = due + step;
        }
        self.lifecycle_due = Some(due.min(now + EVERY));
    }

    fn run_once(&mut self, now: SimTime) {
        let text = self.lifecycle.as_deref().unwrap_or_default();
        let Ok(policy) = Policy::parse(text) else {
            return;
        };
        let verdicts = self.verdicts(&policy, now);
        let verdicts: Vec<_> = verdicts
            .into_iter()
            .map(|verdict| (verdict.digest.to_owned(), verdict.action))
            .collect();
        for (digest, action) in verdicts {
            match action {
                Action::Expire {} => drop(self.remove(&digest)),
                Action::Transition { .. } => self.archive(&digest, now),
            }
        }
        self.lifecycle_ran = Some(now);
    }

    /// What a policy would do now.
    pub(super) fn verdicts(&self, policy: &Policy, now: SimTime) -> Vec<Verdict<'_>> {
        let children: std::collections::BTreeSet<&str> = self
            .images
            .values()
            .flat_map(|image| image.children.iter().map(|child| child.digest.as_str()))
            .collect();
        let mut tags = std::collections::BTreeMap::<&str, Vec<&str>>::new();
        for (tag, digest) in &self.tags {
            tags.entry(digest).or_default().push(tag);
        }
        let images = self.images.iter().filter(|(digest, image)| {
            let subject = image.subject.as_ref();
            !children.contains(digest.as_str())
                && subject.is_none_or(|subject| !self.images.contains_key(subject))
        });
        let candidates = images.map(|(digest, image)| Candidate {
            digest,
            tags: tags.remove(digest.as_str()).unwrap_or_default(),
            pushed: image.pushed,
            pulled: [image.pulled, image.storage.activated]
                .into_iter()
                .flatten()
                .max()
                .unwrap_or(image.pushed),
            archived: image.storage.archived,
        });
        evaluate(policy, &candidates.collect::<Vec<_>>(), now)
    }
}
