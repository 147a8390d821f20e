//! The world over the control API: saved, changed, loaded, and going on from where it was.

mod support;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{PROD, REGION, STAGING, TOOLS, World};

async fn save(world: &World) -> Value {
    world
        .control(Method::GET, "/_sim/state", Value::Null)
        .await
        .ok()
}

async fn load(world: &World, state: &Value) {
    let answer = world
        .control(Method::PUT, "/_sim/state", state.clone())
        .await;
    assert_eq!(answer.ok()["now"], world.sim.clock().now().epoch_seconds());
}

async fn hello(world: &World) -> Value {
    let input = json!({"cluster": "main", "services": ["hello"]});
    let seen = world.ecs(STAGING, "DescribeServices", input).await.ok();
    seen["services"][0].clone()
}

/// A world in which a rollout of `hello` to a second revision is under way.
async fn in_mid_rollout() -> World {
    let world = World::demo().await;
    let family = hello(&world).await["taskDefinition"].clone();
    let described = json!({"taskDefinition": family});
    let described = world
        .ecs(STAGING, "DescribeTaskDefinition", described)
        .await;
    let mut definition = described.ok()["taskDefinition"].clone();
    let members = definition.as_object_mut().expect("a definition");
    let kept = [
        "family",
        "containerDefinitions",
        "cpu",
        "memory",
        "networkMode",
        "requiresCompatibilities",
    ];
    members.retain(|name, _| kept.contains(&name.as_str()));
    definition["containerDefinitions"][0]["image"] = "hello:v2".into();
    let registered = world
        .ecs(STAGING, "RegisterTaskDefinition", definition)
        .await
        .ok();
    let update = json!({"cluster": "main", "service": "hello",
        "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"]});
    world.ecs(STAGING, "UpdateService", update).await.ok();
    world.sim.clock().advance(Duration::from_secs(30));
    let service = hello(&world).await;
    assert_eq!(
        service["deployments"][0]["rolloutState"], "IN_PROGRESS",
        "{service}"
    );
    world
}

/// Lets the rollout go to its end; gives the service and when it was over.
async fn finish(world: &World) -> (Value, f64) {
    for _ in 0..600 {
        let service = hello(world).await;
        if service["deployments"][0]["rolloutState"] == "COMPLETED" {
            return (service, world.sim.clock().now().epoch_seconds());
        }
        world.sim.clock().advance(Duration::from_secs(1));
    }
    panic!("the rollout did not end: {}", hello(world).await);
}

