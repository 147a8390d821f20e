//! The coordinator: owns the board, commits, offers work, times out the silent.

mod args;
pub mod config;
mod coordinator;
mod front;
mod hub;
mod offer;
mod rpc;
mod serve;
mod tokens;

pub use args::run;
pub use config::ServerConfig;
pub use coordinator::{CallError, Coordinator};
pub use serve::{ServeError, Server};
pub use tokens::{Bearer, Role, Tokens};
