//! The app that is deployed: a build, tags, a policy, scaling to suspend.

use std::path::Path;

use tempfile::TempDir;

use crate::world::{ACCOUNT, TOOLS};

/// An app whose deploy comes by every kind of change in AWS.
pub(crate) struct App(TempDir);

impl App {
    /// With an image that no other has.
    pub(crate) fn new(content: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let manifest = format!(
            r#"app = "shop"
[build]
builder = "layers"
[build.layers]
files = [{{ from = "program", to = "/program" }}]
entrypoint = ["/program"]
[image]
account = "{TOOLS}"
region = "eu-west-1"
repository = "shop"
tags = ["firm", "{{env}}-latest"]
[image.create]
mutability = "mutable"
[task_definition]
file = "task.json"
container = "app"
[env.staging]
autoscaling = "suspend"
timeout = "60m"
[[env.staging.targets]]
account = "{ACCOUNT}"
region = "eu-west-1"
cluster = "main"
service = "hello"
"#
        );
        let task = format!(
            r#"{{"family": "shop", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "executionRoleArn": "arn:aws:iam::{ACCOUNT}:role/execution",
            "containerDefinitions": [{{"name": "app", "image": "x", "essential": true}}]}}"#
        );
        let app = Self(folder);
        app.write("shipway.toml", &manifest);
        app.write("task.json", &task);
        app.release(content);
        app
    }

    /// Gives the image another content.
    pub(crate) fn release(&self, content: &str) {
        self.write("program", content);
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }
}
