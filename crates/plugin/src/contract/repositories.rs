//! Claims: image repositories.

use std::sync::Arc;

use shipway_domain::ids::RepositoryName;
use shipway_domain::spec::{RepositorySettings, TagMutability};

use super::World;
use super::scene::Scene;
use crate::{ErrorKind, RegistryApi};

/// The repository of claims about images.
pub(super) fn repository() -> RepositoryName {
    RepositoryName::new("team/hello").expect("a repository name")
}

pub(super) async fn registry(world: &dyn World) -> Arc<dyn RegistryApi> {
    Scene::of(world).await.region.registry()
}

/// A registry with the repository; its tags may not move, but for those that match.
pub(super) async fn with_repository(world: &dyn World, except: &[&str]) -> Arc<dyn RegistryApi> {
    let registry = registry(world).await;
    let made = registry
        .create_repository(&repository(), &settings(except))
        .await;
    made.expect("made");
    registry
}

fn settings(except: &[&str]) -> RepositorySettings {
    RepositorySettings {
        scan_on_push: true,
        mutability: TagMutability::Immutable {
            except: except.iter().map(|&wildcard| wildcard.to_owned()).collect(),
        },
        keep_last: None,
    }
}

/// A policy by which another account may pull.
fn policy(sid: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::222222222222:root"}},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}}]}}"#
    )
}

/// It is the one of the place that was opened.
pub async fn the_registry_is_that_of_the_account(world: &dyn World) {
    assert_eq!(registry(world).await.account(), &world.place().account);
}

/// Repositories are named by the host that the login is for.
pub async fn a_login_is_for_the_host_of_the_repositories(world: &dyn World) {
    let registry = with_repository(world, &[]).await;
    let login = registry.login().await.expect("a login");
    let seen = registry.repository(&repository()).await;
    let seen = seen.expect("asked").expect("it exists");
    assert_eq!(seen.uri, format!("{}/{}", login.host, repository()));
    assert!(!login.user.is_empty() && !login.password.expose().is_empty());
}

/// With each kind of mutability.
pub async fn a_repository_is_made_as_wanted(world: &dyn World) {
    let registry = registry(world).await;
    let except = |wildcards: &[&str]| settings(wildcards).mutability;
    for (name, mutability) in [
        ("moving", TagMutability::Mutable),
        ("fixed", except(&[])),
        ("mostly-fixed", except(&["*-latest", "edge"])),
    ] {
        let name = RepositoryName::new(name).expect("a name");
        let settings = RepositorySettings {
            mutability: mutability.clone(),
            ..settings(&[])
        };
        let made = registry.create_repository(&name, &settings).await;
        let made = made.expect("made");
        assert_eq!(made.mutability, mutability);
        assert_eq!((&made.pinned, &made.policy), (&vec![], &None));
        let seen = registry.repository(&name).await.expect("asked");
        assert_eq!(seen, Some(made));
    }
}

/// Making it again is a success, and changes nothing.
pub async fn a_repository_that_is_there_stays_as_it_is(world: &dyn World) {
    let registry = registry(world).await;
    let made = registry
        .create_repository(&repository(), &settings(&["*-latest"]))
        .await;
    let made = made.expect("made");
    let again = registry
        .create_repository(&repository(), &settings(&[]))
        .await;
    assert_eq!(again.expect("it is there"), made);
}

/// A repository is kept to a number of images when wanted; one that has a policy keeps it.
pub async fn a_lifecycle_policy_is_set_once(world: &dyn World) {
    let registry = with_repository(world, &[]).await;
    assert_eq!(world.keeps_last(&repository()).await, None);
    for keep in [10, 20] {
        let settings = RepositorySettings {
            keep_last: Some(keep),
            ..settings(&[])
        };
        let made = registry.create_repository(&repository(), &settings).await;
        made.expect("it is there");
        assert_eq!(world.keeps_last(&repository()).await, Some(10));
    }
}

/// The last policy stands.
pub async fn a_policy_is_replaced(world: &dyn World) {
    let registry = with_repository(world, &[]).await;
    for sid in ["one", "two"] {
        let policy = policy(sid);
        let set = registry.set_policy(&repository(), &policy).await;
        set.expect("set");
        let seen = registry.repository(&repository()).await;
        let seen = seen.expect("asked").expect("it exists").policy;
        let seen = seen.expect("a policy");
        assert!(seen.contains(&format!("\"{sid}\"")), "{seen}");
    }
}

/// No repository is an answer; a policy for none is an error.
pub async fn a_repository_that_does_not_exist_is_none_and_gets_no_policy(world: &dyn World) {
    let registry = registry(world).await;
    let seen = registry.repository(&repository()).await;
    assert_eq!(seen.expect("asked"), None);
    let error = registry.set_policy(&repository(), &policy("one")).await;
    let error = error.expect_err("there is none");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}
