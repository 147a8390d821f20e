//! Packs a directory tree into a tar that depends on its content only, honouring `.dockerignore`.
//!
//! Two trees with the same names, bytes, links and executable bits give the same tar, byte for
//! byte, whatever their times, owners and order on disk: the sha256 of the tar names the content.

mod archive;
mod error;
mod heavy;
mod human;
mod ignore;
mod pack;
mod pattern;
mod unpack;
mod walk;

pub use archive::{Hashing, TarEntry};
pub use error::ContextError;
pub use human::HumanBytes;
pub use ignore::{IgnoreFile, IgnoreRules};
pub use pack::{PackOptions, Packed, pack};
pub use unpack::unpack;
