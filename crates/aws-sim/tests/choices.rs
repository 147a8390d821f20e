//! Where AWS is silent: each choice of `/_sim/choices` both ways.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

#[path = "support/hello.rs"]
mod hello;
#[path = "support/scaling.rs"]
mod scaling;
mod support;

use std::time::Duration;

use hello::{CLUSTER, Hello, SERVICE, text};
use http::{Method, StatusCode};
use scaling::{CPU, Scaling};
use serde_json::{Value, json};
use support::{Answer, STAGING, TOOLS, World};

async fn choose(world: &World, choices: Value) -> Value {
    let answer = world.control(Method::PUT, "/_sim/choices", choices).await;
    answer.ok()
}

#[tokio::test]
async fn choices_are_shown_kept_with_the_state_and_brought_back_by_an_empty_body() {
    let world = World::demo().await;
    let show = || world.control(Method::GET, "/_sim/choices", Value::Null);
    let usual = show().await.ok();
    assert_eq!(usual["stop_abort"], "refused");
    let changed = choose(
        &world,
        json!({"stop_abort": "stops", "registry_delete": true}),
    )
    .await;
    assert_eq!(
        (&changed["stop_abort"], &changed["registry_delete"]),
        (&json!("stops"), &json!(true))
    );
    let state = world
        .control(Method::GET, "/_sim/state", Value::Null)
        .await
        .ok();
    assert_eq!(choose(&world, json!({})).await, usual);
    world.control(Method::PUT, "/_sim/state", state).await.ok();
    assert_eq!(show().await.ok(), changed);
}

