//! `[build]`: how the image is made.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// How the image is built.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BuildFile {
    /// Who builds. Default: "docker".
    pub(crate) builder: BuilderName,
    /// Folder that is sent to the builder, relative to this file. Default: ".".
    pub(crate) context: Option<String>,
    /// Dockerfile, relative to the context. Default: "Dockerfile".
    pub(crate) dockerfile: Option<String>,
    /// Stage of the Dockerfile to build. Default: the last.
    pub(crate) target: Option<String>,
    /// Platforms such as "linux/amd64" and "linux/arm64". Default: the platform of the task definition.
    pub(crate) platforms: Vec<String>,
    /// Build arguments. They can be read from the image: secrets belong into [build.secrets].
    pub(crate) args: BTreeMap<String, String>,
    /// What a build may reuse.
    pub(crate) cache: CacheFile,
    /// Secrets that the Dockerfile mounts by id; the agent finds their values.
    pub(crate) secrets: BTreeMap<String, SecretFile>,
    /// The image, for builder = "layers".
    pub(crate) layers: LayersFile,
}

/// Who builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BuilderName {
    /// A Dockerfile, by BuildKit in a Docker Engine.
    #[default]
    Docker,
    /// Files on a base image, without a Docker Engine.
    Layers,
}

/// What a build may reuse.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CacheFile {
    /// Whether steps cached by the engine are used. Default: true.
    pub(crate) enabled: Option<bool>,
    /// Images whose inline cache is imported.
    pub(crate) from: Vec<String>,
}

/// Where the agent finds the value of a secret: exactly one of these.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretFile {
    /// A variable of the agent's environment.
    pub(crate) env: Option<String>,
    /// A file on the agent's machine.
    pub(crate) file: Option<String>,
    /// A secret of Secrets Manager, by ARN or by name in the account of the image.
    pub(crate) secrets_manager: Option<String>,
    /// A parameter of SSM, by ARN or by name in the account of the image.
    pub(crate) ssm: Option<String>,
}

/// An image made of files on a base image.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LayersFile {
    /// Base image. Default: none, the image holds the files alone.
    pub(crate) base: Option<String>,
    /// What is copied from the context, one layer each.
    pub(crate) files: Vec<CopyFile>,
    /// Entrypoint. Default: that of the base.
    pub(crate) entrypoint: Vec<String>,
    /// Command. Default: that of the base, unless an entrypoint is given.
    pub(crate) command: Vec<String>,
    /// Environment, on top of that of the base.
    pub(crate) env: BTreeMap<String, String>,
    /// Labels, on top of those of the base.
    pub(crate) labels: BTreeMap<String, String>,
    /// User. Default: that of the base.
    pub(crate) user: Option<String>,
    /// Working directory. Default: that of the base.
    pub(crate) workdir: Option<String>,
    /// Exposed ports such as "8080/tcp".
    pub(crate) ports: Vec<String>,
}

/// One copy from the context into the image.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CopyFile {
    /// File or folder, relative to the context; a folder is copied with its content.
    pub(crate) from: String,
    /// Absolute path in the image.
    pub(crate) to: String,
}
