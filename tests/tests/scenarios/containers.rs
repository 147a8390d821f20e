//! Scenarios with real containers: the tasks are those of a Docker Engine, and fail of what programs fail of.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};
use shipway_tests::missing::has_engine;
use shipway_tests::{App, Ran, World};

use crate::case::STAGING;

/// Simulated seconds in one: programs know only the machine's.
const SCALE: f64 = 20.0;

/// What runs in the containers: its arguments say what it does.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
  setvbuf(stdout, 0, _IONBF, 0);
  const char *what = count > 1 ? words[1] : "";
  if (!strcmp(what, "fail")) {
    printf("reading the configuration\nError: DATABASE_URL is not set\n");
    return 3;
  }
  if (!strcmp(what, "eat")) {
    for (;;) memset(malloc(1 << 20), 1, 1 << 20);
  }
  if (!strcmp(what, "migrate")) {
    printf("migrating to %s\n", getenv("TO") ? getenv("TO") : "nothing");
    return 0;
  }
  if (!strcmp(what, "well")) return 0;
  for (;;) pause();
}
"#;

/// The program, compiled once, without anything of the machine that it needs.
fn program() -> &'static PathBuf {
    static PROGRAM_FILE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, file) = PROGRAM_FILE.get_or_init(|| {
        let folder = tempfile::TempDir::new().expect("a folder");
        let (source, file) = (
            folder.path().join("program.c"),
            folder.path().join("program"),
        );
        std::fs::write(&source, PROGRAM).expect("written");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-static", "-O1", "-o"])
            .arg(&file)
            .arg(&source);
        let compiled = compiler.output().expect("a C compiler");
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{said}");
        (folder, file)
    });
    file
}

fn answers() -> bool {
    let found = Command::new("docker").arg("version").output();
    found.is_ok_and(|output| output.status.success())
}

fn engine() -> bool {
    has_engine("scenarios with containers")
}

/// An app of which every task is a container that runs the program so.
fn app(command: &[&str], more: Value, environment: &str) -> App {
    let app = App::new("shop").env("staging", STAGING, environment);
    let folder = app.folder();
    // A program of its own takes a C library to link with, which is wanted only where it will run.
    if answers() {
        std::fs::copy(program(), folder.join("program")).expect("copied");
    }
    let file = folder.join("task-definition.json");
    let text = std::fs::read_to_string(&file).expect("a task definition");
    let mut definition: Value = serde_json::from_str(&text).expect("JSON");
    let container = &mut definition["containerDefinitions"][0];
    container["command"] = json!(command);
    container["logConfiguration"] = json!({"logDriver": "awslogs", "options": {
        "awslogs-group": "/ecs/shop", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "shop"}});
    if let (Some(container), Value::Object(more)) = (container.as_object_mut(), more) {
        container.extend(more);
    }
    std::fs::write(&file, definition.to_string()).expect("written");
    app
}

/// Deploys it, and gives how that ended; `None` where there is no engine.
async fn deploy(app: &App, code: u8) -> Option<Ran> {
    if !engine() {
        return None;
    }
    let world = World::start_with_containers(SCALE).await;
    if code != 0 {
        // A program fails in the machine's own time: one that takes two seconds for it must not count as come up.
        let long = json!({"settling": 600});
        let aws = world.aws(STAGING);
        aws.control("PUT", "/_sim/ecs/phases", &long).await;
    }
    let ran = world.cli(app, &["deploy", "staging"]).await.expect(code);
    world.stop().await;
    Some(ran)
}

fn finding(ran: &Ran) -> Value {
    ran.target()["findings"][0].clone()
}

#[tokio::test]
async fn containers_that_run_are_live_by_the_digest_that_the_engine_pulled() {
    let app = app(&["serve"], json!({}), "");
    let Some(ran) = deploy(&app, 0).await else {
        return;
    };
    assert_eq!(ran.json()["verdict"], "live");
    assert_eq!(ran.target()["running"], 2);
}

#[tokio::test]
async fn a_program_that_fails_is_rolled_back_and_quoted() {
    let app = app(&["fail"], json!({}), "");
    let Some(ran) = deploy(&app, 10).await else {
        return;
    };
    let finding = finding(&ran);
    assert_eq!(finding["code"], "container-exits", "{finding:#}");
    assert_eq!(finding["cause"], "the new container exits with code 3");
    let evidence = finding["evidence"].to_string();
    assert!(
        evidence.contains("| Error: DATABASE_URL is not set"),
        "{evidence}"
    );
}

#[tokio::test]
async fn a_program_that_eats_its_memory_is_told_so() {
    let app = app(&["eat"], json!({"memory": 32}), "");
    let Some(ran) = deploy(&app, 10).await else {
        return;
    };
    assert_eq!(
        finding(&ran)["code"],
        "out-of-memory",
        "{:#}",
        finding(&ran)
    );
}

#[tokio::test]
async fn a_command_that_is_not_in_the_image_cannot_be_started() {
    let app = app(&[], json!({"entryPoint": ["/no-such-program"]}), "");
    let Some(ran) = deploy(&app, 10).await else {
        return;
    };
    assert_eq!(finding(&ran)["code"], "cannot-start", "{:#}", finding(&ran));
}

#[tokio::test]
async fn a_health_check_that_fails_is_told_so() {
    let check = json!({"healthCheck": {"command": ["CMD", "/program", "fail"], "interval": 5, "timeout": 2,
        "retries": 1}});
    let app = app(&["serve"], check, "");
    let Some(ran) = deploy(&app, 10).await else {
        return;
    };
    assert_eq!(
        finding(&ran)["code"],
        "container-health",
        "{:#}",
        finding(&ran)
    );
}

#[tokio::test]
async fn a_task_before_the_rollout_is_a_container_with_a_command_and_an_environment_of_its_own() {
    let before = "before = { command = [\"migrate\"], environment = { TO = \"20260101\" } }";
    let app = app(&["serve"], json!({}), before);
    if !engine() {
        return;
    }
    let world = World::start_with_containers(SCALE).await;
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let release = shipway_tests::id(ran.release());
    let logs = world.cli(&app, &["logs", &release]).await.expect(0);
    assert!(logs.out.contains("migrating to 20260101"), "{}", logs.out);
    world.stop().await;
}

#[tokio::test]
async fn a_task_whose_program_fails_keeps_the_rollout_from_beginning() {
    let app = app(&["serve"], json!({}), "before = { command = [\"fail\"] }");
    let Some(ran) = deploy(&app, 12).await else {
        return;
    };
    let finding = ran.json()["tasks"][0]["findings"][0].clone();
    assert_eq!(finding["code"], "container-exits", "{finding:#}");
    let evidence = finding["evidence"].to_string();
    assert!(
        evidence.contains("| Error: DATABASE_URL is not set"),
        "{evidence}"
    );
    assert_eq!(ran.target()["verdict"], Value::Null);
}
