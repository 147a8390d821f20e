//! Builds: from the source to an image that is proven to be there.

use std::path::PathBuf;

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::Step;
use shipway_domain::ids::Digest;
use shipway_domain::job::{BuiltImage, Outcome, StopReason};
use shipway_domain::spec::{BuildSecret, Revision, SecretSource, Source};
use shipway_plugin_model::ModelBuilder;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as In;
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, OWNER, Peer, REPOSITORY, Scene, Walked, place};

async fn offered(scene: &mut Scene, app: &App) -> Peer {
    let peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.build())).await;
    peer
}

#[track_caller]
fn image(walked: &Walked) -> &BuiltImage {
    match &walked.outcome {
        Outcome::Built(image) => image,
        other => panic!("{other:?} is no image"),
    }
}

#[tokio::test]
async fn a_context_becomes_an_image_with_its_tags() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    let digest = Digest::of(b"context");
    let built = image(&walked);
    assert_eq!((&built.digest, built.reused), (&digest, false));
    assert_eq!(built.accepted, std::slice::from_ref(&digest));
    assert_eq!(
        walked.steps(),
        [
            Step::Identity,
            Step::Repository,
            Step::Source,
            Step::Build,
            Step::Push,
            Step::CheckImage,
            Step::Tags,
        ]
    );
    assert!(walked.log.contains("begun\n"), "{}", walked.log);
    assert_eq!(scene.tag("v1"), Some(digest));
    let moving = scene.tag("prod-latest");
    assert_eq!(moving, None, "what moves waits until the image is live");
    let tags = scene.platform.tags(&place(OWNER), REPOSITORY);
    let (content, _) = tags
        .iter()
        .find(|(tag, _)| tag.starts_with("shipway-"))
        .expect("a content tag");
    assert_eq!(content.len(), "shipway-".len() + 40);
    let order = &scene.builder.orders()[0];
    assert_eq!(order.tags, std::slice::from_ref(content));
    assert_eq!(order.platforms, ["linux/amd64"]);
    let title = (
        "org.opencontainers.image.title".to_owned(),
        "shop".to_owned(),
    );
    assert!(order.labels.contains(&title), "{:?}", order.labels);
    scene.end(agent).await;
}

#[tokio::test]
async fn the_same_content_is_not_built_twice() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    let first = image(&peer.finished().await).clone();
    let app = app.release(8);
    peer.say(Out::Offer(app.build())).await;
    let walked = peer.finished().await;
    let second = image(&walked);
    assert!(second.reused);
    assert_eq!((&second.digest, &second.name), (&first.digest, &first.name));
    assert_eq!(scene.builder.orders().len(), 1);
    scene.end(agent).await;
}

#[tokio::test]
async fn an_image_that_lost_a_layer_is_built_again() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    drop(peer.finished().await);
    scene.platform.lose_layers(&place(OWNER), REPOSITORY);
    let app = app.release(8);
    peer.say(Out::Offer(app.build())).await;
    assert!(!image(&peer.finished().await).reused);
    assert_eq!(scene.builder.orders().len(), 2);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_repository_is_created_after_its_intent_is_kept() {
    let mut scene = Scene::new().await;
    let mut app = App::new(&scene.coordinator, b"context");
    app.spec.image.repository = "fresh".parse().expect("a repository");
    app.spec.image.create = Some(shipway_domain::spec::RepositorySettings {
        scan_on_push: true,
        mutability: shipway_domain::spec::TagMutability::Mutable,
        keep_last: None,
    });
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert_eq!(
        walked.checkpoints.first(),
        Some(&Checkpoint::CreateRepositoryIntent)
    );
    assert!(image(&walked).name.ends_with("/fresh"));
    scene.end(agent).await;
}

