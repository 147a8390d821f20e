//! `shipway-dev up`: keeps everything running for use with the CLI.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use shipway_runtime::{Tasks, ready, shutdown};

use crate::stack::{ACCOUNTS, REGION, Stack, StackConfig};

/// Runs until a signal comes.
pub(crate) async fn run(
    mut config: StackConfig,
    data: Option<PathBuf>,
    ready_file: Option<&Path>,
) -> anyhow::Result<()> {
    let signals = Tasks::new();
    let stop = shutdown::on_signal(&signals).context("could not listen for signals")?;
    let kept = data.is_some();
    let passing = tempfile::tempdir().context("could not make a folder")?;
    config.data = data.unwrap_or_else(|| passing.path().to_owned());
    let stack = Stack::start(config.clone()).await?;
    if let Some(file) = ready_file {
        let json = json!({"grpc": stack.grpc, "aws": stack.aws}).to_string();
        ready::write(file, &json)
            .with_context(|| format!("could not write the ready file {}", file.display()))?;
    }
    explain(&stack, &config, kept);
    stop.cancelled().await;
    stack.stop().await
}

#[expect(clippy::print_stdout, reason = "what the user needs to go on")]
fn explain(stack: &Stack, config: &StackConfig, kept: bool) {
    println!("coordinator  {}", stack.grpc);
    println!(
        "aws          {}   time runs {} times as fast",
        stack.aws, config.time_scale
    );
    println!("builders     {}", stack.builders.join(", "));
    if kept {
        println!("data         {}", config.data.display());
    } else {
        println!("data         in a folder that goes with this process (keep it with --data DIR)");
    }
    println!();
    println!(
        "accounts     {}",
        ACCOUNTS.map(|(name, id)| format!("{name} {id}")).join(", ")
    );
    println!();
    println!("  export SHIPWAY_SERVER={}", stack.grpc);
    println!(
        "  shipway -C FOLDER deploy staging   # FOLDER holds shipway.toml; README has a first one"
    );
    println!();
    println!("for other AWS clients:");
    println!(
        "  export AWS_ENDPOINT_URL={} AWS_REGION={REGION}",
        stack.aws
    );
    println!(
        "  export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=any   # acts in staging"
    );
    println!();
    println!("Ctrl-C ends it.");
}
