//! What an image reference in a task definition stands for when a task pulls it.

use std::collections::BTreeMap;

use crate::digest;
use crate::ecr::{Image, Place, Repository};
use crate::iam::{Act, Principal};
use crate::script::{Script, ScriptKind};
use crate::world::World;

/// Label of an image config that carries a failure script as JSON.
const SCRIPT_LABEL: &str = "aws-sim.script";

/// A pull, as a task makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pull<'a> {
    /// Account of the task.
    pub(crate) account: &'a str,
    /// Family of its task definition.
    pub(crate) family: &'a str,
    /// The command that RunTask gave the container; empty without one.
    pub(crate) command: &'a str,
    /// `image` of the container definition.
    pub(crate) image: &'a str,
    /// Digest that the tag in `image` was resolved to before (ecs-facts 3.7); it is pulled then.
    pub(crate) digest: Option<&'a str>,
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
    /// What shall go wrong with its tasks, by a script of the control API or by its own label.
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

    fn retried(rest: impl std::fmt::Display) -> Self {
        Self::new(format!(
            "pull image manifest has been retried 1 time(s): {rest}"
        ))
    }

    fn not_found(image: &str) -> Self {
        Self::retried(format!("failed to resolve ref {image}: {image}: not found"))
    }
}

/// A reference taken apart.
struct Reference<'a> {
    /// `host:port`, if it names a registry.
    host: Option<&'a str>,
    name: &'a str,
    /// Digest if given, else the tag, else `latest`.
    wanted: &'a str,
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let (host, path) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
                (Some(host), path)
            }
            _ => (None, rest),
        };
        let (name, tag) = path.split_once(':').unwrap_or((path, "latest"));
        Self {
            host,
            name,
            wanted: digest.unwrap_or(tag),
        }
    }
}

impl World {
    /// Resolves an image as at a pull. One in a registry of this simulator is looked up there; one
    /// elsewhere counts as pullable, with a digest made from its name, unless a script says otherwise.
    pub(crate) fn resolve_image(&self, pull: Pull<'_>) -> Result<ResolvedImage, PullError> {
        let mut reference = Reference::parse(pull.image);
        reference.wanted = pull.digest.unwrap_or(reference.wanted);
        let image = match reference.host.and_then(|host| self.registry_at(host)) {
            Some((owner, region)) => self.in_registry(pull, &reference, owner, region)?,
            None => self.elsewhere(pull, &reference),
        };
        refuse_if_scripted(pull, image.script.as_ref())?;
        Ok(image)
    }

    /// Account and region whose registry has this address.
    fn registry_at(&self, host: &str) -> Option<(&str, &str)> {
        let (name, port) = host.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        if !matches!(name, "127.0.0.1" | "localhost") {
            return None;
        }
        self.accounts.iter().find_map(|(account, state)| {
            let mut regions = state.regions.iter();
            let found = regions.find(|(_, region)| region.registry_port == Some(port))?;
            Some((account.as_str(), found.0.as_str()))
        })
    }

    fn in_registry(
        &self,
        pull: Pull<'_>,
        reference: &Reference<'_>,
        owner: &str,
        region: &str,
    ) -> Result<ResolvedImage, PullError> {
        let not_found = || PullError::not_found(pull.image);
        let registry = &self
            .existing_region(owner, region)
            .ok_or_else(not_found)?
            .ecr;
        let repository = registry
            .repositories
            .get(reference.name)
            .ok_or_else(not_found)?;
        let place = Place {
            owner,
            region,
            name: reference.name,
        };
        if self.pull_is_denied(pull, place) {
            return Err(PullError::retried(format!(
                "failed to resolve ref {}: pulling from host {} failed with status code \
                 [manifests {}]: 403 Forbidden",
                pull.image,
                reference.host.unwrap_or_default(),
                reference.wanted
            )));
        }
        let digest = repository
            .digest_of(reference.wanted)
            .ok_or_else(not_found)?;
        let (manifest_digest, image) = for_platform(repository, digest, pull.platform)?;
        if ![digest, manifest_digest]
            .iter()
            .all(|digest| repository.is_pullable(digest))
        {
            return Err(PullError::retried(format!(
                "failed to resolve ref {}: the image is archived and must be restored first",
                pull.image
            )));
        }
        let platform = pull.platform.to_string();
        let names = [pull.image, digest, manifest_digest];
        Ok(ResolvedImage {
            digest: digest.to_owned(),
            manifest_digest: manifest_digest.to_owned(),
            runs_here: image
                .platform
                .as_ref()
                .is_none_or(|built| *built == platform),
            script: self
                .script_for(pull.family, pull.command, names)
                .cloned()
                .or_else(|| own_script(image)),
            labels: image.labels.clone(),
        })
    }

