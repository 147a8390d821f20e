//! What IAM tells about roles: who may become them, and what they may do.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;

use hello::{Hello, definition};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Answer, Keys, PROD, STAGING};

/// Statements of a policy.
fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

async fn seed(hello: &Hello, account: Value) -> Answer {
    let seed = json!({"accounts": [account]});
    hello.world.control(Method::POST, "/_sim/seed", seed).await
}

async fn iam(hello: &Hello, caller: impl Into<Keys>, form: &str) -> Answer {
    let form = format!("Version=2010-05-08&{form}");
    hello.world.sts(caller, &form).await
}

async fn role(hello: &Hello, name: &str) -> Answer {
    iam(hello, STAGING, &format!("Action=GetRole&RoleName={name}")).await
}

/// The form of SimulatePrincipalPolicy for a role of `staging`.
fn simulation(role: &str, actions: &[&str], more: &str) -> String {
    let mut form = format!(
        "Action=SimulatePrincipalPolicy&PolicySourceArn=arn:aws:iam::{STAGING}:role/{role}{more}"
    );
    for (index, action) in actions.iter().enumerate() {
        form += &format!("&ActionNames.member.{}={action}", index + 1);
    }
    form
}

/// The decisions of an answer, in their order.
fn decisions(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    assert_eq!(answer.status, StatusCode::OK, "{text}");
    let parts = text.split("<EvalDecision>").skip(1);
    parts
        .map(|part| part.split_once("</EvalDecision>").unwrap().0.to_owned())
        .collect()
}

/// A document as it comes in an answer.
fn decoded(text: &str) -> Value {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let hex = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_role_is_shown_as_it_was_seeded() {
    let hello = Hello::new().await;
    let trust = policy(json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"}}));
    let roles = json!([
        {"name": "execution", "path": "/service-role/", "trust_policy": trust, "max_session_seconds": 7200},
        {"name": "deploy", "trust": {"principals": [PROD], "external_id": "s3cret"}},
    ]);
    seed(&hello, json!({"id": STAGING, "roles": roles}))
        .await
        .ok();
    let shown = role(&hello, "execution").await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    let arn = format!("arn:aws:iam::{STAGING}:role/service-role/execution");
    assert_eq!(shown.xml("Arn"), arn);
    assert_eq!(shown.xml("Path"), "/service-role/");
    assert_eq!(shown.xml("RoleName"), "execution");
    assert_eq!(shown.xml("MaxSessionDuration"), "7200");
    assert!(shown.xml("RoleId").starts_with("AROA"));
    assert_eq!(decoded(&shown.xml("AssumeRolePolicyDocument")), trust);

    let shown = role(&hello, "deploy").await;
    let document = decoded(&shown.xml("AssumeRolePolicyDocument"));
    let statement = &document["Statement"][0];
    let root = format!("arn:aws:iam::{PROD}:root");
    assert_eq!(statement["Principal"], json!({"AWS": [root]}));
    let condition = json!({"StringEquals": {"sts:ExternalId": "s3cret"}});
    assert_eq!(statement["Condition"], condition);
    // A service that is trusted makes nobody a caller.
    let form = format!(
        "Action=AssumeRole&RoleSessionName=test&RoleArn=arn:aws:iam::{STAGING}:role/execution"
    );
    let refused = hello.world.sts(STAGING, &form).await;
    assert_eq!(refused.xml("Code"), "AccessDenied");
    for path in ["service-role/", "/service-role", ""] {
        let roles = json!([{"name": "odd", "path": path}]);
        let refused = seed(&hello, json!({"id": STAGING, "roles": roles})).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn policies_of_a_role_decide_what_is_simulated() {
    let hello = Hello::new().await;
    let secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:npm";
    let policies = [
        policy(json!([
            {"Effect": "Allow", "Action": ["ecr:*", "secretsmanager:GetSecretValue"], "Resource": "*"},
            {"Effect": "Deny", "Action": "secretsmanager:*", "Resource": format!("{secret}/prod*")},
        ])),
        policy(
            json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}),
        ),
    ];
    let roles = json!([{"name": "execution", "path": "/app/", "policies": policies}]);
    seed(&hello, json!({"id": STAGING, "roles": roles}))
        .await
        .ok();
    let actions = [
        "ecr:BatchGetImage",
        "logs:PutLogEvents",
        "secretsmanager:GetSecretValue",
    ];
    let resources =
        format!("&ResourceArns.member.1={secret}/dev&ResourceArns.member.2={secret}/prod-1");
    let answer = iam(
        &hello,
        STAGING,
        &simulation("app/execution", &actions, &resources),
    )
    .await;
    let (yes, no) = ("allowed", "implicitDeny");
    assert_eq!(decisions(&answer), [yes, yes, no, no, yes, "explicitDeny"]);
    assert_eq!(answer.xml("EvalActionName"), "ecr:BatchGetImage");
    assert_eq!(answer.xml("EvalResourceName"), format!("{secret}/dev"));
    assert_eq!(answer.xml("IsTruncated"), "false");
    // Without a resource it is about all.
    let answer = iam(&hello, STAGING, &simulation("app/execution", &actions, "")).await;
    assert_eq!(decisions(&answer), [yes, no, yes]);
    assert_eq!(answer.xml("EvalResourceName"), "*");

    for (service, expected) in [("ecs-tasks.amazonaws.com", yes), ("ec2.amazonaws.com", no)] {
        let context = format!(
            "&ContextEntries.member.1.ContextKeyName=iam:PassedToService&\
             ContextEntries.member.1.ContextKeyType=string&\
             ContextEntries.member.1.ContextKeyValues.member.1={service}"
        );
        let form = simulation("app/execution", &["iam:PassRole"], &context);
        let answer = iam(&hello, STAGING, &form).await;
        assert_eq!(decisions(&answer), [expected], "{service}");
    }
    let more = policy(json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})).to_string();
    let more = format!("&PolicyInputList.member.1={}", more.replace('"', "%22"));
    let form = simulation("app/execution", &["logs:PutLogEvents"], &more);
    assert_eq!(decisions(&iam(&hello, STAGING, &form).await), [yes]);
}

