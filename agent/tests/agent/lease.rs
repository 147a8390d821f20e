//! Nothing is changed in AWS without a lease that stands.

use std::time::Duration;

use shipway_domain::event::Step;
use shipway_domain::job::Outcome;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as In;
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, Scene};

const CHANGES: [&str; 2] = ["ecs:RegisterTaskDefinition", "ecs:UpdateService"];

fn changes(scene: &Scene) -> usize {
    CHANGES.iter().map(|call| scene.platform.count(call)).sum()
}

#[tokio::test]
async fn nothing_is_changed_before_the_lease_of_an_offer_was_renewed() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.renews = false;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_note("lease").await;
    assert_eq!(changes(&scene), 0);
    // Heard again, all goes on. The renewals that had no answer are not answered any more.
    drop(peer);
    let mut peer = scene.coordinator.welcome().await;
    assert!(matches!(
        peer.finished().await.outcome,
        Outcome::RolledOut(_)
    ));
    assert_eq!(changes(&scene), 2);
    scene.end(agent).await;
}

#[tokio::test]
async fn an_agent_that_slept_past_its_lease_changes_nothing_until_it_is_heard_again() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let gate = scene.platform.hold("ecs:DescribeTaskDefinition");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Render).await;
    peer.until_renewals(2).await;
    peer.renews = false;
    // The machine sleeps: its clock jumps, and with it the time for which the lease stood.
    peer.until_renewals(2).await;
    scene.clock.sleep(Duration::from_secs(46));
    gate.add_permits(8);
    peer.until_note("lease").await;
    assert_eq!(changes(&scene), 0);
    drop(peer);
    let mut peer = scene.coordinator.welcome().await;
    assert!(matches!(
        peer.finished().await.outcome,
        Outcome::RolledOut(_)
    ));
    scene.end(agent).await;
}

#[tokio::test]
async fn a_job_that_is_gone_is_dropped_without_another_word() {
    let mut scene = Scene::new().await;
    scene.rollouts_never_end();
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Follow).await;
    let job = app.rollout().job;
    let reason = "another attempt has it".to_owned();
    peer.say(Out::Gone(v1::Gone { job, reason })).await;
    let empty = |message: &In| matches!(message, In::Renew(renew) if renew.jobs.is_empty());
    peer.until("a renewal without it", |message| {
        empty(message).then_some(())
    })
    .await;
    peer.heard.clear();
    peer.until_renewals(3).await;
    assert!(
        peer.heard
            .iter()
            .all(|message| matches!(message, In::Renew(_))),
        "{:?}",
        peer.heard
    );
    assert_eq!(scene.platform.count("ecs:StopServiceDeployment"), 0);
    scene.end(agent).await;
}

#[tokio::test]
async fn what_the_coordinator_does_not_keep_after_a_reconnect_is_dropped() {
    let mut scene = Scene::new().await;
    scene.rollouts_never_end();
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer.until_step(Step::Follow).await;
    drop(peer);
    let mut peer = scene.coordinator.hello().await;
    assert_eq!(peer.hello.holds, [app.rollout().job.expect("a job")]);
    peer.say_welcome(Vec::new()).await;
    peer.until_renewals(2).await;
    assert!(peer.held.is_empty());
    scene.end(agent).await;
}

#[tokio::test]
async fn a_renewal_counts_from_when_it_was_sent() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    peer.renews = false;
    peer.say(Out::Offer(app.rollout())).await;
    let held = |message: &In| matches!(message, In::Renew(renew) if !renew.jobs.is_empty());
    peer.until("a renewal of it", |message| held(message).then_some(()))
        .await;
    // Each answer is for the oldest renewal that has none: those before the offer, then ours.
    let asked = peer
        .heard
        .iter()
        .filter(|message| matches!(message, In::Renew(_)))
        .count();
    scene.clock.sleep(Duration::from_secs(46));
    for _ in 0..asked {
        let jobs = peer.held.clone();
        peer.say(Out::Renewed(v1::Renewed { jobs })).await;
    }
    peer.until_note("lease").await;
    assert_eq!(changes(&scene), 0);
    drop(peer);
    let mut peer = scene.coordinator.welcome().await;
    drop(peer.finished().await);
    assert_eq!(changes(&scene), 2);
    scene.end(agent).await;
}