    /// Who pulls for a task. A role that was not seeded is taken to exist and to allow it.
    fn puller(&self, account: &str, execution_role: Option<&str>) -> Principal {
        if let Some(known) = self.known_role(account, execution_role) {
            return known;
        }
        let mut puller = Principal::root(account);
        let role = execution_role.and_then(|arn| arn.rsplit('/').next());
        puller.role = role.map(str::to_owned);
        puller
    }

    /// A task as its execution role, if that was seeded.
    pub(crate) fn known_role(
        &self,
        account: &str,
        execution_role: Option<&str>,
    ) -> Option<Principal> {
        let name = execution_role?.rsplit('/').next()?;
        let role = self.accounts.get(account)?.roles.get(name)?;
        Some(Principal::session(account, role, "task"))
    }

    /// Whether the image is in a registry of this simulator.
    pub(crate) fn has_registry_of(&self, image: &str) -> bool {
        let host = Reference::parse(image).host;
        host.is_some_and(|host| self.registry_at(host).is_some())
    }

    /// Whether the puller's own policy or those of repository and registry forbid the pull.
    fn pull_is_denied(&self, pull: Pull<'_>, place: Place<'_>) -> bool {
        let puller = self.puller(pull.account, pull.execution_role);
        ["BatchGetImage", "GetDownloadUrlForLayer"]
            .iter()
            .any(|action| {
                let known = puller.user_id != puller.account;
                let act = Act {
                    action: &format!("ecr:{action}"),
                    resource: &place.arn(),
                    context: &[],
                };
                (known && !self.permits(&puller, &act))
                    || self.resource_denial(&puller, place, action).is_some()
            })
    }

    fn elsewhere(&self, pull: Pull<'_>, reference: &Reference<'_>) -> ResolvedImage {
        let digest = if reference.wanted.contains(':') {
            reference.wanted.to_owned()
        } else {
            made_digest(pull.image)
        };
        ResolvedImage {
            script: self
                .script_for(pull.family, pull.command, [pull.image, &digest])
                .cloned(),
            manifest_digest: digest.clone(),
            digest,
            runs_here: true,
            labels: BTreeMap::new(),
        }
    }
}

impl std::fmt::Display for Platform<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)
    }
}

/// The manifest that a platform gets: the image itself, or the entry of an index.
fn for_platform<'r>(
    repository: &'r Repository,
    digest: &'r str,
    platform: Platform<'_>,
) -> Result<(&'r str, &'r Image), PullError> {
    let wanted = platform.to_string();
    let none = || {
        PullError::retried(format!(
            "image Manifest does not contain descriptor matching platform '{wanted}'"
        ))
    };
    let image = repository.images.get(digest).ok_or_else(none)?;
    if image.children.is_empty() {
        return Ok((digest, image));
    }
    let mut children = image.children.iter();
    let child = children.find(|child| child.platform.as_deref() == Some(wanted.as_str()));
    let child = child.ok_or_else(none)?;
    let image = repository.images.get(&child.digest).ok_or_else(none)?;
    Ok((&child.digest, image))
}

/// The digest that an image elsewhere gets from its name.
pub(crate) fn made_digest(image: &str) -> String {
    digest::of(image.as_bytes())
}

/// The same image, named by its digest.
pub(crate) fn at_digest(image: &str, digest: &str) -> String {
    let rest = image.split('@').next().unwrap_or(image);
    let (path, last) = rest.rsplit_once('/').unwrap_or(("", rest));
    let name = last.split(':').next().unwrap_or(last);
    let slash = if path.is_empty() { "" } else { "/" };
    format!("{path}{slash}{name}@{digest}")
}

fn own_script(image: &Image) -> Option<Script> {
    let text = image.labels.get(SCRIPT_LABEL)?;
    let script = serde_json::from_str(text);
    script
        .inspect_err(|error| tracing::warn!(%error, "label {SCRIPT_LABEL} is no script"))
        .ok()
}

fn refuse_if_scripted(pull: Pull<'_>, script: Option<&Script>) -> Result<(), PullError> {
    let Some(script) = script else { return Ok(()) };
    let usual = match script.kind {
        ScriptKind::CannotPull => PullError::not_found(pull.image),
        ScriptKind::WrongArchitecture => PullError::retried(format!(
            "image Manifest does not contain descriptor matching platform '{}'",
            pull.platform
        )),
        _ => return Ok(()),
    };
    Err(script.reason.as_ref().map_or(usual, PullError::new))
}

#[cfg(test)]
mod tests;
