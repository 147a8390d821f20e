//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    accounts, agents, approve, cancel, clean, completions, deploy, diagnose, init, list, logs,
    plan, queue, reject, rollback, schema, status, trace, validate, watch,
};

/// Deploys apps to Amazon ECS and proves what came of it.
#[derive(Debug, Parser)]
#[command(
    name = "shipway",
    version,
    after_help = "`shipway help exit-codes` lists the exit codes.",
    after_long_help = crate::exit::table(),
    disable_help_subcommand = false
)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of all commands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The coordinator, as in http://127.0.0.1:7433 [env: SHIPWAY_SERVER]
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// File that holds the token; without it SHIPWAY_TOKEN is used
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Certificate (PEM) that signs the coordinator's, for https [env: SHIPWAY_CA]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Print JSON: stable, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// The manifest [default: shipway.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Run as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first shipway.toml, and the task definition from a running service
    Init(init::Args),
    /// Check shipway.toml and the task definition; no coordinator needed
    Validate(validate::Args),
    /// Print the JSON Schema of shipway.toml, for editors
    Schema(schema::Args),
    /// What a deploy would do: differences, the course of the rollout, warnings; nothing is changed
    Plan(plan::Args),
    /// Build, push and roll out to an environment, and watch it to a proven end
    Deploy(deploy::Args),
    /// Watch a release to its end
    Watch(watch::Args),
    /// What is wrong with a service now, whoever deployed it, and what to do
    Diagnose(diagnose::Args),
    /// What was last proven on each target
    Status(status::Args),
    /// Releases, newest first
    List(list::Args),
    /// Where the time of a release went, span by span, without any collector
    Trace(trace::Args),
    /// Output of a release's jobs
    Logs(logs::Args),
    /// Take a release back: what has not started never will, a rollout goes back
    Cancel(cancel::Args),
    /// Let a deployment go on that waits for approval at a lifecycle hook
    Approve(approve::Args),
    /// Send a deployment back that waits for approval at a lifecycle hook
    Reject(reject::Args),
    /// Bring back what an earlier release proved
    Rollback(rollback::Args),
    /// Deregister old revisions of task definitions; those in use stay
    Clean(clean::Args),
    /// Who waits, since when, for what
    Queue(queue::Args),
    /// Agents and what they can do
    Agents(agents::Args),
    /// AWS accounts and the agents that may act in them
    Accounts(accounts::Args),
    /// Print completions for a shell
    Completions(completions::Args),
    /// List the exit codes
    #[command(hide = true, after_help = crate::exit::table())]
    ExitCodes,
}

impl Command {
    /// The command as it is typed.
    pub(crate) fn name(&self) -> &'static str {
        let name = self.span_name();
        name.strip_prefix("shipway ").unwrap_or(name)
    }

    /// What the command's span is called.
    pub(crate) const fn span_name(&self) -> &'static str {
        match self {
            Self::Init(_) => "shipway init",
            Self::Validate(_) => "shipway validate",
            Self::Schema(_) => "shipway schema",
            Self::Plan(_) => "shipway plan",
            Self::Deploy(_) => "shipway deploy",
            Self::Watch(_) => "shipway watch",
            Self::Diagnose(_) => "shipway diagnose",
            Self::Status(_) => "shipway status",
            Self::List(_) => "shipway list",
            Self::Trace(_) => "shipway trace",
            Self::Logs(_) => "shipway logs",
            Self::Cancel(_) => "shipway cancel",
            Self::Approve(_) => "shipway approve",
            Self::Reject(_) => "shipway reject",
            Self::Rollback(_) => "shipway rollback",
            Self::Clean(_) => "shipway clean",
            Self::Queue(_) => "shipway queue",
            Self::Agents(_) => "shipway agents",
            Self::Accounts(_) => "shipway accounts",
            Self::Completions(_) => "shipway completions",
            Self::ExitCodes => "shipway exit-codes",
        }
    }
}
