//! Old revisions are deregistered after a rollout that ended live, where that is wanted, and nothing depends on it.

use super::fixtures::{cancelled, new_definition, wanted};
use super::world::World;
use super::{Verdict, Walk};
use crate::event::NoteLevel;
use crate::observe::ServiceDeploymentStatus as Status;
use crate::revisions::{Owner, TaggedRevision};
use crate::rollout::{FailureKind, JOB_TAG, RELEASE_TAG};

/// A rollout that keeps so many, in a family of which Shipway registered these revisions.
fn keeping(keep: Option<u32>, numbers: impl IntoIterator<Item = usize>) -> Walk {
    let mut wish = wanted();
    wish.settings.keep_revisions = keep;
    let owner = Owner {
        app: &wish.app,
        env: &wish.env,
        target: &wish.target,
    };
    let mut tags = owner.tags().to_vec();
    tags.extend([(RELEASE_TAG, "r3"), (JOB_TAG, "r3/1")]);
    let tags = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let tags: Vec<(String, String)> = tags.collect();
    let mut world = World::new();
    world.family = numbers
        .into_iter()
        .map(|number| TaggedRevision {
            arn: revision(number),
            tags: tags.clone(),
        })
        .collect();
    Walk::of(wish, world)
}

fn revision(number: usize) -> String {
    new_definition(number - 2)
}

#[test]
fn without_the_setting_nobody_looks_for_old_revisions() {
    let mut walk = keeping(None, 2..9);
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(
        (walk.did("FamilyRevisions"), walk.did("Deregister")),
        (0, 0)
    );
}

#[test]
fn what_is_beyond_the_newest_goes_oldest_first_once_all_else_is_done() {
    let mut walk = keeping(Some(3), (3..=9).rev());
    assert_eq!(walk.verdict(), Verdict::Live);
    let gone = [3, 4, 5, 6].map(revision);
    assert_eq!(walk.world.deregistered, gone);
    let at = |name: &str| walk.log.iter().position(|known| known == name);
    assert!(at("Resumed") < at("FamilyRevisions"), "{:?}", walk.log);
    assert_eq!(walk.did("FamilyRevisions"), 1);
}

#[test]
fn what_serves_was_proven_last_or_runs_in_a_task_stays() {
    let mut walk = keeping(Some(1), (3..=9).rev());
    walk.wanted.proven = Some(revision(4));
    walk.again();
    walk.until("Following");
    walk.world.service_mut().deployments[1].task_definition = revision(5);
    walk.until("RunningTasks");
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.deregistered, [3, 6, 7, 8].map(revision));
}

#[test]
fn a_rollout_that_did_not_end_live_cleans_nothing() {
    for end in [
        Status::RollbackSuccessful,
        Status::RollbackFailed,
        Status::Stopped,
    ] {
        let mut walk = keeping(Some(1), (3..=9).rev());
        walk.world.script = vec![Status::InProgress, end];
        assert_ne!(walk.verdict(), Verdict::Live);
        assert_eq!(walk.did("FamilyRevisions"), 0);
    }
}

#[test]
fn what_was_live_before_and_what_is_to_end_cleans_nothing() {
    let mut walk = keeping(Some(1), (3..=9).rev());
    walk.until("RunningTasks");
    walk.stop(cancelled());
    assert_eq!(walk.verdict(), Verdict::Live, "it comes too late");
    assert_eq!(walk.did("FamilyRevisions"), 0);
}

#[test]
fn no_more_than_a_burst_goes_after_one_rollout() {
    let mut walk = keeping(Some(1), (3..=60).rev());
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.deregistered.len(), 20);
    assert_eq!(walk.world.deregistered[0], revision(3));
}

#[test]
fn that_it_fails_is_told_and_changes_no_verdict() {
    let table = [
        (FailureKind::Denied, 1),
        (FailureKind::Passing, 3),
        (FailureKind::Uncertain, 3),
    ];
    for (kind, tries) in table {
        let mut walk = keeping(Some(1), (3..=5).rev());
        walk.world.fails("Deregister", kind, 99);
        assert_eq!(walk.verdict(), Verdict::Live, "{kind:?}");
        assert_eq!(walk.did("Deregister"), tries, "{kind:?}");
        let told = walk.rollout.take_notes();
        assert!(
            matches!(&told[..], [(NoteLevel::Warning, text)] if text.starts_with("old revisions were not")),
            "{told:?}"
        );
    }
    let mut walk = keeping(Some(1), (3..=5).rev());
    walk.world.fails("Deregister", FailureKind::NotFound, 1);
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(
        walk.world.deregistered,
        [revision(4)],
        "the other one was gone"
    );
    assert_eq!(walk.rollout.take_notes(), []);
}
