//! A platform made of a model of ECS: no network, time from outside, every fault at will.
//!
//! [`ModelPlatform`] stands behind the port of platforms as the ECS plugin does, and holds the same contract
//! (`shipway_plugin::contract`), so that what a simulation proves on it is not about a fiction. Services roll
//! out as `ecs-model` says; accounts, registries, secrets and scalable targets are as much as the port shows of
//! them. What happens depends on the calls, the clock and a seed alone.
//!
//! [`ModelBuilder`] pushes to its registries what it was asked to build.
//!
//! What it leaves out: load balancers, other strategies than ROLLING, deployment alarms, permissions, and all else around a service.

mod around;
mod builder;
mod call;
mod clock;
mod controls;
mod definition;
mod fault;
mod handle;
mod ids;
mod images;
mod looks;
mod names;
mod one_off;
mod outside;
mod platform;
mod polls;
mod region;
mod registry;
mod repository;
mod service;
mod settings;
mod show;
mod world;

pub use builder::ModelBuilder;
pub use call::{Answered, Asks, Call, Landed};
pub use clock::{Clock, Hand};
pub use ecs_model::{Backoff, Check, Outcome, Pace, Phases, Until};
pub use fault::Fault;
pub use one_off::OneOffs;
pub use platform::ModelPlatform;
pub use settings::Settings;
