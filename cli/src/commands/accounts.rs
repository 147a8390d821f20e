//! `shipway accounts`: AWS accounts and the agents that may act in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shipway_domain::ids::AccountId;
use shipway_proto::v1;

use crate::error::Error;
use crate::json;
use crate::server::Server;
use crate::session::Session;
use crate::text::table::Table;

/// Options of `accounts`.
#[derive(Debug, clap::Args)]
pub struct Args {}

#[derive(Default)]
struct Account {
    name: String,
    regions: BTreeSet<String>,
    agents: BTreeSet<String>,
    connected: BTreeSet<String>,
}

/// Prints the accounts.
pub(crate) async fn run(_: &Args, session: &mut Session<'_>) -> Result<u8, Error> {
    let accounts = collect(session.server().await?.agents().await?);
    if session.json() {
        let list: Value = accounts
            .iter()
            .map(|(id, account)| {
                json!({
                    "account": id,
                    "name": account.name,
                    "regions": account.regions,
                    "agents": account.agents,
                    "connected": account.connected,
                })
            })
            .collect();
        session.print_json(&json::document(json!({ "accounts": list })))?;
        return Ok(0);
    }
    let mut table = Table::new(&["account", "name", "regions", "agents"]);
    for (id, account) in accounts {
        let join = |set: &BTreeSet<String>| Vec::from_iter(set.iter().cloned()).join(", ");
        let agents = account.agents.iter().map(|agent| {
            let here = account.connected.contains(agent);
            if here {
                agent.clone()
            } else {
                format!("{agent} (away)")
            }
        });
        let agents: Vec<String> = agents.collect();
        table.row([
            id,
            account.name.clone(),
            join(&account.regions),
            agents.join(", "),
        ]);
    }
    session.print(&table.lines())?;
    Ok(0)
}

fn collect(agents: Vec<v1::AgentView>) -> BTreeMap<String, Account> {
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    for agent in agents {
        let Some(description) = agent.description else {
            continue;
        };
        for account in description.accounts {
            let entry = accounts.entry(account.id).or_default();
            entry.name = account.name;
            entry.regions.extend(account.regions);
            entry.agents.insert(description.id.clone());
            if agent.connected {
                entry.connected.insert(description.id.clone());
            }
        }
    }
    accounts
}

/// Names of the accounts; empty when they cannot be had, for then the numbers must do.
pub(crate) async fn names(server: &Server) -> BTreeMap<AccountId, String> {
    let agents = server.agents().await.unwrap_or_default();
    collect(agents)
        .into_iter()
        .filter(|(_, account)| !account.name.is_empty())
        .filter_map(|(id, account)| Some((AccountId::new(id).ok()?, account.name)))
        .collect()
}
