//! The gRPC services: translation, and nothing else.

pub(crate) mod agents;
mod answers;
pub(crate) mod auth;
pub(crate) mod blobs;
pub(crate) mod errors;
mod history;
mod limits;
pub(crate) mod logs;
mod now;
mod progress;
pub(crate) mod shipway;
pub(crate) mod showing;
pub(crate) mod view;
pub(crate) mod watch;
