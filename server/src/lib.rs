//! The coordinator: owns the board, commits, offers work, times out the silent.

mod admin;
mod args;
pub mod config;
mod coordinator;
mod disk;
mod front;
mod hub;
mod keeper;
mod metrics;
mod offer;
mod rpc;
mod serve;
mod tokens;
mod traces;
mod transfer;

pub use args::run;
pub use config::ServerConfig;
pub use coordinator::{CallError, Coordinator};
pub use serve::{Ground, ServeError, Server};
pub use tokens::{Bearer, Role, Tokens};
