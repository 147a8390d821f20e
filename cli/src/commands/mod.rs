//! The commands, one file each, named as the command.

pub(crate) mod accounts;
pub(crate) mod agents;
pub(crate) mod approve;
pub(crate) mod cancel;
pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod deploy;
pub(crate) mod diagnose;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod plan;
pub(crate) mod queue;
pub(crate) mod reject;
pub(crate) mod rollback;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod trace;
pub(crate) mod validate;
pub(crate) mod watch;

use crate::args::Command;
use crate::error::Error;
use crate::session::Session;

/// Carries out a command and gives the exit code.
pub(crate) async fn run(command: Command, mut session: Session<'_>) -> Result<u8, Error> {
    let session = &mut session;
    match command {
        Command::Init(args) => init::run(args, session).await,
        Command::Validate(args) => validate::run(&args, session),
        Command::Schema(args) => schema::run(&args, session),
        Command::Plan(args) => plan::run(args, session).await,
        Command::Deploy(args) => deploy::run(args, session).await,
        Command::Diagnose(args) => diagnose::run(args, session).await,
        Command::Watch(args) => watch::run(&args, session).await,
        Command::Status(args) => status::run(args, session).await,
        Command::List(args) => list::run(args, session).await,
        Command::Trace(args) => trace::run(args, session).await,
        Command::Logs(args) => logs::run(&args, session).await,
        Command::Cancel(args) => cancel::run(args, session).await,
        Command::Approve(args) => approve::run(args, session).await,
        Command::Reject(args) => reject::run(args, session).await,
        Command::Rollback(args) => rollback::run(args, session).await,
        Command::Clean(args) => clean::run(args, session).await,
        Command::Queue(args) => queue::run(&args, session).await,
        Command::Agents(args) => agents::run(&args, session).await,
        Command::Accounts(args) => accounts::run(&args, session).await,
        Command::Completions(args) => completions::run(&args, session),
        Command::ExitCodes => {
            write!(session.io.out, "{}", crate::exit::table())?;
            session.io.out.flush()?;
            Ok(0)
        }
    }
}
