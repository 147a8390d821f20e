//! What becomes of a task: its images are pulled, and scripts say what goes wrong.

use std::time::Duration;

use ecs_model::{Check, Checks, Outcome, Plan, Until};
use serde_json::Value;

use super::external::resolve_secret;
use super::names::Place;
use super::spec::{ContainerSpec, Spec};
use super::task::Culprit;
use crate::image::{Pull, ResolvedImage, made_digest};
use crate::script::{Script, ScriptKind};
use crate::tasks::Tasks;
use crate::world::World;

/// A task about to be launched.
pub(super) struct Foreseen {
    pub(super) plan: Plan,
    /// Digests by container, in order; none where the image could not be resolved.
    pub(super) digests: Vec<Option<String>>,
    /// Those that the task reports.
    pub(super) reported: Vec<Option<String>>,
    /// The container that ends the task, and what its `reason` says.
    pub(super) culprit: Option<Culprit>,
    /// What each container will log.
    pub(super) log: Vec<Vec<String>>,
}

/// Foresees a task. `known` are the digests that its revision is bound to (ecs-facts 3.7), `overrides` those of RunTask.
pub(super) fn foresee(
    world: &World,
    place: &Place,
    spec: &Spec,
    known: &[Option<String>],
    behind_target: bool,
    overrides: Option<&Value>,
) -> Foreseen {
    let mut foreseen = Foreseen {
        plan: Plan {
            phases: world
                .ecs_settings
                .phases(spec.stop_timeout, spec.health_check),
            checks: Checks {
                container: spec.health_check.is_some(),
                target: behind_target,
            },
            outcome: Outcome::Runs,
        },
        digests: Vec::new(),
        reported: Vec::new(),
        culprit: None,
        log: Vec::new(),
    };
    let external = world.tasks == Tasks::Docker;
    for (index, container) in spec.containers.iter().enumerate() {
        let command = command_of(&container.name, overrides);
        let pulled = world.resolve_image(Pull {
            command: &command,
            account: &place.account,
            family: &spec.family,
            image: &container.image,
            digest: known.get(index).and_then(Option::as_deref),
            platform: spec.platform(),
            execution_role: spec.execution_role.as_deref(),
        });
        let target = container.log.as_ref();
        let outcome = match (target.and_then(|log| log.missing(world, place)), &pulled) {
            (Some(reason), _) => Some((cannot_start(Until::Provisioning, reason), None)),
            (None, Ok(resolved)) => go(container, resolved),
            (None, Err(refused)) => {
                Some((cannot_start(Until::Pulling, refused.reason.clone()), None))
            }
        };
        let pulled = pulled.ok();
        let script = pulled.as_ref().and_then(|image| image.script.as_ref());
        foreseen
            .log
            .push(script.map_or_else(Vec::new, |script| script.log.clone()));
        // A container's image elsewhere is what the engine finds at its pull.
        let known = !external || world.has_registry_of(&container.image);
        let another = script.is_some_and(|script| script.kind == ScriptKind::AnotherImage);
        let digest = pulled.map(|image| image.digest).filter(|_| known);
        // A container of an engine runs what its revision is bound to.
        let reported = digest.as_ref().map(|digest| {
            if another && !external {
                made_digest(&format!("another than {digest}"))
            } else {
                digest.clone()
            }
        });
        foreseen.digests.push(digest);
        foreseen.reported.push(reported);
        if let Some((outcome, reason)) = outcome
            && foreseen.culprit.is_none()
        {
            foreseen.plan.outcome = outcome;
            foreseen.culprit = Some(Culprit {
                container: index,
                reason,
            });
        }
    }
    if external && foreseen.plan.outcome == Outcome::Runs {
        foreseen.plan.outcome = really_run(world, place, spec);
    }
    foreseen
}

