//! The services and the names they go by on the wire (ecs-facts 11.3).

use serde_json::Value;

use super::{ApiError, Ctx};
use crate::world::World;
use crate::{autoscaling, ecr, ecs, parameters, secrets, sts};

/// A simulated service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Elastic Container Service.
    Ecs,
    /// Elastic Container Registry (the API, not the registry protocol).
    Ecr,
    /// Application Auto Scaling.
    AutoScaling,
    /// Secrets Manager.
    Secrets,
    /// Systems Manager (parameters).
    Parameters,
    /// Security Token Service.
    Sts,
}

/// Prefixes of `X-Amz-Target` of the awsJson1.1 services.
const TARGETS: [(&str, Service); 5] = [
    ("AmazonEC2ContainerServiceV20141113.", Service::Ecs),
    ("AmazonEC2ContainerRegistry_V20150921.", Service::Ecr),
    ("AnyScaleFrontendService.", Service::AutoScaling),
    ("secretsmanager.", Service::Secrets),
    ("AmazonSSM.", Service::Parameters),
];

impl Service {
    /// Service and operation of an `X-Amz-Target` header.
    pub(crate) fn of_target(target: &str) -> Option<(Self, &str)> {
        TARGETS
            .iter()
            .find_map(|(prefix, service)| Some((*service, target.strip_prefix(prefix)?)))
    }

    /// Its name in IAM actions, in ARNs and in the call log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Ecr => "ecr",
            Self::AutoScaling => "application-autoscaling",
            Self::Secrets => "secretsmanager",
            Self::Parameters => "ssm",
            Self::Sts => "sts",
        }
    }

    /// Member that carries the text of an error.
    pub(super) const fn message_key(self) -> &'static str {
        match self {
            Self::AutoScaling | Self::Secrets => "Message",
            _ => "message",
        }
    }

    /// Answers one call.
    pub(super) fn call(
        self,
        world: &mut World,
        ctx: &Ctx,
        action: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        match self {
            Self::Ecs => ecs::call(world, ctx, action, input),
            Self::Ecr => ecr::call(world, ctx, action, input),
            Self::AutoScaling => autoscaling::call(world, ctx, action, input),
            Self::Secrets => secrets::call(world, ctx, action, input),
            Self::Parameters => parameters::call(world, ctx, action, input),
            Self::Sts => sts::call(world, ctx, action, input),
        }
    }
}
