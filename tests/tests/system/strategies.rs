//! Blue/green, linear and canary: what is shown of them, who answers, and the way back from every stage.

use serde_json::{Value, json};
use shipway_dev::{ACCOUNTS, REGION};
use shipway_proto::v1;
use shipway_tests::{App, Ran, Scaled, World, agent_in, id, patiently};

const STAGING: &str = ACCOUNTS[1].1;
const OTHER: &str = "333333333333";

fn app() -> App {
    App::new("shop").env("staging", STAGING, "")
}

/// A target group for each colour, and a rule for production.
fn balancers() -> Value {
    let arn = |what: &str| format!("arn:aws:elasticloadbalancing:{REGION}:{STAGING}:{what}");
    json!([{
        "targetGroupArn": arn("targetgroup/blue/1"),
        "containerName": "app",
        "containerPort": 80,
        "advancedConfiguration": {
            "alternateTargetGroupArn": arn("targetgroup/green/2"),
            "productionListenerRule": arn("listener-rule/app/web/1/2/3"),
            "roleArn": format!("arn:aws:iam::{STAGING}:role/elb"),
        },
    }])
}

/// A hook that pauses at this stage for so many minutes at most, and goes back then.
fn pause(stage: &str, minutes: u32) -> Value {
    json!([{"targetType": "PAUSE", "lifecycleStages": [stage],
        "timeoutConfiguration": {"timeoutInMinutes": minutes, "action": "ROLLBACK"}}])
}

/// A world whose service `hello` is set up like this.
async fn set_up(configuration: Value) -> World {
    let world = World::start(Scaled::Slow).await;
    let aws = world.aws(STAGING);
    let update = |members: Value| {
        let mut input = json!({"cluster": "main", "service": "hello"});
        if let (Some(input), Some(members)) = (input.as_object_mut(), members.as_object()) {
            input.extend(members.clone());
        }
        aws.ecs("UpdateService", input)
    };
    let first = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0});
    drop(update(json!({"loadBalancers": balancers(), "deploymentConfiguration": first})).await);
    let at_rest = async {
        loop {
            let hello = aws.hello().await;
            let entries = hello["deployments"].as_array().map_or(0, Vec::len);
            if entries == 1 && hello["deployments"][0]["rolloutState"] == "COMPLETED" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    patiently("the service is set up", at_rest).await;
    drop(update(json!({"deploymentConfiguration": configuration})).await);
    world
}

fn stage_of(event: &v1::Event) -> Option<&v1::Stage> {
    match &event.kind {
        Some(v1::event::Kind::Progress(progress)) => match &progress.progress {
            Some(v1::progress::Progress::Tasks(tasks)) => tasks.stage.as_ref(),
            _ => None,
        },
        _ => None,
    }
}

/// Waits until an event of the release tells of a stage that is as wanted.
async fn at(world: &World, release: u64, wanted: impl Fn(&v1::Stage) -> bool) -> v1::Stage {
    let told = |event: &v1::Event| stage_of(event).is_some_and(&wanted);
    let event = world.event(release, told).await;
    stage_of(&event).cloned().expect("a stage")
}

/// The hook that the release waits for.
async fn paused(world: &World, release: u64) -> String {
    let stage = at(world, release, |stage| !stage.hooks.is_empty()).await;
    stage.hooks[0].id.clone()
}

async fn begin(world: &World, app: &App) -> u64 {
    let ran = world.cli(app, &["deploy", "staging", "--detach"]).await;
    ran.expect(0).release()
}

/// The events of a watch, one JSON object each.
fn events(ran: &Ran) -> Vec<Value> {
    let lines = ran.out.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|object: &Value| object["type"].is_string())
        .collect()
}

