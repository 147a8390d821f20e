//! Each account with its own role: the wrong one is refused before anything is written.

use shipway_agent::config::AccountSettings;
use shipway_dev::ACCOUNTS;
use shipway_plugin_ecs::EcsPlatform;
use shipway_tests::{App, Scaled, World, agent_in};

const STAGING: &str = ACCOUNTS[1].1;
const PROD: &str = ACCOUNTS[2].1;
const OTHER: &str = "333333333333";

#[tokio::test]
async fn each_account_is_changed_by_its_own_role_in_the_session_of_the_job() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop")
        .env("staging", STAGING, "")
        .env("prod", PROD, "");
    for env in ["staging", "prod"] {
        drop(world.cli(&app, &["deploy", env]).await.expect(0));
    }
    for account in [STAGING, PROD] {
        let update = world.calls(account, "UpdateService");
        assert_eq!(update.len(), 1);
        let principal = update[0].principal.clone().unwrap_or_default();
        let role = format!("arn:aws:sts::{account}:assumed-role/shipway-deploy/");
        assert!(principal.starts_with(&role), "{principal}");
    }
    world.stop().await;
}

#[tokio::test]
async fn credentials_of_another_account_are_refused_before_any_write() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop")
        .env("staging", STAGING, "")
        .env("other", OTHER, "");
    let live = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    // Says that it acts in one account, and holds the keys of another.
    let mut config = agent_in("agent-astray", OTHER);
    config.accounts[0].role_arn = None;
    let astray = world.agent(config).await;
    let before = writes(&world);
    let image = live.json()["image"]["reference"].clone();
    let image = image.as_str().expect("an image");
    let ran = world
        .cli(&app, &["deploy", "other", "--image", image])
        .await;
    let ran = ran.expect(12);
    let finding = ran.target()["findings"][0].clone();
    assert!(finding.to_string().contains(OTHER), "{finding:#}");
    assert!(
        finding["code"]
            .as_str()
            .is_some_and(|code| !code.is_empty())
    );
    assert_eq!(writes(&world), before, "nothing was written anywhere");
    astray.stop.cancel();
    astray.ended().await;
    world.stop().await;
}

/// Calls that changed a service, a definition or scaling, in any account.
fn writes(world: &World) -> usize {
    let writes = [
        "RegisterTaskDefinition",
        "UpdateService",
        "RegisterScalableTarget",
        "StopServiceDeployment",
    ];
    let calls = world.stack.sim().calls(0.0).into_iter();
    calls
        .filter(|call| writes.contains(&call.action.as_str()))
        .count()
}

#[test]
fn a_role_of_another_account_is_refused_at_the_start() {
    let mut config = agent_in("agent", PROD);
    let account: &mut AccountSettings = &mut config.accounts[0];
    account.role_arn = Some(format!("arn:aws:iam::{STAGING}:role/shipway-deploy"));
    let platform = config.platform().expect("names and numbers are right");
    let error = EcsPlatform::new(platform)
        .err()
        .expect("the role is foreign");
    let text = error.to_string();
    assert!(text.contains(PROD) && text.contains(STAGING), "{text}");
}
