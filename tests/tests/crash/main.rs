//! Coordinator and agents as real processes, killed at every named point and at random, over and over:
//! every promise holds, as AWS's own log and the records on disk show it.

mod app;
mod aws;
mod clone;
mod facts;
mod machine;
mod rounds;
mod scenario;
mod world;
