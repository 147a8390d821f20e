//! The `shipway` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipway_cli::process(std::env::args_os())
}
