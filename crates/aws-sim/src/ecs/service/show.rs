//! The Service object of the API.

use ecs_model::{Counts, Deployment, TaskStatus};
use serde_json::{Map, Value, json};

use super::{Revision, Service};
use crate::ecs::drive::sim_time;
use crate::ecs::names::{self, Place};
use crate::ecs::state::State;
use crate::wire::ApiError;

/// Members of a service that its answer repeats as they are.
const REPEATED: [&str; 14] = [
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "deploymentConfiguration",
    "networkConfiguration",
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
    "placementConstraints",
    "placementStrategy",
];
/// Members of a revision that its deployment repeats.
const OF_DEPLOYMENT: [&str; 7] = [
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

/// Where a service is.
pub(super) struct Address<'a> {
    pub(super) place: &'a Place,
    pub(super) cluster: &'a str,
    pub(super) service: &'a str,
}

impl Address<'_> {
    pub(super) fn revision(&self, deployment: &str) -> String {
        self.place
            .service_revision(self.cluster, self.service, deployment)
    }

    pub(super) fn deployment(&self, id: &str) -> String {
        self.place
            .service_deployment(self.cluster, self.service, id)
    }
}

impl State {
    /// The Service object.
    pub(in crate::ecs) fn show_service(
        &self,
        place: &Place,
        cluster: &str,
        name: &str,
        with_tags: bool,
    ) -> Result<Value, ApiError> {
        let service = self.cluster(cluster)?.services.get(name);
        let service = service.ok_or_else(names::no_service)?;
        let address = Address {
            place,
            cluster,
            service: name,
        };
        let mut shown = service.show(&address);
        if with_tags {
            shown["tags"] = self.tags_of(&place.service(cluster, name));
        }
        Ok(shown)
    }
}

impl Service {
    fn show(&self, at: &Address<'_>) -> Value {
        let model = &self.model;
        let tasks = || model.tasks().iter();
        let running = tasks().filter(|task| task.status() == TaskStatus::Running);
        let list = |name: &str| self.members.get(name).cloned().unwrap_or_else(|| json!([]));
        let listed = if self.is_listed() {
            model.deployments()
        } else {
            &[]
        };
        let definition = self.primary().map(|revision| &revision.spec.definition);
        let mut shown = json!({
            "serviceArn": at.place.service(at.cluster, at.service),
            "serviceName": at.service,
            "clusterArn": at.place.cluster(at.cluster),
            "status": self.status(),
            "desiredCount": model.desired(),
            "runningCount": running.count(),
            "pendingCount": tasks().filter(|task| task.is_starting()).count(),
            "taskDefinition": definition,
            "loadBalancers": list("loadBalancers"),
            "serviceRegistries": list("serviceRegistries"),
            "placementConstraints": [],
            "placementStrategy": [],
            "deployments": listed
                .iter()
                .enumerate()
                .map(|(index, entry)| self.show_entry(index, entry))
                .collect::<Vec<_>>(),
            "events": model
                .events()
                .map(|event| json!({
                    "id": event.id,
                    "createdAt": sim_time(event.created_at).json(),
                    "message": event.message,
                }))
                .collect::<Vec<_>>(),
            "createdAt": self.created_at.json(),
            "createdBy": self.created_by,
            "deploymentController": {"type": "ECS"},
            "resourceManagementType": "CUSTOMER",
            "currentServiceRevisions": listed
                .iter()
                .map(|entry| {
                    let mut summary = summary(&model.counts(&entry.id));
                    summary.insert("arn".to_owned(), at.revision(&entry.id).into());
                    Value::Object(summary)
                })
                .collect::<Vec<_>>(),
        });
        if let Some(current) = model.current() {
            shown["currentServiceDeployment"] = at.deployment(&current.id).into();
        }
        copy(&self.members, &REPEATED, &mut shown);
        if self.members.get("launchType") == Some(&json!("FARGATE")) {
            let windows = self.primary().is_some_and(|revision| revision.spec.windows);
            shown["platformFamily"] = if windows { "Windows" } else { "Linux" }.into();
        }
        shown
    }

    fn show_entry(&self, index: usize, entry: &Deployment) -> Value {
        let counts = self.model.counts(&entry.id);
        let revision = self.records.revisions.get(&entry.id);
        let mut shown = json!({
            "id": entry.id,
            "status": if index == 0 { "PRIMARY" } else { "ACTIVE" },
            "taskDefinition": revision.map(|revision| &revision.spec.definition),
            "desiredCount": entry.wanted,
            "pendingCount": counts.pending,
            "runningCount": counts.running,
            "failedTasks": entry.failed_tasks,
            "createdAt": sim_time(entry.created_at).json(),
            "updatedAt": sim_time(entry.updated_at).json(),
            "rolloutState": entry.rollout.as_str(),
            "rolloutStateReason": entry.reason,
        });
        if let Some(revision) = revision {
            copy(&revision.members, &OF_DEPLOYMENT, &mut shown);
            revision.show_family(&mut shown);
        }
        shown
    }
}

impl Revision {
    /// `platformFamily`, on Fargate.
    pub(super) fn show_family(&self, shown: &mut Value) {
        if self.members.get("launchType") == Some(&json!("FARGATE")) {
            shown["platformFamily"] = if self.spec.windows {
                "Windows"
            } else {
                "Linux"
            }
            .into();
        }
    }
}

/// Copies the members that are there.
pub(super) fn copy(from: &Map<String, Value>, names: &[&str], to: &mut Value) {
    for name in names {
        if let Some(value) = from.get(*name) {
            to[*name] = value.clone();
        }
    }
}

/// Task counts as the API words them.
pub(super) fn summary(counts: &Counts) -> Map<String, Value> {
    [
        ("requestedTaskCount", counts.requested),
        ("runningTaskCount", counts.running),
        ("pendingTaskCount", counts.pending),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count.into()))
    .collect()
}
