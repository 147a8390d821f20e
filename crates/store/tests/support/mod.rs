//! Releases to keep: small, complete, told apart by their numbers.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::change::Change;
use shipway_domain::event::{Event, EventKind};
use shipway_domain::gate::Gates;
use shipway_domain::ids::{
    AccountId, AppName, Attempt, ClusterName, Digest, EnvName, IdempotencyKey, JobId, Region,
    ReleaseId, RepositoryName, ServiceName, Target,
};
use shipway_domain::job::{Job, JobKind, JobState};
use shipway_domain::release::Release;
use shipway_domain::spec::{
    Autoscaling, Breaker, ImageSettings, Priority, ReleaseKind, ReleaseSpec, RolloutSettings,
    Source, TargetSpec,
};
use shipway_domain::target::TargetRecord;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;

/// The release with this number.
pub(crate) const fn id(number: u64) -> ReleaseId {
    ReleaseId::from_number(number)
}

/// Job `index` of release `number`.
pub(crate) const fn job_id(number: u64, index: u32) -> JobId {
    JobId {
        release: id(number),
        index,
    }
}

/// A service of this name in the account 111111111111.
pub(crate) fn target(service: &str) -> Target {
    Target {
        account: AccountId::new("111111111111").expect("an account"),
        region: Region::new("eu-west-1").expect("a region"),
        cluster: ClusterName::new("main").expect("a cluster"),
        service: ServiceName::new(service).expect("a service"),
    }
}

/// A release of `shop` to `prod`, just taken in.
pub(crate) fn release(number: u64) -> Release {
    Release {
        id: id(number),
        app: AppName::new("shop").expect("an app"),
        env: EnvName::new("prod").expect("an environment"),
        kind: ReleaseKind::Deploy,
        priority: Priority::default(),
        key: IdempotencyKey::new(format!("key-{number}")).expect("a key"),
        content: Digest::of(&number.to_be_bytes()),
        submitter: "tests".to_owned(),
        trace_parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        title: "image nginx:1".to_owned(),
        began_at: Timestamp::from_millis(1_000 + number),
        submitted_at: Timestamp::from_millis(1_000 + number),
        jobs: 2,
        last_seq: 1,
        verdict: None,
        ended_at: None,
    }
}

/// The same, ended at this time with this verdict.
pub(crate) fn ended(number: u64, at: u64, verdict: Verdict) -> Release {
    Release {
        verdict: Some(verdict),
        ended_at: Some(Timestamp::from_millis(at)),
        ..release(number)
    }
}

/// What every release of these tests asks for.
pub(crate) fn spec() -> ReleaseSpec {
    ReleaseSpec {
        app: AppName::new("shop").expect("an app"),
        env: EnvName::new("prod").expect("an environment"),
        kind: ReleaseKind::Deploy,
        source: Source::Image {
            reference: "nginx:1".to_owned(),
        },
        build: None,
        image: ImageSettings {
            account: AccountId::new("000000000000").expect("an account"),
            region: Region::new("eu-west-1").expect("a region"),
            repository: RepositoryName::new("shop").expect("a repository"),
            tags: Vec::new(),
            create: None,
            set_policy: true,
        },
        task_definition: Digest::of(b"{}"),
        containers: vec!["web".to_owned()],
        targets: vec![TargetSpec {
            target: target("web"),
            wave: 0,
        }],
        rollout: RolloutSettings {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            health_check_grace_period: Some(Duration::from_secs(30)),
            breaker: Breaker::On,
            autoscaling: Autoscaling::Keep,
            timeout: Duration::from_secs(1800),
            force: false,
            stop_early_after: 3,
            keep_revisions: None,
        },
        priority: Priority::default(),
        scan: None,
        gates: Gates::default(),
    }
}

/// A queued job: the first builds, the others roll out.
pub(crate) fn job(number: u64, index: u32) -> Job {
    let (kind, needs) = match index {
        0 => (JobKind::Build, Vec::new()),
        _ => {
            let target = target("web");
            (JobKind::Rollout { target, wave: 0 }, vec![0])
        }
    };
    Job {
        id: job_id(number, index),
        kind,
        needs,
        state: JobState::Queued {
            not_before: Timestamp::ZERO,
            resting: None,
        },
        attempt: Attempt(0),
        fruitless: 0,
        checkpoints: Vec::new(),
        started_at: Timestamp::ZERO,
        since: Timestamp::from_millis(1_000 + number),
        stop: None,
        hooks: Vec::new(),
    }
}

/// Event `seq` of a release.
pub(crate) fn event(seq: u64) -> Event {
    Event {
        seq,
        at: Timestamp::from_millis(seq),
        job: None,
        kind: EventKind::Submitted {
            by: format!("person {seq}"),
        },
    }
}

/// The change that says event `seq` of a release.
pub(crate) fn happened(number: u64, seq: u64) -> Change {
    Change::Event {
        release: id(number),
        event: event(seq),
    }
}

/// The record of a target whose slot this job holds.
pub(crate) fn slot(service: &str, holder: Option<JobId>) -> TargetRecord {
    TargetRecord {
        target: target(service),
        slot: holder,
        debt: None,
        proven: None,
    }
}

/// What the board gives for a submission: specification, release, two jobs, first event.
pub(crate) fn submission(number: u64) -> Vec<Change> {
    vec![
        Change::Spec {
            release: id(number),
            spec: Arc::new(spec()),
        },
        Change::Release(release(number).into()),
        Change::Job(job(number, 0).into()),
        Change::Job(job(number, 1).into()),
        happened(number, 1),
    ]
}

/// What a store gives back of [`submission`]: the same but the event, releases first.
pub(crate) fn loaded(number: u64) -> Vec<Change> {
    vec![
        Change::Release(release(number).into()),
        Change::Spec {
            release: id(number),
            spec: Arc::new(spec()),
        },
        Change::Job(job(number, 0).into()),
        Change::Job(job(number, 1).into()),
    ]
}
