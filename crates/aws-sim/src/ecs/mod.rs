//! The ECS service: awsJson1.1 on top of `ecs-model`.
//!
//! The frame calls these functions here, all with the world's lock held (so: short, no waiting):
//!
//! - [`call`] for each API call. `ctx` says who calls, where and when; input comes through
//!   [`crate::wire::Input`]; errors are [`ApiError`] (the frame writes the wire form and the log).
//! - [`tick`] when simulated time has reached the deadline that the last tick gave, and after every
//!   call that may have changed something. It brings the state up to `now` (several deadlines may
//!   lie behind, after a jump of a paused clock) and gives the next deadline. The frame ticks before
//!   a call when a deadline has passed, so that calls always see the state of their own `now`.
//! - [`tick_until`] to bring up services one by one, when many are due and callers shall not wait for all
//!   of them. `DescribeServices` brings up the services that it shows by itself.
//! - [`seed`] to create a cluster with services (`crate::seed`). What exists already stays as it is.
//! - [`census`] and [`set_desired`] when Auto Scaling looks at a service and scales it (ecs-facts 8).
//!
//! How tasks are replaced is the business of `ecs-model`; here are the words of the API, the task
//! definitions, and what a task's image and its failure scripts mean for the task.

mod clusters;
mod control;
mod definition;
mod drive;
pub(crate) mod external;
mod log;
mod names;
mod phases;
mod plan;
mod scaling;
mod seeding;
mod service;
mod spec;
mod state;
mod tags;
mod targets;
mod task;

use crate::wire::Operation;

pub(crate) use control::PHASES;
pub(crate) use drive::{choose, rewake, tick, tick_until};
pub(crate) use phases::Settings;
pub(crate) use scaling::{Census, ServiceName, census, set_desired};
pub(crate) use seeding::seed;
pub(crate) use state::State;
pub(crate) use targets::{RegisteredTask, Standing};
pub(crate) use task::Real;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("CreateCluster", clusters::create),
    ("DescribeClusters", clusters::describe),
    ("ListClusters", clusters::list),
    ("DeleteCluster", clusters::delete),
    ("RegisterTaskDefinition", definition::register),
    ("DescribeTaskDefinition", definition::describe),
    ("DeregisterTaskDefinition", definition::deregister),
    ("DeleteTaskDefinitions", definition::delete),
    ("ListTaskDefinitions", definition::list),
    ("ListTaskDefinitionFamilies", definition::list_families),
    ("CreateService", service::create),
    ("UpdateService", service::update),
    ("DeleteService", service::delete),
    ("DescribeServices", service::describe),
    ("ListServices", service::list),
    ("ListServiceDeployments", service::list_deployments),
    ("DescribeServiceDeployments", service::describe_deployments),
    ("StopServiceDeployment", service::stop_deployment),
    ("ContinueServiceDeployment", service::continue_deployment),
    ("DescribeServiceRevisions", service::describe_revisions),
    ("RunTask", task::run),
    ("StopTask", task::stop),
    ("ListTasks", task::list),
    ("DescribeTasks", task::describe),
    ("TagResource", tags::tag),
    ("UntagResource", tags::untag),
    ("ListTagsForResource", tags::list),
];
