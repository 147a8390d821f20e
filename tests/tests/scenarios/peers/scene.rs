//! One scenario with one who deploys: a service `web` of two tasks, and what befalls it.

use std::time::Duration;

use serde_json::{Value, json};
use shipway_tests::{App, Aws, Scaled, World, patiently};

use super::rows::{OLD, Row, What};
use super::{Said, Who};
use crate::case::STAGING;

/// Between two looks at what others do.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A tenth of what things take in AWS, for those who cannot be told that time runs faster.
fn tenth() -> Value {
    json!({"provisioning": 1, "pulling": 2, "activating": 0.5, "settling": 4, "terminating": 0.2,
        "deprovisioning": 1, "pending": 0.2, "requested": 0.2, "computed_bake": 18, "backoff_base": 24,
        "backoff_longest": 162})
}

pub(super) struct Scene {
    world: World,
    app: App,
    aws: Aws,
}

impl Scene {
    /// The service as it is before anybody deploys.
    pub(super) async fn start(row: &Row, who: Who) -> Self {
        let quick = who != Who::Shipway;
        let scaled = if quick { Scaled::Real } else { Scaled::Slow };
        let world = World::start(scaled).await;
        let app = App::new("shop").env_on("staging", STAGING, "web", &row.what.lines());
        app.change_manifest("strategy = \"balanced\"\n", "");
        let aws = world.aws(STAGING);
        let scene = Self { world, app, aws };
        if quick {
            scene.control("PUT", "/_sim/ecs/phases", &tenth()).await;
        }
        if row.what == What::FirstDeployment {
            let never = json!({"match": OLD, "kind": "cannot-pull"});
            scene.control("POST", "/_sim/scripts", &never).await;
        }
        let definition = definition_of(OLD);
        scene.aws.ecs("RegisterTaskDefinition", definition).await;
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        let desired = if row.what == What::NoTasks { 0 } else { 2 };
        let service = json!({"cluster": "main", "serviceName": "web", "taskDefinition": "web",
            "desiredCount": desired, "launchType": "FARGATE", "networkConfiguration": network,
            "deploymentConfiguration": row.what.configuration()});
        scene.aws.ecs("CreateService", service).await;
        if row.what != What::FirstDeployment {
            scene.until("it is steady", is_steady).await;
        }
        if let Some(script) = row.what.script(quick) {
            scene.control("POST", "/_sim/scripts", &script).await;
        }
        scene
    }

    /// What happens while it is deployed.
    pub(super) async fn meanwhile(&self, row: &Row) {
        let wanted = matches!(
            row.what,
            What::Alarm | What::Console | What::SomebodyElse | What::Deleted
        );
        if !wanted {
            return;
        }
        self.until("it is under way", |service| {
            let entries = service["deployments"].as_array().map_or(0, Vec::len);
            entries > 1 && service["deployments"][0]["pendingCount"] != 0
        })
        .await;
        let place = json!({"cluster": "main", "service": "web"});
        match row.what {
            What::Alarm => {
                let alarm = json!({"account": STAGING, "region": "eu-west-1", "name": "errors",
                    "state": "ALARM", "reason": "too many errors"});
                self.control("PUT", "/_sim/alarms", &alarm).await;
            }
            What::Console => {
                let arn = self.service().await["currentServiceDeployment"].clone();
                let stop = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
                self.aws.ecs("StopServiceDeployment", stop).await;
            }
            What::SomebodyElse => {
                let mut update = place;
                update["taskDefinition"] = json!("web:1");
                update["forceNewDeployment"] = json!(true);
                self.aws.ecs("UpdateService", update).await;
            }
            What::Deleted => {
                let mut delete = place;
                delete["force"] = json!(true);
                self.aws.ecs("DeleteService", delete).await;
            }
            _ => {}
        }
    }

    /// That it has come as the row says, whoever deployed.
    pub(super) async fn truth_is(&self, row: &Row) {
        let Some(image) = row.serves else { return };
        self.until("it comes to rest", |service| {
            service["deployments"].as_array().map_or(0, Vec::len) == 1
                && service["runningCount"] == service["desiredCount"]
        })
        .await;
        let named = json!({"taskDefinition": self.service().await["taskDefinition"]});
        let shown = self.aws.ecs("DescribeTaskDefinition", named).await;
        let shown = shown["taskDefinition"]["containerDefinitions"][0]["image"].to_string();
        assert!(shown.contains(image), "{}: {shown} serves", row.name);
    }

    /// Deploys with Shipway.
    pub(super) async fn shipway(&self) -> Said {
        let ran = self.world.cli(&self.app, &["deploy", "staging"]).await;
        let target = ran.target();
        let json = if target.is_null() { ran.json() } else { target };
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let finding = word(&json["findings"][0]["cause"]);
        let verdict = word(&ran.json()["verdict"]);
        Said {
            code: ran.code.into(),
            words: if finding.is_empty() {
                verdict
            } else {
                format!("{verdict}: {finding}")
            },
        }
    }

    /// Where AWS is.
    pub(super) fn aws_url(&self) -> &str {
        &self.world.stack.aws
    }

    pub(super) async fn stop(self) {
        self.world.stop().await;
    }

    async fn service(&self) -> Value {
        let input = json!({"cluster": "main", "services": ["web"]});
        self.aws.ecs("DescribeServices", input).await["services"][0].clone()
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        let looks = async {
            while !is_so(&self.service().await) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        patiently(what, looks).await;
    }

    async fn control(&self, method: &str, path: &str, body: &Value) {
        self.aws.control(method, path, body).await;
    }
}

/// Input of RegisterTaskDefinition for the service of a scene.
pub(super) fn definition_of(image: &str) -> Value {
    json!({"family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": image, "essential": true}]})
}

fn is_steady(service: &Value) -> bool {
    let deployments = service["deployments"].as_array().map_or(0, Vec::len);
    deployments == 1
        && service["deployments"][0]["rolloutState"] == "COMPLETED"
        && service["runningCount"] == service["desiredCount"]
}
