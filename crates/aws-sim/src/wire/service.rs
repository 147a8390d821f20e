//! The services and the names they go by on the wire (ecs-facts 11.3).

use serde_json::Value;

use super::{ApiError, Ctx, Input, Operation, enums, find};
use crate::world::World;
use crate::{
    autoscaling, cloudwatch, ec2, ecr, ecs, elb, iam, logs, parameters, quotas, secrets, sts,
};

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
    /// Elastic Load Balancing, version 2.
    LoadBalancing,
    /// CloudWatch Logs.
    Logs,
    /// CloudWatch (alarms, and one metric).
    CloudWatch,
    /// Elastic Compute Cloud (subnets).
    Ec2,
    /// Identity and Access Management.
    Iam,
    /// Service Quotas.
    Quotas,
}

/// Prefixes of `X-Amz-Target` of the services that speak JSON.
const TARGETS: [(&str, Service); 8] = [
    ("AmazonEC2ContainerServiceV20141113.", Service::Ecs),
    ("AmazonEC2ContainerRegistry_V20150921.", Service::Ecr),
    ("AnyScaleFrontendService.", Service::AutoScaling),
    ("secretsmanager.", Service::Secrets),
    ("AmazonSSM.", Service::Parameters),
    ("Logs_20140328.", Service::Logs),
    ("GraniteServiceVersion20100801.", Service::CloudWatch),
    ("ServiceQuotasV20190624.", Service::Quotas),
];

/// `Version`, signing name and XML namespace of the services that speak awsQuery or ec2Query.
const QUERIES: [(&str, &str, &str, Service); 5] = [
    (
        "2011-06-15",
        "sts",
        "https://sts.amazonaws.com/doc/2011-06-15/",
        Service::Sts,
    ),
    (
        "2015-12-01",
        "elasticloadbalancing",
        "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        Service::LoadBalancing,
    ),
    (
        "2010-08-01",
        "monitoring",
        "http://monitoring.amazonaws.com/doc/2010-08-01/",
        Service::CloudWatch,
    ),
    (
        "2016-11-15",
        "ec2",
        "http://ec2.amazonaws.com/doc/2016-11-15/",
        Service::Ec2,
    ),
    (
        "2010-05-08",
        "iam",
        "https://iam.amazonaws.com/doc/2010-05-08/",
        Service::Iam,
    ),
];

impl Service {
    /// Every service.
    pub(crate) const ALL: [Self; 12] = [
        Self::Ecs,
        Self::Ecr,
        Self::AutoScaling,
        Self::Secrets,
        Self::Parameters,
        Self::Sts,
        Self::LoadBalancing,
        Self::Logs,
        Self::CloudWatch,
        Self::Ec2,
        Self::Iam,
        Self::Quotas,
    ];

    /// Service and operation of an `X-Amz-Target` header.
    pub(crate) fn of_target(target: &str) -> Option<(Self, &str)> {
        TARGETS
            .iter()
            .find_map(|(prefix, service)| Some((*service, target.strip_prefix(prefix)?)))
    }

    /// The service of a query, by its version or by the name it is signed for; STS without either.
    pub(super) fn of_query(version: Option<&str>, signed_for: Option<&str>) -> Option<Self> {
        let known = |(of, name, _, _): &&(&str, &str, &str, Self)| match version {
            Some(version) => *of == version,
            None => *name == signed_for.unwrap_or("sts"),
        };
        let found = QUERIES.iter().find(known);
        match (version, found) {
            (_, Some((_, _, _, service))) => Some(*service),
            (None, None) => Some(Self::Sts),
            (Some(_), None) => None,
        }
    }

    /// Namespace of its XML.
    pub(super) fn namespace(self) -> &'static str {
        let mut queries = QUERIES.iter();
        let known = queries.find(|(_, _, _, service)| *service == self);
        known.map_or("", |(_, _, namespace, _)| namespace)
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
            Self::LoadBalancing => "elasticloadbalancing",
            Self::Logs => "logs",
            Self::CloudWatch => "cloudwatch",
            Self::Ec2 => "ec2",
            Self::Iam => "iam",
            Self::Quotas => "servicequotas",
        }
    }

    /// Member that carries the text of an error.
    pub(super) const fn message_key(self) -> &'static str {
        match self {
            Self::AutoScaling | Self::Secrets | Self::Quotas => "Message",
            _ => "message",
        }
    }

    /// What it offers; the table that `call` goes by.
    pub(crate) const fn operations(self) -> &'static [Operation] {
        match self {
            Self::Ecs => ecs::OPERATIONS,
            Self::Ecr => ecr::OPERATIONS,
            Self::AutoScaling => autoscaling::OPERATIONS,
            Self::Secrets => secrets::OPERATIONS,
            Self::Parameters => parameters::OPERATIONS,
            Self::Sts => sts::OPERATIONS,
            Self::LoadBalancing => elb::OPERATIONS,
            Self::Logs => logs::OPERATIONS,
            Self::CloudWatch => cloudwatch::OPERATIONS,
            Self::Ec2 => ec2::OPERATIONS,
            Self::Iam => iam::OPERATIONS,
            Self::Quotas => quotas::OPERATIONS,
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
        enums::check(self, action, input)?;
        let input = &self.input(input)?;
        let answerer = find(self.operations(), action).ok_or_else(|| self.unknown(action))?;
        answerer(world, ctx, input)
    }

    /// An input of it; each has its own code for what is missing, and forms carry texts only.
    fn input(self, input: &Value) -> Result<Input<'_>, ApiError> {
        match self {
            Self::Ecs | Self::Ecr | Self::Logs | Self::Secrets => {
                Input::new(input, "InvalidParameterException")
            }
            Self::AutoScaling | Self::Parameters => Input::new(input, "ValidationException"),
            Self::Quotas => Input::new(input, "IllegalArgumentException"),
            Self::Sts | Self::LoadBalancing | Self::CloudWatch | Self::Iam => {
                Input::textual(input, "ValidationError")
            }
            Self::Ec2 => Input::textual(input, "MissingParameter"),
        }
    }

    /// That it has no such operation.
    fn unknown(self, action: &str) -> ApiError {
        let text = match self {
            Self::Sts => format!("Could not find operation {action} for version 2011-06-15"),
            Self::Iam => format!("Could not find operation {action} for version 2010-05-08"),
            Self::Ec2 => format!("The action {action} is not valid for this web service."),
            Self::LoadBalancing | Self::CloudWatch => {
                format!("The simulator does not offer the operation {action}")
            }
            _ => return ApiError::unknown_operation(action),
        };
        ApiError::client("InvalidAction", text)
    }
}
