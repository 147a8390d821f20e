//! What a session carries: policies, tags, a source identity; and the calls of STS beside AssumeRole.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use std::time::Duration;

use aws_sim::seed::Seed;
use http::StatusCode;
use serde_json::json;
use support::{Answer, Keys, STAGING, TOOLS, World};

const ROLE: &str =
    "Action=AssumeRole&RoleSessionName=job&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2F";

async fn with_roles() -> World {
    let trust = |actions: &[&str]| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"AWS": TOOLS}, "Action": actions,
            "Condition": {"StringLike": {"sts:RoleSessionName": "job*"}}}]})
    };
    let seed: Seed = serde_json::from_value(json!({"accounts": [
        {"id": STAGING, "roles": [
            {"name": "open", "trust": {"principals": ["*"]}},
            {"name": "next", "trust": {"principals": ["*"]}, "max_session_seconds": 43200},
            {"name": "plain", "trust_policy": trust(&["sts:AssumeRole"])},
            {"name": "tagged", "trust_policy":
                trust(&["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])},
        ]},
        {"id": TOOLS, "roles": [
            {"name": "agent", "allow": ["sts:AssumeRole arn:aws:iam::111111111111:role/tag*"]},
        ]},
    ]}))
    .unwrap();
    World::seeded(&seed).await
}

fn keys(answer: &Answer) -> Keys {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    Keys {
        id: answer.xml("AccessKeyId"),
        token: Some(answer.xml("SessionToken")),
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn tags_and_a_source_identity_need_to_be_trusted() {
    let world = with_roles().await;
    let tag = "&Tags.member.1.Key=team&Tags.member.1.Value=web";
    let source = "&SourceIdentity=alice";
    for (role, more, fine) in [
        ("plain", "", true),
        ("plain", tag, false),
        ("plain", source, false),
        ("tagged", tag, true),
        ("tagged", source, true),
    ] {
        let answer = world.sts(TOOLS, &format!("{ROLE}{role}{more}")).await;
        assert_eq!(answer.status.is_success(), fine, "{role} {more}");
        if !fine {
            assert_eq!(answer.xml("Code"), "AccessDenied");
            let action = if more == tag {
                "sts:TagSession"
            } else {
                "sts:SetSourceIdentity"
            };
            assert!(answer.xml("Message").contains(action), "{}", answer.text());
        }
    }
    let other_name = format!("{ROLE}plain").replace("=job", "=other");
    let answer = world.sts(TOOLS, &other_name).await;
    assert_eq!(answer.xml("Code"), "AccessDenied");
}

#[tokio::test]
async fn a_callers_own_policy_must_allow_the_role_and_the_tags() {
    let world = with_roles().await;
    let agent = world.assume(TOOLS, TOOLS, "agent").await;
    let fine = world.sts(agent.clone(), &format!("{ROLE}tagged")).await;
    assert_eq!(fine.status, StatusCode::OK, "{}", fine.text());
    for form in [
        format!("{ROLE}open"),
        format!("{ROLE}tagged&Tags.member.1.Key=team&Tags.member.1.Value=web"),
    ] {
        let answer = world.sts(agent.clone(), &form).await;
        assert_eq!(answer.xml("Code"), "AccessDenied", "{form}");
    }
}

#[tokio::test]
async fn a_source_identity_sticks_through_chains() {
    let world = with_roles().await;
    let first = world
        .sts(TOOLS, &format!("{ROLE}open&SourceIdentity=alice"))
        .await;
    assert_eq!(first.xml("SourceIdentity"), "alice");
    let chained = world.sts(keys(&first), &format!("{ROLE}next")).await;
    assert_eq!(chained.xml("SourceIdentity"), "alice");
    let other = format!("{ROLE}next&SourceIdentity=bob");
    let answer = world.sts(keys(&chained), &other).await;
    assert_eq!(answer.xml("Code"), "AccessDenied");
    let long = world
        .sts(keys(&first), &format!("{ROLE}next&DurationSeconds=3601"))
        .await;
    assert_eq!(long.xml("Code"), "ValidationError");
    assert!(
        long.xml("Message")
            .contains("1 hour session limit for roles assumed by role chaining")
    );
}

#[tokio::test]
async fn transitive_tags_are_inherited_and_cannot_be_passed_again() {
    let world = with_roles().await;
    let tag = "&Tags.member.1.Key=team&Tags.member.1.Value=web&TransitiveTagKeys.member.1=team";
    let first = world.sts(TOOLS, &format!("{ROLE}open{tag}")).await;
    let second = world.sts(keys(&first), &format!("{ROLE}next")).await;
    let again = format!("{ROLE}next&Tags.member.1.Key=team&Tags.member.1.Value=other");
    let answer = world.sts(keys(&second), &again).await;
    assert_eq!(answer.xml("Code"), "InvalidParameterValue");
    assert!(answer.xml("Message").contains("transitive tag key"));
}

#[tokio::test]
async fn a_session_policy_only_takes_away() {
    let world = with_roles().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ecr:Describe*", "sts:*"], "Resource": "*"}]});
    let form = format!("{ROLE}open&Policy={}", encoded(&policy.to_string()));
    let answer = world.sts(TOOLS, &form).await;
    let percent: u32 = answer.xml("PackedPolicySize").parse().unwrap();
    assert!((1..10).contains(&percent), "{percent}");
    let limited = keys(&answer);
    world
        .ecr(limited.clone(), "DescribeRepositories", json!({}))
        .await
        .ok();
    let refused = world.ecr(
        limited,
        "CreateRepository",
        json!({"repositoryName": "app"}),
    );
    let refused = refused.await;
    assert_eq!(refused.error(), "AccessDeniedException");
    assert!(
        refused.text().contains("no session policy allows"),
        "{}",
        refused.text()
    );

    for (policy, code) in [
        ("{", "MalformedPolicyDocument"),
        (
            r#"{"Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}"#,
            "MalformedPolicyDocument",
        ),
        (&"x".repeat(2049), "ValidationError"),
    ] {
        let form = format!("{ROLE}open&Policy={}", encoded(policy));
        assert_eq!(world.sts(TOOLS, &form).await.xml("Code"), code, "{policy}");
    }
}

#[tokio::test]
async fn limits_of_tags_and_policies_hold() {
    let world = with_roles().await;
    let many = |count: usize, value: &str| {
        (1..=count).fold(String::new(), |form, index| {
            form + &format!("&Tags.member.{index}.Key=k{index}&Tags.member.{index}.Value={value}")
        })
    };
    let arns = (1..=11).fold(String::new(), |form, index| {
        form + &format!("&PolicyArns.member.{index}.arn=arn:aws:iam::aws:policy/Some")
    });
    for (more, code) in [
        (many(51, "v"), "ValidationError"),
        (many(1, &"v".repeat(257)), "ValidationError"),
        (many(40, &"v".repeat(250)), "PackedPolicyTooLarge"),
        (
            "&Tags.member.1.Key=aws:x&Tags.member.1.Value=v".to_owned(),
            "ValidationError",
        ),
        (
            many(1, "v") + "&Tags.member.2.Key=K1&Tags.member.2.Value=v",
            "InvalidParameterValue",
        ),
        (
            "&TransitiveTagKeys.member.1=team".to_owned(),
            "InvalidParameterValue",
        ),
        (arns, "ValidationError"),
        ("&SourceIdentity=a".to_owned(), "ValidationError"),
        ("&SourceIdentity=with%20space".to_owned(), "ValidationError"),
        ("&ExternalId=x".to_owned(), "ValidationError"),
        (
            "&SerialNumber=arn:aws:iam::1:mfa/x&TokenCode=123456".to_owned(),
            "AccessDenied",
        ),
    ] {
        let answer = world.sts(TOOLS, &format!("{ROLE}open{more}")).await;
        assert_eq!(answer.xml("Code"), code, "{more}");
    }
}

#[tokio::test]
async fn session_tokens_act_as_their_account_until_they_end() {
    let world = with_roles().await;
    let answer = world
        .sts(TOOLS, "Action=GetSessionToken&DurationSeconds=900")
        .await;
    let session = keys(&answer);
    let who = world.sts(session.clone(), "Action=GetCallerIdentity").await;
    assert_eq!(who.xml("Arn"), "arn:aws:iam::000000000000:root");
    let key = format!("Action=GetAccessKeyInfo&AccessKeyId={}", session.id);
    assert_eq!(world.sts(STAGING, &key).await.xml("Account"), TOOLS);
    let unknown = world
        .sts(
            STAGING,
            "Action=GetAccessKeyInfo&AccessKeyId=AKIAAAAAAAAAAAAAAAAA",
        )
        .await;
    assert_eq!(unknown.xml("Code"), "InvalidClientTokenId");
    world.sim.clock().advance(Duration::from_secs(901));
    let late = world.sts(session, "Action=GetCallerIdentity").await;
    assert_eq!(late.xml("Code"), "ExpiredToken");

    let role = world.assume(TOOLS, STAGING, "open").await;
    let refused = world.sts(role, "Action=GetSessionToken").await;
    assert_eq!(refused.xml("Code"), "AccessDenied");
    let long = world
        .sts(TOOLS, "Action=GetSessionToken&DurationSeconds=129601")
        .await;
    assert_eq!(long.xml("Code"), "ValidationError");
}
