//! Turns a command line into a call and the answer into text or JSON.
//!
//! There is no rule in here: `domain` and `manifest` know the rules, the coordinator applies them.
//! The whole program is [`run`], which sees the world only through [`Io`].

use std::ffi::OsString;
use std::io::Write as _;

use clap::Parser as _;

mod again;
mod answering;
mod args;
mod commands;
mod error;
pub mod exit;
mod follow;
mod io;
mod json;
mod metrics;
mod process;
mod server;
mod session;
mod source;
mod spans;
mod submitted;
mod text;

pub use args::{Cli, Color, Command, Global};
pub use error::{Error, Kind};
pub use io::{Buffer, Captured, Io};
pub use process::process;

use session::Session;
use spans::Spans;

/// Runs a command line (program name first) and gives the exit code.
pub async fn run(args: impl IntoIterator<Item = OsString>, io: &mut Io) -> u8 {
    match parse(args, io) {
        Ok(cli) => execute(cli, io).await,
        Err(code) => code,
    }
}

/// Reads a command line.
///
/// # Errors
/// The exit code, when it is wrong or only asks for help; what there is to say has been written.
pub fn parse(args: impl IntoIterator<Item = OsString>, io: &mut Io) -> Result<Cli, u8> {
    Cli::try_parse_from(args).map_err(|error| {
        let text = error.render();
        // A reader that went away cannot be told.
        let _gone = if error.use_stderr() {
            write!(io.err, "{text}")
        } else if io.screen.is_some() {
            write!(io.out, "{}", text.ansi()).and_then(|()| io.out.flush())
        } else {
            write!(io.out, "{text}").and_then(|()| io.out.flush())
        };
        if error.use_stderr() { exit::USAGE } else { 0 }
    })
}

/// Carries out a command line and gives the exit code.
pub async fn execute(cli: Cli, io: &mut Io) -> u8 {
    let given = io.vars.get("TRACEPARENT").map(String::as_str);
    let name = cli.command.name();
    let mut spans = Spans::begin(cli.command.span_name(), &io.clock, given);
    let session = Session {
        global: cli.global,
        spans: &mut spans,
        io,
    };
    // On the heap: the futures of all commands together are large.
    let code = match Box::pin(commands::run(cli.command, session)).await {
        Ok(code) => code,
        Err(error) => report(&error, io),
    };
    let took = spans.now().saturating_sub(spans.began());
    // Together, so that a collector that hangs is waited for once.
    let (spans, metric) = (spans.send(code), metrics::send(name, took, code));
    tokio::join!(Box::pin(spans), Box::pin(metric));
    code
}

/// Tells an error on stderr and gives its exit code.
pub fn report(error: &Error, io: &mut Io) -> u8 {
    if error.kind != Kind::BrokenPipe {
        for line in error.report() {
            // A reader that went away cannot be told.
            let _gone = writeln!(io.err, "{line}");
        }
    }
    error.kind.exit_code()
}
