//! Rollouts, walked.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::checkpoint::{Checkpoint, ScalingFlags};
use shipway_domain::event::{Progress, Step};
use shipway_domain::ids::Attempt;
use shipway_domain::job::{Outcome, RolloutReport};
use shipway_domain::observe::ScalingSeen;
use shipway_domain::spec::Autoscaling;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_plugin::{ErrorKind, Session};
use shipway_plugin_model::Hand;
use shipway_proto::v1;
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, BEGIN, OTHER, Peer, SERVICE, Scene, Walked, place};

async fn offered(scene: &mut Scene, app: &App) -> Peer {
    let peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.rollout())).await;
    peer
}

/// Moves the platform's clock from poll to poll, so many seconds far from the begin of the test.
async fn polls_until(hand: &Hand, seconds: u64) -> Infallible {
    let limit = Timestamp::from_millis(BEGIN).plus(Duration::from_secs(seconds));
    loop {
        match hand.next_due() {
            Some(due) if due <= limit => hand.advance_to(due),
            _ => tokio::task::yield_now().await,
        }
    }
}

#[track_caller]
fn report(walked: &Walked) -> &RolloutReport {
    match &walked.outcome {
        Outcome::RolledOut(report) => report,
        other => panic!("{other:?} is no report"),
    }
}

#[tokio::test]
async fn a_rollout_is_walked_to_live_and_told_step_by_step() {
    let (mut scene, hand) = Scene::by_hand().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    // Tasks are on their way for 35 s, then both revisions run for 40 s: each is told when it is seen.
    tokio::select! {
        () = peer.until_counts(|counts| counts.new_pending == 2) => {}
        never = polls_until(&hand, 20) => match never {},
    }
    tokio::select! {
        () = peer.until_counts(|counts| (counts.old_running, counts.new_running) == (2, 2)) => {}
        never = polls_until(&hand, 70) => match never {},
    }
    let walked = tokio::select! {
        walked = peer.finished() => walked,
        never = polls_until(&hand, 600) => match never {},
    };
    let report = report(&walked);
    assert_eq!(
        (report.verdict, report.running),
        (Verdict::Live, 2),
        "{report:?}"
    );
    assert_eq!(
        walked.steps(),
        [
            Step::Identity,
            Step::Observe,
            Step::Render,
            Step::Register,
            Step::Update,
            Step::Follow,
            Step::Verify,
            Step::Tags,
        ]
    );
    let kinds: Vec<&Checkpoint> = walked.checkpoints.iter().collect();
    assert!(
        matches!(
            kinds[..],
            [
                Checkpoint::RegisterIntent { .. },
                Checkpoint::Registered { .. },
                Checkpoint::UpdateIntent { .. },
                Checkpoint::Updated { .. },
                Checkpoint::Following { .. },
            ]
        ),
        "{kinds:?}"
    );
    let said = walked
        .progress
        .iter()
        .filter(|item| matches!(item, Progress::ServiceEvent { .. }));
    let said: Vec<_> = said.map(|item| format!("{item:?}")).collect();
    let different: BTreeSet<_> = said.iter().collect();
    assert!(said.len() >= 2, "{said:#?}");
    assert_eq!(said.len(), different.len(), "each word of ECS is told once");
    let digest = shipway_domain::ids::Digest::of(b"after");
    assert_eq!(scene.tag("prod-latest"), Some(digest));
    scene.end(agent).await;
}

#[tokio::test]
async fn changes_are_made_under_the_name_of_job_and_attempt() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    drop(peer.finished().await);
    let calls = scene.platform.calls();
    let changes = ["ecs:RegisterTaskDefinition", "ecs:UpdateService"];
    let made: Vec<_> = calls
        .iter()
        .filter(|made| changes.contains(&made.name.as_str()))
        .collect();
    assert_eq!(made.len(), 2);
    for change in made {
        assert_eq!(change.place, place(OTHER));
        assert!(
            matches!(&change.session, Session::Job { job, attempt }
                if job.index == 1 && *attempt == Attempt(1)),
            "{change:?}"
        );
    }
    let first = calls.iter().map(|made| made.name.as_str()).next();
    assert_eq!(first, Some("sts:GetCallerIdentity"));
    scene.end(agent).await;
}

