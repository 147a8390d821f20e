//! Manifests on the command line: right ones, wrong ones, as text and as JSON.

use std::ffi::OsString;
use std::path::Path;

use expect_test::expect;
use shipway_cli::{Captured, Io, run};

const MANIFEST: &str = r#"
app = "web"

[build]
builder = "docker"

[image]
account = "000000000000"
region = "eu-west-1"
repository = "web"

[task_definition]
file = "task-definition.json"
container = "web"

[[env.prod.targets]]
account = "222222222222"
region = "eu-west-1"
cluster = "main"
service = "web"
"#;

const DEFINITION: &str = r#"{
  "family": "web",
  "networkMode": "awsvpc",
  "requiresCompatibilities": ["FARGATE"],
  "cpu": "256",
  "memory": "512",
  "executionRoleArn": "arn:aws:iam::222222222222:role/web",
  "containerDefinitions": [{"name": "web", "image": "x", "essential": true}]
}"#;

async fn shipway(folder: &Path, line: &str) -> (u8, Captured) {
    let (mut io, captured) = Io::captured(folder);
    let args = ["shipway"].into_iter().chain(line.split_whitespace());
    let code = run(args.map(OsString::from), &mut io).await;
    (code, captured)
}

fn app(manifest: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("shipway.toml"), manifest).expect("written");
    std::fs::write(folder.path().join("task-definition.json"), DEFINITION).expect("written");
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").expect("written");
    folder
}

#[tokio::test]
async fn a_right_manifest_needs_no_coordinator() {
    let folder = app(MANIFEST);
    let (code, captured) = shipway(folder.path(), "validate").await;
    expect![[r#"
        shipway.toml is right: app web, environments prod
    "#]]
    .assert_eq(&(captured.err.text() + &captured.out.text()));
    assert_eq!(code, 0);
}

#[tokio::test]
async fn a_wrong_manifest_shows_its_place_and_is_a_usage_error() {
    let folder = app(&MANIFEST.replace("repository", "repositry"));
    let (code, captured) = shipway(folder.path(), "deploy prod").await;
    expect![[r#"
        error: unknown key "repositry"
          --> shipway.toml:10:1
           |
        10 | repositry = "web"
           | ^^^^^^^^^
           = help: did you mean "repository"?
           = help: permitted: repository, account, region, tags, set_policy, create

        usage error: 1 mistake to put right
    "#]]
    .assert_eq(&captured.err.text());
    assert_eq!(code, 2);
}

#[tokio::test]
async fn an_environment_that_is_not_there_is_a_usage_error() {
    let folder = app(MANIFEST);
    let (code, captured) = shipway(folder.path(), "deploy produ").await;
    expect![[r#"
        error: there is no environment "produ"
          --> shipway.toml:16:3
           |
        16 | [[env.prod.targets]]
           |   ^^^
           = help: did you mean "prod"?
           = help: permitted: prod

        usage error: 1 mistake to put right
    "#]]
    .assert_eq(&captured.err.text());
    assert_eq!(code, 2);
}

#[tokio::test]
async fn mistakes_are_told_as_json_too() {
    let folder = app(&MANIFEST.replace("222222222222", "2222"));
    let (code, captured) = shipway(folder.path(), "validate --json").await;
    let document: serde_json::Value = serde_json::from_str(&captured.out.text()).expect("JSON");
    assert_eq!(document["valid"], false);
    assert_eq!(document["errors"][0]["file"], "shipway.toml");
    assert_eq!(document["errors"][0]["line"], 17);
    assert_eq!(code, 2);
}

#[tokio::test]
async fn another_folder_and_another_file_can_be_named() {
    let folder = app(MANIFEST);
    let path = folder.path();
    std::fs::rename(path.join("shipway.toml"), path.join("other.toml")).expect("renamed");
    let line = format!("-C {} validate --json --file other.toml", path.display());
    let (code, captured) = shipway(Path::new("/"), &line).await;
    let document: serde_json::Value = serde_json::from_str(&captured.out.text()).expect("JSON");
    assert_eq!(document["environments"][0], "prod", "{document}");
    assert_eq!(code, 0);
}

#[tokio::test]
async fn the_schema_is_json() {
    let (code, captured) = shipway(Path::new("/"), "schema").await;
    let schema: serde_json::Value = serde_json::from_str(&captured.out.text()).expect("JSON");
    assert!(schema["properties"]["app"].is_object());
    assert_eq!(code, 0);
}
