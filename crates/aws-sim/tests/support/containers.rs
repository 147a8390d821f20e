//! Tasks that are containers, of an image that is made here without any network.

#![allow(dead_code, reason = "each test file uses its own part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

use std::process::Command;
use std::time::Duration;

use aws_sim::{SimConfig, Tasks, start};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    Answer, Keys, OCI_MANIFEST, Registry, TOOLS, World, call, digest, request, send,
};

/// How long anything may take that an engine does; far more than it needs, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The program in the image: its first argument says what it does.
const PROGRAM: &str = r#"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void leave(int number) { _exit(40 + number); }

static struct sockaddr_in local(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = inet_addr("0.0.0.0");
  return address;
}

int main(int count, char **words) {
  setvbuf(stdout, 0, _IONBF, 0);
  const char *what = count > 1 ? words[1] : "";
  int number = count > 2 ? atoi(words[2]) : 0;
  if (!strcmp(what, "exit")) return number;
  if (!strcmp(what, "print")) {
    printf("first\nTOKEN=%s\n", getenv("TOKEN") ? getenv("TOKEN") : "none");
    return 0;
  }
  if (!strcmp(what, "ignore")) {
    signal(SIGTERM, SIG_IGN);
    for (;;) pause();
  }
  if (!strcmp(what, "eat")) {
    for (;;) memset(malloc(1 << 20), 1, 1 << 20);
  }
  if (!strcmp(what, "nap")) {
    usleep(1000 * number);
    return 0;
  }
  if (!strcmp(what, "dial")) {
    struct sockaddr_in address = local(number);
    address.sin_addr.s_addr = inet_addr("127.0.0.1");
    for (int tries = 0; tries < 300; tries++) {
      int wire = socket(AF_INET, SOCK_STREAM, 0);
      if (!connect(wire, (void *)&address, sizeof address)) return 0;
      close(wire);
      usleep(100000);
    }
    return 9;
  }
  signal(SIGTERM, leave);
  signal(SIGUSR1, leave);
  if (!strcmp(what, "serve")) {
    int door = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = local(number);
    bind(door, (void *)&address, sizeof address);
    listen(door, 9);
    for (;;) close(accept(door, 0, 0));
  }
  for (;;) pause();
}
"#;

/// Whether an engine answers; its absence is loud, and a failure where it must be there.
pub(crate) fn engine() -> bool {
    let found = Command::new("docker").arg("version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let demanded = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|value| value == "1");
    assert!(!demanded, "no engine answers, and SHIPWAY_REQUIRE_DOCKER=1");
    // Past the harness, which keeps to itself what a test that passes prints.
    let said = "SKIPPED: no Docker Engine answers here\n";
    drop(std::io::Write::write_all(
        &mut std::io::stderr(),
        said.as_bytes(),
    ));
    false
}

/// Runs a program to its end and gives what it said.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The program as the one layer of an image.
fn layer() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("main.c"), PROGRAM).unwrap();
    run("gcc", &["-static", "-o", &path("app"), &path("main.c")]);
    let tar = path("layer.tar");
    run("tar", &["-cf", &tar, "-C", &path("."), "app"]);
    std::fs::read(tar).unwrap()
}

/// A cluster `c` of a simulator whose tasks are containers, and a repository `app`.
pub(crate) struct Yard {
    host: String,
    registry: Registry,
    layer: Vec<u8>,
    world: Option<World>,
}

impl Yard {
    /// A simulator at scale 60 in this process; none without an engine.
    pub(crate) async fn open() -> Option<Self> {
        if !engine() {
            return None;
        }
        let sim = start(SimConfig {
            time_scale: 60.0,
            tasks: Tasks::Docker,
            ..SimConfig::default()
        });
        let world = World {
            sim: sim.await.unwrap(),
        };
        let mut yard = Self::at(&world.host()).await;
        yard.world = Some(world);
        Some(yard)
    }

    /// That of a simulator somewhere.
    pub(crate) async fn at(host: &str) -> Self {
        let mut yard = Self {
            host: host.to_owned(),
            registry: Registry {
                host: String::new(),
                authorization: String::new(),
            },
            layer: layer(),
            world: None,
        };
        let made = yard
            .ecr("CreateRepository", json!({"repositoryName": "app"}))
            .await;
        let address = made["repository"]["repositoryUri"].as_str().unwrap();
        address
            .trim_end_matches("/app")
            .clone_into(&mut yard.registry.host);
        let token = yard.ecr("GetAuthorizationToken", json!({})).await;
        let token = token["authorizationData"][0]["authorizationToken"].as_str();
        yard.registry.authorization = format!("Basic {}", token.unwrap());
        yard.ecs("CreateCluster", json!({"clusterName": "c"})).await;
        yard
    }

    async fn ask(&self, target: &str, input: &Value) -> Answer {
        call(&self.host, &Keys::from(TOOLS), target, &input.to_string()).await
    }

    async fn ecr(&self, action: &str, input: Value) -> Value {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{action}");
        self.ask(&target, &input).await.ok()
    }

    /// A call of ECS that succeeds.
    pub(crate) async fn ecs(&self, action: &str, input: Value) -> Value {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        self.ask(&target, &input).await.ok()
    }

