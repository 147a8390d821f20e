//! Debts are paid exactly, in the right account, and by nobody else's leave.

use std::time::Duration;

use shipway_domain::checkpoint::{Checkpoint, ScalingFlags};
use shipway_domain::job::Outcome;
use shipway_domain::observe::ScalingSeen;
use shipway_plugin::ErrorKind;
use shipway_plugin_model::Fault;
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, OTHER, Peer, SERVICE, Scene, place};

const BEFORE: ScalingFlags = ScalingFlags {
    scale_in: true,
    scale_out: false,
    scheduled: false,
};
const SET: &str = "application-autoscaling:RegisterScalableTarget";

fn flags(scene: &Scene) -> ScalingFlags {
    let scaling = scene.platform.scaling(&place(OTHER), SERVICE);
    scaling.expect("it is scalable").suspended
}

async fn settling(scene: &mut Scene, now: ScalingFlags) -> Peer {
    let target = ScalingSeen {
        min: 1,
        max: 9,
        suspended: now,
    };
    scene.platform.make_scalable(&place(OTHER), SERVICE, target);
    let mut app = App::new(&scene.coordinator, b"after");
    app.debt = Some(BEFORE);
    let peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.settle())).await;
    peer
}

#[tokio::test]
async fn a_debt_is_paid_with_the_flags_that_were_before() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let walked = settling(&mut scene, ScalingFlags::ALL)
        .await
        .finished()
        .await;
    assert_eq!(flags(&scene), BEFORE);
    assert_eq!(walked.checkpoints, [Checkpoint::Resumed]);
    assert!(matches!(walked.outcome, Outcome::Settled { .. }));
    scene.end(agent).await;
}

#[tokio::test]
async fn flags_that_somebody_else_has_set_stand() {
    let mut scene = Scene::new().await;
    let theirs = ScalingFlags {
        scale_in: false,
        scale_out: true,
        scheduled: true,
    };
    let agent = scene.start();
    let walked = settling(&mut scene, theirs).await.finished().await;
    assert_eq!(flags(&scene), theirs);
    assert_eq!(scene.platform.count(SET), 0);
    assert_eq!(walked.checkpoints, [Checkpoint::Resumed]);
    scene.end(agent).await;
}

#[tokio::test]
async fn nothing_is_set_in_a_wrong_account_and_the_debt_stays() {
    let mut scene = Scene::new().await;
    scene.platform.act_as("999999999999");
    let agent = scene.start();
    let mut peer = settling(&mut scene, ScalingFlags::ALL).await;
    peer.until_note("999999999999").await;
    assert_eq!(flags(&scene), ScalingFlags::ALL);
    assert_eq!(scene.platform.count(SET), 0);
    drop(peer);
    scene.stop.cancel();
    agent.abort();
}

#[tokio::test]
async fn a_debt_is_tried_again_until_it_is_paid() {
    let mut scene = Scene::new().await;
    scene.platform.fail_next(SET, ErrorKind::Throttled);
    let agent = scene.start();
    let walked = settling(&mut scene, ScalingFlags::ALL)
        .await
        .finished()
        .await;
    assert_eq!(flags(&scene), BEFORE);
    assert_eq!(scene.platform.count(SET), 2);
    assert!(matches!(walked.outcome, Outcome::Settled { .. }));
    scene.end(agent).await;
}

#[tokio::test]
async fn a_debt_counts_as_paid_once_no_call_may_land_any_more() {
    let mut scene = Scene::new().await;
    let late = Fault::LandsLate(Duration::from_millis(10));
    scene.platform.fault_next(SET, late);
    let agent = scene.start();
    let mut peer = settling(&mut scene, ScalingFlags::ALL).await;
    peer.until_note("may still land").await;
    assert_eq!(flags(&scene), BEFORE);
    scene.clock.sleep(Duration::from_secs(21));
    let walked = peer.finished().await;
    assert_eq!(walked.checkpoints, [Checkpoint::Resumed]);
    scene.end(agent).await;
}
