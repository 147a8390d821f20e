//! What may go wrong with a deploy, before it is made. Each warning has a code that stays (`docs/warnings.md`).

use super::course::usual_start;
use super::{Facts, Wish, around};
use crate::bounds::Percentages;
use crate::checkpoint::ScalingFlags;
use crate::document::Document;
use crate::image::is_by_digest;
use crate::spec::{Autoscaling, Breaker};

/// A warning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warning {
    /// `W01` to `W17`.
    pub code: String,
    /// What may go wrong, and by which figures.
    pub text: String,
    /// What to do, as a line of the manifest where that is it.
    pub remedy: String,
}

/// Codes and what they are about, for the documents.
#[cfg(test)]
pub(super) const CODES: [(&str, &str); 17] = [
    (
        "W01",
        "the percentages let the rollout neither stop nor start a task",
    ),
    ("W02", "for a moment no task runs"),
    ("W03", "the circuit breaker is off"),
    ("W04", "there is no completed deployment to roll back to"),
    (
        "W05",
        "auto scaling may change the desired count during the rollout",
    ),
    ("W06", "nothing checks the health of the new tasks"),
    (
        "W07",
        "the health check grace period is shorter than tasks need",
    ),
    ("W08", "an image is named by a tag, not by a digest"),
    ("W09", "an alarm of the service fires already"),
    ("W10", "a container is killed sooner than requests may take"),
    (
        "W11",
        "an image does not run on the platform of the task definition",
    ),
    (
        "W12",
        "the lifecycle policy takes away the image that a rollback needs",
    ),
    (
        "W13",
        "scans of the image found more than the gate lets pass",
    ),
    ("W14", "the execution role lacks a permission"),
    ("W15", "a log group does not exist"),
    ("W16", "the Fargate quota leaves too little room"),
    ("W17", "the subnets have too few addresses"),
];

/// All that apply, in the order of their codes.
pub(super) fn all(wish: &Wish, facts: &Facts, after: &Document) -> Vec<Warning> {
    // Percentages and circuit breaker mean something where tasks are replaced bit by bit, and only there.
    let rolling = facts.service.is_rolling();
    let found = [
        deadlock(wish, facts).filter(|_| rolling),
        gap(wish, facts).filter(|_| rolling),
        breaker_off(wish).filter(|_| rolling),
        no_way_back(wish, facts).filter(|_| rolling),
        scaling(wish, facts),
        no_health_check(facts, after),
        short_grace(wish, facts),
    ];
    let mut all: Vec<Warning> = found.into_iter().flatten().collect();
    all.extend(tags(wish, after));
    all.extend(around::all(wish, facts, after));
    all
}

pub(super) fn warning(code: &str, text: String, remedy: impl Into<String>) -> Warning {
    Warning {
        code: code.to_owned(),
        text,
        remedy: remedy.into(),
    }
}

fn percentages(wish: &Wish) -> Percentages {
    Percentages {
        minimum_healthy: wish.settings.minimum_healthy_percent,
        maximum: wish.settings.maximum_percent,
    }
}

fn deadlock(wish: &Wish, facts: &Facts) -> Option<Warning> {
    let percentages = percentages(wish);
    let desired = facts.service.desired;
    percentages.is_stuck(desired).then(|| {
        let Percentages {
            minimum_healthy,
            maximum,
        } = percentages;
        let bounds = percentages.of(desired);
        warning(
            "W01",
            format!(
                "with {desired} tasks at {minimum_healthy}/{maximum} percent ECS may run at most {} and must keep {} \
                 healthy: it can neither stop nor start one, and waits for ever",
                bounds.upper, bounds.lower
            ),
            "raise maximum_percent or lower minimum_healthy_percent: strategy = \"balanced\"",
        )
    })
}

