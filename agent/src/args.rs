//! The command line of `shipway-agent`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use serde::Serialize;
use shipway_plugin_ecs::EcsPlatform;
use shipway_runtime::telemetry::{Service, Telemetry};
use shipway_runtime::{Clock, Tasks, config, shutdown};

use crate::agent::Agent;
use crate::config::AgentConfig;
use crate::plugins;

/// Holds the keys of AWS accounts and carries out deploys there.
#[derive(Parser)]
#[command(name = "shipway-agent", version)]
struct Args {
    /// Configuration file (TOML). Environment variables SHIPWAY_AGENT_* and flags go before it.
    #[arg(long, env = "SHIPWAY_AGENT_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// Print the effective configuration and end.
    #[arg(long)]
    show_config: bool,
}

/// Flags that are settings; those left away keep what file and environment say.
#[derive(clap::Args, Serialize)]
struct Flags {
    /// Id of this agent.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// URL of the coordinator.
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    /// Folder of this agent.
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
}

/// Runs the program with these arguments.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout and succeeds, the rest to stderr; a broken pipe is no failure.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match act(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last words of the program")]
fn say_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

#[expect(clippy::print_stdout, reason = "what was asked for is data")]
fn act(args: &Args) -> anyhow::Result<()> {
    let config: AgentConfig = config::load(
        args.config.as_deref(),
        "SHIPWAY_AGENT_",
        &["config"],
        &args.flags,
    )?;
    if args.show_config {
        println!("{}", config::show(&config));
        return Ok(());
    }
    let platform = config.platform()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    runtime.block_on(async move {
        let telemetry = Telemetry::install(
            Service {
                name: "shipway-agent",
                instance: config.id.clone(),
            },
            &config.telemetry,
        );
        let signals = Tasks::new();
        let stop = shutdown::on_signal(&signals).context("could not listen for signals")?;
        let platform = Arc::new(EcsPlatform::new(platform)?);
        let builders = plugins::builders(&config).await?;
        let ended = Agent::new(config, platform, builders, Clock::system())
            .run(stop)
            .await;
        telemetry.flush();
        ended
    })
}
