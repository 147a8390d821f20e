//! What is wrong with a service now, whoever deployed it.

use super::{alarm, findings, unexplained};
use crate::bounds::Percentages;
use crate::observe::{
    RevisionSeen, ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceSeen, TaskSeen,
};
use crate::standing::ServiceNow;
use crate::time::Timestamp;
use crate::verdict::Finding;

/// How a service stands, and why it does not stand well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// The service.
    pub now: ServiceNow,
    /// Its newest service deployment, if ECS shows one.
    pub latest: Option<Latest>,
    /// Causes, what explains most first; none when nothing is wrong.
    pub findings: Vec<Finding>,
}

/// The newest service deployment of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latest {
    /// Its ARN.
    pub arn: String,
    /// ARN of the task definition that it brings; empty when ECS does not say.
    pub task_definition: String,
    /// Its status, in ECS's word.
    pub status: String,
    /// ECS's words about it.
    pub reason: String,
    /// Failures that the circuit breaker has counted, and at how many it trips; both 0 when it is off.
    pub failures: u32,
    /// See [`Latest::failures`].
    pub threshold: u32,
    /// When it began.
    pub began: Timestamp,
}

impl Diagnosis {
    /// What is wrong with a service: with its newest deployment, and with the tasks of that deployment's definition.
    #[must_use]
    pub fn of(
        service: &ServiceSeen,
        deployment: Option<&ServiceDeploymentSeen>,
        revision: Option<&RevisionSeen>,
        stopped: &[TaskSeen],
    ) -> Self {
        let brings = revision.map_or(&service.task_definition, |revision| {
            &revision.task_definition
        });
        let since = deployment.map_or(Timestamp::ZERO, |deployment| deployment.created_at);
        let mut found = findings(stopped, &service.events, brings, since);
        if let Some(finding) = deployment.and_then(alarm) {
            found.insert(0, finding);
        }
        if let Some(finding) = deadlock(service, deployment) {
            found.insert(0, finding);
        }
        if let Some(deployment) = deployment
            && found.is_empty()
            && went_wrong(&deployment.status)
        {
            found.push(unexplained(deployment));
        }
        let latest = deployment.map(|deployment| Latest {
            arn: deployment.arn.clone(),
            task_definition: revision
                .map_or_else(String::new, |revision| revision.task_definition.clone()),
            status: deployment.status.as_str().to_owned(),
            reason: deployment
                .rollback
                .as_ref()
                .map(|rollback| rollback.reason.clone())
                .filter(|reason| !reason.is_empty())
                .or_else(|| deployment.status_reason.clone())
                .unwrap_or_default(),
            failures: deployment
                .breaker
                .as_ref()
                .map_or(0, |count| count.failures),
            threshold: deployment
                .breaker
                .as_ref()
                .map_or(0, |count| count.threshold),
            began: deployment.created_at,
        });
        Self {
            now: ServiceNow::of(Some(service)),
            latest,
            findings: found,
        }
    }

    /// Whether nothing is wrong: no cause was found, and as many tasks run as are wanted or are on their way.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        self.findings.is_empty() && (self.now.running >= self.now.desired || self.now.moving)
    }
}

const fn went_wrong(status: &ServiceDeploymentStatus) -> bool {
    matches!(
        status,
        ServiceDeploymentStatus::RollbackRequested
            | ServiceDeploymentStatus::RollbackInProgress
            | ServiceDeploymentStatus::RollbackSuccessful
            | ServiceDeploymentStatus::RollbackFailed
    )
}

