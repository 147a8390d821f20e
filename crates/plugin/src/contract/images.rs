//! Claims: images, their tags, and the tasks that run them.

use shipway_domain::ids::Digest;
use shipway_domain::observe::ServiceDeploymentStatus;

use super::World;
use super::repositories::{registry, repository, with_repository};
use super::scene::{SERVICE, Scene, cluster, named};
use crate::{ErrorKind, ObserveTasks, RegistryApi};

async fn digest_of(registry: &dyn RegistryApi, reference: &str) -> Option<Digest> {
    let seen = registry.image(&repository(), reference, false).await;
    seen.expect("asked").map(|seen| seen.digest)
}

/// Both ways, down to its layers.
pub async fn an_image_is_seen_by_tag_and_digest(world: &dyn World) {
    let registry = with_repository(world, &[]).await;
    let digest = world.push(&repository(), "v1", b"content").await;
    for reference in ["v1", digest.as_str()] {
        let seen = registry.image(&repository(), reference, true).await;
        let seen = seen.expect("asked").expect("it is there");
        assert_eq!(seen.digest, digest);
        assert!(seen.complete && seen.size > 0, "{seen:?}");
        assert_eq!(seen.manifests, []);
    }
}

/// No such tag, no such digest, no such repository: all are answers.
pub async fn an_image_that_does_not_exist_is_none(world: &dyn World) {
    let nothing = Digest::of(b"nothing");
    let bare = registry(world).await;
    assert_eq!(digest_of(&*bare, "v1").await, None);
    let registry = with_repository(world, &[]).await;
    world.push(&repository(), "v1", b"content").await;
    for reference in ["v2", nothing.as_str()] {
        assert_eq!(digest_of(&*registry, reference).await, None);
    }
}

/// A moving tag goes from one image to another.
pub async fn a_tag_is_put_without_pushing(world: &dyn World) {
    let registry = with_repository(world, &["*-latest"]).await;
    let one = world.push(&repository(), "v1", b"one").await;
    let two = world.push(&repository(), "v2", b"two").await;
    for digest in [&one, &two, &one] {
        let put = registry.put_tag(&repository(), digest, "prod-latest").await;
        put.expect("it may move");
        assert_eq!(
            digest_of(&*registry, "prod-latest").await.as_ref(),
            Some(digest)
        );
    }
    assert_eq!(digest_of(&*registry, "v2").await, Some(two));
}

/// It stays where it is.
pub async fn a_tag_that_may_not_move_is_refused(world: &dyn World) {
    let registry = with_repository(world, &["*-latest"]).await;
    let one = world.push(&repository(), "v1", b"one").await;
    let two = world.push(&repository(), "v2", b"two").await;
    let error = registry.put_tag(&repository(), &two, "v1").await;
    let error = error.expect_err("it may not move");
    assert_eq!(error.kind, ErrorKind::AlreadyExists, "{error}");
    assert_eq!(digest_of(&*registry, "v1").await, Some(one));
}

/// Also of a tag that may not move.
pub async fn the_same_tag_on_the_same_digest_is_a_success(world: &dyn World) {
    let registry = with_repository(world, &[]).await;
    let digest = world.push(&repository(), "v1", b"one").await;
    let put = registry.put_tag(&repository(), &digest, "v1").await;
    put.expect("it is there already");
}

/// Neither a digest nor a repository.
pub async fn what_does_not_exist_gets_no_tag(world: &dyn World) {
    let nothing = Digest::of(b"nothing");
    let bare = registry(world).await;
    let error = bare.put_tag(&repository(), &nothing, "v1").await;
    assert_eq!(error.expect_err("no repository").kind, ErrorKind::NotFound);
    let registry = with_repository(world, &[]).await;
    let error = registry.put_tag(&repository(), &nothing, "v1").await;
    assert_eq!(error.expect_err("no image").kind, ErrorKind::NotFound);
}

/// The digest of the push is the digest of the running tasks: that proves a deploy.
pub async fn a_task_runs_the_image_that_its_tag_stands_for(world: &dyn World) {
    let registry = with_repository(world, &[]).await;
    let digest = world.push(&repository(), "v1", b"content").await;
    let uri = registry.repository(&repository()).await;
    let uri = uri.expect("asked").expect("it exists").uri;
    let scene = Scene::with_service(world, 2).await;
    for image in [format!("{uri}:v1"), format!("{uri}@{digest}")] {
        let begun = scene.put_in_place(&image).await;
        let tasks = scene
            .region
            .tasks(&cluster(), &named(SERVICE), ObserveTasks::Running)
            .await
            .expect("listed");
        assert_eq!(tasks.len(), 2);
        for task in &tasks {
            assert_eq!(task.containers[0].image_digest.as_ref(), Some(&digest));
        }
        let ended = scene.poll(&begun.deployment).await;
        let revision = scene.region.revision(&ended.target_revision.arn).await;
        let revision = revision.expect("asked").expect("it exists");
        assert_eq!(revision.images[0].2.as_deref(), Some(digest.as_str()));
    }
}

/// Of a registry that the platform knows, that is: then nothing starts.
pub async fn a_tag_that_is_not_there_cannot_be_pulled(world: &dyn World) {
    let registry = with_repository(world, &[]).await;
    let uri = registry.repository(&repository()).await;
    let uri = uri.expect("asked").expect("it exists").uri;
    let scene = Scene::with_service(world, 1).await;
    let begun = scene.roll_out(&format!("{uri}:nowhere")).await;
    let ended = scene.end_of(&begun.deployment).await;
    assert_eq!(ended.status, ServiceDeploymentStatus::RollbackSuccessful);
    let stopped = scene
        .region
        .tasks(&cluster(), &named(SERVICE), ObserveTasks::Stopped)
        .await
        .expect("listed");
    let refused = |reason: &str| reason.contains("CannotPullContainerError");
    assert!(
        stopped
            .iter()
            .any(|task| task.stopped_reason.as_deref().is_some_and(refused)),
        "{stopped:#?}"
    );
}
