//! The `aws-sim` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    aws_sim::cli::process(std::env::args_os())
}
