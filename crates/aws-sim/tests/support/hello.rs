//! The service `hello` of the demo world, and what tests do with it.

#![allow(dead_code, reason = "each test file uses its own part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{STAGING, World};

pub(crate) const CLUSTER: &str = "main";
pub(crate) const SERVICE: &str = "hello";

/// The demo world, seen from the account `staging`.
pub(crate) struct Hello {
    pub(crate) world: World,
}

impl Hello {
    pub(crate) async fn new() -> Self {
        Self {
            world: World::demo().await,
        }
    }

    /// A call that succeeds.
    pub(crate) async fn ecs(&self, action: &str, input: Value) -> Value {
        self.world.ecs(STAGING, action, input).await.ok()
    }

    /// The error code of a call that is refused.
    pub(crate) async fn refused(&self, action: &str, input: Value) -> String {
        self.world.ecs(STAGING, action, input).await.error()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.world.sim.clock().advance(Duration::from_secs(seconds));
    }

    /// What goes wrong with the tasks of an image.
    pub(crate) fn script(&self, script: Value) {
        let script = serde_json::from_value(script).unwrap();
        self.world.sim.add_script(script);
    }

    pub(crate) async fn service(&self) -> Value {
        let input = json!({"cluster": CLUSTER, "services": [SERVICE]});
        self.ecs("DescribeServices", input).await["services"][0].clone()
    }

    /// Registers a revision of `hello` that runs this image; gives its ARN.
    pub(crate) async fn register(&self, image: &str) -> String {
        let answer = self.ecs("RegisterTaskDefinition", definition(image)).await;
        text(&answer["taskDefinition"]["taskDefinitionArn"])
    }

    /// Updates `hello` and gives the ARN of the service deployment that is current then.
    pub(crate) async fn update(&self, more: Value) -> String {
        let mut input = json!({"cluster": CLUSTER, "service": SERVICE});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        let answer = self.ecs("UpdateService", input).await;
        text(&answer["service"]["currentServiceDeployment"])
    }

    /// Deploys an image; gives the ARN of the service deployment.
    pub(crate) async fn deploy(&self, image: &str) -> String {
        let definition = self.register(image).await;
        self.update(json!({"taskDefinition": definition})).await
    }

    pub(crate) async fn deployment(&self, arn: &str) -> Value {
        let input = json!({"serviceDeploymentArns": [arn]});
        let answer = self.ecs("DescribeServiceDeployments", input).await;
        answer["serviceDeployments"][0].clone()
    }

    /// Lets time pass until the service deployment has ended, an hour at most.
    pub(crate) async fn end_of(&self, arn: &str) -> Value {
        for _ in 0..720 {
            let deployment = self.deployment(arn).await;
            if deployment["finishedAt"].is_number() {
                return deployment;
            }
            self.advance(5);
        }
        panic!("it has not ended: {}", self.deployment(arn).await);
    }

    /// Tasks of the cluster whose desired status this is.
    pub(crate) async fn tasks(&self, desired: &str) -> Vec<Value> {
        let input = json!({"cluster": CLUSTER, "desiredStatus": desired});
        let arns = self.ecs("ListTasks", input).await["taskArns"].clone();
        if arns == json!([]) {
            return Vec::new();
        }
        let input = json!({"cluster": CLUSTER, "tasks": arns});
        let answer = self.ecs("DescribeTasks", input).await;
        answer["tasks"].as_array().unwrap().clone()
    }
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// Input of RegisterTaskDefinition.
pub(crate) fn definition(image: &str) -> Value {
    json!({
        "family": "hello",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": image}],
    })
}

/// `networkConfiguration` of a task.
pub(crate) fn network() -> Value {
    json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
}
