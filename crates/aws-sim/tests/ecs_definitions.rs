//! Task definitions over the wire.

#[path = "support/hello.rs"]
mod hello;
mod support;

use hello::{CLUSTER, Hello, SERVICE, definition, text};
use serde_json::{Value, json};
use support::{PROD, REGION, STAGING};

/// The members that are only for describing (ecs-facts 6.1).
const DESCRIBE_ONLY: [&str; 6] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
];

#[tokio::test]
async fn unknown_members_survive_and_a_described_definition_can_be_registered_again() {
    let hello = Hello::new().await;
    let mut input = definition("app:1");
    input["novelty"] = json!({"deep": [1, 2.5, null]});
    input["containerDefinitions"][0]["novelty"] = json!("kept");
    input["cpu"] = ".25 vCPU".into();
    input["memory"] = "1GB".into();
    input["tags"] = json!([{"key": "release", "value": "r1"}]);
    let first = hello.ecs("RegisterTaskDefinition", input.clone()).await;
    assert_eq!(first["tags"], input["tags"]);
    let mut body = first["taskDefinition"].clone();
    assert_eq!(body["novelty"], input["novelty"]);
    assert_eq!(body["containerDefinitions"][0]["novelty"], "kept");
    assert_eq!(
        (&body["cpu"], &body["memory"]),
        (&json!("256"), &json!("1024"))
    );
    assert_eq!(body["containerDefinitions"][0]["essential"], true);
    assert_eq!(body["compatibilities"], json!(["EC2", "FARGATE"]));
    for member in DESCRIBE_ONLY {
        assert!(body.get(member).is_some(), "{member}");
    }
    let again = hello.ecs("RegisterTaskDefinition", body.clone()).await["taskDefinition"].clone();
    assert_eq!(again["revision"], 3);
    for member in DESCRIBE_ONLY {
        body[member] = again[member].clone();
    }
    assert_eq!(
        again, body,
        "what is only for describing is not taken from the input"
    );
}

#[tokio::test]
async fn a_definition_is_found_by_family_revision_and_arn() {
    let hello = Hello::new().await;
    let arn = hello.register("app:2").await;
    assert_eq!(
        arn,
        format!("arn:aws:ecs:{REGION}:{STAGING}:task-definition/hello:2")
    );
    for name in ["hello", "hello:2", &arn] {
        let input = json!({"taskDefinition": name, "include": ["TAGS"]});
        let answer = hello.ecs("DescribeTaskDefinition", input).await;
        assert_eq!(
            answer["taskDefinition"]["taskDefinitionArn"],
            arn.as_str(),
            "{name}"
        );
        assert_eq!(answer["tags"], json!([]));
    }
    let plain = hello
        .ecs("DescribeTaskDefinition", json!({"taskDefinition": "hello"}))
        .await;
    assert!(plain.get("tags").is_none());
    let foreign = arn.replace(STAGING, PROD);
    for name in ["none", "hello:9", "hello:x", &foreign] {
        let input = json!({"taskDefinition": name});
        assert_eq!(
            hello.refused("DescribeTaskDefinition", input).await,
            "ClientException"
        );
    }
}

#[tokio::test]
async fn an_inactive_revision_stays_readable_and_cannot_be_chosen() {
    let hello = Hello::new().await;
    let arn = hello.register("app:2").await;
    let gone = hello
        .ecs("DeregisterTaskDefinition", json!({"taskDefinition": arn}))
        .await;
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
    assert!(gone["taskDefinition"]["deregisteredAt"].is_number());
    let latest = hello
        .ecs("DescribeTaskDefinition", json!({"taskDefinition": "hello"}))
        .await;
    assert_eq!(latest["taskDefinition"]["revision"], 1);
    let update = json!({"cluster": CLUSTER, "service": SERVICE, "taskDefinition": arn});
    assert_eq!(
        hello.refused("UpdateService", update).await,
        "ClientException"
    );
    let run = json!({"cluster": CLUSTER, "taskDefinition": arn});
    assert_eq!(hello.refused("RunTask", run).await, "ClientException");
    assert!(
        hello.register("app:3").await.ends_with(":3"),
        "numbers are not used again"
    );
}