/// A deployment that can move by no means: ECS says so in an event after a while, the figures say so at once.
fn deadlock(service: &ServiceSeen, deployment: Option<&ServiceDeploymentSeen>) -> Option<Finding> {
    let under_way = deployment?.status == ServiceDeploymentStatus::InProgress;
    let percentages = Percentages {
        minimum_healthy: service.minimum_healthy_percent?,
        maximum: service.maximum_percent?,
    };
    (under_way && percentages.is_stuck(service.desired)).then(|| Finding {
        code: "deadlock-by-percentages".to_owned(),
        cause: "the service's percentages let ECS neither stop an old task nor start a new one"
            .to_owned(),
        evidence: vec![format!(
            "{} tasks at {}/{} percent",
            service.desired, percentages.minimum_healthy, percentages.maximum
        )],
        remedy: "raise maximum_percent or lower minimum_healthy_percent".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::ServiceEventSeen;

    const OURS: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2";

    fn service(running: u32) -> ServiceSeen {
        ServiceSeen {
            status: "ACTIVE".to_owned(),
            task_definition: OURS.to_owned(),
            desired: 2,
            running,
            minimum_healthy_percent: Some(100),
            maximum_percent: Some(200),
            ..ServiceSeen::default()
        }
    }

    fn deployment(status: ServiceDeploymentStatus) -> ServiceDeploymentSeen {
        ServiceDeploymentSeen {
            arn: "arn:aws:ecs:x:service-deployment/main/web/d".to_owned(),
            created_at: Timestamp::from_millis(1000),
            status,
            status_reason: Some("ECS's words".to_owned()),
            ..ServiceDeploymentSeen::default()
        }
    }

    fn codes(diagnosis: &Diagnosis) -> Vec<&str> {
        let findings = diagnosis.findings.iter();
        findings.map(|finding| finding.code.as_str()).collect()
    }

    #[test]
    fn a_service_that_serves_is_well() {
        let deployment = deployment(ServiceDeploymentStatus::Successful);
        let diagnosis = Diagnosis::of(&service(2), Some(&deployment), None, &[]);
        assert!(diagnosis.is_well(), "{diagnosis:?}");
        assert_eq!(
            diagnosis.latest.map(|latest| latest.status).as_deref(),
            Some("SUCCESSFUL")
        );
        assert!(Diagnosis::of(&service(2), None, None, &[]).is_well());
        assert!(!Diagnosis::of(&service(1), None, None, &[]).is_well());
    }

    #[test]
    fn the_reason_of_a_rollback_goes_before_that_of_the_status_unless_it_is_empty() {
        let mut deployment = deployment(ServiceDeploymentStatus::RollbackSuccessful);
        for (reason, told) in [("the breaker", "the breaker"), ("", "ECS's words")] {
            deployment.rollback = Some(crate::observe::RollbackSeen {
                reason: reason.to_owned(),
                revision: None,
            });
            let diagnosis = Diagnosis::of(&service(2), Some(&deployment), None, &[]);
            let latest = diagnosis.latest.map(|latest| latest.reason);
            assert_eq!(latest.as_deref(), Some(told));
        }
    }

    #[test]
    fn a_rollback_blames_the_definition_that_was_rolled_out_and_not_the_one_that_serves_again() {
        let tried = OURS.replace("web:2", "web:3");
        let revision = RevisionSeen {
            task_definition: tried.clone(),
            ..RevisionSeen::default()
        };
        let dead = |of: &str, reason: &str| TaskSeen {
            task_definition: of.to_owned(),
            stopped_reason: Some(reason.to_owned()),
            ..TaskSeen::default()
        };
        let stopped = [
            dead(&tried, "CannotPullContainerError: manifest unknown"),
            dead(OURS, "OutOfMemoryError"),
        ];
        let deployment = deployment(ServiceDeploymentStatus::RollbackSuccessful);
        let diagnosis = Diagnosis::of(&service(2), Some(&deployment), Some(&revision), &stopped);
        assert_eq!(codes(&diagnosis), ["image-not-found"]);
        let nothing = Diagnosis::of(&service(2), Some(&deployment), Some(&revision), &[]);
        assert_eq!(codes(&nothing), ["unexplained"]);
    }

    #[test]
    fn percentages_that_hold_a_deployment_for_ever_are_seen_without_waiting_for_an_event() {
        let mut service = service(2);
        service.minimum_healthy_percent = Some(75);
        service.maximum_percent = Some(100);
        let under_way = deployment(ServiceDeploymentStatus::InProgress);
        let diagnosis = Diagnosis::of(&service, Some(&under_way), None, &[]);
        assert_eq!(codes(&diagnosis), ["deadlock-by-percentages"]);
        let over = deployment(ServiceDeploymentStatus::Successful);
        assert!(Diagnosis::of(&service, Some(&over), None, &[]).is_well());
    }

    #[test]
    fn events_from_before_the_newest_deployment_say_nothing_about_it() {
        let mut service = service(2);
        service.events = vec![ServiceEventSeen {
            at: Timestamp::from_millis(999),
            message: "Capacity is unavailable at this time".to_owned(),
            ..ServiceEventSeen::default()
        }];
        let deployment = deployment(ServiceDeploymentStatus::InProgress);
        assert_eq!(
            codes(&Diagnosis::of(&service, Some(&deployment), None, &[])),
            [""; 0]
        );
        service.events[0].at = Timestamp::from_millis(1000);
        assert_eq!(
            codes(&Diagnosis::of(&service, Some(&deployment), None, &[])),
            ["no-capacity"]
        );
    }
}
