//! The protocol of Shipway, on the wire and on disk, and its one dictionary to the words of the
//! domain.

mod generated;

pub use generated::{store, v1};

/// Descriptors of all messages and services, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
