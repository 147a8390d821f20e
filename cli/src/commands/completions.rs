//! `shipway completions`: completions for a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::Error;
use crate::session::Session;

/// Options of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "shipway", &mut script);
    session.io.out.write_all(&script)?;
    session.io.out.flush()?;
    Ok(0)
}
