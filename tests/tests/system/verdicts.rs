//! Each verdict, reached the way it is reached in life.

use serde_json::{Value, json};
use shipway_dev::{ACCOUNTS, REGION};
use shipway_proto::v1;
use shipway_server::config::LeaseConfig;
use shipway_tests::{App, Scaled, World, agent_in, id, lost_agent, patiently, quick_agent};
use tokio::task::JoinSet;

const STAGING: &str = ACCOUNTS[1].1;

fn script(pattern: &str, kind: &str, more: Value) -> aws_sim::script::Script {
    let mut script = json!({"match": pattern, "kind": kind});
    let script = script.as_object_mut().map(|members| {
        members.extend(more.as_object().cloned().unwrap_or_default());
        members.clone()
    });
    serde_json::from_value(json!(script)).expect("a script")
}

fn app() -> App {
    App::new("shop").env("staging", STAGING, "")
}

/// Without a circuit breaker, what ends a rollout is Shipway's own doing: ECS would try for ever.
fn without_breaker() -> App {
    let off = "circuit_breaker = { enabled = false, reason = \"it is another's turn\" }\n";
    App::new("shop").env("staging", STAGING, off)
}

#[tokio::test]
async fn a_deploy_is_live_and_the_same_again_is_unchanged() {
    let world = World::start(Scaled::Fast).await;
    let app = app();
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    assert_eq!(first.json()["verdict"], "live");
    assert_eq!(first.json()["final"], true);
    let target = first.target();
    assert_eq!(target["unchanged"], false);
    assert_eq!(target["running"], 2);
    assert_eq!(target["image_digest"], first.json()["image"]["digest"]);
    let serving = world.aws(STAGING).hello().await["taskDefinition"].clone();
    assert_eq!(target["task_definition"], serving);

    let updates = world.calls(STAGING, "UpdateService").len();
    let again = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    assert_eq!(again.json()["verdict"], "live");
    assert_eq!(again.target()["unchanged"], true);
    assert_eq!(again.json()["image"]["reused"], true);
    assert_eq!(world.calls(STAGING, "UpdateService").len(), updates);
    assert_eq!(world.calls(STAGING, "RegisterTaskDefinition").len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_release_whose_tasks_exit_is_rolled_back_with_the_exit_code() {
    let world = World::start(Scaled::Fast).await;
    let app = app();
    let before = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    app.release("broken");
    let more = json!({"exit_code": 42, "after_seconds": 2});
    // The revision before must go on: only the new image is broken.
    let image = before.json()["image"]["digest"].as_str().map(str::to_owned);
    world.stack.sim().add_script(script("shop", "exit", more));
    world.stack.sim().add_script(script(
        &image.expect("a digest"),
        "exit",
        json!({"exit_code": 0, "after_seconds": 1e9}),
    ));
    let broken = world.cli(&app, &["deploy", "staging"]).await.expect(10);
    let target = broken.target();
    assert_eq!(target["verdict"], "rolled-back");
    assert!(target["findings"].to_string().contains("42"), "{target:#}");
    assert_eq!(target["serving"], before.target()["task_definition"]);
    let serving = world.aws(STAGING).hello().await["taskDefinition"].clone();
    assert_eq!(serving, before.target()["task_definition"]);
    world.stop().await;
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_rolled_back_and_named() {
    let world = World::start(Scaled::Fast).await;
    world
        .stack
        .sim()
        .add_script(script("shop", "cannot-pull", json!({})));
    let ran = world.cli(&app(), &["deploy", "staging"]).await.expect(10);
    let findings = ran.target()["findings"].clone();
    assert_eq!(findings[0]["code"], "image-not-found", "{findings:#}");
    assert!(
        !findings[0]["remedy"]
            .as_str()
            .unwrap_or_default()
            .is_empty()
    );
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_come_to_serve_is_stopped_early_with_the_reason_in_the_verdict() {
    let world = World::start(Scaled::Fast).await;
    let app = without_breaker();
    let before = world.aws(STAGING).hello().await["taskDefinition"].clone();
    world
        .stack
        .sim()
        .add_script(script("shop", "cannot-pull", json!({})));
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(10);
    let summary = ran.target()["summary"].to_string();
    assert!(summary.contains("stopped early: the image"), "{summary}");
    assert_eq!(ran.target()["findings"][0]["code"], "image-not-found");
    assert_eq!(world.calls(STAGING, "StopServiceDeployment").len(), 1);
    assert_eq!(world.aws(STAGING).hello().await["taskDefinition"], before);
    world.stop().await;
}

#[tokio::test]
async fn a_crash_loop_that_no_breaker_counts_is_stopped_early() {
    let world = World::start(Scaled::Fast).await;
    let app = without_breaker();
    let more = json!({"exit_code": 3, "after_seconds": 2});
    world.stack.sim().add_script(script("shop", "exit", more));
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(10);
    let summary = ran.target()["summary"].to_string();
    assert!(
        summary.contains("stopped early: the new container exits with code 3"),
        "{summary}"
    );
    assert_eq!(ran.target()["findings"][0]["code"], "container-exits");
    world.stop().await;
}

#[tokio::test]
async fn with_stop_early_after_at_zero_the_circuit_breaker_is_waited_for() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "stop_early_after = 0\n");
    world
        .stack
        .sim()
        .add_script(script("shop", "cannot-pull", json!({})));
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(10);
    let summary = ran.target()["summary"].to_string();
    assert!(!summary.contains("stopped early"), "{summary}");
    assert_eq!(world.calls(STAGING, "StopServiceDeployment").len(), 0);
    world.stop().await;
}

#[tokio::test]
async fn somebody_elses_deployment_supersedes_ours() {
    let world = World::start(Scaled::Slow).await;
    let app = app();
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    world.under_way(release).await;
    world.aws(STAGING).redeploy_hello().await;
    let id = id(release);
    let seen = world.cli(&app, &["watch", &id]).await.expect(11);
    assert_eq!(seen.target()["verdict"], "superseded");
    world.stop().await;
}

#[tokio::test]
async fn a_deployment_that_somebody_else_stops_is_rolled_back() {
    let world = World::start(Scaled::Slow).await;
    let app = app();
    let aws = world.aws(STAGING);
    let before = aws.hello().await["taskDefinition"].clone();
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    world.under_way(release).await;
    let current = aws.hello().await["currentServiceDeployment"].clone();
    let stop = json!({"serviceDeploymentArn": current, "stopType": "ROLLBACK"});
    drop(aws.ecs("StopServiceDeployment", stop).await);
    let seen = world.cli(&app, &["watch", &id(release)]).await.expect(10);
    assert_eq!(seen.target()["verdict"], "rolled-back");
    assert_eq!(aws.hello().await["taskDefinition"], before);
    world.stop().await;
}

#[tokio::test]
async fn a_cancel_goes_back_to_what_served_before() {
    let world = World::start(Scaled::Slow).await;
    let app = app();
    let before = world.aws(STAGING).hello().await["taskDefinition"].clone();
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    world.under_way(release).await;
    let id = id(release);
    let asked = world
        .cli(&app, &["cancel", &id, "--reason", "a slip"])
        .await
        .expect(0);
    assert_eq!(asked.json()["already_ended"], false);
    let seen = world.cli(&app, &["watch", &id]).await.expect(13);
    assert_eq!(seen.target()["verdict"], "cancelled");
    assert_eq!(world.calls(STAGING, "StopServiceDeployment").len(), 1);
    assert_eq!(world.aws(STAGING).hello().await["taskDefinition"], before);
    let again = world.cli(&app, &["cancel", &id]).await.expect(0);
    assert_eq!(again.json()["already_ended"], true);
    world.stop().await;
}

#[tokio::test]
async fn a_missing_service_fails_and_nothing_is_written() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env_on("staging", STAGING, "gone", "");
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(12);
    assert_eq!(ran.target()["verdict"], "failed");
    assert_eq!(ran.target()["findings"][0]["code"], "service-missing");
    assert!(world.calls(STAGING, "RegisterTaskDefinition").is_empty());
    assert!(world.calls(STAGING, "UpdateService").is_empty());
    world.stop().await;
}

#[tokio::test]
async fn a_timeout_is_unknown_until_ecs_is_done_and_then_live() {
    let world = World::start(Scaled::Slow).await;
    let app = app();
    let built = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = built.json()["image"]["reference"]
        .as_str()
        .map(str::to_owned);
    app.write_definition("512");
    let image = image.expect("an image");
    let mut request = world.submission(&app, "staging", &image, "short").await;
    let rollout = request.spec.as_mut().and_then(|spec| spec.rollout.as_mut());
    rollout.expect("settings").timeout_ms = 1500;
    let reply = world
        .client()
        .await
        .submit(request)
        .await
        .expect("taken in");
    let release = reply.into_inner().release;
    let id = id(release);
    let resting = world.cli(&app, &["watch", &id]).await.expect(20);
    assert_eq!(resting.json()["verdict"], "unknown");
    assert_eq!(resting.json()["final"], false);
    let ended = world
        .cli(&app, &["watch", &id, "--until-end"])
        .await
        .expect(0);
    assert_eq!(ended.json()["final"], true);
    assert_eq!(world.calls(STAGING, "UpdateService").len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_rollback_brings_back_what_was_proven_before() {
    let world = World::start(Scaled::Fast).await;
    let app = app();
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    app.release("2");
    let second = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    assert_ne!(
        first.target()["image_digest"],
        second.target()["image_digest"]
    );
    let back = world.cli(&app, &["rollback", "staging"]).await.expect(0);
    let json = back.json();
    assert_eq!(json["kind"], "rollback");
    assert_eq!(json["to"], first.json()["release"]);
    assert_eq!(json["undoes"], second.json()["release"]);
    assert_eq!(
        back.target()["image_digest"],
        first.target()["image_digest"]
    );
    world.stop().await;
}

/// One more cluster `main`, in an account of its own, with the service `fresh`.
fn seed_fresh(world: &World, account: &str, steady: bool) {
    let service = json!({
        "task_definition": {"family": "fresh", "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "httpd", "essential": true}]},
        "service": {"serviceName": "fresh", "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
        "steady": steady,
    });
    let seed = json!({"accounts": [{"id": account, "name": "other",
        "roles": [{"name": "shipway-deploy"}],
        "regions": [{"name": REGION, "clusters": [{"name": "main", "services": [service]}]}]}]});
    let seed = serde_json::from_value(seed).expect("a seed");
    world.stack.sim().seed(&seed).expect("it fits");
}

#[tokio::test]
async fn a_deployment_stopped_with_nothing_to_go_back_to_is_stopped() {
    let other = "333333333333";
    let world = World::start(Scaled::Slow).await;
    // The first deployment of the service never completes: there is nothing to roll back to.
    world
        .stack
        .sim()
        .add_script(script("httpd", "cannot-pull", json!({})));
    seed_fresh(&world, other, false);
    let agent = world.agent(agent_in("agent-fresh", other)).await;
    let app = App::new("shop")
        .env("staging", STAGING, "")
        .env_on("fresh", other, "fresh", "");
    let built = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = built.json()["image"]["reference"].clone();
    let image = image.as_str().expect("an image");
    let ran = world
        .cli(&app, &["deploy", "fresh", "--image", image, "--detach"])
        .await;
    let release = ran.expect(0).release();
    world.under_way(release).await;
    let aws = world.aws(other);
    let input = json!({"cluster": "main", "services": ["fresh"]});
    let service = aws.ecs("DescribeServices", input).await["services"][0].clone();
    let stop = json!({"serviceDeploymentArn": service["currentServiceDeployment"],
        "stopType": "ROLLBACK"});
    drop(aws.ecs("StopServiceDeployment", stop).await);
    let seen = world.cli(&app, &["watch", &id(release)]).await.expect(14);
    assert_eq!(seen.target()["verdict"], "stopped");
    assert_eq!(seen.json()["final"], true);
    agent.stop.cancel();
    agent.ended().await;
    world.stop().await;
}

#[tokio::test]
async fn a_job_whose_agents_are_lost_is_stuck_until_a_person_decides() {
    let other = "333333333333";
    let lease = LeaseConfig {
        seconds: 6,
        renew_seconds: 2,
        margin_seconds: 1,
        deliveries: 1,
        rest_seconds: 1,
    };
    let world = World::start_with(Scaled::Fast, lease).await;
    seed_fresh(&world, other, true);
    let app = App::new("shop")
        .env("staging", STAGING, "")
        .env_on("fresh", other, "fresh", "");
    let built = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = built.json()["image"]["reference"].clone();
    let image = image.as_str().expect("an image");
    let ran = world
        .cli(&app, &["deploy", "fresh", "--image", image, "--detach"])
        .await;
    let release = ran.expect(0).release();
    let lost = lost_agent(&world.stack.grpc, "agent-lost", other);
    let taken = patiently("the job is taken", lost).await;
    assert_eq!(taken.attempt, 1);
    let seen = world.cli(&app, &["watch", &id(release)]).await.expect(21);
    assert_eq!(seen.target()["verdict"], "stuck");
    assert_eq!(seen.json()["final"], false);
    let queue = world.cli(&app, &["queue"]).await.expect(0);
    let wait = queue.json()["jobs"][0]["wait"].clone();
    assert!(
        !wait["text"].as_str().unwrap_or_default().is_empty(),
        "{queue:?}"
    );

    // Whoever comes back looks at it and ends it.
    let agent = world.agent(agent_in("agent-back", other)).await;
    drop(world.cli(&app, &["cancel", &id(release)]).await.expect(0));
    let seen = world
        .cli(&app, &["watch", &id(release), "--until-end"])
        .await;
    assert_eq!(seen.expect(13).json()["final"], true);
    assert!(world.calls(other, "UpdateService").is_empty());
    agent.stop.cancel();
    agent.ended().await;
    world.stop().await;
}

#[tokio::test]
async fn status_shows_what_serves_now_beside_what_was_proven() {
    let world = World::start(Scaled::Fast).await;
    let app = app();
    drop(world.cli(&app, &["deploy", "staging"]).await.expect(0));
    let same = world.cli(&app, &["status"]).await.expect(0).target();
    assert_eq!(same["now"]["standing"], "same", "{same:#}");
    assert_eq!(
        (&same["now"]["running"], &same["now"]["desired"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(same["now"]["task_definition"], same["task_definition"]);

    // Somebody else puts the revision before back.
    let before = json!({"cluster": "main", "service": "hello", "taskDefinition": "hello:1"});
    drop(world.aws(STAGING).ecs("UpdateService", before).await);
    let changed = patiently("the other deployment", async {
        loop {
            let seen = world.cli(&app, &["status"]).await.expect(0).target();
            if seen["now"]["standing"] != "moving" {
                break seen;
            }
        }
    });
    let changed = changed.await;
    assert_eq!(changed["now"]["standing"], "changed", "{changed:#}");
    // The revision before is as the account itself registered it.
    assert_eq!(changed["now"]["changed"]["by"], "root", "{changed:#}");
    assert!(changed["now"]["changed"]["at"].is_string(), "{changed:#}");
    assert!(same["now"]["changed"].is_null());
    assert_ne!(
        changed["now"]["task_definition"],
        changed["task_definition"]
    );

    let known = world.cli(&app, &["status", "--no-look"]).await.expect(0);
    assert!(known.target()["now"].is_null());
    world.stop().await;
}

#[tokio::test]
async fn status_of_more_targets_than_messages_wait_for_an_agent_sees_them_all() {
    let other = "333333333333";
    let world = World::start(Scaled::Fast).await;
    let app = app();
    let built = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = built.json()["image"]["reference"].clone();
    let image = image.as_str().expect("an image");
    let grpc = world.stack.grpc.clone();
    let mut agents = JoinSet::new();
    agents.spawn(async move { quick_agent(&grpc, "agent-quick", other).await });
    let mut client = world.client().await;
    for env in ["one", "two", "three"] {
        let mut request = world.submission(&app, "staging", image, env).await;
        let spec = request.spec.as_mut().expect("a spec");
        env.clone_into(&mut spec.env);
        let first = spec.targets.remove(0);
        let targets = (0..400).map(|number| {
            let mut next = first.clone();
            let target = next.target.as_mut().expect("a target");
            other.clone_into(&mut target.account);
            target.service = format!("{env}-{number}");
            next
        });
        spec.targets = targets.collect();
        let release = client.submit(request).await.expect("it is taken in");
        let ended = world.ended(release.into_inner().release).await;
        assert_eq!(ended.verdict(), v1::Verdict::Live, "{:?}", ended.verdict());
    }
    let seen = world.cli(&app, &["status"]).await.expect(0).json();
    let targets = seen["targets"].as_array().expect("targets");
    let same = targets
        .iter()
        .filter(|target| target["now"]["standing"] == "same");
    assert_eq!(same.count(), 1201);
    let closed = agents.try_join_next();
    assert!(closed.is_none(), "the agent's stream was closed");
    agents.abort_all();
    world.stop().await;
}
