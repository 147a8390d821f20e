//! Keeps records and events durable and gives the board back after a restart.
//!
//! - [`DataDir`]: the locked folder that everything lives in.
//! - [`Store`]: what a store of records can do; [`SledStore`] keeps them on disk, [`MemoryStore`] in
//!   memory for tests. [`Committer`] is the one thread that writes, many batches to one sync.
//! - [`export`] and [`import`]: all of it as one file.
//! - [`Blobs`] and [`Logs`]: bulk data, as files.
//! - [`History`]: what a store knows of ended releases; [`Pruner`] removes those that are not kept, with all
//!   that belongs to them.
//!
//! A store decides nothing: it keeps [`Change`](shipway_domain::change::Change)s, the same that the
//! board applies. Absent on purpose: gRPC, clocks, rules.

mod archive;
mod birth;
mod blobs;
mod committer;
mod data_dir;
mod encode;
mod engine;
mod error;
mod file_system;
mod frame;
mod history;
mod key;
mod load;
mod loaded;
mod logs;
mod prune;
mod records;
mod reserve;
mod snapshot;
mod store;
mod usage;

#[cfg(test)]
mod tests;

pub use archive::{ArchiveError, Contents, copy_checked, export, import, import_into};
pub use blobs::{BlobError, Blobs, Collected, Upload};
pub use committer::{Batch, Batches, Commit, CommitError, Committer, Counts, Ticket};
pub use data_dir::{DataDir, LowDisk};
pub use encode::{MAX_RECORD, fits};
pub use error::{Damage, StoreError};
pub use history::{Cursor, History};
pub use loaded::{Bounds, Loaded, Quarantined};
pub use logs::{Follower, Logs};
pub use prune::{PruneError, Pruner};
pub use records::{MemoryStore, SledStore};
pub use store::{Receipt, Store};
pub use usage::{Bytes, Usage};
