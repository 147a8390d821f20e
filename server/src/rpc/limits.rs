//! How large what comes in may be: a record that the store could not keep would end the coordinator,
//! so it is refused where it enters.

use prost::Message;
use shipway_proto::status::{Class, Failure};
use shipway_store::MAX_RECORD;
use tonic::Status;

/// Largest specification in bytes: it is a record of its own.
pub(super) const SPEC: usize = MAX_RECORD - 1024;
/// Largest text that people give: titles, reasons of cancels, keys of rollbacks.
pub(super) const TEXT: usize = 1024;
/// Largest description of an agent: every answer about agents brings all of them.
pub(super) const AGENT: usize = 64 * 1024;
/// Jobs that an agent holds at most.
pub(super) const HELD: usize = 4096;

/// Refuses more than so many.
pub(super) fn count(what: &str, count: usize, limit: usize) -> Result<(), Status> {
    if count <= limit {
        return Ok(());
    }
    let text = format!("{what} has {count} entries; at most {limit} are possible");
    Err(Failure::new(Class::BadInput, text).into())
}

/// Refuses a message that is larger.
pub(super) fn message(what: &str, message: &impl Message, limit: usize) -> Result<(), Status> {
    bytes(what, message.encoded_len(), limit)
}

/// Refuses a text that is longer.
pub(super) fn text(what: &str, text: &str) -> Result<(), Status> {
    bytes(what, text.len(), TEXT)
}

fn bytes(what: &str, size: usize, limit: usize) -> Result<(), Status> {
    if size <= limit {
        return Ok(());
    }
    let text = format!("{what} has {size} bytes; at most {limit} are possible");
    Err(Failure::new(Class::BadInput, text).into())
}
