//! Services, tasks and clusters over the wire.

#[path = "support/hello.rs"]
mod hello;
mod support;

use aws_sim::seed::demo;
use aws_sim::{SimConfig, start};
use hello::{CLUSTER, Hello, SERVICE, network, text};
use http::Method;
use serde_json::{Value, json};
use support::{OCI_MANIFEST, REGION, STAGING, TOOLS, digest};

#[tokio::test]
async fn what_is_missing_is_a_failure_or_an_error() {
    let hello = Hello::new().await;
    let input = json!({"cluster": CLUSTER, "services": ["gone", SERVICE]});
    let answer = hello.ecs("DescribeServices", input).await;
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let arn = format!("arn:aws:ecs:{REGION}:{STAGING}:service/main/gone");
    assert_eq!(answer["failures"][0]["arn"], arn.as_str());
    let eleven: Vec<String> = (0..11).map(|number| format!("s{number}")).collect();
    for (action, input, code) in [
        (
            "DescribeServices",
            json!({"cluster": "no", "services": ["a"]}),
            "ClusterNotFoundException",
        ),
        (
            "DescribeServices",
            json!({"cluster": CLUSTER, "services": eleven}),
            "InvalidParameterException",
        ),
        (
            "DescribeServices",
            json!({"cluster": CLUSTER}),
            "InvalidParameterException",
        ),
        (
            "UpdateService",
            json!({"cluster": CLUSTER, "service": "no"}),
            "ServiceNotFoundException",
        ),
        (
            "UpdateService",
            json!({"cluster": CLUSTER}),
            "InvalidParameterException",
        ),
        (
            "UpdateService",
            json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": "hello:99"}),
            "ClientException",
        ),
        (
            "UpdateService",
            json!({"cluster": CLUSTER, "service": SERVICE, "propagateTags": "MAYBE"}),
            "InvalidParameterException",
        ),
        (
            "UpdateService",
            json!({"cluster": CLUSTER, "service": SERVICE,
                "deploymentConfiguration": {"strategy": "BLUE_GREEN"}}),
            "InvalidParameterException",
        ),
        (
            "UpdateService",
            json!({"cluster": CLUSTER, "service": SERVICE,
                "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}}),
            "InvalidParameterException",
        ),
        (
            "ListTasks",
            json!({"cluster": CLUSTER, "startedBy": "me", "family": "hello"}),
            "InvalidParameterException",
        ),
        (
            "ListTasks",
            json!({"cluster": CLUSTER, "desiredStatus": "DONE"}),
            "InvalidParameterException",
        ),
        (
            "DescribeTasks",
            json!({"cluster": CLUSTER, "tasks": []}),
            "InvalidParameterException",
        ),
        (
            "StopTask",
            json!({"cluster": CLUSTER, "task": "no"}),
            "InvalidParameterException",
        ),
        (
            "TagResource",
            json!({"resourceArn": arn, "tags": []}),
            "ResourceNotFoundException",
        ),
        ("CreateTaskSet", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(
            hello.refused(action, input.clone()).await,
            code,
            "{action} {input}"
        );
    }
}

fn two() -> Value {
    json!({"cluster": CLUSTER, "serviceName": "two", "taskDefinition": "hello", "desiredCount": 1,
        "launchType": "FARGATE", "networkConfiguration": network(),
        "tags": [{"key": "team", "value": "a"}]})
}

#[tokio::test]
async fn a_service_is_born_drained_and_gone() {
    let hello = Hello::new().await;
    let born = hello.ecs("CreateService", two()).await["service"].clone();
    assert_eq!(born["status"], "ACTIVE");
    assert_eq!(born["tags"], json!([{"key": "team", "value": "a"}]));
    assert_eq!(born["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(
        hello.refused("CreateService", two()).await,
        "InvalidParameterException"
    );
    let deployment = text(&born["currentServiceDeployment"]);
    assert_eq!(hello.end_of(&deployment).await["status"], "SUCCESSFUL");

    let one = json!({"cluster": CLUSTER, "service": "two"});
    assert_eq!(
        hello.refused("DeleteService", one.clone()).await,
        "InvalidParameterException"
    );
    let forced = json!({"cluster": CLUSTER, "service": "two", "force": true});
    let dying = hello.ecs("DeleteService", forced).await;
    assert_eq!(dying["service"]["status"], "DRAINING");
    assert_eq!(
        hello.refused("CreateService", two()).await,
        "InvalidParameterException"
    );
    hello.advance(60);
    let input = json!({"cluster": CLUSTER, "services": ["two"]});
    let gone = hello.ecs("DescribeServices", input).await["services"][0].clone();
    assert_eq!(
        (&gone["status"], &gone["runningCount"]),
        (&json!("INACTIVE"), &json!(0))
    );
    assert_eq!(gone["deployments"], json!([]));
    assert_eq!(
        hello.refused("UpdateService", one).await,
        "ServiceNotActiveException"
    );
    let listed = hello.ecs("ListServices", json!({"cluster": CLUSTER})).await;
    assert_eq!(listed["serviceArns"].as_array().unwrap().len(), 1);
    hello.ecs("CreateService", two()).await;
}

#[tokio::test]
async fn services_are_listed_in_pages_of_ten() {
    let hello = Hello::new().await;
    for number in 0..11 {
        let mut input = two();
        input["serviceName"] = format!("s{number:02}").into();
        input["desiredCount"] = 0.into();
        hello.ecs("CreateService", input).await;
    }
    let first = hello.ecs("ListServices", json!({"cluster": CLUSTER})).await;
    assert_eq!(first["serviceArns"].as_array().unwrap().len(), 10);
    let rest = json!({"cluster": CLUSTER, "nextToken": first["nextToken"]});
    let rest = hello.ecs("ListServices", rest).await;
    assert_eq!(rest["serviceArns"].as_array().unwrap().len(), 2);
    assert!(rest.get("nextToken").is_none());
}

#[tokio::test]
async fn a_moved_tag_reaches_no_task_before_a_new_deployment() {
    let hello = Hello::new().await;
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["ecr:*"]}]});
    let registry = hello.world.repository("app", json!({})).await;
    let input = json!({"repositoryName": "app", "policyText": policy.to_string()});
    hello
        .world
        .ecr(TOOLS, "SetRepositoryPolicy", input)
        .await
        .ok();
    let mut pushed = Vec::new();
    let image = format!("{}/app:moving", registry.host);
    for layer in ["one", "two"] {
        let manifest = registry.image("app", layer.as_bytes()).await;
        pushed.push(digest(manifest.as_bytes()));
        let headers = [("content-type", OCI_MANIFEST)];
        registry
            .send(Method::PUT, "/v2/app/manifests/moving", &headers, manifest)
            .await;
        if layer == "one" {
            let arn = hello.deploy(&image).await;
            hello.end_of(&arn).await;
        }
    }
    hello.update(json!({"desiredCount": 3})).await;
    hello.advance(120);
    let digests = |tasks: Vec<Value>| -> Vec<String> {
        let tasks = tasks.iter();
        tasks
            .map(|task| text(&task["containers"][0]["imageDigest"]))
            .collect()
    };
    assert_eq!(
        digests(hello.tasks("RUNNING").await),
        vec![pushed[0].clone(); 3]
    );
    let arn = hello.update(json!({"forceNewDeployment": true})).await;
    hello.end_of(&arn).await;
    assert_eq!(
        digests(hello.tasks("RUNNING").await),
        vec![pushed[1].clone(); 3]
    );
}

