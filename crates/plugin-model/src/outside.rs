//! What the model of a service asks for: ids, and what becomes of a task.

use std::collections::BTreeMap;
use std::sync::Arc;

use ecs_model::{Checks, Fresh, Outcome, Outside, Phases, Plan, Time, Until};
use shipway_domain::ids::Digest;

use crate::definition::{Container, Spec};
use crate::ids::Ids;
use crate::images::Images;
use crate::names::DEPLOYMENT;

/// What belongs to the deployments and tasks of a service.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// By deployment id.
    pub(crate) revisions: BTreeMap<String, Revision>,
    /// By task id.
    pub(crate) tasks: BTreeMap<String, TaskRecord>,
}

/// A service revision.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) spec: Arc<Spec>,
    /// What its images were resolved to when its first task started, by container.
    pub(crate) digests: Vec<Option<Digest>>,
}

/// A task, beside what the model knows of it.
#[derive(Debug)]
pub(crate) struct TaskRecord {
    /// By container; none where the image could not be pulled.
    pub(crate) digests: Vec<Option<Digest>>,
    /// The container that the task ends by.
    pub(crate) culprit: Option<usize>,
}

impl Revision {
    pub(crate) const fn new(spec: Arc<Spec>) -> Self {
        Self {
            spec,
            digests: Vec::new(),
        }
    }
}

/// The world as the model of one service meets it.
pub(crate) struct Hands<'a> {
    pub(crate) ids: &'a mut Ids,
    pub(crate) images: &'a Images,
    pub(crate) phases: Phases,
    pub(crate) records: &'a mut Records,
}

impl Outside for Hands<'_> {
    fn fresh(&mut self, kind: Fresh) -> String {
        match kind {
            Fresh::Task => self.ids.hex(),
            Fresh::Deployment => format!("{DEPLOYMENT}{}", self.ids.digits()),
            Fresh::Event => self.ids.uuid(),
            _ => self.ids.digits(),
        }
    }

    fn plan(&mut self, deployment: &str, task: &str, _at: Time) -> Plan {
        let Some(revision) = self.records.revisions.get_mut(deployment) else {
            return Plan::default();
        };
        let spec = &revision.spec;
        let mut plan = Plan {
            phases: phases(self.phases, spec),
            checks: Checks {
                container: spec.health_check.is_some(),
                target: false,
            },
            outcome: Outcome::Runs,
        };
        let mut record = TaskRecord {
            digests: Vec::new(),
            culprit: None,
        };
        for (index, container) in spec.containers.iter().enumerate() {
            let bound = revision.digests.get(index).and_then(Option::as_ref);
            let (digest, outcome) = go(self.images, container, bound);
            record.digests.push(digest);
            if let Some(outcome) = outcome
                && record.culprit.is_none()
            {
                plan.outcome = outcome;
                record.culprit = Some(index);
            }
        }
        revision.bind(&record.digests);
        self.records.tasks.insert(task.to_owned(), record);
        plan
    }
}

impl Revision {
    /// Binds tags to the digests that a starting task has found (ecs-facts 3.7).
    fn bind(&mut self, found: &[Option<Digest>]) {
        self.digests.resize(found.len(), None);
        for (bound, found) in self.digests.iter_mut().zip(found) {
            if bound.is_none() {
                bound.clone_from(found);
            }
        }
    }
}

fn phases(usual: Phases, spec: &Spec) -> Phases {
    let mut phases = usual;
    if let Some(timeout) = spec.stop_timeout {
        phases.stop_timeout = timeout;
    }
    if let Some((passing, failing)) = spec.health_check {
        phases.container_passing = passing;
        phases.container_failing = failing;
    }
    phases
}

/// What a container runs, and what that does to its task.
fn go(
    images: &Images,
    container: &Container,
    bound: Option<&Digest>,
) -> (Option<Digest>, Option<Outcome>) {
    let digest = match images.pull(&container.image, bound) {
        Ok(digest) => digest,
        Err(reason) => {
            let until = Until::Pulling;
            return (None, Some(Outcome::CannotStart { until, reason }));
        }
    };
    let outcome = images.outcome(&container.image, &digest);
    let outcome = outcome.filter(|outcome| match outcome {
        Outcome::Runs => false,
        Outcome::Exits { .. } | Outcome::OutOfMemory { .. } => container.essential,
        _ => true,
    });
    let outcome = outcome.cloned();
    let unpulled = matches!(
        outcome,
        Some(Outcome::CannotStart {
            until: Until::Pulling | Until::Provisioning,
            ..
        })
    );
    ((!unpulled).then_some(digest), outcome)
}