/// The command that RunTask gave a container; empty without one.
fn command_of(container: &str, overrides: Option<&Value>) -> String {
    let all = overrides.and_then(|given| given.get("containerOverrides")?.as_array());
    let own = all
        .into_iter()
        .flatten()
        .find(|own| own["name"] == container);
    let words = own.and_then(|own| own.get("command")?.as_array());
    let words = words.into_iter().flatten().filter_map(Value::as_str);
    words.collect::<Vec<_>>().join(" ")
}

/// A task that no script decides about is run, if its secrets can be read.
fn really_run(world: &World, place: &Place, spec: &Spec) -> Outcome {
    let role = spec.execution_role.as_deref();
    let mut secrets = spec.containers.iter().flat_map(|one| &one.secrets);
    let unreadable = secrets.find_map(|from| resolve_secret(world, place, role, from).err());
    unreadable.map_or(Outcome::External, |reason| {
        cannot_start(Until::Provisioning, reason)
    })
}

fn cannot_start(until: Until, reason: String) -> Outcome {
    Outcome::CannotStart { until, reason }
}

/// What the script of an image does to a task, and what the container's `reason` then says.
fn go(container: &ContainerSpec, image: &ResolvedImage) -> Option<(Outcome, Option<String>)> {
    if !image.runs_here {
        let reason = "CannotStartContainerError: Error response from daemon: failed to create task \
                      for container: exec format error";
        return Some((cannot_start(Until::Activating, reason.to_owned()), None));
    }
    let script = image.script.as_ref()?;
    let after = after(script);
    let reason = |usual: &str| script.reason.clone().unwrap_or_else(|| usual.to_owned());
    let outcome = match script.kind {
        ScriptKind::Exit if container.essential => Outcome::Exits {
            code: script.exit_code.unwrap_or(1),
            after,
        },
        ScriptKind::OutOfMemory if container.essential => Outcome::OutOfMemory { after },
        ScriptKind::Unhealthy if container.essential => Outcome::Unhealthy {
            check: Check::Container,
            after,
            reason: reason("Health checks failed"),
        },
        ScriptKind::TargetUnhealthy => Outcome::Unhealthy {
            check: Check::Target,
            after,
            reason: reason("Health checks failed with these codes: [502]"),
        },
        ScriptKind::CannotStart => cannot_start(
            Until::Activating,
            reason(
                "CannotStartContainerError: Error response from daemon: failed to create shim task: \
                 OCI runtime create failed: exec: executable file not found in $PATH",
            ),
        ),
        ScriptKind::NoCapacity => Outcome::NoPlace {
            reason: reason(
                "Capacity is unavailable at this time. Please try again later or in a different \
                 availability zone",
            ),
        },
        ScriptKind::SubnetFull => cannot_start(
            Until::Provisioning,
            reason(
                "Unexpected EC2 error while attempting to Create Network Interface with public IP \
                 assignment enabled in subnet: InsufficientFreeAddressesInSubnet",
            ),
        ),
        ScriptKind::SecretsDenied => cannot_start(
            Until::Provisioning,
            reason(
                "ResourceInitializationError: unable to pull secrets or registry auth: execution \
                 resource retrieval failed: unable to retrieve secret from asm: service call has been \
                 retried 1 time(s): failed to fetch secret from secrets manager: \
                 AccessDeniedException: User is not authorized to perform: \
                 secretsmanager:GetSecretValue",
            ),
        ),
        // The first two refuse the pull; the others do not end a task, or not through a container it can lose.
        ScriptKind::CannotPull
        | ScriptKind::WrongArchitecture
        | ScriptKind::AnotherImage
        | ScriptKind::Exit
        | ScriptKind::OutOfMemory
        | ScriptKind::Unhealthy => return None,
    };
    let said = match script.kind {
        ScriptKind::Exit | ScriptKind::OutOfMemory => script.reason.clone(),
        _ => None,
    };
    Some((outcome, said))
}

fn after(script: &Script) -> Duration {
    let seconds = script.after_seconds.unwrap_or_default();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
