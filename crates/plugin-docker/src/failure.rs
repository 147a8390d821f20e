//! What a failed solve means (build-facts 3, "Errors").

use shipway_plugin::{BuildError, without_queries};
use tonic::{Code, Status};

use crate::details::Details;
use crate::refusal;
use crate::watch::{FailedStep, is_step};

/// How a failed solve ended, as the engine and the progress tell it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure {
    /// The engine's sentence, without secrets.
    pub(crate) message: String,
    /// The connection broke: not a word about the build.
    pub(crate) broken: bool,
    /// Typed details of newer engines.
    pub(crate) details: Details,
    /// The step that failed, when one did.
    pub(crate) step: Option<FailedStep>,
}

impl Failure {
    /// From the status of a solve; `message` is its text without secrets.
    pub(crate) fn new(status: &Status, message: String, step: Option<FailedStep>) -> Self {
        // A status that tonic made itself carries what happened to the connection as its source. A
        // daemon that panics inside the call shows as a protocol error: not the build's fault.
        let broken = std::error::Error::source(status).is_some()
            || matches!(
                status.code(),
                Code::Unavailable | Code::Cancelled | Code::Internal
            );
        Self {
            // Engines quote URLs of registries, with what gives a right there.
            message: without_queries(plain(&message)),
            broken,
            details: Details::read(status.details()),
            step,
        }
    }

    /// Whether the image was refused by the registry, rather than not built.
    pub(crate) fn is_push(&self) -> bool {
        self.message.contains("failed to push")
    }

    /// As a failure of a build with this Dockerfile.
    pub(crate) fn into_build_error(self, dockerfile: &str) -> BuildError {
        if self.broken {
            return BuildError::Interrupted(format!(
                "the Docker Engine broke off the build: {}",
                self.message
            ));
        }
        let text = self.message.to_lowercase();
        if text.contains("failed to read dockerfile") && text.contains("no such file") {
            return BuildError::Invalid(format!("the context holds no file {dockerfile}"));
        }
        if text.contains("target stage") || text.contains("build target") {
            return BuildError::Invalid(format!("{dockerfile}: {}", self.message));
        }
        if let Some(image) = self.base_image() {
            let message = &self.message;
            return if refusal::is_passing(message) {
                BuildError::Interrupted(format!(
                    "the base image {image} could not be fetched: {message}"
                ))
            } else {
                BuildError::Invalid(format!("the base image {image} was refused: {message}"))
            };
        }
        if text.contains("context canceled") {
            return BuildError::Interrupted(format!(
                "the Docker Engine ended the build: {}",
                self.message
            ));
        }
        self.into_failed_step(dockerfile)
    }

    /// The base image that could not be had.
    fn base_image(&self) -> Option<String> {
        let step = self.step.as_ref().map_or("", |step| step.name.as_str());
        let named = step
            .strip_prefix("[internal] load metadata for ")
            .or_else(|| is_step(step).then(|| instruction(step).strip_prefix("FROM "))?);
        let named = named.map(|image| image.split('@').next().unwrap_or(image).to_owned());
        named.or_else(|| {
            let (image, _) = self
                .message
                .split_once(": failed to resolve source metadata")?;
            Some(image.rsplit(' ').next().unwrap_or(image).to_owned())
        })
    }

    fn into_failed_step(self, dockerfile: &str) -> BuildError {
        let exit_code = self.details.exit_code.or_else(|| {
            let own = self.step.as_ref().and_then(|step| exit_code(&step.error));
            own.or_else(|| exit_code(&self.message))
        });
        let place = self
            .details
            .line
            .map_or_else(String::new, |line| format!(" ({dockerfile} line {line})"));
        let step = self.step.filter(|step| is_step(&step.name));
        let name = step.as_ref().map_or(dockerfile, |s| instruction(&s.name));
        BuildError::Failed {
            step: format!("{name}{place}"),
            message: match &step {
                Some(step) if !step.output.is_empty() => step.output.join("\n"),
                Some(step) if !step.error.is_empty() => plain(&step.error).to_owned(),
                _ => self.message,
            },
            exit_code,
        }
    }
}

/// The instruction of a vertex name: "RUN make" of "[build 2/3] RUN make".
fn instruction(name: &str) -> &str {
    name.split_once("] ").map_or(name, |(_, text)| text)
}

/// A sentence without the layers that it went through.
fn plain(message: &str) -> &str {
    const PREFIXES: [&str; 5] = [
        "failed to solve: ",
        "failed to build LLB: ",
        "failed to create LLB definition: ",
        "rpc error: code = Unknown desc = ",
        "failed to solve with frontend ",
    ];
    let mut rest = message.trim();
    while let Some(prefix) = PREFIXES.iter().find(|prefix| rest.starts_with(*prefix)) {
        rest = &rest[prefix.len()..];
        if prefix.ends_with("frontend ") {
            // The frontend's name follows.
            rest = rest.split_once(": ").map_or(rest, |(_, rest)| rest);
        }
    }
    rest
}

/// The number at the end of "… exit code: 3".
fn exit_code(message: &str) -> Option<i32> {
    let (_, rest) = message.rsplit_once("exit code: ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests;
