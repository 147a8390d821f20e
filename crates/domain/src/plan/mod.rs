//! What a deploy would do to a target, before anything is done: differences, the course of the rollout, warnings.

mod around;
mod course;
mod hide;
mod questions;
pub(crate) mod settings;
mod warnings;

#[cfg(test)]
mod tests;

pub use course::{Course, CourseEnd, Extra, Pace, Point, Room, course};
pub use questions::{LogGroup, Questions, questions};
pub use warnings::Warning;

use crate::document::Document;
use crate::observe::{ScalingSeen, ServiceSeen, TaskSeen};
use crate::rollout::unfit;
use crate::scan::ScanGate;
use crate::spec::{ImageSettings, RolloutSettings};
use crate::strategy::Strategy;
use crate::surroundings::Surroundings;
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
    /// Where images of the app are kept, when that is said.
    pub home: Option<ImageSettings>,
    /// What scans of the image may find at most, if that matters.
    pub gate: Option<ScanGate>,
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
    /// What lies around it.
    pub around: Surroundings,
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
    /// Whether a deployment is started although nothing differs.
    pub forced: bool,
    /// Whether the image is known; if not, the deploy may bring another one.
    pub image_known: bool,
    /// How the rollout would go; `None` when nothing runs.
    pub course: Option<Course>,
    /// What may go wrong.
    pub warnings: Vec<Warning>,
    /// Why a deploy would be refused, if it would.
    pub refused: Option<Finding>,
    /// What could not be looked at, and why: one line each.
    pub unread: Vec<String>,
    /// How tasks are replaced, where that is not bit by bit: there is no course then.
    pub staged: Option<Staged>,
}

/// The way of a deployment that brings all new tasks up beside the old ones and then moves traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// How the service is set up.
    pub strategy: Strategy,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks that run at most, old and new ones together.
    pub upper: u32,
    /// What it takes beyond what runs now.
    pub extra: Extra,
    /// What there is room for, as far as that could be read.
    pub room: Room,
}

impl Staged {
    /// Of a service that is not rolling.
    fn of(wish: &Wish, facts: &Facts) -> Option<Self> {
        let desired = facts.service.desired;
        (!facts.service.is_rolling() && desired > 0).then(|| Self {
            strategy: Strategy::of(&facts.service.deployment_configuration),
            desired,
            upper: desired.saturating_mul(2),
            extra: Extra::of(desired, &wish.definition),
            room: Room::of(facts),
        })
    }
}

impl TargetPlan {
    /// The same with its course, and with warnings of what the course takes.
    #[must_use]
    pub fn with(mut self, course: Course, facts: &Facts) -> Self {
        self.warnings.extend(around::room(facts, course.extra));
        self.course = Some(course);
        self
    }

    /// Whether a deploy would change something, as far as that is known.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.forced || !self.image_known || !self.definition.is_empty() || !self.settings.is_empty()
    }
}

/// The plan, without the course: that needs a model of ECS ([`Pace::of`] says what goes into it).
///
/// # Errors
/// The task definition cannot be registered.
pub fn target(wish: &Wish, facts: &Facts) -> Result<TargetPlan, Finding> {
    let after = after(wish, &facts.running)?;
    let differences = task_definition::differences(&facts.running, &after);
    let staged = Staged::of(wish, facts);
    let mut warnings = warnings::all(wish, facts, &after);
    if let Some(staged) = &staged {
        warnings.extend(around::room(facts, staged.extra));
    }
    Ok(TargetPlan {
        serving: facts.service.task_definition.clone(),
        definition: differences.iter().flat_map(hide::changes).collect(),
        settings: settings::changes(&wish.settings, &facts.service),
        forced: wish.settings.force,
        image_known: wish.image.is_some(),
        course: None,
        warnings,
        refused: unfit(&facts.service),
        unread: facts.around.unread.clone(),
        staged,
    })
}

/// The task definition that the service would get. An image that is not known yet is that which runs.
///
/// # Errors
/// It cannot be registered.
pub fn after(wish: &Wish, running: &Document) -> Result<Document, Finding> {
    let image = |container: &str| {
        let image = wish.image.clone().or_else(|| image_of(running, container));
        image.unwrap_or_else(|| "yet-to-be-built".to_owned())
    };
    let containers = wish.containers.iter().map(String::as_str);
    let images = containers.map(|container| (container, image(container)));
    task_definition::render(&wish.definition, images)
}

fn image_of(definition: &Document, container: &str) -> Option<String> {
    let containers = definition.get("containerDefinitions")?.items();
    let named = |item: &&Document| item.get("name").and_then(Document::as_str) == Some(container);
    let image = containers.iter().find(named)?.get("image")?.as_str()?;
    Some(image.to_owned())
}
