//! The `shipway` program.

use std::process::ExitCode;

use shipway_cli::{Error, Io};
use shipway_runtime::telemetry::{Telemetry, TelemetryConfig};

fn main() -> ExitCode {
    let mut io = Io::of_process();
    let cli = match shipway_cli::parse(std::env::args_os(), &mut io) {
        Ok(cli) => cli,
        Err(code) => return code.into(),
    };
    // One thread is enough, and the fastest to start.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = Error::local("could not start the runtime", error);
            return shipway_cli::report(&error, &mut io).into();
        }
    };
    let quiet = TelemetryConfig {
        log: "off".to_owned(),
        ..TelemetryConfig::default()
    };
    let code = runtime.block_on(async {
        let telemetry = Telemetry::install("shipway", &quiet);
        let code = shipway_cli::execute(cli, &mut io).await;
        // The exporter needs this thread for its connection while it waits for it.
        drop(tokio::task::spawn_blocking(move || telemetry.flush()).await);
        code
    });
    code.into()
}
