//! Exhaustive search: every board that can be reached in small worlds keeps every promise, and from
//! every one of them all jobs can come to their ends.
//!
//! The plain run allows each world few faults (a lost connection, a restart, a second life), so that it
//! takes seconds. `SHIPWAY_SEARCH_FAULTS=2 cargo test -p shipway-domain --lib search` allows so many in each,
//! with two agents everywhere; it is read when the test is compiled.

mod canon;
mod explore;
mod moves;
mod state;

use std::sync::Arc;

use super::spec;
use crate::spec::{Priority, ReleaseSpec};
use explore::{Found, explore};
use state::World;

/// Faults that a world may have, when the environment does not say.
fn faults(usual: u8) -> u8 {
    option_env!("SHIPWAY_SEARCH_FAULTS").map_or(usual, |text| text.parse().unwrap())
}

/// One agent in the plain run, where two would only take longer; two when more is asked for.
fn one_or_two() -> u8 {
    1 + u8::from(option_env!("SHIPWAY_SEARCH_FAULTS").is_some())
}

fn search(world: &World) -> Found {
    let found = explore(world);
    println!(
        "{}: {} boards, {} transitions, at most {} steps to the end of all jobs",
        world.name, found.states, found.transitions, found.farthest
    );
    found
}

fn world(name: &'static str, specs: Vec<ReleaseSpec>, usual_faults: u8) -> World {
    World {
        name,
        specs: specs.into_iter().map(Arc::new).collect(),
        agents: 2,
        lives: 1,
        capacity: 1,
        faults: faults(usual_faults),
        suspends: false,
        extras: true,
    }
}

#[test]
fn every_board_of_one_release_with_a_debt_keeps_the_promises() {
    let world = World {
        agents: 1,
        lives: 2,
        capacity: 2,
        suspends: true,
        ..world(
            "one release, a debt, two lives",
            vec![spec("web", &[&["s"]])],
            2,
        )
    };
    assert!(search(&world).states > 1_000);
}

#[test]
fn every_board_of_two_waves_and_two_agents_keeps_the_promises() {
    let world = world("two waves", vec![spec("web", &[&["s"], &["t"]])], 1);
    assert!(search(&world).states > 1_000);
}

#[test]
fn every_board_of_two_releases_of_one_place_keeps_the_promises() {
    let specs = vec![spec("web", &[&["s"]]), spec("web", &[&["s"]])];
    let world = World {
        agents: one_or_two(),
        extras: false,
        ..world("a release folds another", specs, 1)
    };
    assert!(search(&world).states > 1_000);
}

#[test]
fn every_board_of_two_apps_on_one_target_keeps_the_promises() {
    let mut urgent = spec("api", &[&["s"]]);
    urgent.priority = Priority::HIGHEST;
    let world = World {
        agents: one_or_two(),
        suspends: true,
        extras: false,
        ..world(
            "two apps on one target, a debt",
            vec![spec("web", &[&["s"]]), urgent],
            1,
        )
    };
    assert!(search(&world).states > 1_000);
}

#[test]
fn every_board_with_a_task_before_and_after_a_rollout_keeps_the_promises() {
    let gate = crate::gate::TaskGate {
        container: "app".to_owned(),
        command: vec!["./migrate".to_owned()],
        environment: Vec::new(),
        timeout: crate::gate::TaskGate::TIMEOUT,
    };
    let mut gated = spec("web", &[&["s"]]);
    gated.gates.before = Some(gate.clone());
    gated.gates.after = Some(gate);
    let world = World {
        agents: 1,
        suspends: true,
        ..world("tasks around a rollout", vec![gated], 1)
    };
    assert!(search(&world).states > 1_000);
}

#[test]
fn every_board_of_a_rollback_keeps_the_promises() {
    let first = spec("web", &[&["s"]]);
    let mut back = first.clone();
    back.kind = crate::spec::ReleaseKind::Rollback {
        undoes: crate::ids::ReleaseId::from_number(0),
        to: crate::ids::ReleaseId::from_number(0),
    };
    let world = World {
        agents: one_or_two(),
        extras: false,
        ..world("a rollback undoes", vec![first, back], 1)
    };
    assert!(search(&world).states > 1_000);
}
