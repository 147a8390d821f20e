//! AWS's side, read and meddled with from outside of Shipway.

use std::time::Duration;

use serde_json::{Value, json};
use shipway_domain::checkpoint::ScalingFlags;
use shipway_runtime::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::ACCOUNT;

/// The flags before anything is deployed: a mixture, so that "all on" and "all off" are both wrong.
pub(crate) const BEFORE: ScalingFlags = ScalingFlags {
    scale_in: true,
    scale_out: false,
    scheduled: true,
};

/// Looks at the clock of AWS, of which the quickest counts.
const LOOKS: usize = 9;

/// The simulator, as the root of the account that is deployed to.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    url: String,
    root: shipway_tests::Aws,
}

/// How simulated time follows the time of day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    real: f64,
    simulated: f64,
    scale: f64,
}

impl Times {
    /// Milliseconds of the day's time at this simulated time, in epoch seconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times of this century in milliseconds"
    )]
    pub(crate) fn real(&self, simulated: f64) -> u64 {
        (self.real + (simulated - self.simulated) * 1000.0 / self.scale) as u64
    }
}

impl Aws {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            root: shipway_tests::Aws::new(url, ACCOUNT),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Makes the service a scalable target.
    pub(crate) async fn scalable(&self) {
        let target = json!({
            "ServiceNamespace": "ecs",
            "ResourceId": "service/main/hello",
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": 1,
            "MaxCapacity": 9,
            "SuspendedState": {
                "DynamicScalingInSuspended": BEFORE.scale_in,
                "DynamicScalingOutSuspended": BEFORE.scale_out,
                "ScheduledScalingSuspended": BEFORE.scheduled,
            },
        });
        drop(self.root.scaling("RegisterScalableTarget", target).await);
    }

    /// The flags now.
    pub(crate) async fn flags(&self) -> ScalingFlags {
        let all = json!({"ServiceNamespace": "ecs"});
        let answer = self.root.scaling("DescribeScalableTargets", all).await;
        let state = &answer["ScalableTargets"][0]["SuspendedState"];
        let flag = |name: &str| state[name].as_bool().unwrap_or_default();
        ScalingFlags {
            scale_in: flag("DynamicScalingInSuspended"),
            scale_out: flag("DynamicScalingOutSuspended"),
            scheduled: flag("ScheduledScalingSuspended"),
        }
    }

    /// Calls of ECS, as the root.
    pub(crate) async fn ecs(&self, action: &str, input: Value) -> Value {
        self.root.ecs(action, input).await
    }

    /// From now on deployments of the service wait for an answer before ECS starts a task.
    pub(crate) async fn pauses(&self) {
        let hook = json!({"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"],
            "timeoutConfiguration": {"timeoutInMinutes": 600, "action": "ROLLBACK"}});
        let input = json!({"cluster": "main", "service": "hello",
            "deploymentConfiguration": {"lifecycleHooks": [hook]}});
        drop(self.ecs("UpdateService", input).await);
    }

    /// One more service, of the task definition that is there.
    pub(crate) async fn create_service(&self, name: &str) {
        let service = json!({
            "cluster": "main",
            "serviceName": name,
            "taskDefinition": "hello",
            "desiredCount": 2,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-0a1b2c3d4e5f60718"],
                "securityGroups": ["sg-0a1b2c3d4e5f60718"],
            }},
            "deploymentConfiguration": {
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": true, "rollback": true},
            },
        });
        drop(self.ecs("CreateService", service).await);
    }

    /// How the newest service deployment of a service stands.
    pub(crate) async fn newest_deployment(&self, service: &str) -> String {
        let service = json!({"cluster": "main", "service": service});
        let listed = self.ecs("ListServiceDeployments", service).await;
        let all = listed["serviceDeployments"].as_array().expect("a list");
        let created = |brief: &&Value| brief["createdAt"].as_f64().map_or(0, f64::to_bits);
        let newest = all.iter().max_by_key(created);
        let status = newest.and_then(|brief| brief["status"].as_str());
        status.unwrap_or_default().to_owned()
    }

    /// All calls so far.
    pub(crate) async fn calls(&self) -> Vec<Value> {
        let answer = self.control("GET", "/_sim/calls", None).await;
        let list = answer.get("calls").unwrap_or(&answer);
        list.as_array().expect("a list of calls").clone()
    }

    /// Lets calls fail as this rule says.
    pub(crate) async fn fault(&self, rule: Value) {
        drop(self.control("POST", "/_sim/faults", Some(rule)).await);
    }

    /// No call fails any more.
    pub(crate) async fn no_faults(&self) {
        drop(self.control("DELETE", "/_sim/faults", None).await);
    }

    /// How its clock goes, by the quickest of some looks: on a busy machine an answer may take long, and nobody knows
    /// when within that time the clock was read.
    pub(crate) async fn times(&self) -> Times {
        let mut best = self.look_at_clock().await;
        for _ in 1..LOOKS {
            let look = self.look_at_clock().await;
            if look.0 < best.0 {
                best = look;
            }
        }
        best.1
    }

    /// One look, and how many milliseconds it took.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century")]
    async fn look_at_clock(&self) -> (u64, Times) {
        let before = Clock::system().millis();
        let answer = self.control("GET", "/_sim/clock", None).await;
        let took = Clock::system().millis().saturating_sub(before);
        let number = |name: &str| answer[name].as_f64().expect("a number");
        let times = Times {
            real: (before + took / 2) as f64,
            simulated: number("now"),
            scale: number("scale"),
        };
        (took, times)
    }

    async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let host = self.url.trim_start_matches("http://");
        let body = body.map_or_else(String::new, |body| body.to_string());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        let call = async {
            let mut stream = TcpStream::connect(host).await.expect("AWS answers");
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("answered");
            answer
        };
        let answer = tokio::time::timeout(Duration::from_secs(30), call).await;
        let answer = answer.expect("AWS answers in time");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }
}
