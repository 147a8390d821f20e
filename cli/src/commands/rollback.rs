//! `shipway rollback`: bring back what an earlier release proved.

use shipway_domain::ids::ReleaseId;
use shipway_manifest::{Folder, Manifest};
use shipway_proto::v1;

use crate::error::Error;
use crate::session::Session;
use crate::source::mistakes;
use crate::submitted;

/// Options of `rollback`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The environment
    pub env: String,
    /// The release to go back to [default: the one proven before]
    #[arg(long, value_name = "RELEASE")]
    pub to: Option<ReleaseId>,
    /// The app [default: that of shipway.toml]
    #[arg(long)]
    pub app: Option<String>,
    /// What happens afterwards
    #[command(flatten)]
    pub after: submitted::Options,
}

/// Asks for a rollback.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let app = match args.app {
        Some(app) => app,
        None => {
            let files = Folder(session.folder());
            let manifest = Manifest::read(&session.manifest_name(), &files);
            let without = |error| mistakes::error(error).hint("or name the app by --app");
            manifest.map_err(without)?.app().to_owned()
        }
    };
    let server = session.server().await?;
    let to = args.to.map_or_else(String::new, |to| to.to_string());
    let request = v1::RollbackRequest {
        key: args.after.key(&app, &args.env, &to),
        app,
        env: args.env,
        to: args.to.map(ReleaseId::number),
    };
    let answer = server.client.clone().rollback(request).await;
    let reply = answer
        .map_err(|status| server.failed(&status))?
        .into_inner();
    submitted::then(session, server, reply, &args.after).await
}
