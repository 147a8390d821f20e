//! Service deployments and revisions: describe, list, stop (ecs-facts 3.1).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ecs::types::{
    CreatedAt, DeploymentLifecycleHookAction, Failure, StopServiceDeploymentStopType,
};
use shipway_domain::hook::HookAction;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::{RevisionSeen, ServiceDeploymentSeen};
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, PlatformError};

use crate::batch::Fetch;
use crate::clients::Clients;
use crate::convert;
use crate::operation::{
    CONTINUE_SERVICE_DEPLOYMENT, DESCRIBE_SERVICE_DEPLOYMENTS, DESCRIBE_SERVICE_REVISIONS,
    LIST_SERVICE_DEPLOYMENTS, Operation, STOP_SERVICE_DEPLOYMENT,
};

/// Source of service deployments by ARN, for the poller: asks once.
pub(crate) struct ServiceDeployments(Arc<Clients>);

impl ServiceDeployments {
    pub(crate) const fn new(clients: Arc<Clients>) -> Self {
        Self(clients)
    }
}

#[async_trait]
impl Fetch for ServiceDeployments {
    type Key = String;
    type Value = ServiceDeploymentSeen;
    /// ecs-facts 5.1.
    const MOST: usize = 20;

    async fn fetch(
        &self,
        keys: &[String],
    ) -> Result<HashMap<String, ServiceDeploymentSeen>, PlatformError> {
        let answer = self
            .0
            .poll(&DESCRIBE_SERVICE_DEPLOYMENTS, |services| {
                services
                    .ecs
                    .describe_service_deployments()
                    .set_service_deployment_arns(Some(keys.to_vec()))
                    .send()
            })
            .await?;
        only_missing(&DESCRIBE_SERVICE_DEPLOYMENTS, answer.failures())?;
        let seen = answer
            .service_deployments()
            .iter()
            .map(convert::service_deployment);
        Ok(seen.map(|seen| (seen.arn.clone(), seen)).collect())
    }
}

/// Source of service revisions by ARN.
pub(crate) struct Revisions(Arc<Clients>);

impl Revisions {
    pub(crate) const fn new(clients: Arc<Clients>) -> Self {
        Self(clients)
    }
}

#[async_trait]
impl Fetch for Revisions {
    type Key = String;
    type Value = RevisionSeen;
    /// ecs-facts 5.1.
    const MOST: usize = 20;

    async fn fetch(&self, keys: &[String]) -> Result<HashMap<String, RevisionSeen>, PlatformError> {
        let answer = self
            .0
            .call(&DESCRIBE_SERVICE_REVISIONS, |services| {
                services
                    .ecs
                    .describe_service_revisions()
                    .set_service_revision_arns(Some(keys.to_vec()))
                    .send()
            })
            .await?;
        only_missing(&DESCRIBE_SERVICE_REVISIONS, answer.failures())?;
        let seen = answer.service_revisions().iter().map(convert::revision);
        Ok(seen.map(|seen| (seen.arn.clone(), seen)).collect())
    }
}

/// What is gone or too old comes back as MISSING (ecs-facts 3.1); any other failure is an error.
fn only_missing(operation: &Operation, failures: &[Failure]) -> Result<(), PlatformError> {
    let Some(other) = failures
        .iter()
        .find(|failure| failure.reason() != Some("MISSING"))
    else {
        return Ok(());
    };
    let (arn, reason) = (convert::text(other.arn()), convert::text(other.reason()));
    Err(PlatformError::new(
        operation.action(),
        ErrorKind::Other,
        format!("{arn} could not be described: {reason}"),
    ))
}

/// The service's deployments made at or after `since`, newest first. There is no paginator for this
/// call (ecs-facts 3.1).
pub(crate) async fn since(
    clients: &Clients,
    cluster: &ClusterName,
    service: &ServiceName,
    since: Timestamp,
) -> Result<Vec<ServiceDeploymentSeen>, PlatformError> {
    // Whether AWS compares whole seconds is not documented: ask for one more and look ourselves.
    let after = convert::date_time(since.minus(Duration::from_secs(1)));
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let answer = clients
            .call(&LIST_SERVICE_DEPLOYMENTS, |services| {
                services
                    .ecs
                    .list_service_deployments()
                    .cluster(cluster.as_str())
                    .service(service.as_str())
                    .created_at(CreatedAt::builder().after(after).build())
                    .max_results(100)
                    .set_next_token(token.take())
                    .send()
            })
            .await?;
        found.extend(
            answer
                .service_deployments()
                .iter()
                .map(convert::service_deployment_brief),
        );
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    found.retain(|deployment| deployment.created_at >= since);
    found.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    Ok(found)
}

/// Asks ECS to stop a service deployment with rollback; ABORT is in the model but not valid
/// (ecs-facts 3.1).
pub(crate) async fn stop(clients: &Clients, arn: &str) -> Result<(), PlatformError> {
    clients
        .call(&STOP_SERVICE_DEPLOYMENT, |services| {
            services
                .ecs
                .stop_service_deployment()
                .service_deployment_arn(arn)
                .stop_type(StopServiceDeploymentStopType::Rollback)
                .send()
        })
        .await
        .map(drop)
}

/// Answers a lifecycle hook that waits.
pub(crate) async fn answer(
    clients: &Clients,
    arn: &str,
    hook: &str,
    action: HookAction,
) -> Result<(), PlatformError> {
    let action = match action {
        HookAction::Continue => DeploymentLifecycleHookAction::Continue,
        HookAction::Rollback => DeploymentLifecycleHookAction::Rollback,
    };
    clients
        .call(&CONTINUE_SERVICE_DEPLOYMENT, |services| {
            services
                .ecs
                .continue_service_deployment()
                .service_deployment_arn(arn)
                .hook_id(hook)
                .action(action)
                .send()
        })
        .await
        .map(drop)
}
