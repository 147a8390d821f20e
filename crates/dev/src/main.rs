//! `shipway-dev`: a first try of Shipway, and its test bed.

use std::process::ExitCode;

fn main() -> ExitCode {
    shipway_dev::run(std::env::args_os())
}
