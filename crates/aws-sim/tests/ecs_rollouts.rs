//! Rollouts over the wire: how they end, and what the API says about them meanwhile.

#[path = "support/hello.rs"]
mod hello;
mod support;

use hello::{CLUSTER, Hello, SERVICE, text};
use serde_json::{Value, json};

fn entries(service: &Value) -> Vec<(String, String)> {
    let entries = service["deployments"]
        .as_array()
        .expect("deployments")
        .iter();
    entries
        .map(|entry| (text(&entry["status"]), text(&entry["rolloutState"])))
        .collect()
}

fn entry(status: &str, rollout: &str) -> (String, String) {
    (status.to_owned(), rollout.to_owned())
}

#[tokio::test]
async fn a_seeded_service_is_steady() {
    let hello = Hello::new().await;
    let service = hello.service().await;
    assert_eq!(service["runningCount"], 2);
    assert_eq!(entries(&service), [entry("PRIMARY", "COMPLETED")]);
    let deployment = text(&service["currentServiceDeployment"]);
    assert_eq!(hello.deployment(&deployment).await["status"], "SUCCESSFUL");
    let tasks = hello.tasks("RUNNING").await;
    assert_eq!(tasks.len(), 2);
    let digest = text(&tasks[0]["containers"][0]["imageDigest"]);
    assert!(digest.starts_with("sha256:"));
}

#[tokio::test]
async fn a_rollout_goes_through_its_states_to_successful() {
    let hello = Hello::new().await;
    let old = text(&hello.service().await["deployments"][0]["id"]);
    let definition = hello.register("hello:2").await;
    let arn = hello.update(json!({"taskDefinition": definition})).await;
    assert_eq!(hello.deployment(&arn).await["status"], "PENDING");
    hello.advance(2);
    let deployment = hello.deployment(&arn).await;
    assert_eq!(deployment["status"], "IN_PROGRESS");
    assert_eq!(
        deployment["deploymentCircuitBreaker"]["status"],
        "MONITORING"
    );
    assert_eq!(deployment["deploymentCircuitBreaker"]["threshold"], 3);
    let service = hello.service().await;
    assert_eq!(
        entries(&service),
        [
            entry("PRIMARY", "IN_PROGRESS"),
            entry("ACTIVE", "COMPLETED")
        ]
    );
    assert_eq!(service["deployments"][1]["id"], old.as_str());
    assert_eq!(service["pendingCount"], 2);
    hello.advance(40);
    assert_eq!(hello.service().await["runningCount"], 4);

    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "SUCCESSFUL");
    assert_eq!(ended["targetServiceRevision"]["runningTaskCount"], 2);
    assert_eq!(
        ended["deploymentCircuitBreaker"]["status"],
        "MONITORING_COMPLETE"
    );
    let service = hello.service().await;
    assert_eq!(entries(&service), [entry("PRIMARY", "COMPLETED")]);
    assert_eq!(service["taskDefinition"], definition.as_str());
    let message = text(&service["events"][0]["message"]);
    assert_eq!(message, "(service hello) has reached a steady state.");

    let revision = ended["targetServiceRevision"]["arn"].clone();
    let input = json!({"serviceRevisionArns": [revision]});
    let revisions = hello.ecs("DescribeServiceRevisions", input).await;
    let revision = &revisions["serviceRevisions"][0];
    assert_eq!(revision["taskDefinition"], definition.as_str());
    let image = &revision["containerImages"][0];
    for task in hello.tasks("RUNNING").await {
        assert_eq!(task["taskDefinitionArn"], definition.as_str());
        assert_eq!(task["containers"][0]["imageDigest"], image["imageDigest"]);
        assert_eq!(task["startedBy"], service["deployments"][0]["id"]);
        assert_eq!(task["group"], "service:hello");
    }
}