#[tokio::test]
async fn a_loaded_world_is_the_saved_one_and_its_rollout_goes_on_to_the_same_end() {
    let world = in_mid_rollout().await;
    let (saved, before) = (save(&world).await, hello(&world).await);
    let first = finish(&world).await;

    // The world goes another way meanwhile.
    let scale = json!({"cluster": "main", "service": "hello", "desiredCount": 7});
    world.ecs(STAGING, "UpdateService", scale).await.ok();
    world
        .ecs(PROD, "CreateCluster", json!({"clusterName": "more"}))
        .await
        .ok();
    world.sim.clock().advance(Duration::from_secs(5000));
    assert_eq!(hello(&world).await["desiredCount"], 7);

    load(&world, &saved).await;
    assert_eq!(save(&world).await, saved);
    assert_eq!(hello(&world).await, before);
    assert_eq!(finish(&world).await, first);
    let clusters = world.ecs(PROD, "ListClusters", json!({})).await.ok();
    assert_eq!(clusters["clusterArns"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_fresh_simulator_goes_on_from_a_saved_world_at_its_time() {
    let world = in_mid_rollout().await;
    let role = world.assume(TOOLS, STAGING, "shipway-deploy").await;
    let saved = save(&world).await;
    let first = finish(&world).await;
    world.sim.stop().await;

    let fresh = World::seeded(&aws_sim::seed::Seed::default()).await;
    load(&fresh, &saved).await;
    let again = save(&fresh).await;
    assert_eq!(again["saved_at"], saved["saved_at"]);
    assert_eq!(again, saved);
    assert_eq!(finish(&fresh).await, first);
    fresh.ecs(role, "ListClusters", json!({})).await.ok();
}

#[tokio::test]
async fn saying_when_it_was_saved_is_part_of_the_state() {
    let world = World::demo().await;
    for _ in 0..2 {
        let micros = world.sim.clock().now().micros();
        assert_eq!(save(&world).await["saved_at"], micros);
        world.sim.clock().advance(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn a_registry_keeps_its_images_in_one_simulator_and_elsewhere_all_but_the_layers() {
    let world = World::demo().await;
    let registry = world.repository("app", json!({})).await;
    registry.push_image("app", "v1", b"layer").await;
    let saved = save(&world).await;
    let gone = json!({"repositoryName": "app", "force": true});
    world.ecr(TOOLS, "DeleteRepository", gone).await.ok();
    load(&world, &saved).await;
    let layer = format!("/v2/app/blobs/{}", support::digest(b"layer"));
    assert_eq!(registry.blob(&layer, &[]).await.text(), "layer");
    let manifest = registry.get("/v2/app/manifests/v1").await;
    assert_eq!(manifest.status, StatusCode::OK);
    let address = registry.host.clone();
    world.sim.stop().await;

    let fresh = World::seeded(&aws_sim::seed::Seed::default()).await;
    // It has a registry of its own, at another port, before it learns of the saved one.
    let former = fresh.sim.registry(TOOLS, REGION).expect("a port");
    load(&fresh, &saved).await;
    let now = fresh.sim.registry(TOOLS, REGION).expect("a port");
    assert_eq!(now, address, "image references still lead there");
    for host in [now, former] {
        let there = support::Registry {
            host,
            ..registry.clone()
        };
        let pulled = there.get("/v2/app/manifests/v1").await;
        assert_eq!(
            pulled.body, manifest.body,
            "with the password that was saved"
        );
        let pulled = there.get(&layer).await;
        assert_eq!(pulled.status, StatusCode::NOT_FOUND, "{}", pulled.text());
        let looked = there.send(Method::HEAD, &layer, &[], "").await;
        assert_eq!(
            looked.status,
            StatusCode::NOT_FOUND,
            "a push would send it again"
        );
        assert!(pulled.text().contains("BLOB_UNKNOWN"), "{}", pulled.text());
    }
    // Pushing the layer again mends it.
    let pushed = registry.push_image("app", "v1", b"layer").await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.text());
    assert_eq!(registry.blob(&layer, &[]).await.text(), "layer");
}

#[tokio::test]
async fn a_document_that_is_no_saved_world_is_refused_and_changes_nothing() {
    let world = in_mid_rollout().await;
    let good = save(&world).await;
    let with = |path: &str, value: Value| {
        let mut state = good.clone();
        *state.pointer_mut(path).expect(path) = value;
        state
    };
    let without = |member: &str| {
        let mut state = good.clone();
        state.as_object_mut().expect("a structure").remove(member);
        state
    };
    let mut added = good.clone();
    added["accounts"][STAGING]["regions"][REGION]["ecs"]["clutsers"] = json!({"a": 1});
    let mut short = good.clone();
    short["accounts"]["42"] = json!({});
    for (state, named) in [
        (json!({}), "`saved_at` is missing"),
        (json!([1]), "no saved world"),
        (json!("state"), "no saved world"),
        (without("ids"), "`ids` is missing"),
        (without("accounts"), "`accounts` is missing"),
        (without("token_key"), "`token_key` is missing"),
        (with("/saved_at", json!("noon")), "noon"),
        (with("/saved_at", json!(u64::MAX)), "9999"),
        (with("/accounts", json!([])), "no saved world"),
        (added, "clutsers"),
        (short, "twelve digits"),
    ] {
        let answer = world.control(Method::PUT, "/_sim/state", state).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{named}");
        let text = answer.json()["error"].as_str().expect("a text").to_owned();
        assert!(text.contains(named), "{named}: {text}");
        assert_eq!(save(&world).await, good, "{named}");
    }
    let half = &good.to_string()[..1000];
    let path = "/_sim/state";
    let request = support::request(Method::PUT, &world.host(), path, &[], half.to_owned());
    let answer = support::send(&world.host(), request).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(save(&world).await, good);
}

#[tokio::test]
async fn work_that_was_scheduled_is_done_after_loading() {
    let world = World::demo().await;
    let about = |more: Value| {
        let mut input = json!({"ServiceNamespace": "ecs", "ResourceId": "service/main/hello",
            "ScalableDimension": "ecs:service:DesiredCount"});
        for (name, value) in more.as_object().expect("a structure") {
            input[name] = value.clone();
        }
        input
    };
    let ask = async |action: &str, more: Value| {
        let target = format!("AnyScaleFrontendService.{action}");
        world.call(STAGING, &target, about(more)).await.ok()
    };
    let capacity = json!({"MinCapacity": 1, "MaxCapacity": 9});
    ask("RegisterScalableTarget", capacity).await;
    let action = json!({"ScheduledActionName": "up", "Schedule": "rate(1 hour)",
        "ScalableTargetAction": {"MinCapacity": 5}});
    ask("PutScheduledAction", action).await;
    let saved = save(&world).await;
    world.sim.stop().await;

    let fresh = World::seeded(&aws_sim::seed::Seed::default()).await;
    load(&fresh, &saved).await;
    let before = hello(&fresh).await["desiredCount"].clone();
    assert_ne!(before, 5);
    fresh.sim.clock().advance(Duration::from_secs(3 * 3600));
    assert_eq!(hello(&fresh).await["desiredCount"], 5);
}

/// Only where there is an engine: without one, a simulator of containers does not start.
#[tokio::test]
async fn nothing_is_loaded_while_tasks_are_containers() {
    let sim = aws_sim::start(aws_sim::SimConfig {
        tasks: aws_sim::Tasks::Docker,
        ..aws_sim::SimConfig::default()
    });
    let sim = match sim.await {
        Ok(sim) => sim,
        Err(error) => {
            let demanded = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|it| it == "1");
            assert!(!demanded, "{error}, and SHIPWAY_REQUIRE_DOCKER=1");
            // Past the harness, which keeps to itself what a test that passes prints.
            let said = format!("SKIPPED: {error}\n");
            drop(std::io::Write::write_all(
                &mut std::io::stderr(),
                said.as_bytes(),
            ));
            return;
        }
    };
    let world = World { sim };
    let state = save(&world).await;
    let answer = world.control(Method::PUT, "/_sim/state", state).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text().contains("containers"), "{}", answer.text());
    world.sim.stop().await;
}

#[tokio::test]
async fn a_world_saved_long_after_what_is_due_in_it_is_refused() {
    let world = in_mid_rollout().await;
    let before = save(&world).await;
    let mut state = before.clone();
    state["saved_at"] =
        json!(before["saved_at"].as_u64().expect("micros") + 366 * 86_400 * 1_000_000);
    let answer = world.control(Method::PUT, "/_sim/state", state).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer.text().contains("long before `saved_at`"),
        "{}",
        answer.text()
    );
    assert_eq!(save(&world).await, before);
}
