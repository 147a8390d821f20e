//! Who calls: roles, session names, credentials, and secrets, against the simulator.

mod common;

use aws_sim::iam::{Role, Trust};
use aws_sim::seed::{AccountSeed, RegionSeed, Seed};
use common::{PROD, STAGING, config, job, open, place};
use shipway_domain::spec::SecretSource;
use shipway_plugin::{ErrorKind, Platform, Session};
use shipway_plugin_ecs::EcsPlatform;

/// Staging, whose role asks for an external id, and prod, whose role trusts nobody we are.
async fn simulator() -> aws_sim::Sim {
    let sim = aws_sim::start(aws_sim::SimConfig::default())
        .await
        .expect("a simulator");
    let role = |trust| Role {
        trust,
        ..Role::open("shipway-deploy")
    };
    let ours = Trust {
        external_id: Some("our-word".to_owned()),
        ..Trust::default()
    };
    let theirs = Trust {
        principals: vec!["999999999999".to_owned()],
        external_id: None,
    };
    let mut region = RegionSeed {
        name: "eu-west-1".to_owned(),
        ..RegionSeed::default()
    };
    region
        .secrets
        .insert("npm".to_owned(), "token-1".to_owned());
    region
        .parameters
        .insert("/build/key".to_owned(), "token-2".to_owned());
    let account = |id: &str, role, regions| AccountSeed {
        id: id.to_owned(),
        roles: vec![role],
        regions,
        ..AccountSeed::default()
    };
    let accounts = vec![
        account(STAGING, role(ours), vec![region]),
        account(PROD, role(theirs), vec![]),
    ];
    sim.seed(&Seed { accounts }).expect("seeded");
    sim
}

#[tokio::test]
async fn sessions_are_named_after_job_or_agent_and_assumed_once() {
    let sim = simulator().await;
    let platform = EcsPlatform::new(config(&sim.url())).expect("a platform");
    let place = place(STAGING);
    for (session, name) in [
        (job(), "shipway-1000.2-1"),
        (Session::Agent, "shipway-agent-a"),
    ] {
        let region = platform.open(&place, &session).await.expect("a handle");
        let caller = region.caller().await.expect("a caller");
        assert_eq!(caller.account, STAGING);
        assert_eq!(
            caller.arn,
            format!("arn:aws:sts::{STAGING}:assumed-role/shipway-deploy/{name}")
        );
        let again = platform.open(&place, &session).await.expect("a handle");
        again.caller().await.expect("a caller");
    }
    let calls = sim.calls(0.0);
    let assumed = calls
        .iter()
        .filter(|call| call.action == "AssumeRole")
        .count();
    assert_eq!(assumed, 2, "one per session: {calls:#?}");
}

#[tokio::test]
async fn a_role_that_does_not_trust_us_is_a_denial_of_assume_role() {
    let sim = simulator().await;
    let region = open(config(&sim.url()), PROD, &job()).await;
    let error = region.caller().await.expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    assert_eq!(error.call, "sts:AssumeRole");
    assert_eq!(error.code, "AccessDenied");
    assert!(!error.request_id.is_empty());

    let mut wrong = config(&sim.url());
    wrong.accounts[0].external_id = Some("another-word".to_owned());
    let region = open(wrong, STAGING, &job()).await;
    let error = region.caller().await.expect_err("refused");
    assert_eq!(
        (error.kind, error.call.as_str()),
        (ErrorKind::Denied, "sts:AssumeRole")
    );
}

#[tokio::test]
async fn an_account_or_region_that_is_not_ours_is_not_opened() {
    let platform = EcsPlatform::new(config("http://127.0.0.1:1")).expect("a platform");
    let mut elsewhere = place(STAGING);
    elsewhere.region = "us-east-1".parse().expect("a region");
    for place in [place("999999999999"), elsewhere] {
        let Err(error) = platform.open(&place, &job()).await else {
            panic!("{place:?} was opened");
        };
        assert_eq!(error.kind, ErrorKind::Credentials);
    }
}

#[tokio::test]
async fn secrets_come_from_either_store() {
    let sim = simulator().await;
    let region = open(config(&sim.url()), STAGING, &job()).await;
    let npm = SecretSource::SecretsManager("npm".to_owned());
    assert_eq!(
        region.secret(&npm).await.expect("a secret").expose(),
        b"token-1"
    );
    let key = SecretSource::Ssm("/build/key".to_owned());
    assert_eq!(
        region.secret(&key).await.expect("a secret").expose(),
        b"token-2"
    );
    for missing in [
        SecretSource::SecretsManager("x".to_owned()),
        SecretSource::Ssm("/x".to_owned()),
    ] {
        let error = region.secret(&missing).await.expect_err("there is none");
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    }
    let env = SecretSource::Env("HOME".to_owned());
    assert_eq!(
        region.secret(&env).await.expect_err("not ours").kind,
        ErrorKind::Invalid
    );
    let calls = sim.calls(0.0);
    let read = calls
        .iter()
        .find(|call| call.action == "GetSecretValue")
        .expect("a call");
    let session = "assumed-role/shipway-deploy/shipway-1000.2-1";
    assert!(
        read.principal
            .as_deref()
            .is_some_and(|who| who.ends_with(session)),
        "{read:?}"
    );
}
