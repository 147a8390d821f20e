//! `shipway cancel`: take a release back.

use serde_json::json;
use shipway_domain::ids::ReleaseId;
use shipway_proto::v1;

use crate::error::Error;
use crate::json;
use crate::session::Session;

/// Options of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The release
    pub release: ReleaseId,
    /// Why, for those who wonder later
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: String,
}

/// Asks for the end of a release.
pub(crate) async fn run(args: Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let release = args.release;
    let server = session.server().await?;
    let request = v1::CancelRequest {
        release: release.number(),
        reason: args.reason,
    };
    let answer = server.client.clone().cancel(request).await;
    let answer = answer
        .map_err(|status| server.failed(&status))?
        .into_inner();
    if session.json() {
        let members = json!({
            "release": release.to_string(),
            "already_ended": answer.already_ended,
        });
        session.print_json(&json::document(members))?;
    } else if answer.already_ended {
        writeln!(session.io.out, "release {release} has ended already")?;
    } else {
        writeln!(
            session.io.out,
            "asked release {release} to stop; see: shipway watch {release}"
        )?;
    }
    session.io.out.flush()?;
    Ok(0)
}
