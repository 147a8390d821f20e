//! The last thing of a rollout that ended live: revisions of no use any more are deregistered, where the manifest asks for
//! it. It changes no verdict, and is not noted: deregistering is the same however often it is done.

use std::collections::BTreeSet;

use super::{Action, Next, Rollout};
use crate::event::NoteLevel;
use crate::revisions::{self, Fate, Owner, TaggedRevision};
use crate::spec::RolloutSettings;

/// After one rollout at most: the burst of the API's bucket (ecs-facts 5.2). The target is held meanwhile; the next rollout
/// goes on.
const AT_ONCE: usize = 20;
/// Failures after which it is left to the next rollout.
const TRIES: u32 = 3;

/// What this attempt knows of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Cleaning {
    /// Revisions of the family, newest first.
    revisions: Option<Vec<TaggedRevision>>,
    gone: BTreeSet<String>,
    failures: u32,
}

impl Rollout {
    /// The next thing to deregister or to look at for it; `None` when there is nothing (more).
    pub(super) fn clean(&self) -> Option<Next> {
        let keep = self.wanted.settings.keep_revisions?;
        let known = &self.seen.cleaning;
        if self.stop.is_some() || known.failures >= TRIES {
            return None;
        }
        let ours = self.registered()?;
        let Some(all) = &known.revisions else {
            return Some(Next::Do(Action::FamilyRevisions {
                family: revisions::family(ours)?.to_owned(),
                limit: keep.saturating_add(RolloutSettings::MOST_REVISIONS),
            }));
        };
        let fates = revisions::fates(all, self.owner(), keep, &self.in_use());
        let of_no_use = fates.iter().rev().filter(|(_, fate)| *fate == Fate::Goes);
        let next = of_no_use
            .take(AT_ONCE)
            .find(|(revision, _)| !known.gone.contains(&revision.arn));
        next.map(|(revision, _)| {
            Next::Do(Action::Deregister {
                task_definition: revision.arn.clone(),
            })
        })
    }

    /// Whom revisions are registered for.
    pub(super) const fn owner(&self) -> Owner<'_> {
        Owner {
            app: &self.wanted.app,
            env: &self.wanted.env,
            target: &self.wanted.target,
        }
    }

    /// What anything names that is left of the service, and what could be gone back to.
    fn in_use(&self) -> BTreeSet<&str> {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        used.extend(self.registered());
        used.extend(self.wanted.proven.as_deref());
        used.extend(self.update_intent().map(|intent| intent.serving_before));
        if let Some(service) = &self.seen.service {
            used.insert(&service.task_definition);
            let entries = service.deployments.iter();
            used.extend(entries.map(|entry| entry.task_definition.as_str()));
        }
        let revisions = self.seen.revisions.iter();
        used.extend(revisions.map(|revision| revision.task_definition.as_str()));
        let tasks = self.seen.tasks.iter().flat_map(|(tasks, _)| tasks);
        used.extend(tasks.map(|task| task.task_definition.as_str()));
        used
    }

    pub(super) fn saw_family(&mut self, revisions: Vec<TaggedRevision>) {
        self.seen.cleaning.revisions = Some(revisions);
    }

    pub(super) fn saw_deregistered(&mut self, task_definition: &str) {
        self.seen.cleaning.gone.insert(task_definition.to_owned());
    }

    /// It did not work. Whether it is tried again; that it is given up is told.
    pub(super) fn saw_no_cleaning(&mut self, message: &str, is_final: bool) -> bool {
        let known = &mut self.seen.cleaning;
        known.failures = if is_final { TRIES } else { known.failures + 1 };
        if known.failures < TRIES {
            return true;
        }
        let text = format!("old revisions were not deregistered: {message}");
        self.remarks.push((NoteLevel::Warning, text));
        false
    }
}