#[tokio::test]
async fn a_client_token_starts_its_tasks_once_a_day() {
    let hello = Hello::new().await;
    let run = |command: &str| {
        json!({"cluster": CLUSTER, "taskDefinition": "hello", "launchType": "FARGATE",
            "networkConfiguration": network(), "clientToken": "migration-7",
            "overrides": {"containerOverrides": [{"name": "app", "command": [command]}]}})
    };
    let arn = |answer: &Value| text(&answer["tasks"][0]["taskArn"]);
    let first = arn(&hello.ecs("RunTask", run("migrate")).await);
    hello.advance(120);
    assert_eq!(arn(&hello.ecs("RunTask", run("migrate")).await), first);
    let refused = hello.refused("RunTask", run("other")).await;
    assert!(refused.contains("ConflictException"), "{refused}");
    hello.advance(24 * 3600);
    assert_ne!(arn(&hello.ecs("RunTask", run("migrate")).await), first);
}

#[tokio::test]
async fn a_task_of_its_own_runs_to_its_end_or_is_stopped() {
    let hello = Hello::new().await;
    let run = json!({"cluster": CLUSTER, "taskDefinition": "hello", "count": 2,
        "launchType": "FARGATE", "networkConfiguration": network(), "startedBy": "migration",
        "overrides": {"containerOverrides": [{"name": "app", "command": ["migrate"]}]}});
    let started = hello.ecs("RunTask", run).await;
    let arns: Vec<String> = started["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| text(&task["taskArn"]))
        .collect();
    assert_eq!(started["tasks"][0]["lastStatus"], "PROVISIONING");
    assert_eq!(started["tasks"][0]["group"], "family:hello");
    hello.advance(36);
    let stop = json!({"cluster": CLUSTER, "task": arns[0], "reason": "enough"});
    let stopped = hello.ecs("StopTask", stop).await;
    assert_eq!(stopped["task"]["desiredStatus"], "STOPPED");
    hello.advance(60);
    let input = json!({"cluster": CLUSTER, "tasks": arns});
    let tasks = hello.ecs("DescribeTasks", input).await["tasks"].clone();
    assert_eq!(tasks[0]["stopCode"], "UserInitiated");
    assert_eq!(tasks[0]["stoppedReason"], "enough");
    assert_eq!(tasks[1]["stopCode"], "EssentialContainerExited");
    assert_eq!(tasks[1]["containers"][0]["exitCode"], 0);
    assert_eq!(
        tasks[1]["overrides"]["containerOverrides"][0]["command"],
        json!(["migrate"])
    );
    let mine = json!({"cluster": CLUSTER, "startedBy": "migration", "desiredStatus": "STOPPED"});
    let mine = hello.ecs("ListTasks", mine).await;
    assert_eq!(mine["taskArns"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_stopped_task_of_a_service_is_replaced() {
    let hello = Hello::new().await;
    let victim = hello.tasks("RUNNING").await[0]["taskArn"].clone();
    hello
        .ecs("StopTask", json!({"cluster": CLUSTER, "task": victim}))
        .await;
    hello.advance(90);
    let tasks = hello.tasks("RUNNING").await;
    assert_eq!(tasks.len(), 2);
    assert!(tasks.iter().all(|task| task["taskArn"] != victim));
    assert_eq!(hello.tasks("STOPPED").await[0]["stopCode"], "UserInitiated");
}

#[tokio::test]
async fn auto_scaling_pulls_the_desired_count_into_its_bounds() {
    let hello = Hello::new().await;
    let target = json!({"ServiceNamespace": "ecs", "ResourceId": "service/main/hello",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 4, "MaxCapacity": 6});
    let register = "AnyScaleFrontendService.RegisterScalableTarget";
    hello
        .world
        .call(STAGING, register, target.clone())
        .await
        .ok();
    assert_eq!(hello.service().await["desiredCount"], 4);
    let mut gone = target;
    gone["ResourceId"] = "service/main/gone".into();
    let refused = hello.world.call(STAGING, register, gone).await;
    assert_eq!(refused.error(), "ValidationException");
}

#[tokio::test]
async fn the_phases_of_tasks_can_be_set() {
    let hello = Hello::new().await;
    let short = json!({"provisioning": 0.1, "pulling": 0.2, "activating": 0.1, "settling": 0.5,
        "terminating": 0.1, "deprovisioning": 0.1, "pending": 0, "requested": 0});
    let world = &hello.world;
    let path = "/_sim/ecs/phases";
    assert_eq!(
        world.control(Method::PUT, path, short.clone()).await.ok()["pulling"],
        0.2
    );
    assert_eq!(
        world.control(Method::GET, path, Value::Null).await.ok()["settling"],
        0.5
    );
    for wrong in [
        json!({"pulling": -1}),
        json!({"sleeping": 1}),
        json!({"pulling": "x"}),
    ] {
        let answer = world.control(Method::PUT, path, wrong.clone()).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let arn = hello.deploy("hello:2").await;
    // The seeded tasks keep their two seconds to stop.
    hello.advance(4);
    assert_eq!(hello.deployment(&arn).await["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn a_rollout_goes_on_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let config = || SimConfig {
        time_scale: 0.0,
        data: Some(data.path().to_owned()),
        ..SimConfig::default()
    };
    let sim = start(config()).await.unwrap();
    sim.seed(&demo()).unwrap();
    let hello = Hello {
        world: support::World { sim },
    };
    let arn = hello.deploy("hello:2").await;
    hello.advance(50);
    let before = hello.service().await;
    hello.world.sim.stop().await;
    let sim = start(config()).await.unwrap();
    let hello = Hello {
        world: support::World { sim },
    };
    assert_eq!(hello.service().await, before);
    assert_eq!(hello.end_of(&arn).await["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn clusters_are_made_described_and_deleted() {
    let hello = Hello::new().await;
    let made = json!({"clusterName": "second", "tags": [{"key": "team", "value": "a"}]});
    hello.ecs("CreateCluster", made).await;
    let asked = json!({"clusters": ["second", "third"], "include": ["TAGS"]});
    let answer = hello.ecs("DescribeClusters", asked).await;
    assert_eq!(answer["clusters"][0]["status"], "ACTIVE");
    assert_eq!(
        answer["clusters"][0]["tags"],
        json!([{"key": "team", "value": "a"}])
    );
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    hello
        .ecs("DeleteCluster", json!({"cluster": "second"}))
        .await;
    let listed = hello.ecs("ListClusters", json!({})).await;
    assert_eq!(listed["clusterArns"].as_array().unwrap().len(), 1);
    let busy = json!({"cluster": CLUSTER});
    assert_eq!(
        hello.refused("DeleteCluster", busy).await,
        "ClusterContainsServicesException"
    );
}
