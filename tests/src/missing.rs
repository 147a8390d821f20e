//! Tests that need more than Rust: what is missing is said loudly, and is a failure where it has to be there.

use std::io::Write as _;
use std::process::Command;

/// A variable that forbids tests to be skipped, when it is `1`.
#[derive(Clone, Copy, Debug)]
pub enum Demand {
    /// `SHIPWAY_REQUIRE_DOCKER`: the Docker Engine, and what only root may do.
    Docker,
    /// `SHIPWAY_REQUIRE_CLIENTS`: programs of others.
    Clients,
}

/// Says that `what` is not tested here because of `problem`.
///
/// # Panics
/// When that is forbidden.
#[expect(clippy::disallowed_methods, reason = "the switch of the test run")]
pub fn skip(demand: Demand, what: &str, problem: &str) {
    let name = match demand {
        Demand::Docker => "SHIPWAY_REQUIRE_DOCKER",
        Demand::Clients => "SHIPWAY_REQUIRE_CLIENTS",
    };
    let demanded = std::env::var(name).is_ok_and(|value| value == "1");
    assert!(!demanded, "{name}=1, and for {what}: {problem}");
    // Not by a macro: what those print is shown for tests that fail only.
    let said = format!("SKIPPED: {what}: {problem}\n");
    drop(std::io::stderr().write_all(said.as_bytes()));
}

/// Whether a Docker Engine answers, which `what` needs.
///
/// # Panics
/// When none does and one has to.
#[must_use]
pub fn has_engine(what: &str) -> bool {
    has_program("docker", "version", Demand::Docker, what)
}

/// Whether a program runs when it is given `argument`, which `what` needs.
///
/// # Panics
/// When it does not and has to.
#[must_use]
pub fn has_program(program: &str, argument: &str, demand: Demand, what: &str) -> bool {
    let found = Command::new(program).arg(argument).output();
    let runs = found.is_ok_and(|output| output.status.success());
    if !runs {
        skip(
            demand,
            what,
            &format!("`{program} {argument}` does not work here"),
        );
    }
    runs
}
