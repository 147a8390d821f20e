//! Keeps records and events durable and gives the board back after a restart.
//!
//! - [`DataDir`]: the locked folder that everything lives in.
//! - [`Store`]: what a store of records can do; [`SledStore`] keeps them on disk, [`MemoryStore`] in
//!   memory for tests. [`Committer`] is the one thread that writes, many batches to one sync.
//! - [`Blobs`] and [`Logs`]: bulk data, as files.
//!
//! A store decides nothing: it keeps [`Change`](shipway_domain::change::Change)s, the same that the
//! board applies. Absent on purpose: gRPC, clocks, rules. Absent still: a preallocated reserve that
//! lets running work be recorded on a full disk, online export and import, and the collection of
//! blobs, logs and ended releases.

mod birth;
mod blobs;
mod committer;
mod data_dir;
mod encode;
mod engine;
mod error;
mod frame;
mod key;
mod load;
mod loaded;
mod logs;
mod records;
mod store;

#[cfg(test)]
mod tests;

pub use blobs::{BlobError, Blobs, Upload};
pub use committer::{Batch, Batches, CommitError, Committer, Counts, Ticket};
pub use data_dir::{DataDir, LowDisk};
pub use encode::{MAX_RECORD, fits};
pub use error::{Damage, StoreError};
pub use loaded::{Loaded, Quarantined};
pub use logs::{Follower, Logs};
pub use records::{MemoryStore, SledStore};
pub use store::{Filter, Receipt, Store};