#[tokio::test]
async fn an_image_that_exits_is_rolled_back_inside_the_same_service_deployment() {
    let hello = Hello::new().await;
    hello.script(json!({"match": "hello:broken", "kind": "exit", "exit_code": 1}));
    let before = hello.service().await;
    let arn = hello.deploy("hello:broken").await;
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "ROLLBACK_SUCCESSFUL");
    assert_eq!(ended["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    assert_eq!(
        ended["rollback"]["serviceRevisionArn"],
        before["currentServiceRevisions"][0]["arn"]
    );
    let service = hello.service().await;
    assert_eq!(service["currentServiceDeployment"], arn.as_str());
    assert_eq!(service["taskDefinition"], before["taskDefinition"]);
    assert_eq!(
        service["deployments"][0]["id"],
        before["deployments"][0]["id"]
    );
    assert_eq!(entries(&service), [entry("PRIMARY", "COMPLETED")]);
    assert_eq!(service["runningCount"], 2);
    let listed = json!({"cluster": CLUSTER, "service": SERVICE});
    let listed = hello.ecs("ListServiceDeployments", listed).await;
    assert_eq!(listed["serviceDeployments"].as_array().unwrap().len(), 2);
    let stopped = hello.tasks("STOPPED").await;
    assert!(stopped.len() >= 3);
    for task in stopped {
        assert_eq!(task["stopCode"], "EssentialContainerExited");
        assert_eq!(task["stoppedReason"], "Essential container in task exited");
        assert_eq!(task["containers"][0]["exitCode"], 1);
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_rolled_back_and_says_why() {
    let hello = Hello::new().await;
    let registry = hello.world.sim.registry(support::STAGING, support::REGION);
    let arn = hello
        .deploy(&format!("{}/hello:absent", registry.unwrap()))
        .await;
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "ROLLBACK_SUCCESSFUL");
    let stopped = hello.tasks("STOPPED").await;
    assert_eq!(stopped.len(), 4);
    assert_eq!(stopped[0]["stopCode"], "TaskFailedToStart");
    let reason = text(&stopped[0]["stoppedReason"]);
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert_eq!(stopped[0]["containers"][0]["reason"], reason.as_str());
    assert!(stopped[0].get("startedAt").is_none());
    assert!(stopped[0]["containers"][0].get("exitCode").is_none());
}

#[tokio::test]
async fn every_script_ends_a_task_with_the_texts_of_its_cause() {
    let causes = [
        (
            "cannot-start",
            "TaskFailedToStart",
            "CannotStartContainerError",
        ),
        (
            "subnet-full",
            "TaskFailedToStart",
            "InsufficientFreeAddressesInSubnet",
        ),
        (
            "secrets-denied",
            "TaskFailedToStart",
            "ResourceInitializationError",
        ),
        (
            "wrong-architecture",
            "TaskFailedToStart",
            "does not contain descriptor matching platform",
        ),
        (
            "out-of-memory",
            "EssentialContainerExited",
            "Essential container in task exited",
        ),
    ];
    let hello = Hello::new().await;
    for (kind, code, fragment) in causes {
        let image = format!("hello:{kind}");
        hello.script(json!({"match": image, "kind": kind}));
        let arn = hello.deploy(&image).await;
        assert_eq!(
            hello.end_of(&arn).await["status"],
            "ROLLBACK_SUCCESSFUL",
            "{kind}"
        );
        let stopped = hello.tasks("STOPPED").await;
        let mine = stopped
            .iter()
            .find(|task| task["containers"][0]["image"] == image.as_str());
        let task = mine.unwrap();
        assert_eq!(task["stopCode"], code, "{kind}");
        let reason = text(&task["stoppedReason"]);
        assert!(reason.contains(fragment), "{kind}: {reason}");
        if kind == "out-of-memory" {
            let container = &task["containers"][0];
            assert_eq!(container["exitCode"], 137);
            assert!(text(&container["reason"]).starts_with("OutOfMemoryError"));
        }
    }
}

#[tokio::test]
async fn no_capacity_is_an_event_and_no_task() {
    let hello = Hello::new().await;
    hello.script(json!({"match": "hello:big", "kind": "no-capacity"}));
    let arn = hello.deploy("hello:big").await;
    assert_eq!(hello.end_of(&arn).await["status"], "ROLLBACK_SUCCESSFUL");
    assert!(hello.tasks("STOPPED").await.is_empty());
    let service = hello.service().await;
    let mut events = service["events"].as_array().unwrap().iter();
    assert!(
        events.any(|event| text(&event["message"]).contains("was unable to place a task. Reason:"))
    );
}

#[tokio::test]
async fn a_newer_deployment_supersedes_the_one_under_way() {
    let hello = Hello::new().await;
    let first = hello.deploy("hello:2").await;
    hello.advance(10);
    let second = hello.deploy("hello:3").await;
    assert_ne!(first, second);
    assert_eq!(hello.deployment(&first).await["status"], "STOP_REQUESTED");
    let stopped = hello.end_of(&first).await;
    assert_eq!(stopped["status"], "STOPPED");
    assert!(stopped["stoppedAt"].is_number());
    assert_eq!(hello.end_of(&second).await["status"], "SUCCESSFUL");
    let filter = json!({"cluster": CLUSTER, "service": SERVICE, "status": ["STOPPED"]});
    let listed = hello.ecs("ListServiceDeployments", filter).await;
    assert_eq!(
        listed["serviceDeployments"][0]["serviceDeploymentArn"],
        first.as_str()
    );
}

#[tokio::test]
async fn a_stopped_service_deployment_is_rolled_back() {
    let hello = Hello::new().await;
    let before = hello.service().await;
    let arn = hello.deploy("hello:2").await;
    hello.advance(50);
    let stop = json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"});
    hello.ecs("StopServiceDeployment", stop.clone()).await;
    assert_eq!(hello.deployment(&arn).await["status"], "ROLLBACK_REQUESTED");
    assert_eq!(hello.end_of(&arn).await["status"], "ROLLBACK_SUCCESSFUL");
    let service = hello.service().await;
    assert_eq!(service["taskDefinition"], before["taskDefinition"]);
    assert_eq!(
        hello.refused("StopServiceDeployment", stop).await,
        "ConflictException"
    );
    let abort = json!({"serviceDeploymentArn": arn, "stopType": "ABORT"});
    assert_eq!(
        hello.refused("StopServiceDeployment", abort).await,
        "InvalidParameterException"
    );
    let other = json!({"serviceDeploymentArn": format!("{arn}x")});
    assert_eq!(
        hello.refused("StopServiceDeployment", other).await,
        "ServiceDeploymentNotFoundException"
    );
}

#[tokio::test]
async fn an_update_without_a_desired_count_keeps_it() {
    let hello = Hello::new().await;
    hello.update(json!({"desiredCount": 4})).await;
    hello.advance(120);
    let arn = hello.deploy("hello:2").await;
    assert_eq!(hello.service().await["desiredCount"], 4);
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["targetServiceRevision"]["runningTaskCount"], 4);
}

