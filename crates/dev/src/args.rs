//! The command line of `shipway-dev`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use shipway_runtime::telemetry::{Telemetry, TelemetryConfig};
use shipway_server::config::LeaseConfig;

use crate::demo;
use crate::processes::part;
use crate::stack::StackConfig;
use crate::up;

/// Coordinator, agents, CLI and a simulator of AWS in one program.
#[derive(Parser)]
#[command(name = "shipway-dev", version)]
struct Args {
    /// What is logged on stderr, such as `info` or `warn,shipway_agent=debug`.
    #[arg(long, global = true, env = "SHIPWAY_DEV_LOG", default_value = "warn")]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the main job on the example app: deploys, a release that fails, the way back.
    Demo(Demo),
    /// Keeps everything running for use with the CLI.
    Up(Up),
    /// What `up --processes` starts this program again as.
    #[command(hide = true)]
    Part(part::Part),
}

#[derive(clap::Args)]
struct Demo {
    /// Print one JSON document on stdout, and nothing else there.
    #[arg(long)]
    json: bool,
    /// Builder: docker or layers. Without it docker when an engine answers, else layers.
    #[arg(long, value_parser = ["docker", "layers"])]
    builder: Option<String>,
    /// Simulated seconds per second, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 30.0)]
    time_scale: f64,
}

#[derive(clap::Args)]
struct Up {
    /// Where the coordinator listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7433")]
    grpc: SocketAddr,
    /// Where the simulator of AWS listens.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7434")]
    aws: SocketAddr,
    /// Simulated seconds per second, 1 to 1000.
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    time_scale: f64,
    /// Keep state here between runs.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Write {"grpc": …, "aws": …} here once everything answers; with --processes also
    /// "pids": {"server": N, "agents": [N, N], "aws": N}, kept up to date.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Docker Engine for builds: auto, off, or an address such as unix:///var/run/docker.sock.
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    docker: String,
    /// What the tasks of the services are: modelled, or containers of a Docker Engine.
    #[arg(long, value_name = "KIND", value_enum, default_value_t = TaskKind::Modelled)]
    tasks: TaskKind,
    /// Coordinator, agents and AWS as processes of their own, each started again when it dies: kill
    /// any of them and watch what comes of it.
    #[arg(long)]
    processes: bool,
}

/// What tasks are made of.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum TaskKind {
    Modelled,
    Docker,
}

impl From<TaskKind> for aws_sim::Tasks {
    fn from(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Modelled => Self::Modelled,
            TaskKind::Docker => Self::Docker,
        }
    }
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
    let command = match args.command {
        Command::Part(part) => return part::run(part),
        Command::Demo(demo) => Mode::Demo(demo),
        Command::Up(up) => Mode::Up(up),
    };
    match act(args.log, command) {
        Ok(code) => code,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// What this process does itself.
enum Mode {
    Demo(Demo),
    Up(Up),
}

#[expect(clippy::print_stderr, reason = "the last words of the program")]
fn say_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

fn act(log: String, mode: Mode) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start the runtime")?;
    runtime.block_on(async move {
        let telemetry = TelemetryConfig {
            log: log.clone(),
            ..TelemetryConfig::default()
        };
        let telemetry = Telemetry::install("shipway-dev", &telemetry);
        let ended = match mode {
            Mode::Demo(Demo {
                json,
                builder,
                time_scale,
            }) => {
                demo::run(demo::Options {
                    json,
                    builder,
                    time_scale,
                })
                .await
            }
            Mode::Up(up) => {
                let config = StackConfig {
                    grpc: up.grpc,
                    aws: up.aws,
                    time_scale: up.time_scale,
                    data: PathBuf::new(),
                    docker: up.docker,
                    tasks: up.tasks.into(),
                    lease: LeaseConfig::default(),
                };
                let options = up::Options {
                    data: up.data,
                    ready_file: up.ready_file,
                    processes: up.processes.then_some(log),
                };
                up::run(config, options).await.map(|()| ExitCode::SUCCESS)
            }
        };
        telemetry.flush();
        ended
    })
}
