//! The programs docker and skopeo, as tests run them.

#![allow(dead_code, reason = "each test file uses its own part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Registry, World};

/// Whether a client works here; its absence is loud, and a failure where it must be there.
pub(crate) fn have(program: &str, arguments: &[&str]) -> bool {
    let found = Command::new(program).args(arguments).output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let demanded = std::env::var_os("SHIPWAY_REQUIRE_DOCKER").is_some_and(|value| value == "1");
    assert!(
        !demanded,
        "{program} does not work here, and SHIPWAY_REQUIRE_DOCKER=1"
    );
    // Past the harness, which keeps to itself what a test that passes prints.
    let said = format!(
        "SKIPPED: `{program} {}` does not work here\n",
        arguments.join(" ")
    );
    drop(std::io::Write::write_all(
        &mut std::io::stderr(),
        said.as_bytes(),
    ));
    false
}

/// Runs what must succeed.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    output
}

/// Docker with a configuration of its own, logged in to a repository of a simulator.
pub(crate) struct Docker {
    pub(crate) world: World,
    pub(crate) registry: Registry,
    config: TempDir,
}

impl Docker {
    /// None where docker does not work.
    pub(crate) async fn with_repository(name: &str) -> Option<Self> {
        if !have("docker", &["version"]) {
            return None;
        }
        let world = World::demo().await;
        let registry = world.repository(name, json!({})).await;
        let config = tempfile::tempdir().unwrap();
        let docker = Self {
            world,
            registry,
            config,
        };
        docker.login();
        Some(docker)
    }

    /// The reference of an image in the registry.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.host)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.arg("--config").arg(self.config.path());
        command.args(arguments);
        command
    }

    /// Runs docker, which must succeed.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    fn login(&self) {
        let host = &self.registry.host;
        let mut command = self.command(&["login", "-u", "AWS", "--password-stdin", host]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, self.registry.password().as_bytes()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success());
    }

    /// Makes an image of one file, without a builder and without a base image.
    pub(crate) fn import(&self, image: &str, content: &[u8]) {
        let directory: &Path = self.config.path();
        let tar = directory.join("root.tar");
        std::fs::write(directory.join("hello"), content).unwrap();
        let mut pack = Command::new("tar");
        pack.arg("-cf").arg(&tar).arg("-C").arg(directory);
        run(pack.arg("hello"));
        let tar = tar.display().to_string();
        self.run(&["import", "--change", "LABEL team=a", &tar, image]);
    }
}