#[tokio::test]
async fn only_what_changes_tasks_starts_a_deployment() {
    let hello = Hello::new().await;
    let service = hello.service().await;
    let before = text(&service["currentServiceDeployment"]);
    let quiet = [
        json!({}),
        json!({"taskDefinition": service["taskDefinition"]}),
        json!({"desiredCount": 3}),
        json!({"healthCheckGracePeriodSeconds": 60}),
        json!({"networkConfiguration": service["networkConfiguration"]}),
        json!({"deploymentConfiguration": {"maximumPercent": 150}}),
    ];
    for change in quiet {
        assert_eq!(hello.update(change.clone()).await, before, "{change}");
    }
    let configuration = &hello.service().await["deploymentConfiguration"];
    assert_eq!(configuration["maximumPercent"], 150);
    assert_eq!(configuration["minimumHealthyPercent"], 100);
    let other = json!({"awsvpcConfiguration": {"subnets": ["subnet-other"]}});
    assert_ne!(
        hello.update(json!({"networkConfiguration": other})).await,
        before
    );
}

#[tokio::test]
async fn a_forced_deployment_replaces_all_tasks_with_the_same_revision() {
    let hello = Hello::new().await;
    let before: Vec<Value> = hello.tasks("RUNNING").await;
    let arn = hello.update(json!({"forceNewDeployment": true})).await;
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "SUCCESSFUL");
    let after = hello.tasks("RUNNING").await;
    assert_eq!(after.len(), 2);
    for task in after {
        assert_eq!(task["taskDefinitionArn"], before[0]["taskDefinitionArn"]);
        assert!(before.iter().all(|old| old["taskArn"] != task["taskArn"]));
    }
}

#[tokio::test]
async fn tasks_of_another_image_report_its_digest_and_their_revision_does_not() {
    let hello = Hello::new().await;
    hello.script(json!({"match": "hello:moved", "kind": "another-image"}));
    let arn = hello.deploy("hello:moved").await;
    let ended = hello.end_of(&arn).await;
    assert_eq!(ended["status"], "SUCCESSFUL");
    let input = json!({"serviceRevisionArns": [ended["targetServiceRevision"]["arn"]]});
    let revisions = hello.ecs("DescribeServiceRevisions", input).await;
    let named = text(&revisions["serviceRevisions"][0]["containerImages"][0]["imageDigest"]);
    let reported = hello.tasks("RUNNING").await.into_iter();
    let reported: Vec<String> = reported
        .map(|task| text(&task["containers"][0]["imageDigest"]))
        .collect();
    assert_eq!(reported.len(), 2);
    assert_eq!(reported[0], reported[1]);
    assert_ne!(reported[0], named);
}
