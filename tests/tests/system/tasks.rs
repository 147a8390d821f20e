//! Tasks before and after rollouts, from the manifest to ECS and back.

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Ran, Scaled, World, id};

use crate::diagnose::keep_lines;

const STAGING: &str = ACCOUNTS[1].1;
const PROD: &str = ACCOUNTS[2].1;
const BEFORE: &str =
    "before = { command = [\"./migrate\", \"up\"], environment = { STEP = \"1\" } }";
const AFTER: &str = "after = { command = [\"./smoke\"], timeout = \"2m\" }";

fn app(lines: &[&str]) -> App {
    App::new("shop").env("staging", STAGING, &lines.join("\n"))
}

/// What tasks do that are run with this in their command.
fn do_when(world: &World, command: &str, kind: &str, more: &Value) {
    let mut script = json!({"match": "shop", "command": command, "kind": kind});
    if let (Value::Object(script), Value::Object(more)) = (&mut script, more) {
        script.extend(more.clone());
    }
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
}

/// The tasks that were run and have ended, as ECS shows them, oldest first.
async fn ended(world: &World) -> Vec<Value> {
    let aws = world.aws(STAGING);
    let listed = json!({"cluster": "main", "family": "shop", "desiredStatus": "STOPPED"});
    let arns = aws.ecs("ListTasks", listed).await["taskArns"].clone();
    let described = json!({"cluster": "main", "tasks": arns});
    let tasks = aws.ecs("DescribeTasks", described).await["tasks"].clone();
    let own = |task: &&Value| {
        let by = task["startedBy"].as_str();
        by.is_some_and(|by| by.starts_with("shipway-"))
    };
    let mut own: Vec<Value> = tasks
        .as_array()
        .into_iter()
        .flatten()
        .filter(own)
        .cloned()
        .collect();
    let created = |task: &Value| task["createdAt"].as_f64().unwrap_or_default();
    own.sort_by(|one, other| created(one).total_cmp(&created(other)));
    own
}

fn runs(world: &World) -> usize {
    world.calls(STAGING, "RunTask").len()
}

fn task(ran: &Ran, place: usize) -> Value {
    ran.json()["tasks"][place].clone()
}

#[tokio::test]
async fn tasks_run_around_the_rollout_with_the_image_and_the_network_of_the_service() {
    let world = World::start(Scaled::Fast).await;
    let app = app(&[BEFORE, AFTER]);
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    assert_eq!(ran.json()["verdict"], "live");
    assert_eq!(ran.json()["targets"].as_array().map(Vec::len), Some(1));
    for (place, when) in [(0, "before"), (1, "after")] {
        let task = task(&ran, place);
        assert_eq!(
            (&task["when"], &task["phase"]),
            (&json!(when), &json!("ended")),
            "{task:#}"
        );
        assert!(task["milliseconds"].as_u64() > Some(0), "{task:#}");
    }
    let ended = ended(&world).await;
    let [before, after] = ended.as_slice() else {
        panic!("two tasks: {ended:#?}");
    };
    let own = &before["overrides"]["containerOverrides"][0];
    assert_eq!(own["command"], json!(["./migrate", "up"]));
    assert_eq!(own["environment"], json!([{"name": "STEP", "value": "1"}]));
    assert_eq!(
        after["overrides"]["containerOverrides"][0]["command"],
        json!(["./smoke"])
    );
    assert_ne!(before["startedBy"], after["startedBy"]);
    assert_eq!(
        before["launchType"],
        world.aws(STAGING).hello().await["launchType"]
    );
    // By digest, as the service gets it.
    let reference = json!({"taskDefinition": before["taskDefinitionArn"]});
    let described = world
        .aws(STAGING)
        .ecs("DescribeTaskDefinition", reference)
        .await;
    let image = described["taskDefinition"]["containerDefinitions"][0]["image"].clone();
    assert_eq!(image, ran.json()["image"]["reference"]);
    let begun = |action: &str| world.calls(STAGING, action).first().map(|call| call.time);
    assert!(begun("RunTask") < begun("UpdateService"));
    world.stop().await;
}

