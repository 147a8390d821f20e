//! What an image reference in a task definition stands for when a task pulls it.

use std::collections::BTreeMap;

use crate::digest;
use crate::script::{Script, ScriptKind};
use crate::world::World;

/// A pull, as a task makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pull<'a> {
    /// Account of the task.
    pub(crate) account: &'a str,
    /// `image` of the container definition.
    pub(crate) image: &'a str,
    /// What the task runs on.
    pub(crate) platform: Platform<'a>,
    /// `executionRoleArn`; without one the account's root counts.
    pub(crate) execution_role: Option<&'a str>,
}

/// An operating system and processor, in the words of image configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Platform<'a> {
    /// `linux` or `windows`.
    pub(crate) os: &'a str,
    /// `amd64` or `arm64`.
    pub(crate) architecture: &'a str,
}

/// An image that can be pulled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResolvedImage {
    /// Digest of what the reference names: a manifest, or an index over several platforms.
    pub(crate) digest: String,
    /// Digest of the manifest for the platform; equals `digest` unless that is an index.
    pub(crate) manifest_digest: String,
    /// False when the image was built for another platform: it starts with `exec format error`.
    pub(crate) runs_here: bool,
    /// Labels of the image config.
    pub(crate) labels: BTreeMap<String, String>,
    /// What shall go wrong with its tasks.
    pub(crate) script: Option<Script>,
}

/// Why an image cannot be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PullError {
    /// Text of `stoppedReason` and of the container's `reason`: `CannotPullContainerError: ...`.
    pub(crate) reason: String,
}

impl PullError {
    fn new(rest: impl std::fmt::Display) -> Self {
        Self {
            reason: format!("CannotPullContainerError: {rest}"),
        }
    }
}

impl World {
    /// Resolves an image as at a pull. One in a registry of this simulator is looked up there; one
    /// elsewhere counts as pullable, with a digest made from its name, unless a script says otherwise.
    pub(crate) fn resolve_image(&self, pull: Pull<'_>) -> Result<ResolvedImage, PullError> {
        let image = self.elsewhere(pull.image);
        refuse_if_scripted(pull, image.script.as_ref())?;
        Ok(image)
    }

    fn elsewhere(&self, reference: &str) -> ResolvedImage {
        let digest = match reference.split_once('@') {
            Some((_, digest)) => digest.to_owned(),
            None => made_up_digest(reference),
        };
        ResolvedImage {
            script: self.script_for([reference, &digest]).cloned(),
            manifest_digest: digest.clone(),
            digest,
            runs_here: true,
            labels: BTreeMap::new(),
        }
    }
}

fn refuse_if_scripted(pull: Pull<'_>, script: Option<&Script>) -> Result<(), PullError> {
    let Some(script) = script else { return Ok(()) };
    let usual = match script.kind {
        ScriptKind::CannotPull => format!(
            "pull image manifest has been retried 1 time(s): failed to resolve ref {}: not found",
            pull.image
        ),
        _ => return Ok(()),
    };
    Err(PullError::new(script.reason.as_ref().unwrap_or(&usual)))
}

/// A digest for an image that is not here.
fn made_up_digest(reference: &str) -> String {
    digest::of(reference.as_bytes())
}
