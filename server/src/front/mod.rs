//! The front of the coordinator: which connections and calls are let in, and how much each may take.
//!
//! The numbers are told in `docs/limits.md`.

mod body;
mod calls;
mod incoming;

use std::time::Duration;

pub(crate) use calls::Front;
pub(crate) use incoming::{Life, incoming};

/// Connections that have made no call yet; beyond that the oldest of them is cut for the newest.
pub(crate) const STRANGERS: usize = 1024;
/// A connection makes its first call within this; TLS and HTTP/2 handshakes count. Where tokens are
/// needed, the call must bring one that is known.
pub(crate) const FIRST_CALL: Duration = Duration::from_secs(20);
/// Calls under way on one connection at most.
pub(crate) const CALLS: u32 = 256;
/// Headers of one call at most, in bytes.
pub(crate) const HEADERS: u32 = 16 * 1024;
/// Calls that a peer may open and reset before they are looked at; then its connection is closed.
pub(crate) const RESETS: usize = 32;
/// Largest request of a call with one message, in bytes: a specification has at most 63 KiB, and a
/// thousand digests 73 KB.
pub(crate) const REQUEST: u64 = 256 * 1024;
/// Largest message of an upload, in bytes: 1 MiB of data and what is around it.
pub(crate) const PIECE: usize = (1 << 20) + 1024;
/// Largest message of an agent, in bytes.
pub(crate) const AGENT_MESSAGE: usize = 4 << 20;
/// A request is here within this; an upload may take longer by what its size asks for.
pub(crate) const RECEIVE: Duration = Duration::from_secs(20);
/// Bytes that an upload brings in each second at least, in the mean.
pub(crate) const PACE: u64 = 16 * 1024;
/// Requests that are on their way in at once.
pub(crate) const REQUESTS: usize = 1024;
/// Uploads that are on their way in at once.
pub(crate) const UPLOADS: usize = 64;
/// Watches and logs that are streamed at once.
pub(crate) const WATCHERS: usize = 4096;
/// An agent says hello within this.
pub(crate) const HELLO: Duration = Duration::from_secs(10);
