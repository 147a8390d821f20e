//! What the rollouts of these tests want.

use std::time::Duration;

use crate::document::Document;
use crate::ids::{
    AccountId, AppName, Attempt, ClusterName, Digest, EnvName, JobId, Region, ReleaseId,
    ServiceName, Target,
};
use crate::job::{BuiltImage, StopReason};
use crate::rollout::Wanted;
use crate::spec::{Autoscaling, Breaker, ReleaseKind, RolloutSettings};
use crate::time::Timestamp;

pub(super) const ACCOUNT: &str = "111122223333";
/// The task definition that serves before.
pub(super) const OLD: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1";
/// Time after which the rollouts stop waiting.
pub(super) const TIMEOUT: Duration = Duration::from_secs(1800);
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The n-th revision that a world registers.
pub(super) fn new_definition(index: usize) -> String {
    OLD.replace("web:1", &format!("web:{}", index + 2))
}

pub(super) fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

fn definition(image: &str) -> String {
    format!(
        r#"{{"family":"web","containerDefinitions":[{{"name":"app","image":"{image}","memory":256}}]}}"#
    )
}

pub(super) fn running_definition() -> String {
    definition(&format!("registry.example/web@{}", digest("old")))
}

/// The definition that the rollout would register.
pub(super) fn wanted_definition() -> String {
    definition(&format!("registry.example/web@{}", digest("new")))
}

pub(super) fn cancelled() -> StopReason {
    StopReason::Cancelled {
        by: "alice".to_owned(),
        reason: String::new(),
    }
}

pub(super) fn wanted() -> Wanted {
    Wanted {
        job: JobId {
            release: ReleaseId::from_number(7),
            index: 1,
        },
        attempt: Attempt(1),
        kind: ReleaseKind::Deploy,
        app: AppName::new("shop").expect("an app"),
        env: EnvName::new("prod").expect("an environment"),
        target: Target {
            account: AccountId::new(ACCOUNT).expect("an account"),
            region: Region::new("eu-west-1").expect("a region"),
            cluster: ClusterName::new("main").expect("a cluster"),
            service: ServiceName::new("web").expect("a service"),
        },
        image: BuiltImage {
            name: "registry.example/web".to_owned(),
            digest: digest("new"),
            accepted: vec![digest("new"), digest("platform")],
            builder: "found".to_owned(),
            tags: Vec::new(),
            bytes_pushed: 0,
            reused: true,
            scan: None,
        },
        task_definition: Document::parse(&definition("")).expect("a document"),
        containers: vec!["app".to_owned()],
        settings: RolloutSettings {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            health_check_grace_period: None,
            breaker: Breaker::On,
            autoscaling: Autoscaling::Suspend,
            timeout: TIMEOUT,
            force: false,
            stop_early_after: 3,
            keep_revisions: None,
        },
        moving_tags: Vec::new(),
        debt: None,
        proven: None,
        started_at: Timestamp::from_millis(1_000_000),
        call_timeout: CALL_TIMEOUT,
    }
}
