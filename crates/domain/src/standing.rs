//! How a target stands now, beside what was last proven on it.

use crate::observe::ServiceSeen;
use crate::rollout::JOB_TAG;
use crate::time::Timestamp;

/// A service at one moment, in few words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceNow {
    /// `ACTIVE`, `DRAINING`, `INACTIVE`, or `MISSING` when there is none of that name.
    pub status: String,
    /// ARN of the task definition that the service names.
    pub task_definition: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks on their way.
    pub pending: u32,
    /// Whether a deployment is under way.
    pub moving: bool,
    /// Who made what serves now, and when; looked for when it is not what was proven.
    pub changed: Option<Changed>,
}

/// Who made what serves now, as far as ECS itself says it: who registered the task definition, and when the deployment
/// that brought it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Who registered the task definition: the role and session or the user, or a job of Shipway; empty when ECS does
    /// not say.
    pub by: String,
    /// When the deployment that brought it began, by ECS's clock.
    pub at: Option<Timestamp>,
}

impl Changed {
    /// By the member `registeredBy` of the description, and its tags.
    #[must_use]
    pub fn of(registered_by: &str, tags: &[(String, String)], at: Option<Timestamp>) -> Self {
        let job = tags.iter().find(|(key, _)| key == JOB_TAG);
        let by = match job {
            Some((_, job)) => format!("job {job} of Shipway"),
            None => who(registered_by).to_owned(),
        };
        Self { by, at }
    }
}

/// `arn:aws:sts::111122223333:assumed-role/admin/ann` is called `admin/ann`, `arn:aws:iam::111122223333:user/ann` is `ann`.
fn who(principal: &str) -> &str {
    let name = principal.splitn(6, ':').nth(5).unwrap_or(principal);
    name.split_once('/').map_or(name, |(_, name)| name)
}

impl ServiceNow {
    /// Whether something else serves than this task definition, which was last proven.
    #[must_use]
    pub fn differs(&self, proven: Option<&str>) -> bool {
        Standing::of(proven, self) == Standing::Changed
    }

    /// What was seen of a service; nothing was seen of one that does not exist.
    #[must_use]
    pub fn of(seen: Option<&ServiceSeen>) -> Self {
        let Some(seen) = seen else {
            let status = "MISSING".to_owned();
            return Self {
                status,
                ..Self::default()
            };
        };
        let under_way = |state: &str| state == "IN_PROGRESS";
        let primary = seen.primary().and_then(|p| p.rollout_state.as_deref());
        Self {
            status: seen.status.clone(),
            task_definition: seen.task_definition.clone(),
            desired: seen.desired,
            running: seen.running,
            pending: seen.pending,
            moving: seen.deployments.len() > 1 || primary.is_some_and(under_way),
            changed: None,
        }
    }
}

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It serves what was proven. Every task definition of ours names its image by digest, so that
    /// the same definition is the same image.
    Same,
    /// The same, but fewer tasks run than are wanted.
    Short,
    /// A deployment is under way.
    Moving,
    /// Somebody else's task definition serves.
    Changed,
    /// The service does not serve at all: it was deleted.
    Gone,
    /// Nothing was ever proven there to compare with.
    Unproven,
}

impl Standing {
    /// How a service stands beside the task definition that was last proven on it.
    #[must_use]
    pub fn of(proven: Option<&str>, now: &ServiceNow) -> Self {
        match proven {
            _ if now.status != "ACTIVE" => Self::Gone,
            _ if now.moving => Self::Moving,
            None => Self::Unproven,
            Some(proven) if proven != now.task_definition => Self::Changed,
            Some(_) if now.running < now.desired => Self::Short,
            Some(_) => Self::Same,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Short => "short",
            Self::Moving => "moving",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Unproven => "unproven",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::DeploymentSeen;

    fn now(task_definition: &str, running: u32) -> ServiceNow {
        ServiceNow {
            status: "ACTIVE".to_owned(),
            task_definition: task_definition.to_owned(),
            desired: 2,
            running,
            pending: 0,
            moving: false,
            changed: None,
        }
    }

    #[test]
    fn who_changed_it_is_told_as_people_know_them() {
        let tags = [(JOB_TAG.to_owned(), "1007.1".to_owned())];
        let at = Some(Timestamp::from_millis(7));
        for (arn, tags, name) in [
            (
                "arn:aws:sts::111122223333:assumed-role/admin/ann",
                &[][..],
                "admin/ann",
            ),
            ("arn:aws:iam::111122223333:user/ann", &[], "ann"),
            ("arn:aws:iam::111122223333:root", &[], "root"),
            ("somebody", &[], "somebody"),
            ("", &[], ""),
            (
                "arn:aws:sts::1:assumed-role/shipway/x",
                &tags,
                "job 1007.1 of Shipway",
            ),
        ] {
            let by = name.to_owned();
            assert_eq!(Changed::of(arn, tags, at), Changed { by, at });
        }
        assert!(now("web:39", 2).differs(Some("web:38")));
        assert!(!now("web:39", 2).differs(Some("web:39")));
        assert!(!now("web:39", 2).differs(None));
    }

    #[test]
    fn a_target_is_what_was_proven_or_says_how_it_differs() {
        let moving = ServiceNow {
            moving: true,
            ..now("web:39", 2)
        };
        let deleted = ServiceNow {
            status: "INACTIVE".to_owned(),
            ..now("web:38", 0)
        };
        let table = [
            (Some("web:38"), now("web:38", 2), Standing::Same),
            (Some("web:38"), now("web:38", 3), Standing::Same),
            (Some("web:38"), now("web:38", 1), Standing::Short),
            (Some("web:38"), now("web:39", 2), Standing::Changed),
            (Some("web:38"), now("web:39", 0), Standing::Changed),
            (Some("web:38"), moving, Standing::Moving),
            (Some("web:38"), deleted, Standing::Gone),
            (Some("web:38"), ServiceNow::of(None), Standing::Gone),
            (None, now("web:38", 2), Standing::Unproven),
        ];
        for (proven, now, standing) in table {
            assert_eq!(Standing::of(proven, &now), standing, "{proven:?} {now:?}");
        }
    }

    #[test]
    fn each_standing_has_its_name() {
        let names = [
            (Standing::Same, "same"),
            (Standing::Short, "short"),
            (Standing::Moving, "moving"),
            (Standing::Changed, "changed"),
            (Standing::Gone, "gone"),
            (Standing::Unproven, "unproven"),
        ];
        for (standing, name) in names {
            assert_eq!(standing.as_str(), name);
        }
        assert_eq!(ServiceNow::of(None).status, "MISSING");
    }

    #[test]
    fn a_service_moves_while_its_deployment_is_under_way_or_old_tasks_drain() {
        let entry = |status: &str, state: &str| DeploymentSeen {
            status: status.to_owned(),
            rollout_state: Some(state.to_owned()),
            ..DeploymentSeen::default()
        };
        let seen = |deployments| ServiceSeen {
            deployments,
            ..ServiceSeen::default()
        };
        let done = entry("PRIMARY", "COMPLETED");
        assert!(!ServiceNow::of(Some(&seen(vec![done.clone()]))).moving);
        let begun = entry("PRIMARY", "IN_PROGRESS");
        assert!(ServiceNow::of(Some(&seen(vec![begun]))).moving);
        let draining = entry("ACTIVE", "COMPLETED");
        assert!(ServiceNow::of(Some(&seen(vec![done, draining]))).moving);
    }
}
