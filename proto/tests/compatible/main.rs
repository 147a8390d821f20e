//! The wire stays readable: what any version ever sent is understood, and so is what a newer one sends.
//!
//! `../golden/numbers.txt` says which number and type every field ever had; `../golden/*.hex` has every
//! message of the wire as bytes, each field set, each alternative of a `oneof` in a file of its own.
//! **Files are added, never changed.** After a field, message or call was added,
//! `SHIPWAY_GOLDEN=add cargo test --workspace --test compatible` writes what is missing; a test that fails
//! without that has found a change that agents and command lines of the version before do not survive.

mod files;
mod numbers;
mod schema;
mod typed;

use std::collections::BTreeSet;

use files::{Golden, adds};
use schema::Schema;

/// How what is missing is added.
const HOW: &str = "run SHIPWAY_GOLDEN=add cargo test --workspace --test compatible, and commit what it writes; \
                   files that are there are never changed";

#[test]
fn no_field_or_call_was_ever_renumbered_retyped_or_taken_away() {
    let today = numbers::of(&Schema::today());
    let mut known = numbers::kept();
    let gone: Vec<&String> = known.iter().filter(|line| !today.contains(*line)).collect();
    assert!(
        gone.is_empty(),
        "these are sent by an earlier version and mean something else now, or nothing: {gone:#?}"
    );
    let added: Vec<String> = today.difference(&known).cloned().collect();
    if adds() && !added.is_empty() {
        known.extend(added);
        numbers::keep(&known);
        return;
    }
    assert!(added.is_empty(), "new: {added:#?}\n{HOW}");
}

#[test]
fn every_message_has_golden_files_with_every_field() {
    let schema = Schema::today();
    let mut missing = Vec::new();
    for message in schema.messages() {
        for (arm, bytes) in schema.samples(message) {
            let of = Golden::of(message, arm.as_deref());
            let seen: BTreeSet<u32> = of.iter().flat_map(|golden| golden.numbers()).collect();
            let wanted = schema::numbers(&bytes);
            // A message without fields has a file, too.
            if of.is_empty() || !wanted.is_subset(&seen) {
                missing.push(Golden::next(message, arm.as_deref(), bytes, of.len()));
            }
        }
    }
    if adds() {
        missing.iter().for_each(Golden::write);
        return;
    }
    let missing: Vec<&str> = missing.iter().map(|golden| golden.name.as_str()).collect();
    assert!(missing.is_empty(), "no bytes of {missing:?}\n{HOW}");
}

#[test]
fn every_message_ever_sent_is_understood_whole_and_said_again_alike() {
    let all = Golden::all();
    assert!(all.len() > 50, "only {} golden files", all.len());
    for golden in all {
        let again = typed::said_again(&golden.message, &golden.bytes);
        // Something that is dropped, or reads as something else, is not said again.
        assert_eq!(again, Ok(golden.bytes.clone()), "{}", golden.name);
    }
}

#[test]
fn what_a_newer_version_adds_is_passed_over() {
    let schema = Schema::today();
    for golden in Golden::all() {
        let newer = schema.with_unknown_fields(&golden.message, &golden.bytes);
        assert!(newer.len() > golden.bytes.len());
        let again = typed::said_again(&golden.message, &newer);
        assert_eq!(again, Ok(golden.bytes.clone()), "{}", golden.name);
    }
}

#[test]
fn words_of_the_domain_translate_as_they_ever_did() {
    let mut translated = BTreeSet::new();
    for golden in Golden::all() {
        if let Some(again) = typed::translated(&golden.message, &golden.bytes) {
            assert_eq!(again, Ok(golden.bytes.clone()), "{}", golden.name);
            translated.insert(golden.message);
        }
    }
    assert_eq!(translated.len(), typed::TRANSLATED, "{translated:?}");
}

/// Words that stand in messages as text.
#[test]
fn no_step_has_lost_its_word() {
    let ever = [
        "account",
        "identity",
        "repository",
        "source",
        "build",
        "push",
        "check-image",
        "scan",
        "observe",
        "render",
        "register",
        "suspend-scaling",
        "update",
        "follow",
        "stop",
        "verify",
        "tags",
        "resume-scaling",
        "answer",
        "run-task",
        "clean",
    ];
    for word in ever {
        let step = shipway_domain::event::Step::parse(word);
        assert_eq!(step.map(|step| step.as_str()), Some(word));
    }
}

/// Words that stand in messages as text.
#[test]
fn no_phase_has_lost_its_word() {
    let ever = [
        "begin",
        "launch",
        "provisioning",
        "pulling",
        "starting",
        "container-health",
        "load-balancer-health",
        "settling",
        "draining",
        "stopping",
        "bake-time",
        "completing",
        "rolling-back",
        "stage",
        "traffic-shift",
        "approval",
    ];
    for word in ever {
        let phase = shipway_domain::event::PhaseKind::parse(word);
        assert_eq!(phase.map(|phase| phase.as_str()), Some(word));
    }
}
