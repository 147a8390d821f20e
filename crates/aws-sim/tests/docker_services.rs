//! Services whose tasks are real containers.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

#[path = "support/containers.rs"]
mod containers;
mod support;

use std::time::Duration;

use containers::{Yard, container, containers, network, run};
use serde_json::{Value, json};
use support::TOOLS;

const PATIENCE: Duration = Duration::from_secs(120);

async fn deployment(yard: &Yard) -> Value {
    let input = json!({"cluster": "c", "service": "web"});
    let listed = yard.ecs("ListServiceDeployments", input).await;
    listed["serviceDeployments"][0].clone()
}

/// The newest service deployment once it is not `before` and has ended.
async fn ended(yard: &Yard, before: &Value) -> Value {
    let look = async {
        loop {
            let newest = deployment(yard).await;
            let over = newest["finishedAt"].is_number();
            if over && newest["serviceDeploymentArn"] != before["serviceDeploymentArn"] {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(ended) => ended,
        Err(_) => panic!("it does not end: {}", deployment(yard).await),
    }
}

async fn tasks(yard: &Yard, desired: &str) -> Vec<Value> {
    let input = json!({"cluster": "c", "serviceName": "web", "desiredStatus": desired});
    let listed = yard.ecs("ListTasks", input).await["taskArns"].clone();
    let mut found = Vec::new();
    for arn in listed.as_array().unwrap() {
        found.push(yard.task(arn.as_str().unwrap()).await);
    }
    found
}

/// What the engine runs for the one task of the service: the reference it was made of.
async fn engine_runs(yard: &Yard) -> String {
    let running = tasks(yard, "RUNNING").await;
    assert_eq!(running.len(), 1, "{running:?}");
    let found = containers(running[0]["taskArn"].as_str().unwrap(), "app");
    assert_eq!(found.len(), 1);
    let format = "{{.State.Running}} {{.Config.Image}}";
    run("docker", &["inspect", "-f", format, &found[0]])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_replaces_containers_and_a_broken_image_brings_the_old_ones_back() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let web = |image: &str, words: &[&str]| {
        let ports = json!({"portMappings": [{"containerPort": 8080}]});
        json!([container("app", image, words, ports)])
    };
    let (first, _) = yard.push("v1", json!({})).await;
    let (second, digest) = yard.push("v2", json!({"Labels": {"version": "2"}})).await;
    let serve = ["serve", "8080"];
    let target =
        format!("arn:aws:elasticloadbalancing:eu-west-1:{TOOLS}:targetgroup/web/0123456789abcdef");
    let definition = yard.register("web", web(&first, &serve)).await;
    let service = json!({"cluster": "c", "serviceName": "web", "taskDefinition": definition,
        "desiredCount": 1, "networkConfiguration": network(),
        "loadBalancers": [{"targetGroupArn": target, "containerName": "app", "containerPort": 8080}],
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    yard.ecs("CreateService", service).await;
    let created = ended(&yard, &Value::Null).await;
    assert_eq!(created["status"], "SUCCESSFUL", "{created}");
    let form = format!("Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn={target}");
    let health = yard.elb(&form).await;
    assert!(health.contains("<State>healthy</State>"), "{health}");

    let definition = yard.register("web", web(&second, &serve)).await;
    let update = json!({"cluster": "c", "service": "web", "taskDefinition": definition});
    yard.ecs("UpdateService", update).await;
    let updated = ended(&yard, &created).await;
    assert_eq!(updated["status"], "SUCCESSFUL", "{updated}");
    let running = tasks(&yard, "RUNNING").await;
    assert_eq!(running[0]["containers"][0]["imageDigest"], *digest);
    let runs = engine_runs(&yard).await;
    assert!(
        runs.starts_with("true ") && runs.ends_with(&digest),
        "{runs}"
    );

    let definition = yard.register("web", web(&second, &["exit", "7"])).await;
    let update = json!({"cluster": "c", "service": "web", "taskDefinition": definition});
    yard.ecs("UpdateService", update).await;
    let back = ended(&yard, &updated).await;
    assert_eq!(back["status"], "ROLLBACK_SUCCESSFUL", "{back}");
    assert_eq!(engine_runs(&yard).await, runs, "the old one still serves");
    let stopped = tasks(&yard, "STOPPED").await;
    let broken: Vec<&Value> = stopped
        .iter()
        .filter(|task| task["taskDefinitionArn"] == *definition)
        .collect();
    assert!(broken.len() >= 3, "{stopped:?}");
    for task in broken {
        assert_eq!(task["containers"][0]["exitCode"], 7, "{task}");
        assert_eq!(task["stoppedReason"], "Essential container in task exited");
    }
    yard.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_health_check_fails_is_replaced() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let (image, _) = yard.push("v1", json!({})).await;
    let check = json!({"healthCheck": {"command": ["CMD", "/app", "exit", "1"], "interval": 5,
        "timeout": 5, "retries": 1}});
    let app = container("app", &image, &["serve", "8080"], check);
    let definition = yard.register("web", json!([app])).await;
    let service = json!({"cluster": "c", "serviceName": "web", "taskDefinition": definition,
        "desiredCount": 1, "networkConfiguration": network()});
    yard.ecs("CreateService", service).await;
    let look = async {
        loop {
            let stopped = tasks(&yard, "STOPPED").await;
            if let Some(task) = stopped.first()
                && let Some(next) = tasks(&yard, "RUNNING").await.first()
            {
                return (task.clone(), next.clone());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (ill, next) = tokio::time::timeout(PATIENCE, look).await.unwrap();
    let reason = ill["stoppedReason"].as_str().unwrap();
    assert!(
        reason.contains("failed container health checks"),
        "{reason}"
    );
    assert_ne!(ill["taskArn"], next["taskArn"]);
    yard.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_healthy_once_its_port_accepts_and_unhealthy_when_it_never_does() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let (image, _) = yard.push("v1", json!({})).await;
    for (name, port, wanted, wrong) in [
        ("good", "8080", "healthy", "unhealthy"),
        ("bad", "8081", "unhealthy", "healthy"),
    ] {
        let target = format!(
            "arn:aws:elasticloadbalancing:eu-west-1:{TOOLS}:targetgroup/{name}/0123456789abcdef"
        );
        let ports = json!({"portMappings": [{"containerPort": 8080}]});
        let app = container("app", &image, &["serve", port], ports);
        let definition = yard.register(name, json!([app])).await;
        let service = json!({"cluster": "c", "serviceName": name, "taskDefinition": definition,
            "desiredCount": 1, "networkConfiguration": network(),
            "healthCheckGracePeriodSeconds": 36_000,
            "loadBalancers": [{"targetGroupArn": target, "containerName": "app", "containerPort": 8080}]});
        yard.ecs("CreateService", service).await;
        let form =
            format!("Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn={target}");
        let so = async {
            loop {
                let seen = yard.elb(&form).await;
                let is = |state: &str| seen.contains(&format!("<State>{state}</State>"));
                assert!(!is(wrong), "{seen}");
                if is(wanted) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        tokio::time::timeout(PATIENCE, so).await.unwrap();
    }
    yard.close().await;
}
