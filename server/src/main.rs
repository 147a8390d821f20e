//! `shipway-server`: the coordinator as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipway_server::run(std::env::args_os())
}
