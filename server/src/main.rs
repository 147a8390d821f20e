//! `shipway-server`: the coordinator as a program.

use std::process::ExitCode;

/// Faster than the system's with many small things that one thread makes and another lets go; with
/// huge pages it would take twice the memory for an agent that waits (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    shipway_server::run(std::env::args_os())
}
