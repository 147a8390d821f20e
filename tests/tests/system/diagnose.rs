//! A diagnosis says what is wrong with a service, whoever deployed it.

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Scaled, World, id};

const STAGING: &str = ACCOUNTS[1].1;

#[tokio::test]
async fn a_service_that_shipway_never_deployed_is_well_and_named_by_its_place() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let place = format!("{STAGING}/eu-west-1/main/hello");
    let seen = world.cli(&app, &["diagnose", &place]).await.expect(0);
    let target = seen.target();
    assert_eq!(target["well"], true, "{target:#}");
    assert_eq!(target["running"], 2);
    let gone = format!("{STAGING}/eu-west-1/main/nothing");
    let seen = world.cli(&app, &["diagnose", &gone]).await.expect(1);
    let problem = seen.target()["problem"].to_string();
    assert!(problem.contains("there is no service"), "{problem}");
    let wrong = world.cli(&app, &["diagnose", "a/b"]).await.expect(2);
    assert!(
        wrong.err.contains("ACCOUNT/REGION/CLUSTER/SERVICE"),
        "{}",
        wrong.err
    );
    let unknown = world.cli(&app, &["diagnose", "nowhere"]).await.expect(2);
    assert!(
        unknown.err.contains("environments: staging"),
        "{}",
        unknown.err
    );
    world.stop().await;
}

#[tokio::test]
async fn after_a_failed_release_the_cause_is_told_by_release_and_by_environment() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let script = json!({"match": "shop", "kind": "cannot-pull"});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(10);
    let release = id(ran.release());
    for what in ["staging", &release] {
        let seen = world.cli(&app, &["diagnose", what]).await.expect(4);
        let target = seen.target();
        assert_eq!(target["well"], false);
        let finding: &Value = &target["findings"][0];
        assert_eq!(finding["code"], "image-not-found", "{target:#}");
        assert_eq!(target["deployment"]["status"], "ROLLBACK_SUCCESSFUL");
        // What was rolled out is to blame, and what serves again is not.
        assert_ne!(
            target["deployment"]["task_definition"],
            target["task_definition"]
        );
    }
    world.stop().await;
}

/// The task definition of the app, with its lines kept by CloudWatch Logs.
pub(crate) fn keep_lines(app: &App) {
    let file = app.folder().join("task-definition.json");
    let text = std::fs::read_to_string(&file).expect("a task definition");
    let mut definition: Value = serde_json::from_str(&text).expect("JSON");
    definition["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs", "options": {
        "awslogs-group": "/ecs/shop", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "shop"}});
    std::fs::write(&file, definition.to_string()).expect("written");
}

#[tokio::test]
async fn the_last_lines_of_the_container_that_died_are_evidence_of_verdict_and_diagnosis() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    keep_lines(&app);
    let script = json!({"match": "shop", "kind": "exit", "exit_code": 1, "after_seconds": 2,
        "log": ["starting", "Error: DATABASE_URL is not set"]});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(10);
    let seen = world.cli(&app, &["diagnose", "staging"]).await.expect(4);
    for target in [ran.target(), seen.target()] {
        let evidence = target["findings"][0]["evidence"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let quoted: Vec<&str> = evidence
            .iter()
            .filter_map(Value::as_str)
            .filter(|line| line.starts_with('|'))
            .collect();
        assert_eq!(
            quoted,
            ["| starting", "| Error: DATABASE_URL is not set"],
            "{target:#}"
        );
    }
    world.stop().await;
}

#[tokio::test]
async fn an_unhealthy_target_is_named_with_its_reason_while_its_task_still_runs() {
    let world = World::start(Scaled::Fast).await;
    let group =
        "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/web/0123456789abcdef";
    let definition = json!({
        "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "httpd", "portMappings": [{"containerPort": 8080}]}],
    });
    // Nothing ends the deployment: no circuit breaker, and a grace period in which unhealthy tasks are left alone.
    let service = json!({
        "serviceName": "web", "desiredCount": 1, "launchType": "FARGATE", "healthCheckGracePeriodSeconds": 100_000,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1a2b3c4d"]}},
        "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
    });
    let seed = json!({"accounts": [{"id": STAGING, "regions": [{"name": "eu-west-1", "clusters": [{"name": "main",
        "services": [{"task_definition": definition, "service": service, "steady": true}]}]}]}]});
    let seed = serde_json::from_value(seed).expect("a seed");
    world.stack.sim().seed(&seed).expect("seeded");
    let script = json!({"family": "web", "kind": "target-unhealthy"});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
    let again = json!({"cluster": "main", "service": "web", "forceNewDeployment": true});
    drop(world.aws(STAGING).ecs("UpdateService", again).await);
    let app = App::new("shop").env_on("staging", STAGING, "web", "");
    let named = async {
        loop {
            let seen = world.cli(&app, &["diagnose", "staging"]).await.target();
            let finding = &seen["findings"][0];
            let evidence = finding["evidence"].to_string();
            if finding["code"] == "load-balancer-health"
                && evidence.contains("of target group web is unhealthy, Target.")
            {
                return seen;
            }
        }
    };
    let seen = shipway_tests::patiently("an unhealthy target", named).await;
    assert_eq!(
        seen["running"], 2,
        "the old one and the unhealthy one: {seen:#}"
    );
    world.stop().await;
}
