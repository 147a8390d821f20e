//! Claims: secrets of builds.

use shipway_domain::spec::SecretSource;

use super::World;
use super::scene::Scene;
use crate::ErrorKind;

fn both(name: &str) -> [SecretSource; 2] {
    [
        SecretSource::SecretsManager(name.to_owned()),
        SecretSource::Ssm(name.to_owned()),
    ]
}

/// From either store.
pub async fn a_secret_is_read(world: &dyn World) {
    let scene = Scene::of(world).await;
    for (source, value) in both("/build/token").iter().zip(["s3cret", "k3y"]) {
        world.keep_secret(source, value).await;
    }
    for (source, value) in both("/build/token").iter().zip(["s3cret", "k3y"]) {
        let secret = scene.region.secret(source).await.expect("read");
        assert_eq!(secret.expose(), value.as_bytes());
    }
}

/// It is an error: a build cannot go on without it.
pub async fn a_secret_that_does_not_exist_is_not_found(world: &dyn World) {
    let scene = Scene::of(world).await;
    for source in both("/build/nothing") {
        let error = scene.region.secret(&source).await;
        let error = error.expect_err("there is none");
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    }
}

/// Variables and files are not asked for here.
pub async fn what_the_agent_keeps_itself_is_no_secret_of_a_platform(world: &dyn World) {
    let scene = Scene::of(world).await;
    for source in [
        SecretSource::Env("HOME".to_owned()),
        SecretSource::File("/etc/hostname".to_owned()),
    ] {
        let error = scene.region.secret(&source).await;
        let error = error.expect_err("not here");
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
    }
}
