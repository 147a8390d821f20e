//! `shipway watch`: watch a release to its end.

use shipway_domain::ids::ReleaseId;

use crate::error::Error;
use crate::follow::{Until, follow};
use crate::session::Session;

/// Options of `watch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The release
    pub release: ReleaseId,
    /// Go on while it rests (unknown, stuck), until it has ended
    #[arg(long)]
    pub until_end: bool,
}

/// Watches.
pub(crate) async fn run(args: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let until = if args.until_end {
        Until::End
    } else {
        Until::Rest
    };
    let server = session.server().await?;
    follow(session, server, args.release, until).await
}
