//! What an agent says of itself, and what it holds.

use crate::ids::{AccountId, AgentId, Attempt, Incarnation, JobId, Region};

/// An agent as it introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentDescription {
    /// Its id, unique among the living.
    pub id: AgentId,
    /// This life of it.
    pub incarnation: Incarnation,
    /// Version of the program.
    pub version: String,
    /// Accounts that it may act in.
    pub accounts: Vec<AgentAccount>,
    /// What it can do: `docker`, `layers` (builders) and `ecs`.
    pub plugins: Vec<String>,
    /// Jobs that it runs at once, at least 1.
    pub capacity: u32,
    /// Free words for people.
    pub labels: Vec<(String, String)>,
}

/// An account that an agent may act in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentAccount {
    /// Its number.
    pub id: AccountId,
    /// Its name among people.
    pub name: String,
    /// Regions there.
    pub regions: Vec<Region>,
}

/// A job that an agent says it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The job.
    pub job: JobId,
    /// The attempt it was given.
    pub attempt: Attempt,
}
