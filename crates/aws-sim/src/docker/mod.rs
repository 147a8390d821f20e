//! Tasks as containers: a driver brings what the model wants and what a Docker Engine has together.
//!
//! Nothing here decides about tasks. The driver looks which tasks want containers, runs each of them, and tells
//! the model what came of it; all waiting happens outside of the world's lock.

mod check;
mod container;
mod driver;
mod engine;
mod known;
mod pause;
mod runner;
mod target;

pub(crate) use driver::run;
pub(crate) use engine::Engine;
