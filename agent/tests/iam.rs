//! The policies in `deploy/iam/` are JSON, and grant each call that the agent makes, and no more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What pushing and pulling by the registry protocol asks for (ecs-facts 9.4), and what goes with
/// tags of a task definition.
const BESIDE_CALLS: [&str; 5] = [
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecs:TagResource",
    "iam:PassRole",
];
/// Nobody needs a permission for it.
const FREE: &str = "sts:GetCallerIdentity";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn policy(name: &str) -> Value {
    let file = workspace().join("deploy/iam").join(name);
    let text = std::fs::read_to_string(&file).expect("the policy is there");
    serde_json::from_str(&text).expect("the policy is JSON")
}

fn statements(policy: &Value) -> &Vec<Value> {
    assert_eq!(policy["Version"], "2012-10-17");
    policy["Statement"].as_array().expect("statements")
}

fn texts(value: &Value) -> Vec<String> {
    let one = value.as_str().map(str::to_owned);
    let many = value.as_array().into_iter().flatten();
    let many = many.map(|item| item.as_str().expect("a text").to_owned());
    one.into_iter().chain(many).collect()
}

/// The calls as `crates/plugin-ecs/src/operation.rs` lists them: `ecs:UpdateService`.
fn calls() -> BTreeSet<String> {
    let file = workspace().join("crates/plugin-ecs/src/operation.rs");
    let text = std::fs::read_to_string(file).expect("the list of calls is there");
    let lines = text.lines().map(str::trim).filter(|line| {
        (line.starts_with("read ") || line.starts_with("mutation ")) && line.contains(" = \"")
    });
    lines
        .map(|line| {
            let mut quoted = line.split('"').skip(1).step_by(2);
            let service = quoted.next().expect("a service");
            format!("{service}:{}", quoted.next().expect("a name"))
        })
        .collect()
}

#[test]
fn the_policies_grant_what_the_agent_calls_and_no_more() {
    let mut granted = BTreeSet::new();
    for name in ["agent.json", "build.json", "deploy.json"] {
        for statement in statements(&policy(name)) {
            assert_eq!(statement["Effect"], "Allow", "{name}");
            granted.extend(texts(&statement["Action"]));
        }
    }
    let mut needed = calls();
    assert!(needed.len() > 20, "the list of calls was not understood");
    assert!(needed.remove(FREE), "{FREE} is called before each job");
    needed.extend(BESIDE_CALLS.map(str::to_owned));
    assert_eq!(granted, needed);
}

#[test]
fn changes_of_services_and_images_are_granted_on_named_resources_only() {
    for name in ["agent.json", "build.json", "deploy.json"] {
        for statement in statements(&policy(name)) {
            let everywhere = texts(&statement["Resource"]).iter().any(|r| r == "*");
            for action in texts(&statement["Action"]) {
                let (service, call) = action.split_once(':').expect("service:Action");
                let bound = call.starts_with("Put")
                    || [
                        "UpdateService",
                        "StopServiceDeployment",
                        "ContinueServiceDeployment",
                        "PassRole",
                    ]
                    .contains(&call)
                    || service == "sts"
                    || call == "GetSecretValue";
                assert!(
                    !(bound && everywhere),
                    "{action} is granted everywhere in {name}"
                );
            }
        }
    }
}

#[test]
fn the_trust_asks_for_an_external_id() {
    let trust = policy("trust.json");
    for statement in statements(&trust) {
        assert_eq!(statement["Action"], "sts:AssumeRole");
        let id = &statement["Condition"]["StringEquals"]["sts:ExternalId"];
        assert!(id.as_str().is_some_and(|id| id.len() >= 2), "{statement}");
    }
}
