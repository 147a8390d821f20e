//! What runs on the target and was not left there by what was last proven: it is told.

use super::Walk;
use super::fixtures::{OLD, new_definition, wanted};
use super::world::World;
use crate::checkpoint::ScalingFlags;
use crate::event::NoteLevel;
use crate::observe::ScalingSeen;
use crate::rollout::{JOB_TAG, Wanted};
use crate::verdict::Verdict;

/// What such a rollout tells before it changes anything, and that it goes on to its end all the same.
fn told(wanted: Wanted, tags: &[(&str, &str)]) -> Vec<String> {
    let mut world = World::new();
    let tags = tags.iter();
    world.running_tags = tags
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let mut walk = Walk::of(wanted, world);
    walk.until("Register");
    let told = walk.rollout.take_notes();
    assert!(told.iter().all(|(level, _)| *level == NoteLevel::Warning));
    assert_eq!(walk.verdict(), Verdict::Live);
    told.into_iter().map(|(_, text)| text).collect()
}

fn proven(definition: &str) -> Wanted {
    Wanted {
        proven: Some(definition.to_owned()),
        ..wanted()
    }
}

#[test]
fn what_was_last_proven_or_was_there_before_shipway_is_nothing_to_tell() {
    assert_eq!(told(proven(OLD), &[(JOB_TAG, "r1/1")]), [""; 0]);
    assert_eq!(told(wanted(), &[("team", "web")]), [""; 0]);
}

#[test]
fn a_revision_of_a_job_that_ended_without_proof_is_told_by_the_next_rollout() {
    let last = new_definition(7);
    let [text] = &told(proven(&last), &[(JOB_TAG, "r7/1")])[..] else {
        panic!("one thing is told")
    };
    for part in [OLD, "job r7/1", &last, "landed after its end"] {
        assert!(text.contains(part), "{text}");
    }
    let [text] = &told(wanted(), &[(JOB_TAG, "r7/1")])[..] else {
        panic!("one thing is told")
    };
    assert!(text.contains("nothing was proven live here"), "{text}");
}

#[test]
fn a_service_that_somebody_else_has_changed_is_told() {
    let [text] = &told(proven(&new_definition(7)), &[])[..] else {
        panic!("one thing is told")
    };
    assert!(text.contains("Shipway did not register"), "{text}");
}

#[test]
fn it_is_told_once_however_many_attempts_the_job_has() {
    let mut walk = Walk::of(proven(&new_definition(7)), World::new());
    walk.until("Register");
    assert_eq!(walk.rollout.take_notes().len(), 1);
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.rollout.take_notes(), []);
}

#[test]
fn scaling_that_is_found_suspended_without_a_debt_is_told_and_left_so() {
    let suspended = Some(ScalingSeen {
        min: 1,
        max: 9,
        suspended: ScalingFlags::ALL,
    });
    let mut walk = Walk::usual();
    walk.world.scaling = suspended;
    walk.until("Following");
    let told = walk.rollout.take_notes();
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains("Shipway owes nothing"), "{told:?}");
    assert_eq!(walk.verdict(), Verdict::Live);
    assert_eq!(walk.world.scaling, suspended);

    let mut walk = Walk::of(
        Wanted {
            debt: Some(ScalingFlags::default()),
            ..wanted()
        },
        World::new(),
    );
    walk.world.scaling = suspended;
    walk.until("Following");
    assert_eq!(walk.rollout.take_notes(), [], "what is owed is known");
}