#[tokio::test]
async fn a_service_goes_on_with_a_revision_that_was_deregistered() {
    let hello = Hello::new().await;
    hello
        .ecs(
            "DeregisterTaskDefinition",
            json!({"taskDefinition": "hello:1"}),
        )
        .await;
    let arn = hello.update(json!({"forceNewDeployment": true})).await;
    assert_eq!(hello.end_of(&arn).await["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn definitions_are_listed_by_family_status_and_page() {
    let hello = Hello::new().await;
    for tag in 2..=4 {
        hello.register(&format!("app:{tag}")).await;
    }
    hello
        .ecs(
            "DeregisterTaskDefinition",
            json!({"taskDefinition": "hello:2"}),
        )
        .await;
    let revisions = |answer: &Value| -> Vec<String> {
        let arns = answer["taskDefinitionArns"].as_array().unwrap().iter();
        arns.map(|arn| text(arn).rsplit(':').next().unwrap().to_owned())
            .collect()
    };
    let newest = json!({"familyPrefix": "hello", "sort": "DESC", "maxResults": 2});
    let newest = hello.ecs("ListTaskDefinitions", newest).await;
    assert_eq!(revisions(&newest), ["4", "3"]);
    let rest = json!({"familyPrefix": "hello", "sort": "DESC", "maxResults": 2,
        "nextToken": newest["nextToken"]});
    assert_eq!(
        revisions(&hello.ecs("ListTaskDefinitions", rest).await),
        ["1"]
    );
    let inactive = hello
        .ecs("ListTaskDefinitions", json!({"status": "INACTIVE"}))
        .await;
    assert_eq!(revisions(&inactive), ["2"]);
    let part = hello
        .ecs("ListTaskDefinitions", json!({"familyPrefix": "hel"}))
        .await;
    assert_eq!(
        revisions(&part),
        Vec::<String>::new(),
        "a family is named whole"
    );
    let families = hello
        .ecs("ListTaskDefinitionFamilies", json!({"familyPrefix": "hel"}))
        .await;
    assert_eq!(families["families"], json!(["hello"]));
    let wrong = json!({"sort": "UP"});
    assert_eq!(
        hello.refused("ListTaskDefinitions", wrong).await,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn impossible_definitions_are_refused() {
    let hello = Hello::new().await;
    let changed = |path: &str, value: Value| {
        let mut input = definition("app:1");
        *input.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        input
    };
    let second = json!({"name": "app", "image": "b"});
    let first = definition("app:1")["containerDefinitions"][0].clone();
    let wrong = [
        (changed("/cpu", json!("300")), "ClientException"),
        (changed("/memory", json!("4096")), "ClientException"),
        (changed("/networkMode", json!("bridge")), "ClientException"),
        (
            changed("/networkMode", json!("none of these")),
            "InvalidParameterException",
        ),
        (
            changed("/requiresCompatibilities", json!(["MOON"])),
            "InvalidParameterException",
        ),
        (changed("/family", json!("a b")), "ClientException"),
        (
            changed("/containerDefinitions", json!([])),
            "ClientException",
        ),
        (
            changed("/containerDefinitions", json!("x")),
            "SerializationException",
        ),
        (
            changed("/containerDefinitions", json!([first, second])),
            "ClientException",
        ),
        (
            changed("/containerDefinitions/0/image", json!("")),
            "ClientException",
        ),
        (
            changed("/family", json!("a".repeat(256))),
            "ClientException",
        ),
        (
            changed("/containerDefinitions/0/image", json!("x".repeat(70_000))),
            "ClientException",
        ),
        (
            json!({"containerDefinitions": []}),
            "InvalidParameterException",
        ),
    ];
    for (input, code) in wrong {
        let refused = hello.refused("RegisterTaskDefinition", input.clone()).await;
        assert_eq!(refused, code, "{input}");
    }
}

#[tokio::test]
async fn tags_of_what_is_not_there_are_refused_in_the_words_of_each_operation() {
    let hello = Hello::new().await;
    let missing = json!({"resourceArn": "arn:aws:ecs:eu-west-1:111111111111:service/main/missing",
        "tags": [{"key": "a", "value": "b"}]});
    let code = hello.refused("TagResource", missing.clone()).await;
    assert_eq!(code, "ResourceNotFoundException");
    let code = hello.refused("ListTagsForResource", missing).await;
    assert_eq!(code, "InvalidParameterException");
}

#[tokio::test]
async fn tags_are_put_on_replaced_and_taken_off() {
    let hello = Hello::new().await;
    let arn = hello.register("app:2").await;
    let tag = |key: &str, value: &str| json!([{"key": key, "value": value}]);
    for tags in [tag("a", "1"), tag("b", "2"), tag("a", "3")] {
        hello
            .ecs("TagResource", json!({"resourceArn": arn, "tags": tags}))
            .await;
    }
    hello
        .ecs(
            "UntagResource",
            json!({"resourceArn": arn, "tagKeys": ["b"]}),
        )
        .await;
    let listed = hello
        .ecs("ListTagsForResource", json!({"resourceArn": arn}))
        .await;
    assert_eq!(listed["tags"], tag("a", "3"));
    let reserved = json!({"resourceArn": arn, "tags": tag("aws:x", "1")});
    assert_eq!(
        hello.refused("TagResource", reserved).await,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn what_fargate_forbids_is_refused() {
    let hello = Hello::new().await;
    for (path, value) in [
        ("/ipcMode", json!("task")),
        ("/pidMode", json!("host")),
        ("/placementConstraints", json!([{"type": "memberOf"}])),
        ("/ephemeralStorage", json!({"sizeInGiB": 20})),
        ("/containerDefinitions/0/privileged", json!(true)),
        ("/containerDefinitions/0/links", json!(["other"])),
        ("/containerDefinitions/0/dnsServers", json!(["10.0.0.2"])),
        ("/containerDefinitions/0/stopTimeout", json!(121)),
        (
            "/containerDefinitions/0/resourceRequirements",
            json!([{"type": "GPU", "value": "1"}]),
        ),
        (
            "/containerDefinitions/0/logConfiguration",
            json!({"logDriver": "syslog"}),
        ),
        (
            "/containerDefinitions/0/linuxParameters",
            json!({"swappiness": 1}),
        ),
        (
            "/containerDefinitions/0/linuxParameters",
            json!({"capabilities": {"add": ["NET_ADMIN"]}}),
        ),
    ] {
        let mut input = definition("app:1");
        let (parent, member) = path.rsplit_once('/').unwrap();
        input.pointer_mut(parent).unwrap()[member] = value;
        let refused = hello.refused("RegisterTaskDefinition", input).await;
        assert_eq!(refused, "ClientException", "{path}");
    }
    let mut fine = definition("app:1");
    fine["pidMode"] = "task".into();
    fine["containerDefinitions"][0]["linuxParameters"] =
        json!({"capabilities": {"add": ["SYS_PTRACE"]}});
    hello.ecs("RegisterTaskDefinition", fine).await;
}

#[tokio::test]
async fn a_deleted_revision_is_gone_once_nothing_refers_to_it() {
    let hello = Hello::new().await;
    let used = json!({"taskDefinitions": ["hello:1"]});
    let active = hello.ecs("DeleteTaskDefinitions", used.clone()).await;
    assert!(text(&active["failures"][0]["reason"]).contains("ACTIVE"));
    let unused = hello.register("app:2").await;
    for name in ["hello:1", &unused] {
        let input = json!({"taskDefinition": name});
        hello.ecs("DeregisterTaskDefinition", input).await;
    }
    let both = json!({"taskDefinitions": ["hello:1", unused, "hello:9"]});
    let deleted = hello.ecs("DeleteTaskDefinitions", both).await;
    assert_eq!(
        deleted["taskDefinitions"][0]["status"],
        "DELETE_IN_PROGRESS"
    );
    assert!(deleted["taskDefinitions"][0]["deleteRequestedAt"].is_number());
    assert_eq!(deleted["failures"][0]["reason"], "MISSING");
    let listed = json!({"status": "DELETE_IN_PROGRESS"});
    let listed = hello.ecs("ListTaskDefinitions", listed).await;
    let listed = listed["taskDefinitionArns"].as_array().unwrap();
    assert_eq!(
        listed.len(),
        1,
        "the service refers to the first: {listed:?}"
    );
    let gone = hello.refused("DescribeTaskDefinition", json!({"taskDefinition": unused}));
    assert_eq!(gone.await, "ClientException");
    assert!(
        hello.register("app:3").await.ends_with(":3"),
        "numbers are not used again"
    );
    for wrong in [
        json!({}),
        json!({"taskDefinitions": []}),
        json!({"taskDefinitions": ["hello"]}),
    ] {
        let refused = hello.refused("DeleteTaskDefinitions", wrong).await;
        assert_eq!(refused, "InvalidParameterException");
    }
}

#[tokio::test]
async fn concurrent_registrations_are_refused_within_the_window_that_was_set() {
    let hello = Hello::new().await;
    let window = json!({"registration": 5});
    let set = hello
        .world
        .control(http::Method::PUT, "/_sim/ecs/phases", window);
    set.await.ok();
    hello.advance(5);
    hello.register("app:2").await;
    let input = definition("app:3");
    let answer = hello
        .world
        .ecs(STAGING, "RegisterTaskDefinition", input)
        .await;
    assert_eq!(answer.error(), "ClientException");
    assert!(
        answer
            .text()
            .contains("Too many concurrent attempts to create a new revision")
    );
    let mut other = definition("app:3");
    other["family"] = "other".into();
    hello.ecs("RegisterTaskDefinition", other).await;
    hello.advance(5);
    assert!(hello.register("app:3").await.ends_with(":3"));
}
