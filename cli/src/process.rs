//! A process that is the CLI.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

use shipway_runtime::telemetry::{Telemetry, TelemetryConfig};

use crate::{Error, Io};

/// Runs this process as the CLI with these arguments (program name first).
pub fn process(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut io = Io::of_process();
    let cli = match crate::parse(args, &mut io) {
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
            return crate::report(&error, &mut io).into();
        }
    };
    let quiet = TelemetryConfig {
        log: log(&io.vars).to_owned(),
        ..TelemetryConfig::default()
    };
    let code = runtime.block_on(async {
        let telemetry = Telemetry::install("shipway", &quiet);
        let code = crate::execute(cli, &mut io).await;
        // The exporter needs this thread for its connection while it waits for it.
        drop(tokio::task::spawn_blocking(move || telemetry.flush()).await);
        code
    });
    // What a collector that hangs still holds is let go.
    runtime.shutdown_background();
    code.into()
}

/// What a command logs to stderr: nothing, or, with OpenTelemetry's variable for it, why telemetry did not leave. No more than
/// that at any level: the details of connections have tokens in them.
fn log(vars: &BTreeMap<String, String>) -> &'static str {
    match vars.get("OTEL_LOG_LEVEL").map(String::as_str) {
        None | Some("" | "none" | "off") => "off",
        Some(_) => "off,shipway_cli=warn,shipway_runtime=warn",
    }
}
