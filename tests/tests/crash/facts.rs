//! What happened in a round, as facts for the promises: from the disk of the dead coordinator, from AWS's
//! own log, and from those who submitted and watched.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use shipway_domain::agent::Held;
use shipway_domain::change::Change;
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::history::Query;
use shipway_domain::ids::{Attempt, Digest, IdempotencyKey, JobId, ReleaseId, Target};
use shipway_domain::observe::ServiceDeploymentStatus as Status;
use shipway_domain::promise::{DeploymentShown, Fact, FlagsShown, Mutation, Operation};
use shipway_domain::time::Timestamp;
use shipway_store::{DataDir, History as _, SledStore, Store as _};

use crate::aws::{Aws, Times};
use crate::world::ACCOUNT;

/// The target of every deploy here.
pub(crate) fn target() -> Target {
    Target {
        account: ACCOUNT.parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        cluster: "main".parse().unwrap(),
        service: "hello".parse().unwrap(),
    }
}

/// Everything that is on disk, in one piece. The coordinator must be dead.
pub(crate) fn on_disk(folder: &Path) -> Vec<Change> {
    let data = DataDir::open(folder.join("coordinator")).unwrap();
    let store = SledStore::open(&data).unwrap();
    let loaded = store.load().unwrap();
    assert!(loaded.quarantined.is_empty(), "{:?}", loaded.quarantined);
    let mut changes = Vec::new();
    let mut events = Vec::new();
    let open = loaded.changes.iter().filter_map(|change| match change {
        Change::Release(release) => Some(release.id),
        _ => None,
    });
    let ended = store.find(&Query::default(), None, 1000).unwrap();
    assert_eq!(ended.next, None, "more releases than a round makes");
    let releases: BTreeSet<ReleaseId> = open.chain(ended.releases).collect();
    for id in releases {
        let (release, jobs) = store.release(id).unwrap().unwrap();
        let spec = store
            .spec(id)
            .unwrap()
            .expect("a release has a specification");
        changes.push(Change::Spec {
            release: id,
            spec: Arc::new(spec),
        });
        changes.push(Change::Release(Arc::new(release)));
        changes.extend(jobs.into_iter().map(|job| Change::Job(Arc::new(job))));
        let all = store.events(id, 0, 100_000).unwrap();
        events.extend(
            all.into_iter()
                .map(|event| Change::Event { release: id, event }),
        );
    }
    let targets = loaded.changes.into_iter();
    changes.extend(targets.filter(|change| matches!(change, Change::Target(_))));
    changes.extend(events);
    changes
}

/// A submission that was answered: key and release, content as it is on disk.
pub(crate) fn acknowledged(changes: &[Change], key: &str, release: ReleaseId) -> Fact {
    let content = changes.iter().find_map(|change| match change {
        Change::Release(kept) if kept.id == release => Some(kept.content.clone()),
        _ => None,
    });
    Fact::Acknowledged {
        key: IdempotencyKey::new(key).unwrap(),
        content: content.unwrap_or_else(|| Digest::of(b"lost")),
        release,
    }
}

/// Calls that changed something, whoever made them.
pub(crate) fn mutations(calls: &[Value], times: Times) -> Vec<Mutation> {
    calls
        .iter()
        .filter(|call| call["error"].is_null())
        .filter_map(|call| {
            let on_target = Some(target());
            let (target, operation) = match call["action"].as_str()? {
                "CreateRepository" => (None, Operation::CreateRepository),
                "RegisterTaskDefinition" => (None, Operation::RegisterTaskDefinition),
                "RegisterScalableTarget" => (on_target, Operation::SetScaling { flags: None }),
                "UpdateService" => (
                    on_target,
                    Operation::UpdateService {
                        task_definition: None,
                    },
                ),
                "StopServiceDeployment" => (on_target, Operation::StopServiceDeployment),
                action @ ("RunTask" | "StopTask") => {
                    (on_target, Operation::Other(action.to_owned()))
                }
                "ContinueServiceDeployment" => (on_target, Operation::ContinueServiceDeployment),
                action @ ("SetRepositoryPolicy" | "PutImage") => {
                    (None, Operation::Other(action.to_owned()))
                }
                _ => return None,
            };
            Some(Mutation {
                at: Timestamp::from_millis(times.real(call["time"].as_f64()?)),
                target,
                operation,
                by: call["principal"].as_str().and_then(held),
            })
        })
        .collect()
}

