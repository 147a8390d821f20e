//! Builds an image from files on a base image and pushes it, without any daemon.
//!
//! One layer per copied file or folder, a config and a manifest, pushed by the registry protocol.
//! The same context and settings give the same digest: layers know no times and no owners, and
//! gzip is always zlib-rs at one level (build-facts 9).

mod base;
mod builder;
mod compress;
mod config;
mod copy;
mod fault;
mod hosts;
mod image;
mod layer;
mod model;
mod order;
mod platform;
mod push;
mod session;

pub use builder::LayersBuilder;
