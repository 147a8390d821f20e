//! The service `hello` under Auto Scaling, and what tests do with it.

#![allow(dead_code, reason = "each test file uses its own part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use http::Method;
use serde_json::{Value, json};

use crate::hello::{Hello, definition};
use crate::support::{REGION, STAGING};

pub(crate) const RESOURCE: &str = "service/main/hello";
pub(crate) const CPU: &str = "ECSServiceAverageCPUUtilization";

/// `hello` with two tasks and a scalable target.
pub(crate) struct Scaling {
    pub(crate) hello: Hello,
}

/// The input of a call about the target.
pub(crate) fn about(more: Value) -> Value {
    let mut input = json!({"ServiceNamespace": "ecs", "ResourceId": RESOURCE,
        "ScalableDimension": "ecs:service:DesiredCount"});
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

impl Scaling {
    pub(crate) async fn between(min: u32, max: u32) -> Self {
        let scaling = Self {
            hello: Hello::new().await,
        };
        scaling
            .register(json!({"MinCapacity": min, "MaxCapacity": max}))
            .await;
        scaling
    }

    /// A call that succeeds.
    pub(crate) async fn call(&self, action: &str, more: Value) -> Value {
        let target = format!("AnyScaleFrontendService.{action}");
        let answer = self.hello.world.call(STAGING, &target, about(more)).await;
        answer.ok()
    }

    /// The error code of a call that is refused.
    pub(crate) async fn refused(&self, action: &str, more: Value) -> String {
        let target = format!("AnyScaleFrontendService.{action}");
        let answer = self.hello.world.call(STAGING, &target, about(more)).await;
        answer.error()
    }

    pub(crate) async fn register(&self, more: Value) {
        self.call("RegisterScalableTarget", more).await;
    }

    /// Suspends scaling in, out and by schedule.
    pub(crate) async fn suspend(&self, inward: bool, outward: bool, scheduled: bool) {
        self.register(
            json!({"SuspendedState": {"DynamicScalingInSuspended": inward,
            "DynamicScalingOutSuspended": outward, "ScheduledScalingSuspended": scheduled}}),
        )
        .await;
    }

    /// Keeps the CPU at 50 percent.
    pub(crate) async fn track(&self, more: Value) -> Value {
        let mut config = json!({"TargetValue": 50.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": CPU}});
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        let input = json!({"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": config});
        self.call("PutScalingPolicy", input).await
    }

    /// What a metric stands at from now on.
    pub(crate) async fn metric(&self, metric: &str, value: Value) {
        let body = json!({"account": STAGING, "region": REGION, "resource": RESOURCE,
            "metric": metric, "value": value});
        let answer = self.hello.world.control(Method::PUT, "/_sim/metrics", body);
        answer.await.ok();
    }

    /// Lets so many seconds pass.
    pub(crate) fn wait(&self, seconds: u64) {
        self.hello.advance(seconds);
    }

    pub(crate) async fn desired(&self) -> u64 {
        self.hello.service().await["desiredCount"].as_u64().unwrap()
    }

    /// Activities, newest first, those included that scaled nothing.
    pub(crate) async fn activities(&self) -> Vec<Value> {
        let input = json!({"IncludeNotScaledActivities": true});
        let answer = self.call("DescribeScalingActivities", input).await;
        answer["ScalingActivities"].as_array().unwrap().clone()
    }

    /// Starts a deployment.
    pub(crate) async fn deploy(&self) -> String {
        let input = definition("app:2");
        self.hello.ecs("RegisterTaskDefinition", input).await;
        self.hello.update(json!({"taskDefinition": "hello"})).await
    }
}
