//! Acts and observes in AWS accounts: ECR, ECS, Auto Scaling, STS.
//!
//! [`EcsPlatform`] is the [`shipway_plugin::Platform`] over the AWS SDKs. It answers what is and does
//! what it is told; what to do next is `shipway-domain`'s business.

mod around;
mod batch;
mod budget;
mod call;
mod clients;
mod config;
mod convert;
mod deployments;
mod errors;
mod logs;
mod one_off;
mod operation;
mod place;
mod platform;
mod poller;
mod raw;
mod region;
mod registry;
mod scaling;
mod secret;
mod service;
mod signed;
mod task_definition;
mod tasks;
mod usage;
mod xml;

pub use call::SPAN;
pub use config::{AccountConfig, BadConfig, BaseCredentials, PlatformConfig, Polling};
pub use platform::EcsPlatform;
