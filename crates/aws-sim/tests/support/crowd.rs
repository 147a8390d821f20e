//! A world with more of everything than fits a page.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::hello::{definition, network};
use super::support::{self, OCI_MANIFEST, REGION, Registry, STAGING, TOOLS, World};

const CLUSTER: &str = "crowd";

/// Services, clusters, tasks and the like, and more than a hundred of each.
pub(crate) async fn ecs(world: &World) {
    let ask = async |action: &str, input: Value| world.ecs(STAGING, action, input).await.ok();
    for number in 0..101 {
        let mut family = definition("app");
        family["family"] = format!("f{number}").into();
        ask("RegisterTaskDefinition", family).await;
        ask(
            "CreateCluster",
            json!({"clusterName": format!("c{number}")}),
        )
        .await;
    }
    ask("CreateCluster", json!({"clusterName": CLUSTER})).await;
    for number in 0..102 {
        let desired = if number == 0 { 101 } else { 0 };
        let service = json!({"cluster": CLUSTER, "serviceName": format!("s{number}"),
            "taskDefinition": "f0", "launchType": "FARGATE", "desiredCount": desired,
            "networkConfiguration": network()});
        ask("CreateService", service).await;
    }
    world.sim.clock().advance(Duration::from_secs(600));
    for _ in 0..101 {
        let again = json!({"cluster": CLUSTER, "service": "s1", "forceNewDeployment": true});
        ask("UpdateService", again).await;
    }
}

/// Scalable targets, each with a policy, a scheduled action, and an activity.
pub(crate) async fn scaling(world: &World) {
    for number in 1..53 {
        let about = |more: Value| {
            let mut input = json!({"ServiceNamespace": "ecs",
                "ResourceId": format!("service/{CLUSTER}/s{number}"),
                "ScalableDimension": "ecs:service:DesiredCount"});
            for (name, value) in more.as_object().unwrap() {
                input[name] = value.clone();
            }
            input
        };
        let ask = async |action: &str, input: Value| {
            let target = format!("AnyScaleFrontendService.{action}");
            world.call(STAGING, &target, input).await.ok()
        };
        let capacity = about(json!({"MinCapacity": 1, "MaxCapacity": 2}));
        ask("RegisterScalableTarget", capacity).await;
        let metric = json!({"PredefinedMetricType": "ECSServiceAverageCPUUtilization"});
        let policy = about(
            json!({"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration":
                {"TargetValue": 50.0, "PredefinedMetricSpecification": metric}}),
        );
        ask("PutScalingPolicy", policy).await;
        let action = about(json!({"ScheduledActionName": format!("a{number}"),
            "Schedule": "rate(100 days)", "ScalableTargetAction": {"MinCapacity": 1}}));
        ask("PutScheduledAction", action).await;
    }
}

/// Repositories and templates by the thousand, and one repository with as many images.
pub(crate) async fn ecr(world: &World) -> Registry {
    let registry = world.repository("app", json!({})).await;
    for number in 0..1000 {
        let repository = json!({"repositoryName": format!("r{number}")});
        world.ecr(TOOLS, "CreateRepository", repository).await.ok();
        let template = json!({"prefix": format!("p{number}"), "appliedFor": ["CREATE_ON_PUSH"]});
        let create = "CreateRepositoryCreationTemplate";
        world.ecr(TOOLS, create, template).await.ok();
    }
    let template = json!({"prefix": "last", "appliedFor": ["CREATE_ON_PUSH"]});
    let create = "CreateRepositoryCreationTemplate";
    world.ecr(TOOLS, create, template).await.ok();
    let manifest = registry.image("app", b"layer").await;
    let put = async |reference: &str, manifest: &Value| {
        let path = format!("/v2/app/manifests/{reference}");
        let headers = [("content-type", OCI_MANIFEST)];
        let text = manifest.to_string();
        let answer = registry.send(Method::PUT, &path, &headers, text).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    };
    for number in 0..1001 {
        let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
        manifest["annotations"] = json!({"number": number.to_string()});
        put(&format!("v{number}"), &manifest).await;
    }
    world.repository("signed", json!({})).await;
    let signed = registry.image("signed", b"layer").await;
    let path = "/v2/signed/manifests/v1";
    let headers = [("content-type", OCI_MANIFEST)];
    registry
        .send(Method::PUT, path, &headers, signed.clone())
        .await;
    for number in 0..51 {
        let mut signature: Value = serde_json::from_str(&signed).unwrap();
        signature["annotations"] = json!({"number": number.to_string()});
        signature["artifactType"] = "application/vnd.example.signature".into();
        signature["subject"] = json!({"mediaType": OCI_MANIFEST,
            "digest": support::digest(signed.as_bytes()), "size": signed.len()});
        let text = signature.to_string();
        let path = format!("/v2/signed/manifests/{}", support::digest(text.as_bytes()));
        let answer = registry.send(Method::PUT, &path, &headers, text).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }
    scan(world).await;
    preview(world).await;
    registry
}

async fn scan(world: &World) {
    let found = (0..1001).map(|number| json!({"name": format!("CVE-{number}"), "severity": "LOW"}));
    let findings = json!({"match": "v0", "findings": found.collect::<Vec<_>>()});
    let path = "/_sim/findings";
    world.control(Method::POST, path, findings).await.ok();
    let image = json!({"repositoryName": "app", "imageId": {"imageTag": "v0"}});
    world.ecr(TOOLS, "StartImageScan", image).await.ok();
}

async fn preview(world: &World) {
    let rule = json!({"rulePriority": 1, "description": "All but the newest image goes.",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
        "action": {"type": "expire"}});
    let text = json!({"rules": [rule]}).to_string();
    let preview = json!({"repositoryName": "app", "lifecyclePolicyText": text});
    world
        .ecr(TOOLS, "StartLifecyclePolicyPreview", preview)
        .await
        .ok();
    world.sim.clock().advance(Duration::from_secs(60));
}

/// Groups and streams of the log, and one group with more lines than a page has.
pub(crate) async fn logs(world: &World) {
    let lines: Vec<String> = (0..200).map(|line| format!("line {line}")).collect();
    let script = json!({"match": "logger", "kind": "exit", "after_seconds": 1, "log": lines});
    world
        .sim
        .add_script(serde_json::from_value(script).unwrap());
    let network = network();
    for number in 0..51 {
        let mut logger = definition("logger");
        logger["family"] = format!("l{number}").into();
        logger["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs",
            "options": {"awslogs-group": format!("/g/{number:03}"), "awslogs-region": REGION,
                "awslogs-stream-prefix": "s"}});
        world
            .ecs(STAGING, "RegisterTaskDefinition", logger)
            .await
            .ok();
        let count = if number < 6 { 10 } else { 1 };
        let (family, repeats) = if number < 6 { (0, count) } else { (number, 1) };
        let run = |family: usize, count: usize| {
            json!({"cluster": "main", "taskDefinition": format!("l{family}"), "count": count,
                "networkConfiguration": network})
        };
        world
            .ecs(STAGING, "RunTask", run(family, repeats))
            .await
            .ok();
        if number < 6 {
            world.ecs(STAGING, "RunTask", run(number, 1)).await.ok();
        }
    }
    world.sim.clock().advance(Duration::from_secs(120));
}

/// More alarms than a page has.
pub(crate) async fn alarms(world: &World) {
    for number in 0..101 {
        let alarm = json!({"account": STAGING, "region": REGION, "name": format!("n{number}"),
            "state": "OK"});
        let path = "/_sim/alarms";
        world.control(Method::PUT, path, alarm).await.ok();
    }
}
