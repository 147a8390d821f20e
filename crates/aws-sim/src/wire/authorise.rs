//! Which permissions a call needs, and the refusal of what the caller's policies do not allow.

use std::borrow::Cow;

use serde_json::Value;

use super::{Service, credentials::Refusals};
use crate::iam::{Act, Principal};
use crate::wire::ApiError;
use crate::world::World;

/// Actions that IAM checks against `*` whatever they are about.
const WITHOUT_RESOURCE: [&str; 18] = [
    "application-autoscaling:DescribeScal*",
    "application-autoscaling:DescribeScheduledActions",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricStatistics",
    "ec2:Describe*",
    "ecr:*AccountSetting",
    "ecr:GetAuthorizationToken",
    "ecs:DeregisterTaskDefinition",
    "ecs:DescribeTaskDefinition",
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTaskDefinition*",
    "ecs:ListTasks",
    "elasticloadbalancing:Describe*",
    "logs:DescribeLogGroups",
    "servicequotas:Get*",
    "sts:GetAccessKeyInfo",
    "sts:GetSessionToken",
];

/// IAM sees task definitions by family and revision; a family alone stands for any revision.
fn with_revision(resource: &str) -> Cow<'_, str> {
    match resource.split_once(":task-definition/") {
        Some((_, family)) if !family.contains(':') => format!("{resource}:*").into(),
        _ => resource.into(),
    }
}

/// Everybody may do this, without any permission.
const FREE: [&str; 2] = ["sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity"];

/// A call that asks to be let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    pub(super) service: Service,
    pub(super) action: &'a str,
    pub(super) input: &'a Value,
    /// What it is about, as the log names it.
    pub(super) about: Option<&'a str>,
    pub(super) region: &'a str,
    pub(super) refusals: Refusals,
}

impl Asking<'_> {
    /// Refuses what the caller's role or session does not allow.
    pub(super) fn authorise(&self, world: &World, caller: &Principal) -> Result<(), ApiError> {
        let action = format!("{}:{}", self.service.name(), self.action);
        if FREE.contains(&action.as_str()) || caller.role.is_none() {
            return Ok(());
        }
        let cluster = self.cluster(caller);
        let context: Vec<(&str, &str)> = cluster
            .iter()
            .map(|arn| ("ecs:cluster", arn.as_str()))
            .collect();
        let bare = WITHOUT_RESOURCE
            .iter()
            .any(|rule| crate::glob::matches(rule, &action));
        let about = self.about.filter(|_| !bare).unwrap_or("*");
        for resource in about.split(',') {
            let resource = with_revision(resource);
            self.need(world, caller, &action, &resource, &context)?;
        }
        let tags = self.input.get("tags").and_then(Value::as_array);
        let tagged = tags.is_some_and(|tags| !tags.is_empty());
        if self.service == Service::Ecs && tagged && self.action != "TagResource" {
            let created = [("ecs:CreateAction", self.action)];
            let resource = match (self.action, &cluster) {
                ("RunTask", Some(cluster)) => {
                    format!("{}/*", cluster.replacen(":cluster/", ":task/", 1))
                }
                _ => with_revision(self.about.unwrap_or("*")).into_owned(),
            };
            self.need(world, caller, "ecs:TagResource", &resource, &created)?;
        }
        for role in self.passed_roles() {
            let to = [("iam:PassedToService", "ecs-tasks.amazonaws.com")];
            self.need(world, caller, "iam:PassRole", role, &to)?;
        }
        Ok(())
    }

    fn need(
        &self,
        world: &World,
        caller: &Principal,
        action: &str,
        resource: &str,
        context: &[(&str, &str)],
    ) -> Result<(), ApiError> {
        let act = Act {
            action,
            resource,
            context,
        };
        let Some(why) = world.denial(caller, &act) else {
            return Ok(());
        };
        let who = &caller.arn;
        Err(self.refusals.denied(match self.service {
            Service::Ec2 => format!(
                "You are not authorized to perform this operation. User: {who} is not authorized to \
                 perform: {action} {why}"
            ),
            _ => format!(
                "User: {who} is not authorized to perform: {action} on resource: {resource} {why}"
            ),
        }))
    }

    /// ARN of the cluster that an input of ECS names.
    fn cluster(&self, caller: &Principal) -> Option<String> {
        let named = self.input.get("cluster").and_then(Value::as_str);
        let name = named.unwrap_or("default");
        (self.service == Service::Ecs).then(|| {
            if name.starts_with("arn:") {
                return name.to_owned();
            }
            let (account, region) = (&caller.account, self.region);
            format!("arn:aws:ecs:{region}:{account}:cluster/{name}")
        })
    }

    /// The roles that the call hands to tasks (ecs-facts 9.4).
    fn passed_roles(&self) -> impl Iterator<Item = &str> {
        let from = match (self.service, self.action) {
            (Service::Ecs, "RegisterTaskDefinition") => Some(self.input),
            (Service::Ecs, "RunTask") => self.input.get("overrides"),
            _ => None,
        };
        ["taskRoleArn", "executionRoleArn"]
            .into_iter()
            .filter_map(move |name| from?.get(name)?.as_str())
    }
}