#[tokio::test]
async fn a_task_before_that_fails_leaves_the_service_as_it_is_and_tells_what_it_printed() {
    let world = World::start(Scaled::Fast).await;
    let app = app(&[BEFORE]);
    keep_lines(&app);
    let fails =
        json!({"exit_code": 3, "after_seconds": 2, "log": ["migrating", "ERROR: no such column"]});
    do_when(&world, "migrate", "exit", &fails);
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(12);
    assert!(world.calls(STAGING, "UpdateService").is_empty());
    assert_eq!(ran.target()["phase"], "ended");
    assert_eq!(ran.target()["verdict"], Value::Null);
    let finding = task(&ran, 0)["findings"][0].clone();
    assert_eq!(finding["code"], "container-exits", "{finding:#}");
    assert_eq!(
        finding["cause"],
        "the task before the rollout: the new container exits with code 3"
    );
    assert!(
        finding["evidence"]
            .to_string()
            .contains("| ERROR: no such column")
    );
    let release = id(ran.release());
    let logs = world.cli(&app, &["logs", &release]).await.expect(0);
    assert!(logs.out.contains("migrating"), "{}", logs.out);
    world.stop().await;
}

#[tokio::test]
async fn a_task_after_that_fails_fails_the_release_and_a_rollback_runs_no_task() {
    let world = World::start(Scaled::Fast).await;
    let app = app(&[BEFORE, AFTER]);
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    do_when(&world, "smoke", "exit", &json!({"exit_code": 1}));
    app.release("2");
    let second = world.cli(&app, &["deploy", "staging"]).await.expect(12);
    assert_eq!(second.target()["verdict"], "live");
    assert_eq!(task(&second, 1)["verdict"], "failed");
    assert_eq!(runs(&world), 4);
    let back = world.cli(&app, &["rollback", "staging"]).await.expect(0);
    assert_eq!(
        back.target()["image_digest"],
        first.target()["image_digest"]
    );
    assert_eq!(back.json()["undoes"], second.json()["release"]);
    assert_eq!(runs(&world), 4);
    world.stop().await;
}

#[tokio::test]
async fn a_cancelled_release_stops_its_task() {
    let world = World::start(Scaled::Slow).await;
    let app = app(&[BEFORE]);
    do_when(
        &world,
        "migrate",
        "exit",
        &json!({"exit_code": 0, "after_seconds": 36000}),
    );
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    world
        .event(release, |event| {
            use shipway_proto::v1::event::Kind;
            use shipway_proto::v1::progress::Progress;
            let Some(Kind::Progress(progress)) = &event.kind else {
                return false;
            };
            matches!(&progress.progress, Some(Progress::Note(note)) if note.text.contains("to end, at most"))
        })
        .await;
    let id = id(release);
    drop(world.cli(&app, &["cancel", &id]).await.expect(0));
    let seen = world.cli(&app, &["watch", &id]).await.expect(13);
    assert_eq!(task(&seen, 0)["verdict"], "cancelled");
    let stops = world.calls(STAGING, "StopTask");
    assert_eq!(stops.len(), 1);
    assert!(world.calls(STAGING, "UpdateService").is_empty());
    let listed = json!({"cluster": "main", "family": "shop", "desiredStatus": "RUNNING"});
    let running = world.aws(STAGING).ecs("ListTasks", listed).await;
    assert_eq!(running["taskArns"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn a_task_that_takes_too_long_is_stopped() {
    let world = World::start(Scaled::Fast).await;
    let app = app(&["before = { command = [\"./migrate\"], timeout = \"10s\" }"]);
    do_when(
        &world,
        "migrate",
        "exit",
        &json!({"exit_code": 0, "after_seconds": 360_000}),
    );
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(12);
    assert_eq!(task(&ran, 0)["findings"][0]["code"], "task-timeout");
    assert_eq!(world.calls(STAGING, "StopTask").len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_failed_smoke_test_holds_up_the_next_wave() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop")
        .env("staging", STAGING, AFTER)
        .then("staging", PROD);
    do_when(&world, "smoke", "exit", &json!({"exit_code": 1}));
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(12);
    let targets = ran.json()["targets"].clone();
    assert_eq!(targets[0]["verdict"], "live");
    assert_eq!(targets[1]["verdict"], Value::Null, "{targets:#}");
    assert!(world.calls(PROD, "UpdateService").is_empty());
    world.stop().await;
}
