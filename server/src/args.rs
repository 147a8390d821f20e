//! The command line of `shipway-server`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;
use shipway_runtime::telemetry::Telemetry;
use shipway_runtime::{Clock, Tasks, config, ready, shutdown};

use crate::config::ServerConfig;
use crate::serve::Server;
use crate::tokens::{Role, Tokens};
use crate::transfer;

/// Threads that wait for files at once. Each keeps memory that it has used; five hundred, tokio's default, would keep
/// hundreds of MiB once many people had read logs.
const FILE_THREADS: usize = 32;

/// Queues deploys durably and hands them to agents.
#[derive(Parser)]
#[command(name = "shipway-server", version)]
struct Args {
    /// Configuration file (TOML). Environment variables SHIPWAY_* and flags go before it.
    #[arg(long, env = "SHIPWAY_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// Print the effective configuration and end.
    #[arg(long)]
    show_config: bool,
    /// Write {"grpc": "http://…"} here once everything answers, with "metrics" where they are told.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Flags that are settings; those left away keep what file and environment say.
#[derive(clap::Args, Serialize)]
struct Flags {
    /// Address to listen on; beyond loopback only with TLS.
    #[arg(long, value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Folder for everything that is kept.
    #[arg(long, value_name = "DIR", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a token and prints it, once; only its hash is kept. Works while the coordinator runs.
    Token {
        /// Who will present it: recorded as the submitter.
        #[arg(long)]
        name: String,
        /// What its bearer may do.
        #[arg(long, value_enum, default_value = "client")]
        role: RoleArg,
    },
    /// Writes everything that is kept into a new file, but tokens. Works while the coordinator runs, as the
    /// user that owns the data folder, and when it does not.
    Export {
        /// The file; it must not exist.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// Print one JSON document on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Takes such a file into a new data folder. Interrupted, it can be started again.
    Import {
        /// The file.
        file: PathBuf,
        /// Print one JSON document on stdout.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    /// Submit, watch, cancel.
    Client,
    /// Run jobs.
    Agent,
}

/// Runs the program with these arguments.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout and succeeds, the rest to stderr; a broken pipe is no reason to fail.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match act(args) {
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
fn act(args: Args) -> anyhow::Result<()> {
    // Variables of the CLI, the agent, shipway-dev and the tests share the prefix.
    let reserved = [
        "config",
        "server",
        "token",
        "token_file",
        "ca",
        "agent_*",
        "dev_*",
        "require_*",
        "failpoint",
        "crash_*",
        "sim_*",
        "golden",
        "record",
    ];
    let config: ServerConfig =
        config::load(args.config.as_deref(), "SHIPWAY_", &reserved, &args.flags)?;
    config.validate()?;
    match args.command {
        Some(Command::Token { name, role }) => {
            let role = match role {
                RoleArg::Client => Role::Client,
                RoleArg::Agent => Role::Agent,
            };
            println!("{}", Tokens::of(&config.data).make(&name, role)?);
            return Ok(());
        }
        Some(Command::Export { to, json }) => return transfer::write(&config.data, &to, json),
        Some(Command::Import { file, json }) => return transfer::read(&config.data, &file, json),
        None => {}
    }
    if args.show_config {
        println!("{}", config::show(&config));
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(FILE_THREADS)
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    let ended = runtime.block_on(serve(config, args.ready_file.as_deref()));
    // A collector that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn serve(config: ServerConfig, ready_file: Option<&Path>) -> anyhow::Result<()> {
    let telemetry = Telemetry::install("shipway-server", &config.telemetry);
    shipway_runtime::files::raise_limit();
    let signals = Tasks::new();
    let stop = shutdown::on_signal(&signals).context("could not listen for signals")?;
    let drain = Duration::from_secs(config.drain_seconds);
    let server = Server::start(config, Clock::system()).await?;
    if let Some(file) = ready_file {
        let metrics = server.metrics_url();
        let metrics = metrics.map_or_else(String::new, |url| format!(", \"metrics\": \"{url}\""));
        let json = format!("{{\"grpc\": \"{}\"{metrics}}}", server.url());
        ready::write(file, &json)
            .with_context(|| format!("could not write the ready file {}", file.display()))?;
    }
    let ended = server.run(stop, drain).await;
    telemetry.flush();
    ended.map_err(Into::into)
}