#[tokio::test]
async fn credentials_of_another_account_touch_no_repository() {
    let mut scene = Scene::new().await;
    scene.platform.act_as("999999999999");
    let app = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert_eq!(walked.failed_with(), "wrong-account");
    assert_eq!(scene.platform.calls().len(), 1);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_stop_ends_a_build_in_the_middle() {
    let mut scene = Scene::new().await;
    scene.builder = ModelBuilder::hanging(scene.platform.clone());
    let app = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    let begun = |message: &In| matches!(message, In::Progress(batch) if !batch.log.is_empty());
    peer.until("output", |message| begun(message).then_some(()))
        .await;
    let reason = v1::StopReason {
        reason: Some(v1::stop_reason::Reason::FoldedBy(9)),
    };
    let job = app.build().job;
    peer.say(Out::Stop(v1::Stop {
        job,
        reason: Some(reason),
    }))
    .await;
    let walked = peer.finished().await;
    assert!(matches!(
        walked.outcome,
        Outcome::Stopped(StopReason::Folded { .. })
    ));
    scene.end(agent).await;
}

#[tokio::test]
async fn secrets_are_resolved_on_the_agent_and_its_own_are_not_given_away() {
    let mut scene = Scene::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "hidden").expect("it can be written");
    let mut app = App::new(&scene.coordinator, b"context");
    let secret = |id: &str, from| BuildSecret {
        id: id.to_owned(),
        from,
    };
    let build = app.spec.build.as_mut().expect("a build");
    let store = SecretSource::SecretsManager("shop/npm".to_owned());
    scene.platform.keep_secret(&place(OWNER), &store, "kept");
    build.secrets = vec![
        secret("file", SecretSource::File(file.display().to_string())),
        secret("store", store),
    ];
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    drop(peer.finished().await);
    let order = scene.builder.orders().remove(0);
    assert_eq!(order.secrets[0].1.expose(), b"hidden");
    assert_eq!(order.secrets[1].1.expose(), b"kept");
    for name in ["AWS_SECRET_ACCESS_KEY", "SHIPWAY_AGENT_TOKEN_FILE"] {
        let mut app = App::new(&scene.coordinator, name.as_bytes()).release(8);
        let build = app.spec.build.as_mut().expect("a build");
        build.secrets = vec![secret("key", SecretSource::Env(name.to_owned()))];
        peer.say(Out::Offer(app.build())).await;
        assert_eq!(peer.finished().await.failed_with(), "secret-missing");
    }
    assert_eq!(scene.builder.orders().len(), 1);
    scene.end(agent).await;
}

fn git(folder: &PathBuf, args: &[&str]) -> String {
    let ran = std::process::Command::new("git")
        .arg("-C")
        .arg(folder)
        .args([
            "-c",
            "user.name=somebody",
            "-c",
            "user.email=somebody@example.org",
        ])
        .args(args)
        .output()
        .expect("git runs");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

#[tokio::test]
async fn a_commit_is_fetched_and_packed_by_the_agent() {
    let mut scene = Scene::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().to_owned();
    git(&root, &["init", "--quiet"]);
    std::fs::create_dir(root.join("app")).expect("a folder");
    std::fs::write(root.join("app/program"), "first").expect("it can be written");
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "-m", "first"]);
    let commit = git(&root, &["rev-parse", "HEAD"]);
    std::fs::write(root.join("app/program"), "second").expect("it can be written");
    let mut app = App::new(&scene.coordinator, b"context");
    app.spec.source = Source::Commit {
        repository: root.display().to_string(),
        folder: "app".to_owned(),
        revision: Revision {
            commit: commit.clone(),
            subject: "first".to_owned(),
            committed_at: 1,
            dirty: false,
            repository: None,
        },
    };
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert!(!image(&walked).reused);
    let label = ("org.opencontainers.image.revision".to_owned(), commit);
    let order = scene.builder.orders().remove(0);
    assert!(order.labels.contains(&label), "{:?}", order.labels);
    assert_eq!(order.source_date_epoch, 1);
    assert!(
        !order.context.exists(),
        "what was fetched goes with the job"
    );
    scene.end(agent).await;
}
