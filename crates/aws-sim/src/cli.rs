//! The command line of `aws-sim`.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::persist::write_atomically;
use crate::{SimConfig, Tasks, seed, start};

/// A stand-in for ECS, ECR, Application Auto Scaling and STS.
///
/// Any access key id of twelve digits acts in the account of that number.
#[derive(Debug, Parser)]
#[command(name = "aws-sim", version)]
pub struct Args {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:4599", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Simulated seconds per real second, 1 to 1000.
    #[arg(long, default_value_t = 1.0, value_name = "N")]
    pub time_scale: f64,
    /// File that gets {"aws": "http://..."} once everything answers.
    #[arg(long, value_name = "F")]
    pub ready_file: Option<PathBuf>,
    /// Directory that keeps state between runs.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Answer what changes something only once it is saved: a kill loses nothing that was answered.
    #[arg(long, requires = "data")]
    pub durable: bool,
    /// What tasks are made of: nothing but time, or containers of a Docker Engine.
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub tasks: Tasks,
    /// Start with the demo accounts (tools, staging, prod) and their service `hello`.
    #[arg(long)]
    pub seed_demo: bool,
}

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// When the simulator cannot start or the ready file cannot be written.
pub async fn run(args: Args) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let sim = start(SimConfig {
        listen: args.listen,
        time_scale: args.time_scale,
        data: args.data,
        durable: args.durable,
        tasks: args.tasks,
        ..SimConfig::default()
    })
    .await?;
    if args.seed_demo {
        sim.seed(&seed::demo())?;
    }
    greet(&sim.url(), args.time_scale)?;
    if let Some(path) = &args.ready_file {
        let ready = serde_json::json!({"aws": sim.url()}).to_string();
        write_atomically(path, ready.as_bytes())
            .with_context(|| format!("cannot write the ready file {}", path.display()))?;
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    sim.stop().await;
    Ok(())
}

fn greet(url: &str, scale: f64) -> std::io::Result<()> {
    writeln!(
        std::io::stdout(),
        "aws-sim answers for ECS, ECR, Application Auto Scaling, STS and what they need; 1 s is \
         {scale} s.\n\n\
         \x20 export AWS_ENDPOINT_URL={url}\n\
         \x20 export AWS_ACCESS_KEY_ID=111111111111   # any twelve digits: the account\n\
         \x20 export AWS_SECRET_ACCESS_KEY=any AWS_REGION=eu-west-1\n\n\
         Calls so far: {url}/_sim/calls   state: {url}/_sim/state"
    )
}

/// Runs this process as the simulator with these arguments (program name first).
pub fn process(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help goes to stdout and succeeds, the rest to stderr; a broken pipe is no failure.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    drop(lines.try_init());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = runtime
        .context("could not start the runtime")
        .and_then(|runtime| runtime.block_on(run(args)));
    match ended {
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