#[tokio::test]
async fn a_blue_green_deploy_that_is_approved_is_live_and_its_events_say_who_and_why() {
    let world = set_up(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 4,
        "lifecycleHooks": pause("POST_SCALE_UP", 600)}))
    .await;
    let app = app();
    let release = begin(&world, &app).await;
    let hook = paused(&world, release).await;
    let number = id(release);
    let approved = world
        .cli(&app, &["approve", &number, "--reason", "it looks well"])
        .await
        .expect(0);
    let said = approved.json();
    assert_eq!(said["action"], "continue");
    assert_eq!(said["hooks"][0]["hook"], hook);
    assert_eq!(said["hooks"][0]["stage"], "POST_SCALE_UP");
    let again = world.cli(&app, &["approve", &number]).await.expect(1);
    assert!(again.err.contains("was answered already"), "{}", again.err);

    let seen = world.cli(&app, &["watch", &number]).await.expect(0);
    let target = seen.target();
    assert_eq!(target["verdict"], "live");
    assert_eq!(target["image_digest"], seen.json()["image"]["digest"]);
    assert_eq!(target["running"], 2, "{target:#}");
    let events = events(&seen);
    let answered: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "hook-answered")
        .collect();
    assert_eq!(answered.len(), 1);
    assert_eq!(answered[0]["reason"], "it looks well");
    assert_eq!(answered[0]["hook"], hook);
    assert!(answered[0]["by"].as_str().is_some_and(|by| !by.is_empty()));
    let bake = events
        .iter()
        .find(|event| event["phase"]["name"] == "bake-time");
    let bake = bake.expect("the bake time is shown");
    assert_eq!(bake["phase"]["at_most_seconds"], 240);
    assert_eq!(bake["stage"]["production_percent"], 100.0);
    assert_eq!(bake["upper"], 4, "both revisions in full");
    assert_eq!(world.calls(STAGING, "ContinueServiceDeployment").len(), 1);
    // Bounds and breaker of a rolling service were not brought to this one.
    let hello = world.aws(STAGING).hello().await;
    assert_eq!(hello["deploymentConfiguration"]["strategy"], "BLUE_GREEN");
    let late = world.cli(&app, &["approve", &number]).await.expect(1);
    assert!(late.err.contains("has ended already"), "{}", late.err);
    world.stop().await;
}

#[tokio::test]
async fn a_deploy_that_is_rejected_is_rolled_back_and_names_who_and_why() {
    let world = set_up(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
        "lifecycleHooks": pause("PRE_PRODUCTION_TRAFFIC_SHIFT", 600)}))
    .await;
    let before = world.aws(STAGING).hello().await["taskDefinition"].clone();
    let app = app();
    let release = begin(&world, &app).await;
    paused(&world, release).await;
    let number = id(release);
    // Why is a part of the verdict.
    drop(world.cli(&app, &["reject", &number]).await.expect(2));
    let args = ["reject", &number, "--reason", "the figures are wrong"];
    drop(world.cli(&app, &args).await.expect(0));
    let seen = world.cli(&app, &["watch", &number]).await.expect(10);
    let target = seen.target();
    assert_eq!(target["verdict"], "rolled-back");
    assert_eq!(target["findings"][0]["code"], "rejected", "{target:#}");
    let evidence = target["findings"][0]["evidence"].to_string();
    assert!(evidence.contains("the figures are wrong"), "{evidence}");
    let summary = target["summary"].to_string();
    assert!(summary.contains("rejected by"), "{summary}");
    assert_eq!(world.aws(STAGING).hello().await["taskDefinition"], before);
    assert_eq!(world.calls(STAGING, "StopServiceDeployment").len(), 0);
    world.stop().await;
}

#[tokio::test]
async fn a_pause_that_nobody_answers_is_the_finding_of_what_ecs_rolls_back() {
    let world = set_up(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
        "lifecycleHooks": pause("POST_SCALE_UP", 2)}))
    .await;
    let app = app();
    let seen = world.cli(&app, &["deploy", "staging"]).await.expect(10);
    let target = seen.target();
    assert_eq!(target["verdict"], "rolled-back");
    assert_eq!(target["findings"][0]["code"], "no-answer", "{target:#}");
    let waits = events(&seen).into_iter().any(|event| {
        let text = event["waiting_for"].as_str().unwrap_or_default();
        text.starts_with("approval at POST_SCALE_UP") && text.contains("ECS rolls back")
    });
    assert!(waits, "{}", seen.out);
    world.stop().await;
}

