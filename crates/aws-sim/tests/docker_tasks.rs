//! Tasks that are real containers: how they start, live and end.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

#[path = "support/containers.rs"]
mod containers;
mod support;

use containers::{Yard, container, containers, definition};
use serde_json::{Value, json};
use support::TOOLS;

/// The exit code of a container.
fn code(task: &Value, name: &str) -> i64 {
    let all = task["containers"].as_array().unwrap();
    let found = all.iter().find(|container| container["name"] == name);
    let code = found.unwrap()["exitCode"].as_i64();
    code.unwrap_or_else(|| panic!("{name} has none: {task}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_a_container_with_a_real_exit_code_and_leaves_nothing() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let (image, digest) = yard.push("v1", json!({})).await;
    let app = container("app", &image, &["exit", "3"], json!({}));
    let task = yard.run("app", json!([app])).await;
    let ended = yard.stopped(&task).await;
    assert_eq!(ended["stopCode"], "EssentialContainerExited", "{ended}");
    assert_eq!(ended["stoppedReason"], "Essential container in task exited");
    assert_eq!(code(&ended, "app"), 3);
    assert_eq!(ended["containers"][0]["imageDigest"], *digest);
    let lasting = container("app", &image, &["wait"], json!({}));
    let running = yard.run("lasting", json!([lasting])).await;
    yard.running(&running).await;
    assert_eq!(containers(&running, "app").len(), 1);
    yard.close().await;
    assert_eq!(containers(&task, ""), Vec::<String>::new());
    assert_eq!(containers(&running, ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_the_signal_of_the_image_and_after_the_timeout_the_end() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let (plain, _) = yard.push("plain", json!({})).await;
    let (own, _) = yard.push("own", json!({"StopSignal": "SIGUSR1"})).await;
    // SIGTERM is 15, SIGUSR1 is 10; the program leaves with 40 more.
    for (family, image, word, wanted) in [
        ("handles", &plain, "wait", 55),
        ("own", &own, "wait", 50),
        ("ignores", &plain, "ignore", 137),
    ] {
        let app = container("app", image, &[word], json!({"stopTimeout": 60}));
        let task = yard.run(family, json!([app])).await;
        yard.running(&task).await;
        yard.ecs("StopTask", json!({"cluster": "c", "task": task}))
            .await;
        let ended = yard.stopped(&task).await;
        assert_eq!(code(&ended, "app"), wanted, "{family}: {ended}");
        assert_eq!(ended["stopCode"], "UserInitiated");
    }
    yard.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_takes_more_memory_than_it_may_is_killed_for_it() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let (image, _) = yard.push("v1", json!({})).await;
    let app = container("app", &image, &["eat"], json!({}));
    let task = yard.run("app", json!([app])).await;
    let ended = yard.stopped(&task).await;
    assert_eq!(code(&ended, "app"), 137);
    assert_eq!(
        ended["containers"][0]["reason"],
        "OutOfMemoryError: Container killed due to memory usage"
    );
    yard.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_check_runs_in_the_container() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let (image, _) = yard.push("v1", json!({})).await;
    let check = |port: &str| {
        json!({"healthCheck": {"command": ["CMD", "/app", "dial", port], "interval": 5,
            "timeout": 5, "retries": 2}})
    };
    let well = container("app", &image, &["serve", "8080"], check("8080"));
    let task = yard.run("well", json!([well])).await;
    let seen = yard
        .until(&task, |task| task["healthStatus"] == "HEALTHY")
        .await;
    assert_eq!(seen["containers"][0]["healthStatus"], "HEALTHY");
    let ill = container("app", &image, &["serve", "8080"], check("8081"));
    let task = yard.run("ill", json!([ill])).await;
    yard.until(&task, |task| task["healthStatus"] == "UNHEALTHY")
        .await;
    yard.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_start_once_what_they_depend_on_is_so() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let (image, _) = yard.push("v1", json!({})).await;
    let needs = |needed: &[(&str, &str)]| {
        let needed = needed
            .iter()
            .map(|(name, condition)| json!({"containerName": name, "condition": condition}));
        json!({"dependsOn": needed.collect::<Vec<_>>()})
    };
    let check = json!({"essential": false, "healthCheck":
        {"command": ["CMD", "/app", "dial", "8080"], "interval": 5, "timeout": 5}});
    let side = || json!({"essential": false});
    let all = [
        ("side", "HEALTHY"),
        ("first", "SUCCESS"),
        ("other", "COMPLETE"),
        ("more", "START"),
    ];
    let task = yard
        .run(
            "order",
            json!([
                // Both are in the network of the task, so that this finds the other's port.
                container("main", &image, &["dial", "8080"], needs(&all)),
                container("side", &image, &["serve", "8080"], check),
                container("first", &image, &["nap", "300"], side()),
                container("other", &image, &["exit", "4"], side()),
                container("more", &image, &["wait"], side()),
            ]),
        )
        .await;
    let ended = yard.stopped(&task).await;
    assert_eq!(code(&ended, "main"), 0, "{ended}");
    assert_eq!((code(&ended, "first"), code(&ended, "other")), (0, 4));

    let task = yard
        .run(
            "fails",
            json!([
                container(
                    "main",
                    &image,
                    &["exit", "0"],
                    needs(&[("first", "SUCCESS")])
                ),
                container("first", &image, &["exit", "4"], side()),
            ]),
        )
        .await;
    let ended = yard.stopped(&task).await;
    assert_eq!(ended["stopCode"], "TaskFailedToStart", "{ended}");
    assert!(containers(&task, "main").is_empty(), "main never was");

    for (needed, wanted) in [
        (needs(&[("other", "START")]), "cycle"),
        (needs(&[("nobody", "START")]), "does not exist"),
    ] {
        let back = needs(&[("main", "START")]);
        let containers = json!([
            container("main", &image, &["wait"], needed),
            container("other", &image, &["wait"], back),
        ]);
        let input = definition("bad", containers);
        let (error, said) = yard.ecs_error("RegisterTaskDefinition", input).await;
        assert_eq!(error, "ClientException");
        assert!(said.contains(wanted), "{said}");
    }
    yard.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_in_by_the_environment_and_lines_go_out_to_the_log() {
    let Some(yard) = Yard::open().await else {
        return;
    };
    let region = json!({"name": "eu-west-1", "secrets": {"token": "s3cret"}});
    let account = json!({"id": TOOLS, "name": "tools", "regions": [region]});
    yard.control("/_sim/seed", json!({"accounts": [account]}))
        .await;
    let (image, _) = yard.push("v1", json!({})).await;
    let secret = |name: &str| {
        let arn = format!("arn:aws:secretsmanager:eu-west-1:{TOOLS}:secret:{name}");
        json!([{"name": "TOKEN", "valueFrom": arn}])
    };
    let log = json!({"logDriver": "awslogs", "options": {"awslogs-group": "g",
        "awslogs-stream-prefix": "p", "awslogs-region": "eu-west-1"}});
    let more = json!({"secrets": secret("token"), "logConfiguration": log});
    let app = container("app", &image, &["print"], more);
    let task = yard.run("prints", json!([app])).await;
    let ended = yard.stopped(&task).await;
    assert_eq!(code(&ended, "app"), 0, "{ended}");
    let stream = format!("p/app/{}", task.rsplit('/').next().unwrap());
    let input = json!({"logGroupName": "g", "logStreamName": stream, "startFromHead": true});
    let events = yard.logs("GetLogEvents", input).await;
    let events = events["events"].as_array().unwrap();
    let lines: Vec<&str> = events
        .iter()
        .map(|event| event["message"].as_str().unwrap())
        .collect();
    assert_eq!(lines, ["first", "TOKEN=s3cret"]);

    let more = json!({"secrets": secret("nothing")});
    let app = container("app", &image, &["print"], more);
    let task = yard.run("lacks", json!([app])).await;
    let ended = yard.stopped(&task).await;
    assert_eq!(ended["stopCode"], "TaskFailedToStart");
    let reason = ended["stoppedReason"].as_str().unwrap();
    assert!(
        reason.starts_with("ResourceInitializationError: "),
        "{reason}"
    );
    yard.close().await;
}
