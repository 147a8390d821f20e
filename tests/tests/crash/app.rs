//! The app that is deployed: a build, tags, a policy, scaling to suspend.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::world::{ACCOUNT, TOOLS};

/// An app whose deploy comes by every kind of change in AWS.
pub(crate) struct App(TempDir);

impl App {
    /// With an image that no other has.
    pub(crate) fn new(content: &str) -> Self {
        let lines = "autoscaling = \"suspend\"\nbefore = { command = [\"/program\", \"migrate\"] }";
        Self::on("shop", "hello", lines, content)
    }

    /// The same of this name for this service, with a line of the environment. Its images go to a
    /// repository of its name.
    pub(crate) fn on(name: &str, service: &str, line: &str, content: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let manifest = format!(
            r#"app = "{name}"
[build]
builder = "layers"
[build.layers]
files = [{{ from = "program", to = "/program" }}]
entrypoint = ["/program"]
[image]
account = "{TOOLS}"
region = "eu-west-1"
repository = "{name}"
tags = ["{{sha}}", "{{env}}-latest"]
[image.create]
mutability = "mutable"
[task_definition]
file = "task.json"
container = "app"
[env.staging]
{line}
timeout = "60m"
[[env.staging.targets]]
account = "{ACCOUNT}"
region = "eu-west-1"
cluster = "main"
service = "{service}"
"#
        );
        let task = format!(
            r#"{{"family": "{name}", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "executionRoleArn": "arn:aws:iam::{ACCOUNT}:role/execution",
            "containerDefinitions": [{{"name": "app", "image": "x", "essential": true}}]}}"#
        );
        let app = Self(folder);
        app.write("shipway.toml", &manifest);
        app.write("task.json", &task);
        app.release(content);
        app.commit();
        app
    }

    /// Gives the image another content.
    pub(crate) fn release(&self, content: &str) {
        self.write("program", content);
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A commit, for a tag that stays where it is put.
    fn commit(&self) {
        let git = |args: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(self.folder()).args(args);
            // Where git itself runs the tests (in a hook), these name the repository of the hook.
            for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
                git.env_remove(variable);
            }
            assert!(git.status().unwrap().success(), "git {args:?}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "."]);
        let who = ["-c", "user.name=me", "-c", "user.email=me@example.com"];
        let commit = ["commit", "--quiet", "--no-gpg-sign", "-m", "the first"];
        git(&[&who[..], &commit[..]].concat());
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }
}
