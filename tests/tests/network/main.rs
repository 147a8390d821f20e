//! Peers that mean no good: what the coordinator refuses, and that others are served meanwhile.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod agents;
mod connections;
mod metrics;
mod node;
mod requests;
mod streams;
mod submit;
mod uploads;
