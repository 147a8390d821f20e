//! What lies around a service, as values without judgement: what a rollout leans on and does not change.

use std::time::Duration;

use crate::ids::Digest;
use crate::scan::ImageScan;
use crate::time::Timestamp;

/// What was read of it. What could not be read is told in `unread`, and judged by nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Target groups of the service.
    pub target_groups: Vec<TargetGroupSeen>,
    /// Alarms that the deployments of the service listen to.
    pub alarms: Vec<AlarmSeen>,
    /// Subnets of its tasks.
    pub subnets: Vec<SubnetSeen>,
    /// What Fargate may run in this account and region.
    pub fargate: Option<FargateSeen>,
    /// Log groups that containers write to and that do not exist.
    pub missing_log_groups: Vec<String>,
    /// What the execution role needs and may not do.
    pub denied: Vec<Permission>,
    /// Images by digest, and what they run on.
    pub images: Vec<ImagePlatforms>,
    /// Scans of the image that would be deployed.
    pub scans: Vec<ImageScan>,
    /// When all this was looked at.
    pub at: Timestamp,
    /// What the lifecycle policy of the running image's repository goes by.
    pub repository: Option<RepositoryContents>,
    /// What could not be read, and why: one line each.
    pub unread: Vec<String>,
}

/// A target group of a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetGroupSeen {
    /// Its ARN.
    pub arn: String,
    /// Between two health checks of a target.
    pub check_interval: Duration,
    /// How long a target drains before it is let go: 0 to 3,600 s.
    pub deregistration_delay: Duration,
}

/// A target in a target group, as the load balancer sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetHealth {
    /// Address or instance.
    pub id: String,
    /// Port.
    pub port: u32,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused`, `unavailable`.
    pub state: String,
    /// A code such as `Target.ResponseCodeMismatch`.
    pub reason: String,
    /// The load balancer's words.
    pub description: String,
}

impl TargetHealth {
    /// Whether its health check has failed, so that it gets no traffic.
    #[must_use]
    pub fn is_unhealthy(&self) -> bool {
        self.state == "unhealthy"
    }
}

/// A CloudWatch alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmSeen {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// CloudWatch's words.
    pub reason: String,
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubnetSeen {
    /// Its id.
    pub id: String,
    /// Addresses that nobody has.
    pub free: u32,
}

/// What Fargate may run at once in an account and region, in CPU units: 1024 are one vCPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FargateSeen {
    /// The quota.
    pub limit: u32,
    /// What runs; `None` where CloudWatch has no figure.
    pub used: Option<u32>,
}

impl FargateSeen {
    /// What may run beside it, as far as that is known.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        Some(self.limit.saturating_sub(self.used?))
    }
}

/// An action of IAM on a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The action: `ecr:BatchGetImage`.
    pub action: String,
    /// ARN of the resource, or `*`.
    pub resource: String,
}

/// An image and the platforms that it runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePlatforms {
    /// The image as containers name it.
    pub image: String,
    /// `linux/arm64` and the like.
    pub platforms: Vec<String>,
}

/// A repository with a lifecycle policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryContents {
    /// Name of the repository.
    pub name: String,
    /// The policy (JSON).
    pub policy: String,
    /// Its images.
    pub images: Vec<ImageListed>,
    /// When they were listed.
    pub at: Timestamp,
}

/// An image of a repository, as a lifecycle policy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageListed {
    /// Digest of its manifest or index.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// When it was last pulled, to the day.
    pub pulled_at: Option<Timestamp>,
}
