//! The first shipway.toml of an app.

use std::fmt;

/// What is known of an app when its first manifest is written. `Display` writes the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Name of the app.
    pub app: String,
    /// Account that owns the repository of the image: 12 digits.
    pub image_account: String,
    /// Environment that the service is.
    pub env: String,
    /// Account of the service: 12 digits.
    pub account: String,
    /// Region of the service.
    pub region: String,
    /// Cluster of the service.
    pub cluster: String,
    /// Name of the service.
    pub service: String,
    /// The container that gets the image, when it is known.
    pub container: Option<String>,
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            app,
            image_account,
            env,
            account,
            region,
            cluster,
            service,
            container,
        } = self;
        let container = container.as_ref().map_or_else(
            || format!("# container = {app:?}   # which container gets the image"),
            |name| format!("container = {name:?}"),
        );
        write!(
            f,
            r#"# How {app} is built, and where it is rolled out. Check it with: shipway validate
# All keys, with their defaults: shipway schema
app = "{app}"

[build]
builder = "docker"          # or "layers": files on a base image, without a Docker Engine
context = "."
dockerfile = "Dockerfile"

[image]
account = "{image_account}"
region = "{region}"
repository = "{app}"
tags = ["{{sha}}", "{{env}}-latest"]

[image.create]              # when the repository does not exist yet
mutability = "immutable"
mutable_tags = ["*-latest"]
keep_last = 50

[task_definition]
file = "task-definition.json"
{container}

[env.{env}]
strategy = "balanced"       # conservative 100/150, balanced 100/200, aggressive 50/200
timeout = "20m"

[[env.{env}.targets]]
account = "{account}"
region = "{region}"
cluster = "{cluster}"
service = "{service}"
"#
        )
    }
}
