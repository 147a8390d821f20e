//! How the image is built.

use std::io::ErrorKind;

use shipway_domain::document::{Document, Pointer};
use shipway_domain::spec::{BuildCache, BuildSettings, Builder, DockerBuild};

use super::Resolver;
use crate::file::BuilderName;
use crate::mistake::Level;
use crate::path;

/// Keys of `[build]` that mean something to one builder only.
const DOCKER_ONLY: [&str; 5] = ["dockerfile", "target", "args", "cache", "secrets"];
/// The platforms that ECS runs.
const PLATFORMS: [&str; 3] = ["linux/amd64", "linux/arm64", "windows/amd64"];
/// Parts of names that hold a secret more often than not.
const SECRET_WORDS: [&str; 4] = ["TOKEN", "SECRET", "PASSWORD", "PRIVATE_KEY"];

impl Resolver<'_> {
    /// `wanted` is the platform of the task definition, when that could be read.
    pub(super) fn build(&mut self, wanted: Option<&str>) -> Option<BuildSettings> {
        let before = self.found.len();
        let build = &self.file().build;
        let builder = match build.builder {
            BuilderName::Docker => {
                self.not_for("docker", &["layers"]);
                Builder::Docker(self.dockerfile_build())
            }
            BuilderName::Layers => {
                self.not_for("layers", &DOCKER_ONLY);
                Builder::Layers(self.layers())
            }
        };
        let platforms = self.platforms(wanted);
        let secrets = self.secrets();
        let failed = self.found[before..]
            .iter()
            .any(|mistake| mistake.level == Level::Error);
        (!failed).then_some(BuildSettings {
            builder,
            platforms,
            secrets,
        })
    }

    fn not_for(&mut self, builder: &str, keys: &[&str]) {
        let at = Pointer::root().name("build");
        let written = self
            .manifest
            .document
            .get("build")
            .unwrap_or(&Document::Null);
        for key in keys.iter().filter(|key| written.get(key).is_some()) {
            let other = if builder == "docker" {
                "layers"
            } else {
                "docker"
            };
            let message = format!("build.{key} means nothing to the builder {builder:?}");
            let help = format!("remove it, or set builder = {other:?}");
            let at = at.name(*key);
            self.error_in_name(&at, message, help);
        }
    }

    fn dockerfile_build(&mut self) -> DockerBuild {
        let at = Pointer::root().name("build");
        let build = &self.file().build;
        let dockerfile = build.dockerfile.as_deref().unwrap_or("Dockerfile");
        let file = path::join(&self.manifest.context_folder(), dockerfile);
        if matches!(self.files.read(&file), Err(error) if error.kind() == ErrorKind::NotFound) {
            let help = "build.dockerfile is relative to build.context";
            self.error(
                &at.name("dockerfile"),
                format!("there is no Dockerfile at {file}"),
                [help],
            );
        }
        for name in build.args.keys() {
            let upper = name.to_ascii_uppercase();
            if SECRET_WORDS.iter().any(|word| upper.contains(word)) {
                let message = format!("build.args.{name} can be read from the image");
                let help =
                    "name a secret in [build.secrets] and mount it: RUN --mount=type=secret,id=…";
                self.warning(&at.name("args").name(name.as_str()), message, help);
            }
        }
        DockerBuild {
            dockerfile: dockerfile.to_owned(),
            target: build.target.clone(),
            args: build.args.clone().into_iter().collect(),
            cache: BuildCache {
                enabled: build.cache.enabled.unwrap_or(true),
                from: build.cache.from.clone(),
            },
        }
    }

    fn platforms(&mut self, wanted: Option<&str>) -> Vec<String> {
        let at = Pointer::root().name("build").name("platforms");
        let platforms = &self.file().build.platforms;
        for (place, platform) in platforms.iter().enumerate() {
            if !PLATFORMS.contains(&platform.as_str()) {
                let help = crate::suggest::help(platform, &PLATFORMS);
                self.error(
                    &at.index(place),
                    format!("{platform:?} is no platform of ECS"),
                    help,
                );
            }
        }
        let Some(wanted) = wanted else {
            return platforms.clone();
        };
        if platforms.is_empty() {
            return vec![wanted.to_owned()];
        }
        if !platforms.iter().any(|platform| platform == wanted) {
            let message = format!("the task definition runs on {wanted}, which is not built");
            let help = format!("add {wanted:?}, or change runtimePlatform in the task definition");
            self.error(&at, message, [help]);
        }
        platforms.clone()
    }
}
