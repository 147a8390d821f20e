//! The main job with every part a process of its own: simulator, coordinator, two agents, CLI.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod deploy;
mod otlp;
mod process;
mod prometheus;
mod receiver;
mod secrets;
mod trace;
