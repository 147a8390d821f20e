//! The Task object of the API.

use ecs_model::{Health, StopCode, Task, TaskStatus, Time};
use serde_json::{Map, Value, json};

use super::{ContainerRecord, TaskRecord};
use crate::ecs::drive::sim_time;
use crate::ecs::names::Place;
use crate::ecs::spec::{ContainerSpec, Spec};

/// Everything about one task.
pub(super) struct TaskView<'a> {
    pub(super) place: &'a Place,
    pub(super) cluster: &'a str,
    pub(super) task: &'a Task,
    pub(super) record: &'a TaskRecord,
    pub(super) spec: &'a Spec,
    pub(super) started_by: Option<&'a str>,
    pub(super) group: String,
    pub(super) members: &'a Map<String, Value>,
}

impl TaskView<'_> {
    fn arn(&self) -> String {
        self.place.task(self.cluster, self.task.id())
    }

    pub(super) fn launch_type(&self) -> Option<&str> {
        self.members.get("launchType").and_then(Value::as_str)
    }

    pub(super) fn show(&self, tags: Value) -> Value {
        let task = self.task;
        let arn = self.arn();
        let wanted = if task.is_wanted() {
            "RUNNING"
        } else {
            "STOPPED"
        };
        let containers = self.spec.containers.iter().zip(&self.record.containers);
        let mut shown = json!({
            "taskArn": arn,
            "clusterArn": self.place.cluster(self.cluster),
            "taskDefinitionArn": self.spec.definition,
            "lastStatus": task.status().as_str(),
            "desiredStatus": wanted,
            "healthStatus": self.health(self.spec.health_check.is_some()),
            "group": self.group,
            "version": task.version(),
            "availabilityZone": format!("{}a", self.place.region),
            "attributes": [{
                "name": "ecs.cpu-architecture",
                "value": if self.spec.arm { "arm64" } else { "x86_64" },
            }],
            "containers": containers
                .enumerate()
                .map(|(index, (spec, record))| self.container(index, spec, record))
                .collect::<Vec<_>>(),
            "overrides": self.overrides(),
            "attachments": if self.spec.awsvpc { json!([self.attachment()]) } else { json!([]) },
            "enableExecuteCommand": self.members.get("enableExecuteCommand") == Some(&json!(true)),
            "inferenceAccelerators": [],
            "tags": tags,
        });
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                shown[name] = value;
            }
        };
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        set("cpu", text(&self.spec.cpu));
        set("memory", text(&self.spec.memory));
        set("startedBy", self.started_by.map(Value::from));
        set("launchType", self.launch_type().map(Value::from));
        if self.launch_type() == Some("FARGATE") {
            let windows = self.spec.windows;
            set(
                "platformVersion",
                Some(if windows { "1.0.0" } else { "1.4.0" }.into()),
            );
            set(
                "platformFamily",
                Some(if windows { "Windows" } else { "Linux" }.into()),
            );
            let gib = self.spec.ephemeral_gib.unwrap_or(20);
            set("ephemeralStorage", Some(json!({"sizeInGiB": gib})));
            set("fargateEphemeralStorage", Some(json!({"sizeInGiB": gib})));
        }
        if let Some(stop) = task.stop_cause() {
            set("stopCode", Some(stop.code.as_str().into()));
            set("stoppedReason", Some(stop.reason.as_str().into()));
        }
        let times = task.times();
        let at = |moment: Option<Time>| moment.map(|moment| sim_time(moment).json());
        set("createdAt", at(Some(times.created_at)));
        set("connectivityAt", at(times.connectivity_at));
        set(
            "connectivity",
            times.connectivity_at.map(|_| "CONNECTED".into()),
        );
        set("pullStartedAt", at(times.pull_started_at));
        set("pullStoppedAt", at(times.pull_stopped_at));
        set("startedAt", at(times.started_at));
        set("stoppingAt", at(times.stopping_at));
        set("executionStoppedAt", at(times.execution_stopped_at));
        set("stoppedAt", at(times.stopped_at));
        shown
    }

    fn overrides(&self) -> Value {
        let mut overrides = self
            .members
            .get("overrides")
            .cloned()
            .unwrap_or_else(|| json!({}));
        for name in ["containerOverrides", "inferenceAcceleratorOverrides"] {
            if overrides.get(name).is_none() {
                overrides[name] = json!([]);
            }
        }
        overrides
    }

    fn health(&self, checked: bool) -> &'static str {
        match self.task.health() {
            Health::Healthy if checked => "HEALTHY",
            Health::Unhealthy if checked => "UNHEALTHY",
            _ => "UNKNOWN",
        }
    }

    fn attachment(&self) -> Value {
        let status = match self.task.status() {
            TaskStatus::Provisioning => "PRECREATED",
            TaskStatus::Deprovisioning => "DETACHING",
            TaskStatus::Stopped => "DELETED",
            _ => "ATTACHED",
        };
        json!({
            "id": self.record.attachment,
            "type": "ElasticNetworkInterface",
            "status": status,
            "details": [
                {"name": "subnetId", "value": self.subnet().unwrap_or("subnet-0")},
                {"name": "networkInterfaceId", "value": self.record.interface},
                {"name": "privateIPv4Address", "value": self.record.address},
            ],
        })
    }

    fn container(&self, index: usize, spec: &ContainerSpec, record: &ContainerRecord) -> Value {
        let task = self.task;
        let ran = task.times().started_at.is_some();
        let over = task.status() >= TaskStatus::Deprovisioning;
        let real = record.real.as_ref();
        let ended = real.is_some_and(|real| real.exit.is_some());
        let started = real.is_some_and(|real| real.started);
        let status = match task.status() {
            _ if over || ended => "STOPPED",
            _ if ran || started => "RUNNING",
            _ => "PENDING",
        };
        let arn = format!(
            "{}/{}",
            self.arn().replace(":task/", ":container/"),
            record.id
        );
        let mut shown = json!({
            "containerArn": arn,
            "taskArn": self.arn(),
            "name": spec.name,
            "image": spec.image,
            "lastStatus": status,
            "healthStatus": match real.map(|real| real.healthy) {
                Some(Some(true)) => "HEALTHY",
                Some(Some(false)) => "UNHEALTHY",
                Some(None) => "UNKNOWN",
                None => self.health(spec.health_check),
            },
            "networkBindings": [],
            "networkInterfaces": if self.spec.awsvpc {
                json!([{
                    "attachmentId": self.record.attachment,
                    "privateIpv4Address": self.record.address,
                }])
            } else {
                json!([])
            },
            "cpu": spec.cpu.to_string(),
        });
        for (name, mib) in [
            ("memory", spec.memory),
            ("memoryReservation", spec.memory_reservation),
        ] {
            if let Some(mib) = mib {
                shown[name] = mib.to_string().into();
            }
        }
        if task.times().pull_stopped_at.is_some()
            && let Some(digest) = &record.digest
        {
            shown["imageDigest"] = digest.as_str().into();
        }
        if let Some(real) = real {
            real.show(&mut shown);
            return shown;
        }
        if ran {
            shown["runtimeId"] = record.runtime.as_str().into();
        }
        self.ending(index, ran && over, &mut shown);
        shown
    }

    /// `exitCode` and `reason`.
    fn ending(&self, index: usize, ended: bool, shown: &mut Value) {
        let culprit = self.record.culprit.as_ref();
        let culprit = culprit.filter(|culprit| culprit.container == index);
        let Some(stop) = self.task.stop_cause() else {
            return;
        };
        if stop.code == StopCode::TaskFailedToStart && culprit.is_some() {
            shown["reason"] = stop.reason.as_str().into();
        }
        let by_itself = stop.code == StopCode::EssentialContainerExited;
        if let Some(exit) = self.task.exit().filter(|_| ended) {
            // The others are stopped when one ends by itself.
            let mine = !by_itself || culprit.is_some() || self.record.culprit.is_none();
            shown["exitCode"] = if mine { exit.code } else { 0 }.into();
            let said = culprit.and_then(|culprit| culprit.reason.as_ref());
            let reason = said.or(exit.reason.as_ref()).filter(|_| mine && by_itself);
            if let Some(reason) = reason {
                shown["reason"] = reason.as_str().into();
            }
        }
    }
}