#[tokio::test]
async fn results_come_in_pages() {
    let hello = Hello::new().await;
    let actions = ["ecs:RunTask", "ecs:StopTask", "ecs:ListTasks"];
    let first = simulation("any", &actions, "&MaxItems=2");
    let answer = iam(&hello, STAGING, &first).await;
    assert_eq!(decisions(&answer).len(), 2);
    assert_eq!(answer.xml("IsTruncated"), "true");
    let marker = answer.xml("Marker").replace('=', "%3D");
    let rest = iam(&hello, STAGING, &format!("{first}&Marker={marker}")).await;
    assert_eq!(decisions(&rest).len(), 1);
    assert_eq!(rest.xml("EvalActionName"), "ecs:ListTasks");
    assert_eq!(rest.xml("IsTruncated"), "false");
}

#[tokio::test]
async fn roles_that_nobody_seeded_are_there_unless_the_seed_says_that_it_has_all() {
    let hello = Hello::new().await;
    let arn = format!("arn:aws:iam::{STAGING}:role/team/tasks");
    let mut named = definition("app:1");
    named["executionRoleArn"] = arn.clone().into();
    hello.ecs("RegisterTaskDefinition", named).await;
    let open = role(&hello, "tasks").await;
    assert_eq!(open.xml("Arn"), arn);
    let trust = decoded(&open.xml("AssumeRolePolicyDocument"));
    assert_eq!(
        trust["Statement"][0]["Principal"]["Service"],
        "ecs-tasks.amazonaws.com"
    );
    assert_eq!(
        role(&hello, "tasks").await.xml("RoleId"),
        open.xml("RoleId")
    );
    assert_eq!(role(&hello, "other").await.xml("Path"), "/");
    let form = simulation("team/tasks", &["ecr:BatchGetImage"], "");
    assert_eq!(decisions(&iam(&hello, STAGING, &form).await), ["allowed"]);

    let complete = json!({"id": STAGING, "roles_are_complete": true});
    seed(&hello, complete).await.ok();
    for form in [
        "Action=GetRole&RoleName=tasks".to_owned(),
        form,
        // It has no path.
        simulation("other/shipway-deploy", &["ecr:BatchGetImage"], ""),
    ] {
        let answer = iam(&hello, STAGING, &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{form}");
        assert_eq!(answer.xml("Code"), "NoSuchEntity", "{form}");
    }
    let listed = role(&hello, "shipway-deploy").await;
    assert_eq!(listed.status, StatusCode::OK);
    let elsewhere = iam(&hello, PROD, "Action=GetRole&RoleName=tasks").await;
    assert_eq!(elsewhere.status, StatusCode::OK);
    // What tasks may do is not changed by it.
    hello.deploy("app:2").await;
    let open = json!({"id": STAGING, "roles_are_complete": false});
    seed(&hello, open).await.ok();
    assert_eq!(role(&hello, "tasks").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let hello = Hello::new().await;
    let simulate = "Action=SimulatePrincipalPolicy&PolicySourceArn=";
    let one = "&ActionNames.member.1=ecs:RunTask";
    let ours = format!("arn:aws:iam::{STAGING}:");
    let deploy = format!("{simulate}{ours}role/shipway-deploy");
    for (form, status, code) in [
        ("Action=GetRole".to_owned(), 400, "ValidationError"),
        (
            "Action=GetRole&RoleName=a%2Fb".to_owned(),
            400,
            "ValidationError",
        ),
        (
            format!("Action=GetRole&RoleName={}", "a".repeat(65)),
            400,
            "ValidationError",
        ),
        (
            format!("Action=SimulatePrincipalPolicy{one}"),
            400,
            "ValidationError",
        ),
        (deploy.clone(), 400, "ValidationError"),
        (
            format!("{deploy}&ActionNames.member.1=ecs:*"),
            400,
            "InvalidInput",
        ),
        (
            format!("{deploy}&ActionNames.member.1=RunTask"),
            400,
            "InvalidInput",
        ),
        (format!("{deploy}{one}&MaxItems=0"), 400, "ValidationError"),
        (
            format!("{deploy}{one}&MaxItems=1001"),
            400,
            "ValidationError",
        ),
        (format!("{deploy}{one}&Marker=x"), 400, "InvalidInput"),
        (
            format!("{deploy}{one}&ResourcePolicy=x"),
            400,
            "InvalidInput",
        ),
        (
            format!("{deploy}{one}&PolicyInputList.member.1=x"),
            400,
            "InvalidInput",
        ),
        (
            format!("{deploy}{one}&PolicyInputList.member.1=%7B%7D"),
            400,
            "InvalidInput",
        ),
        (
            format!("{deploy}{one}&ContextEntries.member.1.ContextKeyType=word"),
            400,
            "ValidationError",
        ),
        (format!("{simulate}{ours}root{one}"), 400, "InvalidInput"),
        (
            format!("{simulate}arn:aws:sts::{STAGING}:assumed-role/a/b{one}"),
            400,
            "InvalidInput",
        ),
        (format!("{simulate}{ours}user/me{one}"), 404, "NoSuchEntity"),
        (
            format!("{simulate}arn:aws:iam::{PROD}:role/shipway-deploy{one}"),
            403,
            "AccessDenied",
        ),
        ("Action=ListRoles".to_owned(), 400, "InvalidAction"),
    ] {
        let answer = iam(&hello, STAGING, &form).await;
        assert_eq!(answer.status, status, "{form}: {}", answer.text());
        assert_eq!(answer.xml("Code"), code, "{form}");
    }
}

#[tokio::test]
async fn callers_need_the_permission_for_the_role_that_they_ask_about() {
    let hello = Hello::new().await;
    let ours = format!("arn:aws:iam::{STAGING}:role/app/*");
    let roles = json!([
        {"name": "blind", "allow": ["ecs:*"]},
        {"name": "sees", "allow": [format!("iam:GetRole {ours}"), format!("iam:SimulatePrincipalPolicy {ours}")]},
        {"name": "tasks", "path": "/app/"},
    ]);
    seed(&hello, json!({"id": STAGING, "roles": roles}))
        .await
        .ok();
    let blind = hello.world.assume(STAGING, STAGING, "blind").await;
    let sees = hello.world.assume(STAGING, STAGING, "sees").await;
    let simulate = |role: &str| simulation(role, &["ecr:BatchGetImage"], "");
    for (caller, form, fine) in [
        (&blind, "Action=GetRole&RoleName=tasks".to_owned(), false),
        (&blind, simulate("app/tasks"), false),
        (&sees, "Action=GetRole&RoleName=tasks".to_owned(), true),
        (&sees, simulate("app/tasks"), true),
        (&sees, "Action=GetRole&RoleName=blind".to_owned(), false),
        (&sees, simulate("blind"), false),
    ] {
        let answer = iam(&hello, caller.clone(), &form).await;
        assert_eq!(
            answer.status.is_success(),
            fine,
            "{form}: {}",
            answer.text()
        );
        if !fine {
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
            assert_eq!(answer.xml("Code"), "AccessDenied", "{form}");
            let message = answer.xml("Message");
            assert!(
                message.contains("is not authorized to perform: iam:"),
                "{message}"
            );
        }
    }
}