#[tokio::test]
async fn a_canary_shows_its_traffic_and_its_bake_time() {
    let world = set_up(json!({"strategy": "CANARY", "bakeTimeInMinutes": 1,
        "canaryConfiguration": {"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 4}}))
    .await;
    let seen = world.cli(&app(), &["deploy", "staging"]).await.expect(0);
    assert_eq!(seen.target()["verdict"], "live");
    let events = events(&seen);
    let canary = events
        .iter()
        .find(|event| event["stage"]["production_percent"] == 12.5);
    let canary = canary.expect("the canary is shown");
    assert_eq!(canary["phase"]["name"], "traffic-shift");
    assert_eq!(canary["phase"]["at_most_seconds"], 240);
    assert_eq!(
        canary["waiting_for"],
        "the canary to bake: 12.5 % of production traffic is at the new tasks"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_linear_deploy_shows_each_step_and_ends_live() {
    let world = set_up(json!({"strategy": "LINEAR", "bakeTimeInMinutes": 1,
        "linearConfiguration": {"stepPercent": 40, "stepBakeTimeInMinutes": 3}}))
    .await;
    let seen = world.cli(&app(), &["deploy", "staging"]).await.expect(0);
    assert_eq!(seen.target()["verdict"], "live");
    let mut shares: Vec<f64> = events(&seen)
        .iter()
        .filter_map(|event| event["stage"]["production_percent"].as_f64())
        .collect();
    assert!(shares.is_sorted(), "{shares:?}");
    shares.dedup();
    let steps: Vec<String> = shares.iter().map(ToString::to_string).collect();
    assert_eq!(steps, ["0", "40", "80", "100"]);
    world.stop().await;
}

/// Cancels a release once its deployment is as wanted: it goes back.
async fn cancelled_at(configuration: Value, wanted: impl Fn(&v1::Stage) -> bool) {
    let world = set_up(configuration).await;
    let before = world.aws(STAGING).hello().await["taskDefinition"].clone();
    let app = app();
    let release = begin(&world, &app).await;
    at(&world, release, wanted).await;
    let number = id(release);
    drop(world.cli(&app, &["cancel", &number]).await.expect(0));
    let seen = world.cli(&app, &["watch", &number]).await.expect(13);
    assert_eq!(seen.target()["verdict"], "cancelled");
    assert_eq!(world.calls(STAGING, "StopServiceDeployment").len(), 1);
    assert_eq!(world.aws(STAGING).hello().await["taskDefinition"], before);
    world.stop().await;
}

#[tokio::test]
async fn a_cancel_goes_back_from_a_pause() {
    let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
        "lifecycleHooks": pause("POST_SCALE_UP", 600)});
    cancelled_at(configuration, |stage| !stage.hooks.is_empty()).await;
}

#[tokio::test]
async fn a_cancel_goes_back_from_a_canary() {
    let configuration = json!({"strategy": "CANARY", "bakeTimeInMinutes": 1,
        "canaryConfiguration": {"canaryPercent": 10, "canaryBakeTimeInMinutes": 600}});
    cancelled_at(configuration, |stage| stage.production == Some(100)).await;
}

#[tokio::test]
async fn a_cancel_goes_back_from_the_bake_time() {
    let configuration = json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 600});
    cancelled_at(configuration, |stage| stage.stage == "BAKE_TIME").await;
}

/// The breaker is for rolling deployments: without an early end ECS would try for a day.
#[tokio::test]
async fn what_cannot_come_to_serve_is_stopped_early_where_no_breaker_counts() {
    let world = set_up(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1})).await;
    let before = world.aws(STAGING).hello().await["taskDefinition"].clone();
    let script = json!({"match": "shop", "kind": "cannot-pull"});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
    let seen = world.cli(&app(), &["deploy", "staging"]).await.expect(10);
    let target = seen.target();
    assert_eq!(
        target["findings"][0]["code"], "image-not-found",
        "{target:#}"
    );
    let summary = target["summary"].to_string();
    assert!(summary.contains("stopped early: the image"), "{summary}");
    assert_eq!(world.aws(STAGING).hello().await["taskDefinition"], before);
    world.stop().await;
}

