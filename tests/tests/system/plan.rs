//! A plan tells what a deploy would do, and changes nothing.

use aws_sim::seed::Seed;
use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Scaled, World};

const STAGING: &str = ACCOUNTS[1].1;
const PROD: &str = ACCOUNTS[2].1;

/// Calls that change something in the account.
fn writes(world: &World) -> Vec<&'static str> {
    let mutations = [
        "RegisterTaskDefinition",
        "UpdateService",
        "StopServiceDeployment",
        "RegisterScalableTarget",
    ];
    let made = |action: &&str| !world.calls(STAGING, action).is_empty();
    mutations.into_iter().filter(made).collect()
}

fn paths(target: &Value, list: &str) -> Vec<String> {
    let changes = target[list].as_array().cloned().unwrap_or_default();
    let path = |change: &Value| change["path"].as_str().unwrap_or_default().to_owned();
    changes.iter().map(path).collect()
}

#[tokio::test]
async fn a_plan_before_and_after_a_deploy_says_what_would_change_and_changes_nothing() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let plan = world.cli(&app, &["plan", "staging"]).await.expect(3);
    assert_eq!(plan.json()["changes"], true);
    let target = plan.target();
    assert_eq!(target["image_known"], false, "it is built from the folder");
    let course = &target["course"];
    assert_eq!(course["end"], "completed", "{course:#}");
    assert_eq!(
        (&course["desired"], &course["lower"], &course["upper"]),
        (&json!(2), &json!(2), &json!(4))
    );
    let last = course["points"].as_array().and_then(|points| points.last());
    assert_eq!(
        last.map(|p| (&p["old"], &p["new"])),
        Some((&json!(0), &json!(2)))
    );
    assert_eq!(course["extra"]["tasks"], 2, "{course:#}");
    assert_eq!(writes(&world), [""; 0]);

    let live = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = live.json()["image"]["reference"].clone();
    let image = image.as_str().expect("a reference");
    let plan = ["plan", "staging", "--image", image];
    let same = world.cli(&app, &plan).await.expect(0);
    assert_eq!(same.json()["changes"], false, "{:#}", same.json());

    let definition = app.folder().join("task-definition.json");
    let text = std::fs::read_to_string(&definition).expect("a task definition");
    let mut edited: Value = serde_json::from_str(&text).expect("JSON");
    edited["containerDefinitions"][0]["environment"] =
        json!([{"name": "CACHE_TTL", "value": "60"}, {"name": "API_TOKEN", "value": "hunter2"}]);
    std::fs::write(&definition, edited.to_string()).expect("written");
    let other = world.cli(&app, &plan).await.expect(3);
    let paths = paths(&other.target(), "definition");
    assert!(
        paths
            .iter()
            .any(|path| path.ends_with("environment.CACHE_TTL")),
        "{paths:?}"
    );
    assert!(!other.json().to_string().contains("hunter2"));
    assert_eq!(world.calls(STAGING, "UpdateService").len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_target_that_is_not_there_is_told_and_hides_no_other() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop")
        .env_on("staging", STAGING, "nothing", "")
        .then("staging", PROD);
    let ran = world.cli(&app, &["plan", "staging"]).await.expect(1);
    let targets = ran.json()["targets"].clone();
    let problem = targets[0]["problem"].to_string();
    assert!(problem.contains("there is no service"), "{problem}");
    assert_eq!(targets[1]["problem"], Value::Null);
    assert_eq!(targets[1]["course"]["end"], "completed");
    world.stop().await;
}

const GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/0123456789abcdef";

/// A service `web` with two tasks, behind a load balancer, in a world that has no room for more.
fn cramped() -> Seed {
    let definition = json!({
        "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "httpd", "portMappings": [{"containerPort": 8080}]}],
    });
    let service = json!({
        "serviceName": "web", "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1a2b3c4d"]}},
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}],
        "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200,
            "alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true}},
    });
    let poor = json!({"name": "poor", "policies": [{"Statement": [
        {"Effect": "Allow", "Action": ["ecr:*"], "Resource": "*"}]}]});
    let seed = json!({"accounts": [{"id": STAGING, "roles": [poor], "regions": [{
        "name": "eu-west-1",
        "quotas": {"fargate/L-3032A538": 1.25},
        "target_groups": [{"arn": GROUP, "deregistration_delay_seconds": 40}],
        "subnets": [{"id": "subnet-1a2b3c4d", "available_ip_addresses": 1}],
        "clusters": [{"name": "main", "services": [
            {"task_definition": definition, "service": service, "steady": true}]}],
    }]}]});
    serde_json::from_value(seed).expect("a seed")
}

#[tokio::test]
async fn a_plan_warns_of_what_lies_around_the_service() {
    let world = World::start(Scaled::Fast).await;
    world.stack.sim().seed(&cramped()).expect("seeded");
    let alarm =
        json!({"account": STAGING, "region": "eu-west-1", "name": "errors", "state": "ALARM"});
    world
        .aws(STAGING)
        .control("PUT", "/_sim/alarms", &alarm)
        .await;
    let app = App::new("shop").env_on("staging", STAGING, "web", "");
    let file = app.folder().join("task-definition.json");
    let text = std::fs::read_to_string(&file).expect("a task definition");
    let mut definition: Value = serde_json::from_str(&text).expect("JSON");
    definition["executionRoleArn"] = json!(format!("arn:aws:iam::{STAGING}:role/poor"));
    definition["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs", "options": {
        "awslogs-group": "/ecs/none", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "shop"}});
    definition["containerDefinitions"][0]["portMappings"] = json!([{"containerPort": 8080}]);
    std::fs::write(&file, definition.to_string()).expect("written");

    let ran = world.cli(&app, &["plan", "staging"]).await.expect(3);
    let target = ran.target();
    let warnings = target["warnings"].as_array().cloned().unwrap_or_default();
    let codes: Vec<&str> = warnings
        .iter()
        .filter_map(|one| one["code"].as_str())
        .collect();
    assert_eq!(
        codes,
        ["W09", "W10", "W14", "W15", "W16", "W17"],
        "{target:#}"
    );
    assert_eq!(target["unread"], json!([]));
    // Two tasks of a quarter of a vCPU run in each of two services.
    assert_eq!(
        target["course"]["room"],
        json!({"cpu_units": 256, "addresses": 1})
    );
    let assumed = target["course"]["assumptions"].to_string();
    assert!(
        assumed.contains("drain for 40 s (its settings)"),
        "{assumed}"
    );
    assert_eq!(writes(&world), [""; 0]);
    world.stop().await;
}
