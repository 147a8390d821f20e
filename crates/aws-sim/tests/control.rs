//! The control API, seeding, the small services, and what survives a restart.

mod support;

use aws_sim::{SimConfig, start};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Keys, REGION, STAGING, TOOLS, World, call};

const SECRET: &str = "secretsmanager.GetSecretValue";
const PARAMETER: &str = "AmazonSSM.GetParameter";

#[tokio::test]
async fn seeded_secrets_and_parameters_are_found_by_name_and_by_arn() {
    let world = World::demo().await;
    let seed = json!({"accounts": [{"id": TOOLS, "regions": [{"name": REGION,
        "secrets": {"npm/token": "s3cret"}, "parameters": {"/build/key": "k3y"}}]}]});
    world.control(Method::POST, "/_sim/seed", seed).await.ok();
    let secret = world
        .call(TOOLS, SECRET, json!({"SecretId": "npm/token"}))
        .await
        .ok();
    assert_eq!(secret["SecretString"], "s3cret");
    let by_arn = json!({"SecretId": secret["ARN"]});
    assert_eq!(world.call(TOOLS, SECRET, by_arn).await.ok(), secret);
    let name = json!({"Name": "/build/key", "WithDecryption": true});
    let parameter = world.call(TOOLS, PARAMETER, name).await.ok();
    assert_eq!(parameter["Parameter"]["Value"], "k3y");
    let elsewhere = world
        .call(STAGING, SECRET, json!({"SecretId": "npm/token"}))
        .await;
    assert_eq!(elsewhere.error(), "ResourceNotFoundException");
    let missing = world.call(TOOLS, PARAMETER, json!({"Name": "x"})).await;
    assert_eq!(missing.error(), "ParameterNotFound");
}

#[tokio::test]
async fn scripts_are_added_listed_and_forgotten() {
    let world = World::demo().await;
    let script = json!({"match": "hello:broken", "kind": "exit", "exit_code": 3});
    world
        .control(Method::POST, "/_sim/scripts", script.clone())
        .await
        .ok();
    let listed = world
        .control(Method::GET, "/_sim/scripts", Value::Null)
        .await
        .ok();
    assert_eq!(listed, json!([script]));
    world
        .control(Method::DELETE, "/_sim/scripts", Value::Null)
        .await
        .ok();
    let listed = world
        .control(Method::GET, "/_sim/scripts", Value::Null)
        .await
        .ok();
    assert_eq!(listed, json!([]));
}

#[tokio::test]
async fn bad_control_requests_say_what_is_wrong() {
    let world = World::demo().await;
    for (path, body, expected) in [
        (
            "/_sim/scripts",
            json!({"match": "x", "kind": "explode"}),
            "explode",
        ),
        ("/_sim/scripts", json!({"kind": "exit"}), "`match` is empty"),
        ("/_sim/seed", json!({"acounts": []}), "acounts"),
        (
            "/_sim/seed",
            json!({"accounts": [{"id": "1"}]}),
            "twelve digits",
        ),
        ("/_sim/clock", json!({"scale": 0.5}), "1..=1000"),
        ("/_sim/clock", json!({"advance_seconds": -1}), "-1"),
    ] {
        let answer = world.control(Method::POST, path, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected), "{path}: {error}");
    }
    let answer = world
        .control(Method::GET, "/_sim/calls?since=noon", Value::Null)
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_new_scalable_target_needs_an_existing_service() {
    let world = World::demo().await;
    let target = json!({"ServiceNamespace": "ecs", "ResourceId": "service/main/nope",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 3});
    let register = "AnyScaleFrontendService.RegisterScalableTarget";
    let answer = world.call(STAGING, register, target).await;
    assert_eq!(answer.error(), "ValidationException");
    assert!(
        answer.json()["Message"]
            .as_str()
            .unwrap()
            .contains("service/main/nope")
    );
    let all = json!({"ServiceNamespace": "ecs"});
    let describe = "AnyScaleFrontendService.DescribeScalableTargets";
    let targets = world.call(STAGING, describe, all).await.ok();
    assert_eq!(targets, json!({"ScalableTargets": []}));
}

#[tokio::test]
async fn a_world_with_a_data_directory_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let config = || SimConfig {
        data: Some(directory.path().to_owned()),
        time_scale: 100.0,
        ..SimConfig::default()
    };
    let sim = start(config()).await.unwrap();
    let world = World { sim };
    let registry = world.repository("app", json!({})).await;
    let pushed = registry.push_image("app", "v1", b"layer").await;
    assert_eq!(pushed.status, StatusCode::CREATED);
    let before = world.sim.clock().now();
    world.sim.stop().await;

    let world = World {
        sim: start(config()).await.unwrap(),
    };
    assert!(
        world.sim.clock().now() >= before,
        "time never runs backwards"
    );
    let again = world.sim.registry(TOOLS, REGION).unwrap();
    assert_eq!(again, registry.host, "the registry keeps its port");
    let digest = support::digest(b"layer");
    let layer = registry.blob(&format!("/v2/app/blobs/{digest}"), &[]).await;
    assert_eq!(
        layer.text(),
        "layer",
        "the token is still good, the layer still there"
    );
    world.sim.stop().await;
}

#[tokio::test]
async fn two_worlds_with_one_seed_give_the_same_ids() {
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let world = World::demo().await;
        tokens.push(world.assume(TOOLS, STAGING, "shipway-deploy").await.id);
    }
    assert_eq!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_scale_out_of_range_is_refused_at_the_start() {
    for time_scale in [0.5, -1.0, 1001.0, f64::NAN] {
        let refused = start(SimConfig {
            time_scale,
            ..SimConfig::default()
        })
        .await;
        assert!(refused.is_err(), "{time_scale}");
    }
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let refused = start(SimConfig {
        listen,
        ..SimConfig::default()
    })
    .await
    .unwrap_err();
    assert!(
        refused.to_string().contains("not a loopback address"),
        "{refused}"
    );
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let world = World::demo().await;
    let host = world.host();
    let idle = tokio::net::TcpStream::connect(&host).await.unwrap();
    call(&host, &Keys::from(TOOLS), PARAMETER, "{}").await;
    let begin = std::time::Instant::now();
    world.sim.stop().await;
    assert!(begin.elapsed() < std::time::Duration::from_secs(10));
    drop(idle);
    assert!(tokio::net::TcpStream::connect(&host).await.is_err());
}
