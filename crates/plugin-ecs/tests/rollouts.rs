//! Rollouts against the simulator: change a service, follow its deployment, see its tasks.

mod common;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use common::rollout::{follow, newest, simulator, update};
use common::{STAGING, cluster, config, job, open, service};
use serde_json::{Value, json};
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::ServiceDeploymentStatus;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, NewTaskDefinition, ObserveTasks, RegionApi};

/// The members that only a description has (ecs-facts 6.1).
const DESCRIBED: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "deleteRequestedAt",
    "registeredBy",
];

/// Registers what the service runs, with one variable more.
async fn register_next(region: &dyn RegionApi, reference: &str) -> String {
    let seen = region
        .task_definition(reference)
        .await
        .expect("described")
        .expect("it exists");
    let mut json: Value = serde_json::from_str(&seen.json).expect("JSON");
    let members = json.as_object_mut().expect("an object");
    members.retain(|name, _| !DESCRIBED.contains(&name.as_str()));
    members.insert(
        "tags".to_owned(),
        json!([{"key": "shipway:job", "value": "1000.2"}]),
    );
    json["containerDefinitions"][0]["environment"] = json!([{"name": "A", "value": "b"}]);
    let new = NewTaskDefinition {
        json: json.to_string(),
    };
    region
        .register_task_definition(&new)
        .await
        .expect("registered")
}

/// Just after the service's newest deployment so far, by ECS's clock.
async fn after_the_last(region: &dyn RegionApi) -> Timestamp {
    let all = region
        .service_deployments_since(&cluster(), &service(), Timestamp::ZERO)
        .await;
    let last = all
        .expect("listed")
        .first()
        .map(|deployment| deployment.created_at);
    Timestamp::from_millis(last.unwrap_or_default().millis() + 1)
}

#[tokio::test]
async fn a_rollout_is_followed_to_its_end() {
    let sim = simulator(300.0).await;
    let region = open(config(&sim.url()), STAGING, &job()).await;
    let before = region
        .service(&cluster(), &service())
        .await
        .expect("asked")
        .expect("exists");
    assert_eq!((before.status.as_str(), before.desired), ("ACTIVE", 2));
    let since = after_the_last(&*region).await;
    let task_definition = register_next(&*region, &before.task_definition).await;
    let newest_first = region.newest_revisions("hello", 5).await.expect("listed");
    assert_eq!(
        newest_first,
        [task_definition.clone(), before.task_definition]
    );
    let registered = region
        .task_definition(&task_definition)
        .await
        .expect("described");
    let tag = ("shipway:job".to_owned(), "1000.2".to_owned());
    assert_eq!(registered.expect("it exists").tags, [tag]);

    update(&*region, &service(), &task_definition).await;
    let arn = newest(&*region, &service(), since).await;
    let ended = follow(&*region, &service(), &arn).await;
    assert_eq!(ended.status, ServiceDeploymentStatus::Successful);
    let revision = region
        .revision(&ended.target_revision.arn)
        .await
        .expect("asked");
    let revision = revision.expect("it exists");
    assert_eq!(revision.task_definition, task_definition);
    let tasks = region
        .tasks(&cluster(), &service(), ObserveTasks::Running)
        .await
        .expect("tasks");
    assert_eq!(tasks.len(), 2);
    for task in &tasks {
        assert_eq!(task.task_definition, task_definition);
        assert!(task.containers[0].image_digest.is_some(), "{task:?}");
    }
    let after = region
        .service(&cluster(), &service())
        .await
        .expect("asked")
        .expect("exists");
    assert_eq!(after.task_definition, task_definition);
    assert!(!after.events.is_empty());
}

#[tokio::test]
async fn a_deployment_is_stopped_with_rollback_once() {
    let sim = simulator(100.0).await;
    let region = open(config(&sim.url()), STAGING, &job()).await;
    let before = region
        .service(&cluster(), &service())
        .await
        .expect("asked")
        .expect("exists");
    let since = after_the_last(&*region).await;
    let task_definition = register_next(&*region, &before.task_definition).await;
    update(&*region, &service(), &task_definition).await;
    let arn = newest(&*region, &service(), since).await;
    region.stop_service_deployment(&arn).await.expect("stopped");
    let ended = follow(&*region, &service(), &arn).await;
    assert_eq!(ended.status, ServiceDeploymentStatus::RollbackSuccessful);
    assert!(ended.rollback.is_some());
    let error = region
        .stop_service_deployment(&arn)
        .await
        .expect_err("it has ended");
    assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
}

#[tokio::test]
async fn what_does_not_exist_is_none_and_a_missing_cluster_an_error() {
    let sim = simulator(1.0).await;
    let region = open(config(&sim.url()), STAGING, &job()).await;
    let nothing = ServiceName::new("nothing").expect("a name");
    assert_eq!(
        region.service(&cluster(), &nothing).await.expect("asked"),
        None
    );
    assert_eq!(
        region.task_definition("nothing").await.expect("asked"),
        None
    );
    let nowhere = ClusterName::new("nowhere").expect("a name");
    let error = region
        .service(&nowhere, &service())
        .await
        .expect_err("no cluster");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn scaling_is_suspended_and_put_back_flag_by_flag() {
    let sim = simulator(1.0).await;
    let region = open(config(&sim.url()), STAGING, &job()).await;
    assert_eq!(
        region.scaling(&cluster(), &service()).await.expect("asked"),
        None
    );
    let error = region
        .set_scaling(&cluster(), &service(), ScalingFlags::ALL)
        .await;
    assert_eq!(
        error.expect_err("nothing to suspend").kind,
        ErrorKind::NotFound
    );

    let credentials = aws_credential_types::Credentials::new(STAGING, "any", None, None, "test");
    let base = aws_sdk_applicationautoscaling::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-west-1"))
        .endpoint_url(sim.url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(credentials);
    aws_sdk_applicationautoscaling::Client::from_conf(base.build())
        .register_scalable_target()
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id("service/main/hello")
        .min_capacity(1)
        .max_capacity(5)
        .send()
        .await
        .expect("registered");
    let seen = region
        .scaling(&cluster(), &service())
        .await
        .expect("asked")
        .expect("a target");
    assert_eq!(
        (seen.min, seen.max, seen.suspended),
        (1, 5, ScalingFlags::default())
    );
    let before = ScalingFlags {
        scheduled: true,
        ..ScalingFlags::default()
    };
    for flags in [ScalingFlags::ALL, before] {
        region
            .set_scaling(&cluster(), &service(), flags)
            .await
            .expect("set");
        let seen = region.scaling(&cluster(), &service()).await.expect("asked");
        assert_eq!(seen.expect("a target").suspended, flags);
    }
}
