//! Builds and pushes images with a Docker Engine, through BuildKit.
//!
//! A small BuildKit client of our own over the engine's `/session` and `/grpc`, and a handful of
//! plain Engine calls beside it (build-facts 1). Works with engines from 20.10 on, with the classic
//! image store and with containerd's.

mod auth_header;
mod builder;
mod classic;
mod containerd;
mod details;
mod engine;
mod facts;
mod failure;
mod job;
mod lines;
mod order;
mod proof;
mod push;
mod push_output;
mod redact;
mod refusal;
mod request;
mod session;
mod solve;
mod turns;
mod upgrade;
mod watch;

pub use builder::DockerBuilder;