#[tokio::test]
async fn a_rollback_undoes_what_waits_for_approval() {
    let world = set_up(json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})).await;
    let app = app();
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let input = json!({"cluster": "main", "service": "hello", "deploymentConfiguration":
        {"lifecycleHooks": pause("POST_SCALE_UP", 600)}});
    drop(world.aws(STAGING).ecs("UpdateService", input).await);
    app.release("2");
    let second = begin(&world, &app).await;
    paused(&world, second).await;
    let back = world.cli(&app, &["rollback", "staging"]).await.expect(0);
    assert_eq!(back.json()["verdict"], "live");
    assert_eq!(world.ended(second).await.verdict(), v1::Verdict::Cancelled);
    let hello = world.aws(STAGING).hello().await;
    assert_eq!(hello["taskDefinition"], first.target()["task_definition"]);
    world.stop().await;
}

/// An account of its own for an agent of the test, with a rolling service `web` that pauses.
async fn seed(world: &World) {
    let service = json!({
        "task_definition": {"family": "web", "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "httpd", "essential": true}]},
        "service": {"serviceName": "web", "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
    });
    let seed = json!({"accounts": [{"id": OTHER, "name": "other",
        "roles": [{"name": "shipway-deploy"}],
        "regions": [{"name": REGION, "clusters": [{"name": "main", "services": [service]}]}]}]});
    let seed = serde_json::from_value(seed).expect("a seed");
    world.stack.sim().seed(&seed).expect("it fits");
    let input = json!({"cluster": "main", "service": "web", "deploymentConfiguration":
        {"lifecycleHooks": pause("PRE_SCALE_UP", 600)}});
    drop(world.aws(OTHER).ecs("UpdateService", input).await);
}

#[tokio::test]
async fn an_answer_that_is_given_while_no_agent_has_the_job_arrives_with_the_next_one() {
    let world = World::start(Scaled::Slow).await;
    seed(&world).await;
    let app = App::new("shop")
        .env("staging", STAGING, "")
        .env_on("web", OTHER, "web", "");
    let built = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = built.json()["image"]["reference"].clone();
    let image = image.as_str().expect("an image");
    let mut config = agent_in("agent-leaving", OTHER);
    config.drain_seconds = 0;
    let agent = world.agent(config).await;
    let args = ["deploy", "web", "--image", image, "--detach"];
    let release = world.cli(&app, &args).await.expect(0).release();
    paused(&world, release).await;
    agent.stop.cancel();
    agent.ended().await;
    let number = id(release);
    drop(world.cli(&app, &["approve", &number]).await.expect(0));
    assert_eq!(world.calls(OTHER, "ContinueServiceDeployment").len(), 0);
    let second = world.agent(agent_in("agent-second", OTHER)).await;
    let view = world.ended(release).await;
    assert_eq!(view.verdict(), v1::Verdict::Live);
    assert_eq!(world.calls(OTHER, "ContinueServiceDeployment").len(), 1);
    assert_eq!(
        world.calls(OTHER, "UpdateService").len(),
        2,
        "ours, and the one that set the hook"
    );
    second.stop.cancel();
    second.ended().await;
    world.stop().await;
}

#[tokio::test]
async fn a_plan_tells_the_way_by_stages_and_no_course_of_a_rolling_deployment() {
    let world = set_up(json!({"strategy": "CANARY", "bakeTimeInMinutes": 5,
        "canaryConfiguration": {"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 10},
        "lifecycleHooks": pause("POST_SCALE_UP", 30)}))
    .await;
    let ran = world.cli(&app(), &["plan", "staging"]).await.expect(3);
    let target = ran.target();
    assert_eq!(target["course"], Value::Null);
    let staged = &target["staged"];
    assert_eq!(staged["strategy"], "CANARY");
    assert_eq!(staged["bake_seconds"], 300);
    assert_eq!(staged["step_percent"], 12.5);
    assert_eq!(staged["step_bake_seconds"], 600);
    assert_eq!(staged["upper"], 4);
    assert_eq!(staged["hooks"][0]["stages"][0], "POST_SCALE_UP");
    assert_eq!(staged["hooks"][0]["timeout_seconds"], 1800);
    world.stop().await;
}