#[tokio::test]
async fn credentials_of_another_account_end_the_job_before_any_other_call() {
    let mut scene = Scene::new().await;
    scene.platform.act_as("999999999999");
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert_eq!(walked.failed_with(), "wrong-account");
    assert_eq!(scene.platform.calls().len(), 1);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_rollback_by_ecs_is_a_verdict_of_its_own() {
    let mut scene = Scene::new().await;
    scene.crashes(b"after");
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert_eq!(report(&walked).verdict, Verdict::RolledBack);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_stop_in_the_middle_asks_ecs_to_go_back() {
    let mut scene = Scene::new().await;
    scene.rollouts_never_end();
    let app = App::new(&scene.coordinator, b"after");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    peer.until_step(Step::Follow).await;
    let cancelled = v1::stop_reason::Cancelled {
        by: "somebody".to_owned(),
        reason: String::new(),
    };
    let reason = v1::StopReason {
        reason: Some(v1::stop_reason::Reason::Cancelled(cancelled)),
    };
    let job = app.rollout().job;
    peer.say(Out::Stop(v1::Stop {
        job,
        reason: Some(reason),
    }))
    .await;
    let walked = peer.finished().await;
    assert_eq!(report(&walked).verdict, Verdict::Cancelled);
    assert_eq!(scene.platform.count("ecs:StopServiceDeployment"), 1);
    scene.end(agent).await;
}

#[tokio::test]
async fn an_update_without_an_answer_is_looked_for_and_not_sent_again() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    let gate = scene.platform.hold("ecs:UpdateService");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    peer.until_step(Step::Update).await;
    // It lands, but nobody hears the answer: the first one fails, the service shows our revision.
    let mine = scene.platform.calls().len();
    scene
        .platform
        .fail_next("ecs:UpdateService", ErrorKind::TimedOut);
    landed_unheard(&scene).await;
    gate.add_permits(1);
    let walked = peer.finished().await;
    assert_eq!(
        report(&walked).verdict,
        Verdict::Live,
        "{:?}",
        walked.outcome
    );
    assert_eq!(scene.platform.count("ecs:UpdateService"), 1);
    assert!(scene.platform.calls().len() > mine);
    scene.end(agent).await;
}

/// The update of the job lands at the platform behind its back.
async fn landed_unheard(scene: &Scene) {
    use shipway_plugin::{Platform as _, RegionApi, UpdateService};
    let ghost = scene.platform.clone();
    let region: Arc<dyn RegionApi> = ghost
        .open(&place(OTHER), &Session::Agent)
        .await
        .expect("it opens");
    let newest = region
        .newest_revisions("shop", 1)
        .await
        .expect("they are listed");
    let target = crate::support::target();
    let update = UpdateService {
        cluster: target.cluster,
        service: target.service,
        task_definition: newest[0].clone(),
        base_configuration: String::new(),
        keeps_configuration: false,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        breaker: shipway_domain::observe::BreakerSeen::default(),
        health_check_grace_period: None,
        force: false,
    };
    let landed = scene.platform.land(&place(OTHER), &update);
    landed.expect("it lands");
}

#[tokio::test]
async fn what_was_suspended_is_put_back_exactly() {
    let mut scene = Scene::new().await;
    let before = ScalingFlags {
        scale_in: true,
        scale_out: false,
        scheduled: true,
    };
    let target = ScalingSeen {
        min: 1,
        max: 9,
        suspended: before,
    };
    scene.platform.make_scalable(&place(OTHER), SERVICE, target);
    scene.crashes(b"after");
    let mut app = App::new(&scene.coordinator, b"after");
    app.spec.rollout.autoscaling = Autoscaling::Suspend;
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    let at = |wanted: &Checkpoint| walked.checkpoints.iter().position(|noted| noted == wanted);
    let order = [
        at(&Checkpoint::SuspendIntent { before }),
        at(&Checkpoint::Suspended),
        at(&Checkpoint::Resumed),
    ];
    assert!(
        order.iter().all(Option::is_some) && order.is_sorted(),
        "{:?}",
        walked.checkpoints
    );
    let after = scene.platform.scaling(&place(OTHER), SERVICE);
    assert_eq!(after, Some(target));
    scene.end(agent).await;
}

#[tokio::test]
async fn a_rollout_taken_over_follows_what_was_begun_and_changes_nothing() {
    let mut scene = Scene::new().await;
    let mut app = App::new(&scene.coordinator, b"after");
    app.spec.image.tags.clear();
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    let first = peer.finished().await;
    app.checkpoints = first.checkpoints;
    let mut again = app.rollout();
    again.job.as_mut().expect("a job").attempt = 2;
    peer.heard.clear();
    peer.say(Out::Offer(again)).await;
    let second = peer.finished().await;
    assert_eq!(report(&second).verdict, Verdict::Live);
    assert!(second.checkpoints.is_empty(), "{:?}", second.checkpoints);
    assert_eq!(scene.platform.count("ecs:UpdateService"), 1);
    assert_eq!(scene.platform.count("ecs:RegisterTaskDefinition"), 1);
    assert_eq!(scene.service().running, 2);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_coordinator_that_restarts_while_a_blob_is_fetched_fails_no_job() {
    let mut scene = Scene::new().await;
    let app = App::new(&scene.coordinator, b"after");
    scene.coordinator.no_blobs_for(2);
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert_eq!(report(&walked).verdict, Verdict::Live);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_begun_rollout_whose_task_definition_is_lost_rests_instead_of_failing() {
    let mut scene = Scene::new().await;
    let mut app = App::new(&scene.coordinator, b"after");
    app.spec.task_definition = shipway_domain::ids::Digest::of(b"lost");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    assert_eq!(peer.finished().await.failed_with(), "no-task-definition");
    app.checkpoints = vec![Checkpoint::UpdateIntent {
        task_definition: "ours".to_owned(),
        primary_before: String::new(),
        deployment_before: None,
        serving_before: String::new(),
        at: shipway_domain::time::Timestamp::ZERO,
    }];
    let app = app.release(8);
    peer.say(Out::Offer(app.rollout())).await;
    let walked = peer.finished().await;
    assert_eq!(report(&walked).verdict, Verdict::Unknown);
    scene.end(agent).await;
}
