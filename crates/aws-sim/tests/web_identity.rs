//! Becoming a role with a token of an identity provider.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use aws_sim::seed::Seed;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Answer, Keys, STAGING, World, request, send};

const ISSUER: &str = "token.actions.githubusercontent.com";
const MAIN: &str = "repo:acme/hello:ref:refs/heads/main";

async fn with_provider(more: Value) -> World {
    let mut provider =
        json!({"url": format!("https://{ISSUER}"), "audiences": ["sts.amazonaws.com"]});
    for (name, value) in more.as_object().unwrap() {
        provider[name] = value.clone();
    }
    let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": format!("arn:aws:iam::{STAGING}:oidc-provider/{ISSUER}")},
        "Condition": {
            "StringEquals": {format!("{ISSUER}:aud"): "sts.amazonaws.com"},
            "StringLike": {format!("{ISSUER}:sub"): "repo:acme/hello:*"}}}]});
    let seed: Seed = serde_json::from_value(json!({"accounts": [{
        "id": STAGING,
        "identity_providers": [provider],
        "roles": [{"name": "ci", "trust_policy": trust}, {"name": "next"}],
    }]}))
    .unwrap();
    World::seeded(&seed).await
}

fn claims(world: &World) -> Value {
    let now = world.sim.clock().now().epoch_seconds();
    json!({"iss": format!("https://{ISSUER}"), "aud": "sts.amazonaws.com", "sub": MAIN,
        "exp": now + 300.0})
}

fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "RS256", "typ": "JWT"});
    format!("{}.{}.c2lnbmF0dXJl", part(&header), part(claims))
}

/// A call without credentials.
async fn assume(world: &World, token: &str) -> Answer {
    let form = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=run-1&\
         RoleArn=arn:aws:iam::{STAGING}:role/ci&WebIdentityToken={token}"
    );
    let host = world.host();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    send(&host, request(Method::POST, &host, "/", &headers, form)).await
}

#[tokio::test]
async fn a_token_of_a_trusted_provider_makes_a_session() {
    let world = with_provider(json!({})).await;
    let answer = assume(&world, &token(&claims(&world))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.xml("SubjectFromWebIdentityToken"), MAIN);
    assert_eq!(answer.xml("Audience"), "sts.amazonaws.com");
    let keys = Keys {
        id: answer.xml("AccessKeyId"),
        token: Some(answer.xml("SessionToken")),
    };
    let who = world.sts(keys.clone(), "Action=GetCallerIdentity").await;
    assert!(who.xml("Arn").ends_with(":assumed-role/ci/run-1"));
    let chained = format!(
        "Action=AssumeRole&RoleSessionName=job&DurationSeconds=7200&\
         RoleArn=arn:aws:iam::{STAGING}:role/next"
    );
    let chained = world.sts(keys, &chained).await;
    assert!(
        chained.xml("Message").contains("role chaining"),
        "{}",
        chained.text()
    );
}

#[tokio::test]
async fn what_a_token_claims_decides() {
    let world = with_provider(json!({"rejects": ["*:pull_request"]})).await;
    let past = world.sim.clock().now().epoch_seconds() - 1.0;
    for (claim, value, code, status) in [
        (
            "sub",
            json!("repo:other/hello:ref:refs/heads/main"),
            "AccessDenied",
            403,
        ),
        (
            "sub",
            json!("repo:acme/hello:pull_request"),
            "IDPRejectedClaim",
            403,
        ),
        ("aud", json!("other"), "InvalidIdentityToken", 400),
        ("aud", json!(["sts.amazonaws.com"]), "", 200),
        (
            "iss",
            json!("https://example.com"),
            "InvalidIdentityToken",
            400,
        ),
        ("exp", json!(past), "ExpiredTokenException", 400),
        ("exp", json!("soon"), "InvalidIdentityToken", 400),
    ] {
        let mut claims = claims(&world);
        claims[claim] = value.clone();
        let answer = assume(&world, &token(&claims)).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{claim}: {value}: {}",
            answer.text()
        );
        if status != 200 {
            assert_eq!(answer.xml("Code"), code, "{claim}: {value}");
        }
    }
    for text in ["nonsense", "aa.b", "a.b.c", "....", "e30.e30.x"] {
        let answer = assume(&world, text).await;
        assert_eq!(answer.xml("Code"), "InvalidIdentityToken", "{text}");
    }
    assert_eq!(assume(&world, "x").await.xml("Code"), "ValidationError");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_said_to() {
    let world = with_provider(json!({"unreachable": true})).await;
    let answer = assume(&world, &token(&claims(&world))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.xml("Code"), "IDPCommunicationError");
}
