//! Everything in one program, for a first try and for tests: coordinator, agents, CLI, and a
//! stand-in for AWS.

mod args;
mod demo;
mod processes;
mod stack;
mod up;

pub use args::run;
pub use stack::{ACCOUNTS, REGION, Stack, StackConfig, TOOLS};
