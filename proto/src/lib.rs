//! The protocol of Shipway, on the wire and on disk, and its one dictionary to the words of the
//! domain.
//!
//! Every translation is a `From` (domain to message, by reference) and a `From` or `TryFrom`
//! (message to domain). A message is refused with the path of the field, what was wrong, and what
//! would be right. No rule lives here beyond those of the domain's own types.

mod agent;
mod checkpoint;
mod cleaning;
mod diagnosis;
mod error;
mod event;
mod fields;
mod generated;
mod hook;
mod ids;
mod outcome;
mod plan;
mod progress;
mod records;
mod spec;
mod standing;
#[cfg(feature = "services")]
pub mod status;
mod tasks;
mod trace;
mod verdict;

pub use error::{ConversionError, Problem};
pub use generated::{store, v1};

/// Descriptors of all messages and services, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
