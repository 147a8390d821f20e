//! `shipway reject`: send a deployment back that waits for a person.

use shipway_domain::hook::HookAction;

use crate::answering::{self, Which};
use crate::error::Error;
use crate::session::Session;

/// Options of `reject`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is rejected
    #[command(flatten)]
    pub which: Which,
    /// Why: it is a part of the verdict
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Rejects.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    answering::answer(args.which, HookAction::Rollback, args.reason, session).await
}
