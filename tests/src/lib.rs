//! Proves that the parts fit: a world to deploy in, apps to deploy, and eyes to see what came of it.

mod app;
mod aws;
pub mod missing;
pub mod python;
mod raw;
pub mod streams;
mod world;

pub use app::App;
pub use aws::Aws;
pub use raw::{RawAgent, done, lost_agent, quick_agent};
pub use world::{Ran, Scaled, World, agent_in, id, patiently};