    /// A call of ECS that fails: code and message.
    pub(crate) async fn ecs_error(&self, action: &str, input: Value) -> (String, String) {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        let answer = self.ask(&target, &input).await;
        let said = answer.json()["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (answer.error(), said)
    }

    /// A call of CloudWatch Logs that succeeds.
    pub(crate) async fn logs(&self, action: &str, input: Value) -> Value {
        let target = format!("Logs_20140328.{action}");
        self.ask(&target, &input).await.ok()
    }

    /// A query call of Elastic Load Balancing.
    pub(crate) async fn elb(&self, form: &str) -> String {
        let keys = format!(
            "AWS4-HMAC-SHA256 Credential={TOOLS}/20261101/eu-west-1/elasticloadbalancing/\
             aws4_request, SignedHeaders=host, Signature=00"
        );
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("authorization", keys.as_str()),
        ];
        let request = request(Method::POST, &self.host, "/", &headers, form.to_owned());
        send(&self.host, request).await.text()
    }

    /// A control call that succeeds.
    pub(crate) async fn control(&self, path: &str, body: Value) {
        let request = request(Method::POST, &self.host, path, &[], body.to_string());
        let answer = send(&self.host, request).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    /// Pushes the program as an image with this configuration: its reference and its digest.
    pub(crate) async fn push(&self, tag: &str, config: Value) -> (String, String) {
        let mut run = json!({"Entrypoint": ["/app"]});
        for (member, value) in config.as_object().unwrap() {
            run[member] = value.clone();
        }
        let layer = self.registry.push_blob("app", &self.layer).await;
        let config = json!({"os": "linux", "architecture": "amd64", "config": run,
            "rootfs": {"type": "layers", "diff_ids": [layer]}})
        .to_string();
        let named = self.registry.push_blob("app", config.as_bytes()).await;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": named, "size": config.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": layer, "size": self.layer.len()}],
        })
        .to_string();
        let path = format!("/v2/app/manifests/{tag}");
        let headers = [("content-type", OCI_MANIFEST)];
        let put = self
            .registry
            .send(Method::PUT, &path, &headers, manifest.clone())
            .await;
        assert_eq!(put.status, StatusCode::CREATED, "{}", put.text());
        let image = format!("{}/app:{tag}", self.registry.host);
        (image, digest(manifest.as_bytes()))
    }

    /// Registers a task definition of these containers; gives its ARN.
    pub(crate) async fn register(&self, family: &str, containers: Value) -> String {
        let made = self
            .ecs("RegisterTaskDefinition", definition(family, containers))
            .await;
        let arn = made["taskDefinition"]["taskDefinitionArn"].as_str();
        arn.unwrap().to_owned()
    }

    /// Runs a task of these containers; gives its ARN.
    pub(crate) async fn run(&self, family: &str, containers: Value) -> String {
        self.register(family, containers).await;
        let input =
            json!({"cluster": "c", "taskDefinition": family, "networkConfiguration": network()});
        let ran = self.ecs("RunTask", input).await;
        ran["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
    }

    /// A task as it is described.
    pub(crate) async fn task(&self, arn: &str) -> Value {
        let shown = self
            .ecs("DescribeTasks", json!({"cluster": "c", "tasks": [arn]}))
            .await;
        shown["tasks"][0].clone()
    }

    /// A task once it is so.
    pub(crate) async fn until(&self, arn: &str, so: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                let task = self.task(arn).await;
                if so(&task) {
                    return task;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(task) => task,
            Err(_) => panic!("it never was so: {}", self.task(arn).await),
        }
    }

    pub(crate) async fn running(&self, arn: &str) -> Value {
        self.until(arn, |task| task["lastStatus"] == "RUNNING")
            .await
    }

    pub(crate) async fn stopped(&self, arn: &str) -> Value {
        self.until(arn, |task| task["lastStatus"] == "STOPPED")
            .await
    }

    /// Stops the simulator of this process.
    pub(crate) async fn close(self) {
        self.world.unwrap().sim.stop().await;
    }
}

/// The input of RegisterTaskDefinition.
pub(crate) fn definition(family: &str, containers: Value) -> Value {
    json!({"family": family, "networkMode": "awsvpc", "containerDefinitions": containers,
        "executionRoleArn": format!("arn:aws:iam::{TOOLS}:role/execution")})
}

pub(crate) fn network() -> Value {
    json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
}

/// A container that runs the program with these words.
pub(crate) fn container(name: &str, image: &str, words: &[&str], more: Value) -> Value {
    let mut container = json!({"name": name, "image": image, "memory": 64, "command": words});
    for (member, value) in more.as_object().unwrap() {
        container[member] = value.clone();
    }
    container
}

/// Ids of the containers of a task, running or not; without a name all of them.
pub(crate) fn containers(task: &str, name: &str) -> Vec<String> {
    let id = task.rsplit('/').next().unwrap();
    let task = format!("label=aws-sim.task={id}");
    let name = format!("label=aws-sim.container={name}");
    let mut arguments = vec!["ps", "-aq", "--no-trunc", "--filter", &task];
    if !name.ends_with('=') {
        arguments.extend(["--filter", &name]);
    }
    let found = run("docker", &arguments);
    found.lines().map(str::to_owned).collect()
}
