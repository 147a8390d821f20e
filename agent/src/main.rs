//! `shipway-agent`: the agent as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipway_agent::run(std::env::args_os())
}
