//! From source to proven, with a real engine and a real image where there is an engine.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use shipway_tests::missing::has_engine;

use super::process::{World, text};

/// The app: a static C program in a context of its own.
pub(crate) fn app(world: &World, build: &str) -> PathBuf {
    let app = world.path("app");
    std::fs::create_dir_all(&app).unwrap();
    let source = app.join("main.c");
    std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let compiled = Command::new("cc")
        .args(["-static", "-o", text(&app.join("program")), text(&source)])
        .status()
        .unwrap();
    assert!(compiled.success());
    std::fs::write(
        app.join("Dockerfile"),
        "FROM scratch\nCOPY program /program\nENTRYPOINT [\"/program\"]\n",
    )
    .unwrap();
    let manifest = format!(
        r#"app = "hello"
{build}
[image]
account = "000000000000"
region = "eu-west-1"
repository = "team/hello"
tags = ["{{env}}-latest"]
[image.create]
[task_definition]
file = "task.json"
container = "app"
[env.prod]
[[env.prod.targets]]
account = "222222222222"
region = "eu-west-1"
cluster = "main"
service = "hello"
"#
    )
    .replace("[image.create]", "[image.create]\nmutability = \"mutable\"");
    std::fs::write(app.join("shipway.toml"), manifest).unwrap();
    let task = r#"{"family": "hello", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::222222222222:role/execution",
        "containerDefinitions": [{"name": "app", "image": "app", "essential": true}]}"#;
    std::fs::write(app.join("task.json"), task).unwrap();
    app
}

pub(crate) const DOCKER: &str = "[build]\nbuilder = \"docker\"";
pub(crate) const LAYERS: &str = "[build]\nbuilder = \"layers\"\n[build.layers]\n\
    files = [{ from = \"program\", to = \"/program\" }]\nentrypoint = [\"/program\"]";

fn deploys_and_ends(docker: &str, build: &str) {
    let world = World::start(docker, &[]);
    let app = app(&world, build);
    let first = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(first["verdict"], "live", "{first}\n{}", world.logs());
    assert_eq!(first["final"], true);
    let target = &first["targets"][0];
    assert_eq!(target["account"], "222222222222");
    assert!(
        target["image_digest"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
    let again = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(again["verdict"], "live");
    // Nothing differs, so nothing was registered.
    assert_eq!(
        again["targets"][0]["task_definition"],
        target["task_definition"]
    );
    let listed: Value = world.json(&["list", "--json"]);
    assert!(
        listed.to_string().matches("\"live\"").count() >= 2,
        "{listed}"
    );
    world.end();
}

#[test]
fn an_app_goes_from_source_to_live_through_a_docker_engine() {
    if has_engine("a deploy with an engine") {
        deploys_and_ends("auto", DOCKER);
    }
}

#[test]
fn an_app_goes_from_source_to_live_without_any_engine() {
    deploys_and_ends("off", LAYERS);
}

/// A repository of one commit with this subject.
pub(crate) fn repository(folder: &std::path::Path, subject: &str) {
    let git = |args: &[&str]| {
        let ran = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(args)
            .status();
        assert!(ran.unwrap().success(), "git {args:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    let who = ["-c", "user.name=me", "-c", "user.email=me@example.com"];
    let commit = ["commit", "--quiet", "--allow-empty", "-m", subject];
    git(&[&who[..], &commit[..]].concat());
}

#[test]
fn a_deploy_from_a_git_hook_of_another_repository_names_its_own_commit() {
    let world = World::start("off", &[]);
    let app = app(&world, LAYERS);
    repository(&app, "ours");
    let other = world.path("other");
    std::fs::create_dir_all(&other).unwrap();
    repository(&other, "theirs");
    let args = ["-C", text(&app), "deploy", "prod", "--json", "--detach"];
    let hook = other.join(".git");
    let ran = world.cli_with(&args, ("GIT_DIR", text(&hook)));
    assert!(ran.status.success(), "{ran:?}");
    let listed: Value = world.json(&["list", "--json"]);
    let title = &listed["releases"][0]["title"];
    assert!(title.to_string().contains("ours"), "{listed:#}");
    world.end();
}