/// Job and attempt in the name of a role session: `.../shipway-1000.2-1`.
pub(crate) fn held(principal: &str) -> Option<Held> {
    let name = principal.rsplit('/').next()?.strip_prefix("shipway-")?;
    let (job, attempt) = name.rsplit_once('-')?;
    let job: JobId = job.parse().ok()?;
    Some(Held {
        job,
        attempt: Attempt(attempt.parse().ok()?),
    })
}

/// Flags as they were seen to change, each with the attempt that set them last before that.
pub(crate) fn flags(seen: &[(u64, ScalingFlags)], mutations: &[Mutation]) -> Vec<Fact> {
    let by = |at: u64| {
        let sets = mutations.iter().filter(|mutation| {
            // Seen at the earliest when it was set; the clocks are compared by a look from outside.
            matches!(mutation.operation, Operation::SetScaling { .. })
                && mutation.at.millis() <= at + 50
        });
        sets.max_by_key(|mutation| mutation.at)
            .and_then(|mutation| mutation.by)
    };
    let shown = seen.iter().enumerate().map(|(index, (at, flags))| {
        Fact::Flags(FlagsShown {
            at: Timestamp::from_millis(*at),
            target: target(),
            flags: *flags,
            by: if index == 0 { None } else { by(*at) },
        })
    });
    shown.collect()
}

/// Every service deployment that ECS shows, oldest first.
pub(crate) async fn deployments(aws: &Aws, times: Times) -> Vec<DeploymentShown> {
    let service = json!({"cluster": "main", "service": "hello"});
    let listed = aws.ecs("ListServiceDeployments", service).await;
    let list = listed["serviceDeployments"].as_array().expect("a list");
    let running = digests(aws).await;
    let mut all = Vec::new();
    for brief in list {
        let arn = brief["serviceDeploymentArn"].as_str().expect("an ARN");
        let revision = brief["targetServiceRevisionArn"].as_str().expect("an ARN");
        let input = json!({"serviceRevisionArns": [revision]});
        let described = aws.ecs("DescribeServiceRevisions", input).await;
        let definition = &described["serviceRevisions"][0]["taskDefinition"];
        let definition = definition.as_str().expect("a task definition").to_owned();
        let time = |name: &str| brief[name].as_f64().map(|at| times.real(at));
        let created = time("createdAt").expect("a time");
        let at = time("finishedAt").unwrap_or(created);
        let digests = running.iter().filter(|(of, _)| *of == definition);
        all.push(DeploymentShown {
            at: Timestamp::from_millis(at),
            target: target(),
            arn: arn.to_owned(),
            created_at: Timestamp::from_millis(created),
            digests: digests.map(|(_, digest)| digest.clone()).collect(),
            task_definition: definition,
            status: status(brief["status"].as_str().unwrap_or_default()),
        });
    }
    all.sort_by_key(|shown| shown.created_at);
    all
}

/// Task definitions and digests of the running tasks.
async fn digests(aws: &Aws) -> Vec<(String, Digest)> {
    let service = json!({"cluster": "main", "serviceName": "hello"});
    let listed = aws.ecs("ListTasks", service).await;
    let arns = &listed["taskArns"];
    if arns.as_array().is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    let input = json!({"cluster": "main", "tasks": arns});
    let described = aws.ecs("DescribeTasks", input).await;
    let tasks = described["tasks"].as_array().expect("tasks").iter();
    tasks
        .filter(|task| task["lastStatus"] == "RUNNING")
        .filter_map(|task| {
            let digest = task["containers"][0]["imageDigest"].as_str()?;
            let definition = task["taskDefinitionArn"].as_str()?.to_owned();
            Some((definition, Digest::new(digest).ok()?))
        })
        .collect()
}

fn status(text: &str) -> Status {
    match text {
        "PENDING" => Status::Pending,
        "IN_PROGRESS" => Status::InProgress,
        "STOP_REQUESTED" => Status::StopRequested,
        "STOPPED" => Status::Stopped,
        "ROLLBACK_REQUESTED" => Status::RollbackRequested,
        "ROLLBACK_IN_PROGRESS" => Status::RollbackInProgress,
        "SUCCESSFUL" => Status::Successful,
        "ROLLBACK_SUCCESSFUL" => Status::RollbackSuccessful,
        "ROLLBACK_FAILED" => Status::RollbackFailed,
        other => Status::Other(other.to_owned()),
    }
}
