//! `shipway logs`: output of a release's jobs.

use serde_json::json;
use shipway_domain::ids::ReleaseId;
use shipway_proto::v1;

use crate::error::Error;
use crate::session::Session;

/// Options of `logs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The release
    pub release: ReleaseId,
    /// Only this job, by its number in the release
    #[arg(long, value_name = "N")]
    pub job: Option<u32>,
    /// Go on until the jobs have ended
    #[arg(long, short)]
    pub follow: bool,
}

/// Prints the output; with `--json` one object per line of it.
pub(crate) async fn run(args: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let server = session.server().await?;
    let request = v1::LogsRequest {
        release: args.release.number(),
        job: args.job,
        follow: args.follow,
    };
    let failed = |status: tonic::Status| server.failed(&status);
    let answer = server.client.clone().logs(request).await;
    let mut chunks = answer.map_err(failed)?.into_inner();
    while let Some(chunk) = chunks.message().await.map_err(failed)? {
        if session.json() {
            for line in String::from_utf8_lossy(&chunk.text).lines() {
                let object = json!({ "job": chunk.job, "attempt": chunk.attempt, "text": line });
                writeln!(session.io.out, "{object}")?;
            }
        } else {
            session.io.out.write_all(&chunk.text)?;
        }
        session.io.out.flush()?;
    }
    Ok(0)
}
