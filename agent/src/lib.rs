//! The agent: takes an offer, walks its steps through plugins, notes intents, reports.
//!
//! It dials out to its coordinator; nothing dials it. It holds the keys of its accounts and keeps no
//! data but the lock on its folder.

mod agent;
mod args;
mod client;
pub mod config;
mod coordinator_time;
mod failure;
mod identity;
mod inspect;
mod job;
mod jobs;
mod metrics;
mod plugins;
mod revisions;
mod running;
mod session;
mod spans;
mod steps;
mod wake;

pub use agent::Agent;
pub use args::run;
pub use client::Connect;
pub use config::AgentConfig;
pub use plugins::builders;
