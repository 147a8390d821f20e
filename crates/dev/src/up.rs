//! `shipway-dev up`: keeps everything running for use with the CLI.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use shipway_runtime::{Tasks, ready, shutdown};

use crate::processes::Processes;
use crate::stack::{ACCOUNTS, REGION, Stack, StackConfig};

/// What is asked of it beside the stack itself.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where state is kept; without it in a folder that goes with the process.
    pub(crate) data: Option<PathBuf>,
    /// Written once everything answers.
    pub(crate) ready_file: Option<PathBuf>,
    /// Whether each part is a process of its own, and what those log.
    pub(crate) processes: Option<String>,
}

/// Everything, in this process or in several.
enum Parts {
    Here(Stack),
    Apart(Processes),
}

/// Runs until a signal comes.
pub(crate) async fn run(mut config: StackConfig, options: Options) -> anyhow::Result<()> {
    let signals = Tasks::new();
    let stop = shutdown::on_signal(&signals).context("could not listen for signals")?;
    let kept = options.data.is_some();
    let passing = tempfile::tempdir().context("could not make a folder")?;
    config.data = match options.data {
        // Other processes may stand elsewhere.
        Some(data) => std::path::absolute(data).context("the folder cannot be named")?,
        None => passing.path().to_owned(),
    };
    let parts = match &options.processes {
        None => Parts::Here(Stack::start(config.clone()).await?),
        Some(log) => Parts::Apart(Processes::start(&config, log).await?),
    };
    if let Some(file) = options.ready_file {
        parts.say_ready(file)?;
    }
    parts.explain(&config, kept);
    stop.cancelled().await;
    match parts {
        Parts::Here(stack) => stack.stop().await,
        Parts::Apart(processes) => processes.stop().await,
    }
}

impl Parts {
    fn addresses(&self) -> (&str, &str) {
        match self {
            Self::Here(stack) => (&stack.grpc, &stack.aws),
            Self::Apart(processes) => (&processes.grpc, &processes.aws),
        }
    }

    fn say_ready(&self, file: PathBuf) -> anyhow::Result<()> {
        match self {
            Self::Here(stack) => {
                let json = json!({"grpc": stack.grpc, "aws": stack.aws}).to_string();
                ready::write(&file, &json)
                    .with_context(|| format!("could not write the ready file {}", file.display()))
            }
            Self::Apart(processes) => processes.publish(file),
        }
    }

    #[expect(clippy::print_stdout, reason = "what the user needs to go on")]
    fn explain(&self, config: &StackConfig, kept: bool) {
        let (grpc, aws) = self.addresses();
        println!("coordinator  {grpc}");
        println!(
            "aws          {aws}   time runs {} times as fast",
            config.time_scale
        );
        let builders = match self {
            Self::Here(stack) => &stack.builders,
            Self::Apart(processes) => &processes.builders,
        };
        println!("builders     {}", builders.join(", "));
        if kept {
            println!("data         {}", config.data.display());
        } else {
            println!(
                "data         in a folder that goes with this process (keep it with --data DIR)"
            );
        }
        println!();
        println!(
            "accounts     {}",
            ACCOUNTS.map(|(name, id)| format!("{name} {id}")).join(", ")
        );
        println!();
        println!("  export SHIPWAY_SERVER={grpc}");
        println!(
            "  shipway -C FOLDER deploy staging   # FOLDER holds shipway.toml; README has a first one"
        );
        println!();
        println!("for other AWS clients:");
        println!("  export AWS_ENDPOINT_URL={aws} AWS_REGION={REGION}");
        println!(
            "  export AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=any   # acts in staging"
        );
        println!();
        println!("Ctrl-C ends it.");
    }
}
