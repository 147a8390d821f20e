//! Repositories and images that exist: what is checked before any target is touched.

use shipway_domain::ids::Digest;
use shipway_domain::image::allows_pull;
use shipway_domain::job::Outcome;
use shipway_domain::spec::{Source, TagMutability};
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, OTHER, OWNER, REPOSITORY, Scene, URI, Walked, image_at, place};

async fn walked(scene: &mut Scene, app: &App) -> Walked {
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.build())).await;
    peer.finished().await
}

fn found(reference: &str, scene: &Scene) -> App {
    let mut app = App::new(&scene.coordinator, b"context");
    app.spec.source = Source::Image {
        reference: reference.to_owned(),
    };
    app.spec.build = None;
    app
}

#[tokio::test]
async fn every_target_may_pull_before_any_is_touched() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    drop(walked(&mut scene, &app).await);
    let repository = scene.platform.repository(&place(OWNER), REPOSITORY);
    let policy = repository.expect("it is there").policy;
    assert!(
        allows_pull(policy.as_deref(), &place(OTHER).account),
        "{policy:?}"
    );
    scene.end(agent).await;
}

#[tokio::test]
async fn a_policy_that_is_not_ours_to_set_must_let_the_targets_pull() {
    let mut scene = Scene::new().await;
    let mut app = App::new(&scene.coordinator, b"context");
    app.spec.image.set_policy = false;
    let agent = scene.start();
    let walked = walked(&mut scene, &app).await;
    assert_eq!(walked.failed_with(), "targets-cannot-pull");
    assert_eq!(scene.platform.count("ecr:SetRepositoryPolicy"), 0);
    assert!(
        scene.builder.orders().is_empty(),
        "it is found before anything is built"
    );
    scene.end(agent).await;
}

#[tokio::test]
async fn a_moving_tag_on_an_immutable_repository_is_refused_at_once() {
    let mut scene = Scene::new().await;
    let immutable = TagMutability::Immutable { except: Vec::new() };
    scene
        .platform
        .add_repository(&place(OWNER), REPOSITORY, immutable);
    let app = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    let walked = walked(&mut scene, &app).await;
    assert_eq!(walked.failed_with(), "tag-may-not-move");
    assert!(scene.builder.orders().is_empty());
    scene.end(agent).await;
}

#[tokio::test]
async fn a_repository_that_is_missing_is_not_made_unasked() {
    let mut scene = Scene::new().await;
    let mut app = App::new(&scene.coordinator, b"context");
    app.spec.image.repository = "nowhere".parse().expect("a repository");
    let agent = scene.start();
    let walked = walked(&mut scene, &app).await;
    assert_eq!(walked.failed_with(), "repository-missing");
    scene.end(agent).await;
}

#[tokio::test]
async fn a_tag_is_resolved_to_the_digest_that_is_there() {
    let mut scene = Scene::new().await;
    scene.push(b"present", &["v7"], true);
    let app = found(&format!("{URI}:v7"), &scene);
    let agent = scene.start();
    let walked = walked(&mut scene, &app).await;
    let Outcome::Built(image) = &walked.outcome else {
        panic!("{:?}", walked.outcome);
    };
    assert_eq!(image.reference(), image_at(b"present"));
    assert!(image.reused);
    scene.end(agent).await;
}

#[tokio::test]
async fn an_image_that_is_not_there_or_not_whole_is_refused() {
    let mut scene = Scene::new().await;
    scene.push(b"broken", &["broken"], false);
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    for (release, tag) in [(7, "v8"), (8, "broken")] {
        let app = found(&format!("{URI}:{tag}"), &scene).release(release);
        peer.say(Out::Offer(app.build())).await;
        assert_eq!(
            peer.finished().await.failed_with(),
            "image-missing",
            "{tag}"
        );
    }
    scene.end(agent).await;
}

#[tokio::test]
async fn an_image_of_another_registry_is_taken_by_its_digest_only() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    let app = found("registry.example.org/shop:v1", &scene);
    peer.say(Out::Offer(app.build())).await;
    assert_eq!(peer.finished().await.failed_with(), "image-not-by-digest");
    let digest = Digest::of(b"elsewhere");
    let app = found(&format!("registry.example.org/shop@{digest}"), &scene).release(8);
    peer.say(Out::Offer(app.build())).await;
    peer.until_note("not checked").await;
    let walked = peer.finished().await;
    assert!(matches!(walked.outcome, Outcome::Built(image) if image.digest == digest));
    scene.end(agent).await;
}
