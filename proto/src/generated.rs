//! The generated code, as modules.
#![allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    reason = "generated from proto/shipway/**"
)]

/// Messages and services on the wire.
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/shipway.v1.rs"));
}

/// Records on disk.
pub mod store {
    /// Version 1 of the records.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/shipway.store.v1.rs"));
    }
}
