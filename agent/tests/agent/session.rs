//! The stream: what is said again after it broke off, and who takes what.

use std::sync::Arc;

use async_trait::async_trait;
use shipway_domain::event::Step;
use shipway_domain::job::Outcome;
use shipway_plugin::{Place, Platform, PlatformError, RegionApi, Session};
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as In;
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, Scene, patiently};

#[tokio::test]
async fn an_outcome_is_said_again_until_it_is_acknowledged() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.ends = false;
    peer.say(Out::Offer(app.rollout())).await;
    let first = peer.finished().await;
    drop(peer);
    let mut peer = scene.coordinator.welcome().await;
    assert_eq!(peer.hello.holds, [app.rollout().job.expect("a job")]);
    let second = peer.finished().await;
    assert_eq!(first.outcome, second.outcome);
    let empty = |message: &In| matches!(message, In::Renew(renew) if renew.jobs.is_empty());
    peer.until("it is forgotten", |message| empty(message).then_some(()))
        .await;
    drop(peer);
    assert!(scene.coordinator.hello().await.hello.holds.is_empty());
    scene.end(agent).await;
}

#[tokio::test]
async fn what_a_newer_coordinator_says_is_passed_over_and_the_stream_goes_on() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say_something_new().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Follow).await;
    peer.say_something_new().await;
    let ended = peer.finished().await;
    assert!(matches!(ended.outcome, Outcome::RolledOut(_)));
    scene.end(agent).await;
}

#[tokio::test]
async fn a_checkpoint_is_said_again_and_nothing_is_done_before_it_is_acknowledged() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.keeps = false;
    peer.say(Out::Offer(app.rollout())).await;
    let note = |message: &In| match message {
        In::Checkpoint(note) => Some(note.clone()),
        _ => None,
    };
    let first = peer.until("an intent", note).await;
    peer.until_renewals(3).await;
    assert_eq!(scene.platform.count("ecs:RegisterTaskDefinition"), 0);
    drop(peer);
    let mut peer = scene.coordinator.welcome().await;
    let again = peer.until("the same intent", note).await;
    assert_eq!(first, again);
    drop(peer.finished().await);
    assert_eq!(scene.platform.count("ecs:RegisterTaskDefinition"), 1);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_job_goes_on_while_the_stream_is_broken() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let gate = scene.platform.hold("observe");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    // Once for recognition; what it then had to write down is written down when it looks again.
    gate.add_permits(1);
    patiently("that it looks again", async {
        while scene.platform.count("observe") < 2 {
            peer.next().await.expect("the stream holds");
        }
    })
    .await;
    drop(peer);
    let mut peer = scene.coordinator.hello().await;
    gate.add_permits(100);
    patiently("the deployment moves on", async {
        while scene.platform.count("observe") < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let holds = peer.hello.holds.clone();
    peer.say_welcome(holds).await;
    assert!(matches!(
        peer.finished().await.outcome,
        Outcome::RolledOut(_)
    ));
    scene.end(agent).await;
}

#[tokio::test]
async fn an_offer_beyond_its_capacity_is_declined() {
    let mut scene = Scene::new().await;
    scene.config.capacity = 1;
    scene.config.drain_seconds = 0;
    scene.rollouts_never_end();
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Follow).await;
    let late = App::new(&scene.coordinator, b"later").release(8).rollout();
    peer.say(Out::Offer(late.clone())).await;
    let declined = peer
        .until("a refusal", |message| match message {
            In::Decline(decline) => Some(decline.clone()),
            _ => None,
        })
        .await;
    assert_eq!(declined.job, late.job);
    assert!(declined.reason.contains("place"), "{}", declined.reason);
    // The same job, granted anew, takes the place of its older attempt.
    let mut newer = app.rollout();
    newer.job.as_mut().expect("a job").attempt = 2;
    peer.say(Out::Offer(newer.clone())).await;
    let wanted = newer.job.expect("a job");
    let taken = |message: &In| matches!(message, In::Renew(renew) if renew.jobs == [wanted]);
    peer.until("the newer attempt", |message| taken(message).then_some(()))
        .await;
    scene.end(agent).await;
}

/// A platform with a fault of its own.
struct Panics;

#[async_trait]
impl Platform for Panics {
    async fn open(&self, _: &Place, _: &Session) -> Result<Arc<dyn RegionApi>, PlatformError> {
        panic!("as the test wishes")
    }
}

#[tokio::test]
async fn a_job_whose_walker_broke_off_is_let_go() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start_with(Arc::new(Panics));
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until("its acceptance", |message| {
        matches!(message, In::Accept(_)).then_some(())
    })
    .await;
    let empty = |message: &In| matches!(message, In::Renew(renew) if renew.jobs.is_empty());
    peer.until("a renewal without it", |message| {
        empty(message).then_some(())
    })
    .await;
    scene.end(agent).await;
}

#[tokio::test]
async fn a_new_process_names_the_one_before_whose_folder_it_got() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let mut first = scene.coordinator.welcome().await;
    assert_eq!(first.hello.predecessor, 0);
    // The folder is taken: a second agent does not start.
    let second = patiently("the second agent", scene.start())
        .await
        .expect("no panic");
    let refused = second.expect_err("the folder is taken");
    assert!(
        refused.to_string().contains("another agent uses"),
        "{refused}"
    );
    scene.stop.cancel();
    first
        .until("goodbye", |message| {
            matches!(message, In::Goodbye(_)).then_some(())
        })
        .await;
    let first = first.hello.clone();
    patiently("its end", agent)
        .await
        .expect("no panic")
        .expect("it ends well");
    scene.stop = tokio_util::sync::CancellationToken::new();
    let agent = scene.start();
    let next = scene.coordinator.welcome().await.hello;
    let life = |hello: &v1::Hello| hello.agent.as_ref().expect("an agent").incarnation;
    assert_eq!(next.predecessor, life(&first));
    assert_ne!(life(&next), life(&first));
    scene.end(agent).await;
}
