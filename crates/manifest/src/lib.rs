//! Reads shipway.toml and task definition files into domain values, with places for errors.
//!
//! [`Manifest::read`] takes the file apart, [`Manifest::resolve`] turns one environment into a
//! [`ReleaseSpec`](shipway_domain::spec::ReleaseSpec). Both find all mistakes they can at once, and
//! each [`Mistake`] shows file, line and what is permitted. Files are read through [`Files`] only, so
//! that they may come out of a git commit as well as from a folder.

mod check;
mod definition;
mod duration;
mod error;
mod file;
mod files;
mod manifest;
mod mistake;
mod path;
mod resolve;
mod schema;
mod suggest;
mod template;
mod text_file;
mod toml_tree;
mod variables;

pub use error::ManifestError;
pub use files::{Files, Folder};
pub use manifest::{Facts, Manifest, Resolved};
pub use mistake::{Level, Mistake, Mistakes};
pub use schema::schema;
pub use template::Template;
