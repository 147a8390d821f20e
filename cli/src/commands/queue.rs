//! `shipway queue`: who waits, since when, for what.

use serde_json::{Value, json};
use shipway_domain::ids::Target;
use shipway_domain::time::Timestamp;
use shipway_proto::v1::{self, JobPhase};

use crate::error::Error;
use crate::json;
use crate::session::Session;
use crate::text::line::Tone;
use crate::text::table::Table;
use crate::text::words::{about, target};

/// Options of `queue`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the queue.
pub(crate) async fn run(_: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let server = session.server().await?;
    let answer = server.client.clone().queue(v1::QueueRequest {}).await;
    let entries = answer
        .map_err(|status| server.failed(&status))?
        .into_inner()
        .entries;
    if session.json() {
        let list: Value = entries.iter().map(object).collect();
        session.print_json(&json::document(json!({ "jobs": list })))?;
        return Ok(0);
    }
    if entries.is_empty() {
        writeln!(session.io.out, "nothing waits, nothing runs")?;
        session.io.out.flush()?;
        return Ok(0);
    }
    let names = super::accounts::names(&server).await;
    let now = session.now();
    let mut table = Table::new(&[
        "#",
        "release",
        "app → env",
        "job",
        "target",
        "by",
        "state",
        "since",
        "why",
    ]);
    for (place, entry) in entries.iter().enumerate() {
        let home = entry
            .target
            .clone()
            .and_then(|place| Target::try_from(place).ok());
        let home = home.map(|home| target(&home, names.get(&home.account).map(String::as_str)));
        let (state, tone) = match entry.phase() {
            JobPhase::Running => ("running", Tone::Active),
            JobPhase::Resting => ("resting", Tone::Warn),
            JobPhase::Waiting | JobPhase::Unspecified | JobPhase::Ended => ("waiting", Tone::Plain),
        };
        let why = match (&entry.wait, &entry.agent) {
            (Some(wait), _) => wait.text.clone(),
            (None, Some(agent)) => format!("on {agent}"),
            (None, None) => String::new(),
        };
        let plain = |text: String| (Tone::Plain, text);
        table.toned([
            plain((place + 1).to_string()),
            plain(json::id(entry.release)),
            plain(format!("{} → {}", entry.app, entry.env)),
            plain(entry.kind.clone()),
            plain(home.unwrap_or_else(|| "–".to_owned())),
            plain(entry.submitter.clone()),
            (tone, state.to_owned()),
            plain(about(now.since(Timestamp::from_millis(entry.since_ms)))),
            plain(why),
        ]);
    }
    session.print(&table.lines())?;
    Ok(0)
}

fn object(entry: &v1::QueueEntry) -> Value {
    json!({
        "release": json::id(entry.release),
        "job": entry.job,
        "app": entry.app,
        "env": entry.env,
        "kind": entry.kind,
        "target": json::target_message(entry.target.as_ref()),
        "priority": entry.priority,
        "submitter": entry.submitter,
        "phase": json::phase(entry.phase()),
        "agent": entry.agent,
        "since": json::time(entry.since_ms),
        "wait": json::wait(entry.wait.as_ref()),
    })
}
