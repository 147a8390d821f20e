//! Reads are tried again, changes never; what failed is told with its kind.

mod common;

use common::{Server, cluster, service};
use serde_json::json;
use shipway_domain::observe::ServiceDeploymentStatus;
use shipway_plugin::{ErrorKind, NewTaskDefinition, Watch};

const ARN: &str = "arn:aws:ecs:eu-west-1:111111111111:service-deployment/main/hello/abc";

fn error(code: &str, message: &str) -> String {
    json!({"__type": code, "message": message}).to_string()
}

fn new() -> NewTaskDefinition {
    NewTaskDefinition {
        json: r#"{"family":"hello"}"#.to_owned(),
    }
}

#[tokio::test]
async fn a_throttled_read_is_tried_again() {
    let server = Server::start(|_, before| match before {
        0 | 1 => (400, error("ThrottlingException", "Rate exceeded")),
        _ => (200, json!({"taskDefinitionArns": []}).to_string()),
    })
    .await;
    let arns = server
        .open()
        .await
        .newest_revisions("hello", 5)
        .await
        .expect("listed");
    assert!(arns.is_empty());
    assert_eq!(server.asked("ListTaskDefinitions").len(), 3);
}

#[tokio::test]
async fn a_change_is_sent_once_whatever_comes_back() {
    for (status, code, message, kind) in [
        (
            400,
            "ThrottlingException",
            "Rate exceeded",
            ErrorKind::Throttled,
        ),
        (500, "ServerException", "oops", ErrorKind::Unreachable),
        (
            400,
            "ClientException",
            "Too many concurrent attempts to create a new revision of the specified family.",
            ErrorKind::Conflict,
        ),
        (
            400,
            "ExpiredTokenException",
            "expired",
            ErrorKind::Credentials,
        ),
        (503, "", "", ErrorKind::Unreachable),
    ] {
        let body = if code.is_empty() {
            "<html>".to_owned()
        } else {
            error(code, message)
        };
        let server = Server::start(move |_, _| (status, body.clone())).await;
        let refused = server.open().await.register_task_definition(&new()).await;
        let refused = refused.expect_err("refused");
        assert_eq!(
            (refused.kind, refused.code.as_str()),
            (kind, code),
            "{refused}"
        );
        assert_eq!(refused.call, "ecs:RegisterTaskDefinition");
        assert_eq!(server.asked("RegisterTaskDefinition").len(), 1);
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let mut config = common::config(&url);
    config
        .accounts
        .iter_mut()
        .for_each(|account| account.role_arn = None);
    let region = common::open(config, common::STAGING, &common::job()).await;
    let error = region
        .register_task_definition(&new())
        .await
        .expect_err("nobody answers");
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn throttled_polls_end_in_an_answer() {
    let server = Server::start(|_, before| match before {
        0..3 => (400, error("ThrottlingException", "Rate exceeded")),
        _ => {
            let deployment = json!({
                "serviceDeploymentArn": ARN,
                "createdAt": 1_700_000_000.25,
                "status": "IN_PROGRESS",
                "targetServiceRevision": {"arn": "rev/2", "requestedTaskCount": 3, "runningTaskCount": 1},
                "deploymentCircuitBreaker": {"status": "MONITORING", "failureCount": 1, "threshold": 3},
            });
            (200, json!({"serviceDeployments": [deployment]}).to_string())
        }
    })
    .await;
    let watch = Watch {
        cluster: cluster(),
        service: service(),
        service_deployment: Some(ARN.to_owned()),
        with_service: false,
    };
    let seen = server.open().await.observe(&watch).await.expect("observed");
    let deployment = seen.service_deployment.expect("it exists");
    assert_eq!(deployment.status, ServiceDeploymentStatus::InProgress);
    assert_eq!(deployment.created_at.millis(), 1_700_000_000_250);
    assert_eq!(deployment.target_revision.requested, 3);
    assert_eq!(deployment.breaker.expect("a breaker").failures, 1);
    assert_eq!(server.asked("DescribeServiceDeployments").len(), 4);
}

#[tokio::test]
async fn services_asked_for_at_once_share_calls() {
    let server = Server::start(|asked, _| {
        let body: serde_json::Value = serde_json::from_str(&asked.body).expect("JSON");
        let names = body["services"].as_array().expect("services").iter();
        let services: Vec<_> = names
            .filter(|name| *name != "s13")
            .map(|name| json!({"serviceName": name, "serviceArn": name, "status": "ACTIVE"}))
            .collect();
        let failures = json!([{"arn": "s13", "reason": "MISSING"}]);
        (
            200,
            json!({"services": services, "failures": failures}).to_string(),
        )
    })
    .await;
    let region = server.open().await;
    let cluster = cluster();
    let names: Vec<_> = (0..25)
        .map(|n| shipway_domain::ids::ServiceName::new(format!("s{n}")).expect("a name"))
        .collect();
    let asks = names.iter().map(|name| region.service(&cluster, name));
    for (n, seen) in futures::future::join_all(asks)
        .await
        .into_iter()
        .enumerate()
    {
        let seen = seen.expect("asked");
        assert_eq!(
            seen.map(|seen| seen.arn),
            (n != 13).then(|| format!("s{n}"))
        );
    }
    assert_eq!(server.asked("DescribeServices").len(), 3);
}
