//! All programs in one, for tests with several processes: the first argument says which.

use std::process::ExitCode;

/// As in `shipway-server`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let which = args.next().unwrap_or_default();
    let args = std::iter::once(which.clone()).chain(args);
    match which.to_str() {
        Some("shipway-server") => shipway_server::run(args),
        Some("shipway-agent") => shipway_agent::run(args),
        Some("shipway-dev") => shipway_dev::run(args),
        Some("aws-sim") => aws_sim::cli::process(args),
        Some("shipway") => shipway_cli::process(args),
        _ => ExitCode::from(2),
    }
}
