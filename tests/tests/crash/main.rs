//! Coordinator and agents as real processes, killed at every named point and at random, over and over:
//! every promise holds, as AWS's own log and the records on disk show it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod alone;
mod app;
mod aws;
mod cli;
mod clone;
mod facts;
mod machine;
mod rolling;
mod rounds;
mod scenario;
mod world;
