//! Claims: who we are, and where we may act.

use shipway_domain::ids::AccountId;

use super::World;
use super::scene::{Scene, job};
use crate::{ErrorKind, Place, Session};

/// AWS names the account that was opened, in every session, and a session of its own for each job.
pub async fn the_caller_is_of_the_account_that_was_opened(world: &dyn World) {
    let scene = Scene::of(world).await;
    let caller = scene.region.caller().await.expect("asked");
    assert_eq!(caller.account, world.place().account.as_str());
    assert!(
        caller.arn.contains(&format!(":{}:", caller.account)),
        "{caller:?}"
    );
    assert!(caller.arn.contains("1007.1-1"), "{caller:?}");
    let agent = world
        .platform()
        .open(&world.place(), &Session::Agent)
        .await
        .expect("opened");
    let agent = agent.caller().await.expect("asked");
    assert_eq!(agent.account, caller.account);
    assert_ne!(agent.arn, caller.arn);
}

/// A place that the platform was not told of is a matter of credentials.
pub async fn an_account_that_is_not_configured_is_not_opened(world: &dyn World) {
    let elsewhere = Place {
        account: AccountId::new("987654321098").expect("an account"),
        ..world.place()
    };
    let opened = world.platform().open(&elsewhere, &job()).await;
    let error = opened.err().expect("it is not configured");
    assert_eq!(error.kind, ErrorKind::Credentials, "{error}");
}
