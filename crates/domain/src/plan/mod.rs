//! What a deploy would do to a target, before anything is done: differences, the course of the rollout, warnings.

mod course;
mod hide;
mod warnings;

#[cfg(test)]
mod tests;

pub use course::{Course, CourseEnd, Extra, Pace, Point, course};
pub use warnings::Warning;

use crate::document::Document;
use crate::observe::{BreakerSeen, ScalingSeen, ServiceSeen, TaskSeen};
use crate::spec::{Breaker, RolloutSettings};
use crate::task_definition;
use crate::verdict::Finding;

/// What a deploy would bring to a target.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Task definition as submitted, without the image.
    pub definition: Document,
    /// Containers that get the image.
    pub containers: Vec<String>,
    /// The image by digest; `None` when it is yet to be built.
    pub image: Option<String>,
    /// How the rollout would go.
    pub settings: RolloutSettings,
}

/// What is there now.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The service.
    pub service: ServiceSeen,
    /// The task definition that it names; [`Document::Null`] when it cannot be read.
    pub running: Document,
    /// Tasks that run.
    pub tasks: Vec<TaskSeen>,
    /// Its scalable target, if it has one.
    pub scaling: Option<ScalingSeen>,
}

/// A difference, as people read it: secrets are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What: `containers.web.environment.CACHE_TTL`, `maximum_percent`.
    pub path: String,
    /// What is there; `None` when it is new.
    pub before: Option<String>,
    /// What will be there; `None` when it goes.
    pub after: Option<String>,
}

/// The plan for one target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetPlan {
    /// ARN of the task definition that the service names now.
    pub serving: String,
    /// Differences of the task definition.
    pub definition: Vec<Change>,
    /// Differences of the service's settings.
    pub settings: Vec<Change>,
    /// Whether the image is known; if not, the deploy may bring another one.
    pub image_known: bool,
    /// How the rollout would go; `None` when nothing runs.
    pub course: Option<Course>,
    /// What may go wrong.
    pub warnings: Vec<Warning>,
}

impl TargetPlan {
    /// Whether a deploy would change something, as far as that is known.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.image_known || !self.definition.is_empty() || !self.settings.is_empty()
    }
}

/// The plan, without the course: that needs a model of ECS ([`Pace::of`] says what goes into it).
///
/// # Errors
/// The task definition cannot be registered, or the service cannot be deployed to.
pub fn target(wish: &Wish, facts: &Facts) -> Result<TargetPlan, Finding> {
    let mut after = wish.definition.clone();
    task_definition::strip_describe_only(&mut after);
    let refused = |evidence: Vec<String>| Finding {
        code: "task-definition-invalid".to_owned(),
        cause: "the task definition cannot be registered".to_owned(),
        evidence,
        remedy: "correct the task definition file; shipway validate shows file and line".to_owned(),
    };
    for container in &wish.containers {
        // One that is not known yet is compared as the same.
        let running = image_of(&facts.running, container);
        let image = wish.image.clone().or(running).unwrap_or_default();
        let containers = std::slice::from_ref(container);
        task_definition::set_image(&mut after, containers, &image)
            .map_err(|error| refused(vec![error.to_string()]))?;
    }
    let problems = task_definition::validate(&after);
    if wish.image.is_some() && !problems.is_empty() {
        let lines = problems.iter();
        return Err(refused(
            lines
                .map(|problem| format!("{}: {}", problem.pointer, problem.message))
                .collect(),
        ));
    }
    let differences = task_definition::differences(&facts.running, &after);
    Ok(TargetPlan {
        serving: facts.service.task_definition.clone(),
        definition: differences.iter().flat_map(hide::changes).collect(),
        settings: settings(&wish.settings, &facts.service),
        image_known: wish.image.is_some(),
        course: None,
        warnings: warnings::all(wish, facts, &after),
    })
}

fn image_of(definition: &Document, container: &str) -> Option<String> {
    let containers = definition.get("containerDefinitions")?.items();
    let named = |item: &&Document| item.get("name").and_then(Document::as_str) == Some(container);
    let image = containers.iter().find(named)?.get("image")?.as_str()?;
    Some(image.to_owned())
}

/// Settings of the service that the update would change.
fn settings(wanted: &RolloutSettings, service: &ServiceSeen) -> Vec<Change> {
    let breaker = |seen: BreakerSeen| match (seen.enable, seen.rollback) {
        (true, true) => "on, with rollback",
        (true, false) => "on, without rollback",
        (false, _) => "off",
    };
    let wanted_breaker = BreakerSeen {
        enable: wanted.breaker == Breaker::On,
        rollback: wanted.breaker == Breaker::On,
    };
    let percent = |value: Option<u32>| value.map(|value| format!("{value}%"));
    let seconds = |value: Option<std::time::Duration>| value.map(|v| format!("{} s", v.as_secs()));
    let rows = [
        (
            "minimum_healthy_percent",
            percent(service.minimum_healthy_percent),
            percent(Some(wanted.minimum_healthy_percent)),
        ),
        (
            "maximum_percent",
            percent(service.maximum_percent),
            percent(Some(wanted.maximum_percent)),
        ),
        (
            "circuit_breaker",
            Some(breaker(service.breaker.unwrap_or_default()).to_owned()),
            Some(breaker(wanted_breaker).to_owned()),
        ),
        (
            "health_check_grace_period",
            seconds(service.health_check_grace_period),
            seconds(
                wanted
                    .health_check_grace_period
                    .or(service.health_check_grace_period),
            ),
        ),
    ];
    let changed = rows
        .into_iter()
        .filter(|(_, before, after)| before != after);
    changed
        .map(|(path, before, after)| Change {
            path: path.to_owned(),
            before,
            after,
        })
        .collect()
}
