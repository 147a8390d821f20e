//! Releases that have ended: how they are found, and how long they are kept.

mod query;
mod retention;

#[cfg(test)]
mod tests;

pub use query::{Page, Query, TargetPattern};
pub use retention::{Fate, Retention};
