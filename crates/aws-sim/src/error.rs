//! What can go wrong with the simulator itself (not what it simulates going wrong).

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

/// Why a simulator could not be started or seeded.
#[derive(Debug, Error)]
pub enum SimError {
    /// Out of range.
    #[error("time scale {0} is not in 1..=1000")]
    TimeScale(f64),
    /// The simulator takes anybody's word for who they are, so it stays on this machine.
    #[error("{0} is not a loopback address, and the simulator checks no signatures")]
    NotLoopback(SocketAddr),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// No loopback port for an image registry.
    #[error("cannot open an image registry on loopback")]
    Registry(#[source] std::io::Error),
    /// The data directory cannot be used.
    #[error("cannot use {path}")]
    Data {
        /// File or directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Saved state is not what this version wrote.
    #[error("saved state {path} cannot be read")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Tasks cannot be containers here.
    #[error("tasks of kind docker need a Docker Engine: {0}")]
    Engine(String),
    /// A seed contradicts itself or is refused by a service.
    #[error("bad seed: {0}")]
    Seed(String),
}