fn gap(wish: &Wish, facts: &Facts) -> Option<Warning> {
    let bounds = percentages(wish).of(facts.service.desired);
    (facts.service.desired > 0 && bounds.lower == 0).then(|| {
        warning(
            "W02",
            format!(
                "minimum_healthy_percent {} lets ECS stop all {} tasks before a new one is healthy",
                wish.settings.minimum_healthy_percent, facts.service.desired
            ),
            "minimum_healthy_percent = 100 keeps those that serve",
        )
    })
}

fn breaker_off(wish: &Wish) -> Option<Warning> {
    let Breaker::Off { reason } = &wish.settings.breaker else {
        return None;
    };
    Some(warning(
        "W03",
        format!(
            "the circuit breaker is off ({reason}): a rollout that fails goes on until somebody stops it"
        ),
        "circuit_breaker = true",
    ))
}

fn no_way_back(wish: &Wish, facts: &Facts) -> Option<Warning> {
    let completed = facts.service.deployments.iter().any(|entry| {
        let state = entry.rollout_state.as_deref();
        state.is_none_or(|state| state == "COMPLETED")
    });
    (wish.settings.breaker == Breaker::On && !completed).then(|| {
        warning(
            "W04",
            "no deployment of the service has completed: a rollout that fails leaves it where it stands".to_owned(),
            "watch the first rollout; shipway status shows what serves",
        )
    })
}

fn scaling(wish: &Wish, facts: &Facts) -> Option<Warning> {
    let scaling = facts.scaling?;
    let moves = scaling.min < scaling.max && scaling.suspended != ScalingFlags::ALL;
    (moves && wish.settings.autoscaling == Autoscaling::Keep).then(|| {
        warning(
            "W05",
            format!(
                "auto scaling may move the desired count between {} and {} during the rollout: slow starts and double \
                 capacity look like load to it",
                scaling.min, scaling.max
            ),
            "autoscaling = \"suspend\" holds it for as long as the rollout takes, and puts it back",
        )
    })
}

fn no_health_check(facts: &Facts, after: &Document) -> Option<Warning> {
    let containers = after
        .get("containerDefinitions")
        .map_or(&[][..], Document::items);
    let essential =
        |item: &&Document| item.get("essential").and_then(Document::as_bool) != Some(false);
    let checked = containers
        .iter()
        .filter(essential)
        .any(|item| item.get("healthCheck").is_some());
    (!checked && facts.service.target_groups.is_empty()).then(|| {
        warning(
            "W06",
            "neither a load balancer nor a health check of a container says whether a new task works: one that runs \
             for 40 s counts as healthy"
                .to_owned(),
            "give the essential container a healthCheck",
        )
    })
}

fn short_grace(wish: &Wish, facts: &Facts) -> Option<Warning> {
    if facts.service.target_groups.is_empty() {
        return None;
    }
    let grace = wish.settings.health_check_grace_period;
    let grace = grace.or(facts.service.health_check_grace_period);
    let grace = grace.unwrap_or_default();
    let (start, tasks) = usual_start(facts)?;
    let advised = (start * 2).as_secs();
    (grace < start * 2).then(|| {
        warning(
            "W07",
            format!(
                "grace period {} s is shorter than twice the usual start ({} s, by {tasks} tasks): the rollout may loop",
                grace.as_secs(),
                start.as_secs()
            ),
            format!("health_check_grace_period = \"{advised}s\""),
        )
    })
}

fn tags(wish: &Wish, after: &Document) -> Vec<Warning> {
    let containers = after
        .get("containerDefinitions")
        .map_or(&[][..], Document::items);
    let text = |item: &Document, name: &str| item.get(name)?.as_str().map(ToOwned::to_owned);
    let others = containers.iter().filter_map(|item| {
        let name = text(item, "name")?;
        let image = text(item, "image")?;
        let ours = wish.containers.contains(&name);
        (!ours && !is_by_digest(&image)).then_some((name, image))
    });
    others
        .map(|(name, image)| {
            warning(
                "W08",
                format!("container {name} runs {image}: what that is may change between two tasks of one rollout"),
                "name it by its digest, image@sha256:...",
            )
        })
        .collect()
}
