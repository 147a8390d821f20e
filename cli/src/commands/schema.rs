//! `shipway schema`: the JSON Schema of shipway.toml.

use crate::error::Error;
use crate::session::Session;

/// Options of `schema`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the schema.
pub(crate) fn run(_: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    writeln!(session.io.out, "{}", shipway_manifest::schema())?;
    session.io.out.flush()?;
    Ok(0)
}
