//! A stand-in for ECS, ECR, Application Auto Scaling and STS that speaks the AWS wire.
//!
//! [`start`] runs it inside a program; the binary `aws-sim` is the same for the command line. Any
//! AWS client works with it: set `AWS_ENDPOINT_URL` to [`Sim::url`], the access key id to the
//! twelve digits of an account, the secret to anything.

pub mod cli;
pub mod clock;
pub mod iam;
pub mod script;
pub mod seed;
pub mod tasks;

mod autoscaling;
mod calls;
mod choices;
mod cloudwatch;
mod control;
mod cow;
mod digest;
mod docker;
mod ec2;
mod ecr;
mod ecs;
mod elb;
mod error;
mod faults;
mod files;
mod glob;
mod ids;
mod image;
mod limits;
mod logs;
mod parameters;
mod persist;
mod quotas;
mod registry;
mod secrets;
mod shared;
mod sim;
mod sockets;
mod sts;
mod tick;
mod wire;
mod world;

pub use calls::Call;
pub use error::SimError;
pub use sim::{Sim, SimConfig, start};
pub use tasks::Tasks;
