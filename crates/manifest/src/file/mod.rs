//! The shape of shipway.toml; its doc comments are the descriptions of the JSON Schema.
//!
//! Types say which keys there are and of which kind. What texts mean is read in `resolve`.

mod build;
mod environment;
mod image;
mod scan;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use build::{BuildFile, BuilderName, SecretFile};
pub(crate) use environment::{
    AutoscalingName, BreakerFile, EnvironmentFile, GateFile, StrategyName, TargetFile,
};
pub(crate) use image::{CreateFile, ImageFile, Mutability};
pub(crate) use scan::{ExceptionFile, ScanFile, SeverityName};

/// shipway.toml: how an app is built, and where and how it is rolled out on Amazon ECS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "shipway.toml")]
pub(crate) struct ManifestFile {
    /// Name of the app: 1 to 64 of a-z, 0-9 and '-', starting with a letter.
    pub(crate) app: String,
    /// How the image is built. Without it: a Dockerfile in the folder of this file.
    #[serde(default)]
    pub(crate) build: BuildFile,
    /// Where the image is pushed to.
    pub(crate) image: ImageFile,
    /// Which vulnerabilities keep the image from being deployed. Without it: none, and scans are not asked for.
    pub(crate) scan: Option<ScanFile>,
    /// Names for accounts, each with its 12 digits as a string. A name may stand wherever an account is asked for.
    #[serde(default)]
    pub(crate) accounts: BTreeMap<String, String>,
    /// The task definition, and which containers get the image.
    #[serde(default)]
    pub(crate) task_definition: TaskDefinitionFile,
    /// The environments by name, such as [env.prod].
    pub(crate) env: BTreeMap<String, EnvironmentFile>,
}

/// The task definition, and which containers get the image.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskDefinitionFile {
    /// File with the JSON that `register-task-definition --cli-input-json` takes, relative to this file. Default: "task-definition.json".
    pub(crate) file: Option<String>,
    /// The container that gets the image. Default: the only one, or the one named like the app.
    pub(crate) container: Option<String>,
    /// The containers that get the image, when there are several.
    pub(crate) containers: Option<Vec<String>>,
    /// Values for ${NAME} in the texts of the task definition. ${app} and ${env} are always there; $${NAME} stays as ${NAME}.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
}
