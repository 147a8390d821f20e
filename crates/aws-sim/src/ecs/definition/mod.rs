//! Task definitions: families, revisions, statuses (ecs-facts 6).

mod calls;
mod check;
mod delete;
mod dependencies;
mod fargate;
mod forbidden;
mod normalise;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names::{self, Place};
use super::spec::Spec;
use super::state::State;
use crate::clock::SimTime;
use crate::wire::ApiError;

pub(super) use calls::{deregister, describe, list, list_families, register};
pub(super) use delete::delete;
pub(super) use normalise::memory_mib;

/// All revisions of a family; numbers are never used again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Family {
    /// The highest number that was ever given.
    last: u32,
    pub(super) revisions: BTreeMap<u32, Definition>,
}

/// One revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Definition {
    pub(super) family: String,
    pub(super) revision: u32,
    /// The input, normalised, unknown members included; without tags.
    pub(super) body: Map<String, Value>,
    pub(super) registered_at: SimTime,
    pub(super) registered_by: String,
    /// Set when it is INACTIVE.
    pub(super) deregistered_at: Option<SimTime>,
    /// Set when it is DELETE_IN_PROGRESS.
    #[serde(default)]
    pub(super) delete_requested_at: Option<SimTime>,
}

impl Family {
    fn latest_active(&self) -> Option<&Definition> {
        let newest_first = self.revisions.values().rev();
        newest_first
            .into_iter()
            .find(|revision| revision.is_active())
    }
}

impl Definition {
    pub(super) const fn is_active(&self) -> bool {
        self.deregistered_at.is_none()
    }

    /// `status`.
    pub(super) const fn status(&self) -> &'static str {
        match (self.deregistered_at, self.delete_requested_at) {
            (_, Some(_)) => "DELETE_IN_PROGRESS",
            (Some(_), None) => "INACTIVE",
            (None, None) => "ACTIVE",
        }
    }

    /// Whether `compatibilities` has FARGATE.
    pub(super) fn runs_on_fargate(&self) -> bool {
        let all = normalise::compatibilities(&self.body);
        let mut all = all.as_array().into_iter().flatten();
        all.any(|one| one == "FARGATE")
    }

    pub(super) fn arn(&self, place: &Place) -> String {
        place.definition(&self.family, self.revision)
    }

    pub(super) fn spec(&self, place: &Place) -> Spec {
        Spec::of(self.arn(place), &self.body)
    }

    /// `taskDefinition` of an answer: the body and the describe-only members (ecs-facts 6.1).
    fn show(&self, place: &Place) -> Value {
        let mut shown = self.body.clone();
        let mut set = |name: &str, value: Value| {
            shown.insert(name.to_owned(), value);
        };
        set("taskDefinitionArn", self.arn(place).into());
        set("revision", self.revision.into());
        set("status", self.status().into());
        set(
            "requiresAttributes",
            normalise::required_attributes(&self.body),
        );
        set("compatibilities", normalise::compatibilities(&self.body));
        set("registeredAt", self.registered_at.json());
        set("registeredBy", self.registered_by.clone().into());
        if let Some(at) = self.deregistered_at {
            set("deregisteredAt", at.json());
        }
        if let Some(at) = self.delete_requested_at {
            set("deleteRequestedAt", at.json());
        }
        Value::Object(shown)
    }
}

impl State {
    /// The log groups that active task definitions name, and the regions that they name with them.
    pub(crate) fn log_groups(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let families = self.families.values();
        let revisions = families.flat_map(|family| family.revisions.values());
        let active = revisions.filter(|revision| revision.is_active());
        let containers =
            active.filter_map(|revision| revision.body.get("containerDefinitions")?.as_array());
        let logs = containers.flatten().filter_map(|container| {
            let log = container.get("logConfiguration")?;
            let uses = log.get("logDriver")?.as_str()? == "awslogs";
            log.get("options").filter(|_| uses)
        });
        logs.filter_map(|options| {
            let option = |name: &str| options.get(name)?.as_str();
            Some((option("awslogs-group")?, option("awslogs-region")))
        })
    }

    /// The path by which a task definition names a role of the account.
    pub(crate) fn path_of_role(&self, account: &str, name: &str) -> Option<&str> {
        let prefix = format!("arn:aws:iam::{account}:role");
        let families = self.families.values();
        let mut revisions = families.flat_map(|family| family.revisions.values());
        revisions.find_map(|revision| {
            ["executionRoleArn", "taskRoleArn"]
                .iter()
                .find_map(|member| {
                    let arn = revision.body.get(*member)?.as_str()?;
                    let path = arn.strip_prefix(&prefix)?.strip_suffix(name)?;
                    (path.starts_with('/') && path.ends_with('/')).then_some(path)
                })
        })
    }

    /// A revision by `family` (the latest active one), `family:revision` or ARN.
    pub(super) fn definition(&self, place: &Place, name: &str) -> Option<&Definition> {
        let short = place.last("task-definition", name)?;
        match short.rsplit_once(':') {
            Some((family, revision)) => {
                let revision: u32 = revision.parse().ok()?;
                self.families.get(family)?.revisions.get(&revision)
            }
            None => self.families.get(short)?.latest_active(),
        }
    }

    /// A revision that a service or task may be started with.
    pub(super) fn usable_definition(
        &self,
        place: &Place,
        name: &str,
    ) -> Result<&Definition, ApiError> {
        let found = self.definition(place, name);
        let found = found.ok_or_else(|| names::client("TaskDefinition not found."))?;
        if found.is_active() {
            Ok(found)
        } else {
            Err(names::client("TaskDefinition is inactive"))
        }
    }
}
