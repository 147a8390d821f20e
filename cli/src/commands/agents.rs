//! `shipway agents`: agents and what they can do.

use serde_json::{Value, json};
use shipway_domain::ids::JobId;
use shipway_domain::time::Timestamp;
use shipway_proto::v1::AgentView;

use crate::error::Error;
use crate::json;
use crate::session::Session;
use crate::text::line::Tone;
use crate::text::table::Table;
use crate::text::words::about;

/// Options of `agents`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the agents.
pub(crate) async fn run(_: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let agents = session.server().await?.agents().await?;
    if session.json() {
        let list: Value = agents.iter().map(object).collect();
        session.print_json(&json::document(json!({ "agents": list })))?;
        return Ok(0);
    }
    let now = session.now();
    let mut table = Table::new(&[
        "agent", "state", "since", "jobs", "plugins", "accounts", "version",
    ]);
    for agent in &agents {
        let (state, tone) = match (agent.connected, agent.draining) {
            (false, _) => ("away", Tone::Warn),
            (true, true) => ("draining", Tone::Warn),
            (true, false) => ("connected", Tone::Good),
        };
        let about_it = agent.description.clone().unwrap_or_default();
        let names = about_it.accounts.iter().map(|account| {
            if account.name.is_empty() {
                account.id.clone()
            } else {
                account.name.clone()
            }
        });
        let plain = |text: String| (Tone::Plain, text);
        table.toned([
            plain(about_it.id.clone()),
            (tone, state.to_owned()),
            plain(about(now.since(Timestamp::from_millis(agent.since_ms)))),
            plain(format!("{}/{}", agent.running.len(), about_it.capacity)),
            plain(about_it.plugins.join(", ")),
            plain(Vec::from_iter(names).join(", ")),
            plain(about_it.version.clone()),
        ]);
    }
    session.print(&table.lines())?;
    Ok(0)
}

fn object(agent: &AgentView) -> Value {
    let about = agent.description.clone().unwrap_or_default();
    let accounts: Value = about
        .accounts
        .iter()
        .map(|account| json!({ "account": account.id, "name": account.name, "regions": account.regions }))
        .collect();
    let labels: Value = about
        .labels
        .iter()
        .map(|label| (label.name.clone(), Value::String(label.value.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let running: Vec<_> = agent
        .running
        .iter()
        .map(|job| JobId::from(*job).to_string())
        .collect();
    json!({
        "agent": about.id,
        "version": about.version,
        "connected": agent.connected,
        "draining": agent.draining,
        "since": json::time(agent.since_ms),
        "capacity": about.capacity,
        "running": running,
        "plugins": about.plugins,
        "accounts": accounts,
        "labels": labels,
    })
}
