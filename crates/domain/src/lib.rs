//! The rules of Shipway: what a release and its jobs are, what may happen next, what a rollout does
//! next, what a verdict is, and what stopped tasks mean.
//!
//! Absent here on purpose: clock, randomness, environment, files, async, serde, protobuf, AWS.

pub mod agent;
pub mod board;
pub mod bounds;
pub mod change;
pub mod checkpoint;
pub mod day;
pub mod diagnose;
pub mod document;
pub mod dora;
pub mod event;
pub mod gate;
pub mod history;
pub mod hook;
pub mod ids;
pub mod image;
pub mod job;
pub mod late_call;
pub mod observe;
pub mod plan;
pub mod planted;
pub mod promise;
mod registering;
pub mod release;
pub mod revisions;
pub mod rollout;
pub mod scan;
pub mod size;
pub mod spec;
mod spec_check;
pub mod standing;
pub mod strategy;
pub mod surroundings;
pub mod tags;
pub mod target;
pub mod task_definition;
pub mod time;
pub mod trace;
pub mod verdict;
