//! One part as a process of its own: this program, started again as the coordinator, an agent or AWS.

use std::ffi::OsString;
use std::io::Read as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

/// Which part a process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// `shipway-server`.
    Server,
    /// `shipway-agent`.
    Agent,
    /// `aws-sim`.
    Aws,
}

/// What a process is told that plays a part.
#[derive(Args)]
pub(crate) struct Part {
    #[arg(value_enum)]
    role: Role,
    /// The command line of that program.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

impl Role {
    /// The word on the command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Agent => "agent",
            Self::Aws => "aws",
        }
    }
}

/// Plays the part until it ends, or the process that started it does.
pub(crate) fn run(part: Part) -> ExitCode {
    if let Err(error) = end_with_parent() {
        say(&error);
        return ExitCode::FAILURE;
    }
    let program = |name: &str| std::iter::once(OsString::from(name));
    match part.role {
        Role::Server => shipway_server::run(program("shipway-server").chain(part.args)),
        Role::Agent => shipway_agent::run(program("shipway-agent").chain(part.args)),
        Role::Aws => aws_sim::cli::process(program("aws-sim").chain(part.args)),
    }
}

/// Stdin is a pipe that nothing is ever written to: it ends when the parent does, however that ends.
fn end_with_parent() -> std::io::Result<()> {
    let watch = || {
        let mut nothing = [0];
        loop {
            match std::io::stdin().read(&mut nothing) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(1..) => {}
                Ok(0) | Err(_) => end_at_once(),
            }
        }
    };
    let thread = std::thread::Builder::new().name("parent".to_owned());
    // It lives as long as the process.
    thread.spawn(watch).map(drop)
}

#[expect(
    clippy::exit,
    reason = "nobody is left who could wait for a good order"
)]
fn end_at_once() -> ! {
    std::process::exit(1)
}

#[expect(clippy::print_stderr, reason = "the last words of the process")]
fn say(error: &std::io::Error) {
    eprintln!("error: could not watch over the parent process: {error}");
}
