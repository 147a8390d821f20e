//! Watching a release to its end: a stream that survives breaks, and three ways to show it.

pub(crate) mod block;
pub(crate) mod ending;
pub(crate) mod job;
mod live;
mod logs;
mod plain;
mod records;
mod show;
pub(crate) mod state;
mod stream;
mod tasks;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use stream::{Until, follow};
