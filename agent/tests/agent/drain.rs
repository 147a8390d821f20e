//! Leaving in good order.

use shipway_domain::event::Step;
use shipway_domain::job::Outcome;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as In;
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, OTHER, Peer, SERVICE, Scene, patiently, place};

async fn until_draining(peer: &mut Peer) {
    peer.until("that it drains", |message| {
        matches!(message, In::Draining(_)).then_some(())
    })
    .await;
}

async fn until_goodbye(peer: &mut Peer) {
    let goodbye = |message: &In| matches!(message, In::Goodbye(_));
    if !peer.heard.iter().any(goodbye) {
        peer.until("goodbye", |message| goodbye(message).then_some(()))
            .await;
    }
}

#[tokio::test]
async fn a_draining_agent_ends_what_it_has_and_declines_what_comes() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let gate = scene.platform.hold("observe");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Follow).await;
    scene.stop.cancel();
    until_draining(&mut peer).await;
    let late = App::new(&scene.coordinator, b"later").release(8).rollout();
    peer.say(Out::Offer(late.clone())).await;
    let declined = peer
        .until("a refusal", |message| match message {
            In::Decline(decline) => Some(decline.job),
            _ => None,
        })
        .await;
    assert_eq!(declined, late.job);
    gate.add_permits(100);
    assert!(matches!(
        peer.finished().await.outcome,
        Outcome::RolledOut(_)
    ));
    until_goodbye(&mut peer).await;
    drop(peer);
    scene.end(agent).await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_handed_over() {
    let mut scene = Scene::new().await;
    scene.config.drain_seconds = 0;
    scene.rollouts_never_end();
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Follow).await;
    scene.stop.cancel();
    until_goodbye(&mut peer).await;
    let finished = peer
        .heard
        .iter()
        .any(|message| matches!(message, In::Finished(_)));
    assert!(!finished, "what is handed over has not ended");
    assert_eq!(scene.platform.count("ecs:StopServiceDeployment"), 0);
    drop(peer);
    scene.end(agent).await;
}

#[tokio::test]
async fn goodbye_is_not_said_in_the_middle_of_a_change() {
    let mut scene = Scene::new().await;
    scene.config.drain_seconds = 0;
    let app = App::new(&scene.coordinator, b"after");
    let gate = scene.platform.hold("ecs:UpdateService");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Update).await;
    patiently("the change is under way", async {
        while scene.platform.count("ecs:UpdateService") == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    scene.stop.cancel();
    until_draining(&mut peer).await;
    peer.until_renewals(5).await;
    let left = peer
        .heard
        .iter()
        .any(|message| matches!(message, In::Goodbye(_)));
    assert!(
        !left,
        "its lease must be kept while the change is under way"
    );
    assert!(peer.held.contains(&app.rollout().job.expect("a job")));
    gate.add_permits(1);
    until_goodbye(&mut peer).await;
    let begun = scene.platform.deployments(&place(OTHER), SERVICE).len();
    assert_eq!(begun, 2, "the change came to its end");
    drop(peer);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_coordinator_can_ask_for_the_drain() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Drain(v1::Drain {})).await;
    until_draining(&mut peer).await;
    until_goodbye(&mut peer).await;
    drop(peer);
    scene.end(agent).await;
}
