//! How Amazon ECS replaces tasks: a pure state machine driven by time.
//!
//! A [`Service`] is told what people ask for and what time it is; it answers with tasks, deployments, service
//! deployments and events, as the rolling update of ECS would (ecs-facts 1 to 3). It never reads a clock and
//! never makes up an id: both come from outside, as does what becomes of each task ([`Outside`]).
//!
//! An input at a moment takes effect before whatever happens by itself at that moment.

mod alarm;
mod bounds;
mod breaker;
mod config;
mod deployment;
mod event;
mod lifecycle;
mod outside;
mod plan;
mod service;
mod service_deployment;
mod task;
mod time;
mod timeline;

pub use alarm::{AlarmConfig, AlarmReport};
pub use bounds::{Bounds, Percents};
pub use breaker::{Breaker, BreakerConfig, BreakerStatus, Failure, Threshold};
pub use config::{Backoff, Choices, Config, EarlySuccess, Pace, Reasons};
pub use deployment::{Deployment, RolloutState};
pub use event::Event;
pub use lifecycle::{Course, Hook, HookAction, HookStatus, Lifecycle, Pause, Stage, Strategy};
pub use outside::{Fresh, Outside, Scripted};
pub use plan::{Check, Checks, Outcome, Phases, Plan, Until};
pub use service::{ContinueRefused, Service, Stall, Standing, StopRefused};
pub use service_deployment::{BreakerReport, Counts, Rollback, ServiceDeployment, Status};
pub use task::{Exit, Health, Report, Stop, StopCode, Task, TaskChange, TaskStatus, TaskTimes};
pub use time::Time;
pub use timeline::{Point, Timeline, TimelineEnd, timeline};