#[tokio::test]
async fn impossible_choices_are_refused_and_change_nothing() {
    let world = World::demo().await;
    for (choices, says) in [
        (
            json!({"stop_abort": "maybe"}),
            "expected `refused` or `stops`",
        ),
        (
            json!({"registry_deletes": true}),
            "unknown field `registry_deletes`",
        ),
        (json!({"tasks_per_service": 20_001}), "more than 20000"),
        (json!({"upload_chunk_status": 204}), "neither 201 nor 202"),
        (
            json!({"suspension_delay": -1}),
            "suspension_delay -1 is not in 0..=86400",
        ),
        (
            json!({"autoscaling_rate": {"burst": 0, "refill": 1}}),
            "would take no call",
        ),
    ] {
        let answer = world.control(Method::PUT, "/_sim/choices", choices).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    let shown = world
        .control(Method::GET, "/_sim/choices", Value::Null)
        .await
        .ok();
    assert_eq!(shown["upload_chunk_status"], 202);
}

#[tokio::test]
async fn an_early_exit_counts_for_the_breaker_unless_chosen_otherwise() {
    for (counts, status) in [(true, "ROLLBACK_SUCCESSFUL"), (false, "IN_PROGRESS")] {
        let hello = Hello::new().await;
        choose(&hello.world, json!({"early_exits_count": counts})).await;
        hello.script(json!({"match": "hello:broken", "kind": "exit", "after_seconds": 5}));
        let arn = hello.deploy("hello:broken").await;
        hello.advance(1200);
        assert_eq!(hello.deployment(&arn).await["status"], status, "{counts}");
    }
}

#[tokio::test]
async fn tasks_that_stop_take_up_room_unless_chosen_otherwise() {
    let mut pending = Vec::new();
    for counts in [true, false] {
        let hello = Hello::new().await;
        // For services that are there already, too.
        choose(&hello.world, json!({"stopping_tasks_count": counts})).await;
        let phases = json!({"terminating": 600, "draining": 0});
        hello
            .world
            .control(Method::PUT, "/_sim/ecs/phases", phases)
            .await
            .ok();
        let bounds = json!({"minimumHealthyPercent": 0, "maximumPercent": 100});
        hello
            .update(json!({"deploymentConfiguration": bounds}))
            .await;
        hello.update(json!({"forceNewDeployment": true})).await;
        hello.advance(600);
        hello.update(json!({"forceNewDeployment": true})).await;
        hello.advance(10);
        pending.push(
            hello.service().await["deployments"][0]["pendingCount"]
                .as_u64()
                .unwrap(),
        );
    }
    assert_eq!(pending[0], 0);
    assert!(pending[1] > 0, "{pending:?}");
}

#[tokio::test]
async fn reasons_are_the_texts_that_were_chosen() {
    let hello = Hello::new().await;
    choose(
        &hello.world,
        json!({"reasons": {"stopped": "So it was asked.", "breaker": "Too many."}}),
    )
    .await;
    let arn = hello.deploy("hello:2").await;
    hello.advance(3);
    hello
        .ecs(
            "StopServiceDeployment",
            json!({"serviceDeploymentArn": arn}),
        )
        .await;
    assert_eq!(
        hello.end_of(&arn).await["rollback"]["reason"],
        "So it was asked."
    );
    hello.script(json!({"match": "hello:broken", "kind": "cannot-pull"}));
    let arn = hello.deploy("hello:broken").await;
    assert_eq!(hello.end_of(&arn).await["rollback"]["reason"], "Too many.");
}

#[tokio::test]
async fn a_revision_has_the_digits_of_its_deployment_or_its_own() {
    let hello = Hello::new().await;
    for (choice, same) in [("of-the-deployment", true), ("own", false)] {
        choose(&hello.world, json!({"revision_digits": choice})).await;
        let arn = hello.deploy("hello:2").await;
        let revision = text(&hello.deployment(&arn).await["targetServiceRevision"]["arn"]);
        let deployment = text(&hello.service().await["deployments"][0]["id"]);
        let digits = deployment.trim_start_matches("ecs-svc/");
        assert_eq!(revision.ends_with(digits), same, "{revision} {deployment}");
        let input = json!({"serviceRevisionArns": [revision]});
        let found = hello.ecs("DescribeServiceRevisions", input).await;
        assert_eq!(found["serviceRevisions"][0]["serviceRevisionArn"], revision);
    }
}

#[tokio::test]
async fn abort_is_refused_or_stops_the_deployment_where_it_stands() {
    let hello = Hello::new().await;
    let arn = hello.deploy("hello:2").await;
    hello.advance(3);
    let abort = json!({"serviceDeploymentArn": arn, "stopType": "ABORT"});
    let refused = hello.refused("StopServiceDeployment", abort.clone()).await;
    assert_eq!(refused, "InvalidParameterException");
    choose(&hello.world, json!({"stop_abort": "stops"})).await;
    hello.ecs("StopServiceDeployment", abort.clone()).await;
    let ended = hello.end_of(&arn).await;
    assert_eq!(
        (&ended["status"], &ended["rollback"]),
        (&json!("STOPPED"), &Value::Null)
    );
    assert_eq!(
        hello.refused("StopServiceDeployment", abort).await,
        "ConflictException"
    );
}

async fn limited(world: &World, choices: Value) {
    choose(world, choices).await;
    let body = json!({"enabled": true});
    world.control(Method::PUT, "/_sim/limits", body).await.ok();
}

#[tokio::test]
async fn undocumented_rates_bind_where_they_were_chosen() {
    let hello = Hello::new().await;
    let stop = json!({"serviceDeploymentArn": "arn:aws:ecs:eu-west-1:111111111111:service-deployment/main/hello/x"});
    limited(&hello.world, json!({})).await;
    for _ in 0..20 {
        let refused = hello.refused("StopServiceDeployment", stop.clone()).await;
        assert_eq!(refused, "ServiceDeploymentNotFoundException");
    }
    let rate = json!({"burst": 2, "refill": 1});
    limited(
        &hello.world,
        json!({"stop_deployment_rate": rate, "autoscaling_rate": rate}),
    )
    .await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(hello.refused("StopServiceDeployment", stop.clone()).await);
    }
    assert_eq!(
        codes[1..],
        ["ServiceDeploymentNotFoundException", "ThrottlingException"]
    );
    let target = "AnyScaleFrontendService.DescribeScalableTargets";
    let input = json!({"ServiceNamespace": "ecs"});
    for status in [StatusCode::OK, StatusCode::OK, StatusCode::BAD_REQUEST] {
        let answer = hello.world.call(STAGING, target, input.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

async fn flags(scaling: &Scaling) -> Value {
    let target = "AnyScaleFrontendService.DescribeScalableTargets";
    let input = json!({"ServiceNamespace": "ecs"});
    let answer = scaling.hello.world.call(STAGING, target, input).await.ok();
    answer["ScalableTargets"][0]["SuspendedState"].clone()
}

#[tokio::test]
async fn a_flag_that_is_missing_is_false_or_stays() {
    for (choice, kept) in [("false", false), ("kept", true)] {
        let scaling = Scaling::between(1, 4).await;
        choose(&scaling.hello.world, json!({"missing_flags": choice})).await;
        scaling.suspend(true, false, false).await;
        let more = json!({"SuspendedState": {"ScheduledScalingSuspended": true}});
        scaling.register(more).await;
        let expected = json!({"DynamicScalingInSuspended": kept,
            "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": true});
        assert_eq!(flags(&scaling).await, expected, "{choice}");
    }
}

#[tokio::test]
async fn scaling_may_act_for_a_while_after_it_was_suspended() {
    for (delay, desired) in [(0, 2), (600, 4)] {
        let scaling = Scaling::between(1, 4).await;
        scaling.track(json!({})).await;
        choose(&scaling.hello.world, json!({"suspension_delay": delay})).await;
        scaling.metric(CPU, json!(100)).await;
        scaling.suspend(true, true, true).await;
        scaling.wait(300);
        assert_eq!(scaling.desired().await, desired, "{delay}");
        assert_eq!(flags(&scaling).await["DynamicScalingOutSuspended"], true);
    }
}

#[tokio::test]
async fn quotas_of_services_and_tasks_are_those_of_the_account() {
    let hello = Hello::new().await;
    let update =
        |count: u32| json!({"cluster": CLUSTER, "service": SERVICE, "desiredCount": count});
    let refused = hello.refused("UpdateService", update(5001)).await;
    assert_eq!(refused, "InvalidParameterException");
    choose(
        &hello.world,
        json!({"tasks_per_service": 3, "services_per_cluster": 1}),
    )
    .await;
    assert_eq!(
        hello.refused("UpdateService", update(4)).await,
        "InvalidParameterException"
    );
    hello.ecs("UpdateService", update(3)).await;
    let create = json!({"cluster": CLUSTER, "serviceName": "second", "desiredCount": 0,
        "taskDefinition": "hello", "launchType": "FARGATE", "networkConfiguration": hello::network()});
    assert_eq!(
        hello.refused("CreateService", create.clone()).await,
        "ClientException"
    );
    choose(&hello.world, json!({"services_per_cluster": null})).await;
    hello.ecs("CreateService", create).await;
}

fn code(answer: &Answer) -> (u16, Value) {
    let code = answer.json()["errors"][0]["code"].clone();
    (answer.status.as_u16(), code)
}

#[tokio::test]
async fn a_registry_deletes_and_has_a_catalogue_only_where_that_was_chosen() {
    let world = World::demo().await;
    world.repository("team/api", json!({})).await;
    let registry = world.repository("app", json!({})).await;
    let pushed = registry.push_image("app", "v1", b"layer").await;
    let digest = pushed.header("docker-content-digest").to_owned();
    registry.push_image("app", "v2", b"layer").await;
    let delete = |reference: &str| {
        let path = format!("/v2/app/manifests/{reference}");
        let registry = registry.clone();
        async move { registry.send(Method::DELETE, &path, &[], "").await }
    };
    let unsupported = (405, json!("UNSUPPORTED"));
    assert_eq!(code(&delete("v1").await), unsupported);
    assert_eq!(code(&registry.get("/v2/_catalog").await), unsupported);

    choose(
        &world,
        json!({"registry_delete": true, "registry_catalog": true}),
    )
    .await;
    let first = registry.get("/v2/_catalog?n=1").await;
    assert_eq!(first.json()["repositories"], json!(["app"]));
    assert_eq!(
        first.header("link"),
        "</v2/_catalog?n=1&last=app>; rel=\"next\""
    );
    let rest = registry.get("/v2/_catalog?n=1&last=app").await;
    assert_eq!(rest.json()["repositories"], json!(["team/api"]));
    assert_eq!(rest.header("link"), "");
    let foreign = world.registry(STAGING).await;
    assert_eq!(
        code(&foreign.get("/v2/_catalog").await),
        (403, json!("DENIED"))
    );

    assert_eq!(delete("v1").await.status, StatusCode::ACCEPTED);
    assert_eq!(
        registry.get("/v2/app/tags/list").await.json()["tags"],
        json!(["v2"])
    );
    assert_eq!(code(&delete("v1").await), (404, json!("MANIFEST_UNKNOWN")));
    assert_eq!(delete(&digest).await.status, StatusCode::ACCEPTED);
    assert_eq!(
        registry.get("/v2/app/tags/list").await.json()["tags"],
        json!([])
    );
}

#[tokio::test]
async fn a_chunk_is_answered_with_the_status_that_was_chosen() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    choose(&world, json!({"upload_chunk_status": 201})).await;
    let begun = registry
        .send(Method::POST, "/v2/app/blobs/uploads/", &[], "")
        .await;
    let upload = begun.header("location").to_owned();
    let chunk = registry.send(Method::PATCH, &upload, &[], "bytes").await;
    assert_eq!(chunk.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_registry_token_outlives_the_session_that_asked_for_it_or_does_not() {
    for (choice, status) in [("twelve-hours", 200), ("end-with-the-session", 403)] {
        let world = World::demo().await;
        choose(&world, json!({"session_tokens": choice})).await;
        world.repository("app", json!({})).await;
        let keys = world.assume(TOOLS, TOOLS, "shipway-deploy").await;
        let registry = world.registry(keys).await;
        world.sim.clock().advance(Duration::from_secs(3500));
        assert_eq!(registry.get("/v2/").await.status, StatusCode::OK);
        world.sim.clock().advance(Duration::from_secs(101));
        assert_eq!(
            registry.get("/v2/").await.status.as_u16(),
            status,
            "{choice}"
        );
    }
}
