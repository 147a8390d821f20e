//! What follows once the coordinator has taken a release in: say so, or watch it.

use serde_json::json;
use shipway_domain::ids::{Digest, ReleaseId};
use shipway_proto::v1;

use crate::error::Error;
use crate::follow::{Until, follow};
use crate::json;
use crate::server::Server;
use crate::session::Session;

/// Options of commands that make a release.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Do not watch: say the release's id and end
    #[arg(long)]
    pub detach: bool,
    /// The same key with the same content is the same release, however often it is sent
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

impl Options {
    /// The key given, or one that no other call has.
    pub(crate) fn key(&self, app: &str, env: &str, content: &str) -> String {
        self.key.clone().unwrap_or_else(|| {
            let random = shipway_runtime::random::hex(16);
            let all = format!("{app}\n{env}\n{content}\n{random}");
            format!("cli-{}", &Digest::of(all.as_bytes()).hex()[..32])
        })
    }
}

/// Says what was taken in, then watches unless detached.
pub(crate) async fn then(
    session: &mut Session<'_>,
    server: Server,
    reply: v1::SubmitReply,
    options: &Options,
) -> Result<u8, Error> {
    let release = ReleaseId::from_number(reply.release);
    session.spans.submitted(&reply);
    if options.detach && session.json() {
        let folded: Vec<String> = reply
            .folded
            .iter()
            .map(|number| json::id(*number))
            .collect();
        session.print_json(&json::document(json!({
            "release": release.to_string(),
            "existed": reply.existed,
            "folded": folded,
        })))?;
        return Ok(0);
    }
    if reply.existed {
        session.note(&format!("release {release} is known by this key already"))?;
    }
    for folded in reply.folded {
        session.note(&format!(
            "it takes the place of release {}",
            json::id(folded)
        ))?;
    }
    if options.detach {
        let line = format!("release {release} is taken in; watch it with: shipway watch {release}");
        writeln!(session.io.out, "{line}")?;
        session.io.out.flush()?;
        return Ok(0);
    }
    follow(session, server, release, Until::Rest).await
}
