//! JSON that the SDK does not know comes through both ways, byte by byte where it matters.

mod common;

use common::{Server, cluster, service};
use serde_json::{Value, json};
use shipway_domain::observe::BreakerSeen;
use shipway_plugin::{NewTaskDefinition, UpdateService};

const ARN: &str = "arn:aws:ecs:eu-west-1:111111111111:task-definition/hello:7";

#[tokio::test]
async fn a_described_task_definition_keeps_what_the_sdk_does_not_know() {
    let definition = json!({
        "taskDefinitionArn": ARN,
        "status": "ACTIVE",
        "containerDefinitions": [{"name": "app", "quantumMode": {"qubits": 3}, "cpu": 0}],
        "zebra": [1, 2.5, null],
        "family": "hello",
    });
    let answer = json!({"taskDefinition": definition, "tags": [{"key": "team", "value": "a"}]});
    let server = Server::start(move |_, _| (200, answer.to_string())).await;
    let seen = server
        .open()
        .await
        .task_definition("hello")
        .await
        .expect("described");
    let seen = seen.expect("it exists");
    assert_eq!(seen.arn, ARN);
    assert_eq!(seen.status, "ACTIVE");
    assert_eq!(seen.tags, [("team".to_owned(), "a".to_owned())]);
    assert_eq!(seen.json, definition.to_string(), "order and all");
    let asked = &server.asked("DescribeTaskDefinition")[0];
    assert!(
        asked.body.contains(r#""include":["TAGS"]"#),
        "{}",
        asked.body
    );
}

#[tokio::test]
async fn a_missing_task_definition_is_none() {
    let server = Server::start(|_, _| {
        let error = json!({
            "__type": "ClientException",
            "message": "Unable to describe task definition.",
        });
        (400, error.to_string())
    })
    .await;
    assert_eq!(
        server
            .open()
            .await
            .task_definition("hello:9")
            .await
            .expect("asked"),
        None
    );
}

#[tokio::test]
async fn a_task_definition_is_registered_byte_by_byte() {
    let server = Server::start(|_, _| {
        (
            200,
            json!({"taskDefinition": {"taskDefinitionArn": ARN}}).to_string(),
        )
    })
    .await;
    let json = r#"{ "zebra":  1.50, "family":"hello","containerDefinitions":[{"name":"ä"}],"tags":[{"key":"k","value":"v"}] }"#;
    let new = NewTaskDefinition {
        json: json.to_owned(),
    };
    let arn = server
        .open()
        .await
        .register_task_definition(&new)
        .await
        .expect("registered");
    assert_eq!(arn, ARN);
    let asked = &server.asked("RegisterTaskDefinition")[0];
    assert_eq!(asked.body, json);
    assert_eq!(asked.headers["content-length"], json.len().to_string());
    assert_eq!(asked.headers["content-type"], "application/x-amz-json-1.1");
    let signature = asked.headers["authorization"].to_str().expect("text");
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 Credential=000000000000/"),
        "{signature}"
    );
}

/// A service whose configuration has members from the future.
fn described() -> Value {
    json!({
        "serviceArn": "arn:aws:ecs:eu-west-1:111111111111:service/main/hello",
        "serviceName": "hello",
        "status": "ACTIVE",
        "desiredCount": 2,
        "deploymentConfiguration": {
            "newest": {"thing": [true]},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": true, "rollback": true, "later": 1},
        },
        "deployments": [],
        "events": [],
    })
}

#[tokio::test]
async fn an_update_sends_back_what_was_seen_with_our_bounds() {
    let server = Server::start(|asked, _| {
        let body = match asked.operation.as_str() {
            "DescribeServices" => json!({"services": [described()], "failures": []}),
            _ => json!({"service": described()}),
        };
        (200, body.to_string())
    })
    .await;
    let region = server.open().await;
    let seen = region
        .service(&cluster(), &service())
        .await
        .expect("asked")
        .expect("it exists");
    assert_eq!(
        seen.deployment_configuration,
        described()["deploymentConfiguration"].to_string()
    );
    assert_eq!(
        seen.breaker,
        Some(BreakerSeen {
            enable: true,
            rollback: true
        })
    );
    assert_eq!(
        (seen.controller.as_str(), seen.strategy.as_str()),
        ("ECS", "ROLLING")
    );
    let update = UpdateService {
        cluster: cluster(),
        service: service(),
        task_definition: ARN.to_owned(),
        base_configuration: seen.deployment_configuration,
        keeps_configuration: false,
        minimum_healthy_percent: 50,
        maximum_percent: 150,
        breaker: BreakerSeen {
            enable: false,
            rollback: false,
        },
        health_check_grace_period: None,
        force: true,
    };
    let answer = region.update_service(&update).await.expect("updated");
    assert_eq!(answer.desired, 2);
    assert!(answer.deployment_configuration.contains("newest"));
    let sent: Value = serde_json::from_str(&server.asked("UpdateService")[0].body).expect("JSON");
    assert_eq!(
        sent,
        json!({
            "cluster": "main",
            "service": "hello",
            "taskDefinition": ARN,
            "deploymentConfiguration": {
                "newest": {"thing": [true]},
                "maximumPercent": 150,
                "minimumHealthyPercent": 50,
                "deploymentCircuitBreaker": {"enable": false, "rollback": false, "later": 1},
            },
            "forceNewDeployment": true,
        })
    );
}
