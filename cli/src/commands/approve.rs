//! `shipway approve`: let a deployment go on that waits for a person.

use shipway_domain::hook::HookAction;

use crate::answering::{self, Which};
use crate::error::Error;
use crate::session::Session;

/// Options of `approve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is approved
    #[command(flatten)]
    pub which: Which,
    /// Why, for those who wonder later
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub reason: String,
}

/// Approves.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    answering::answer(args.which, HookAction::Continue, args.reason, session).await
}
