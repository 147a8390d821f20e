//! Submissions: known by their key, folded while nothing has begun, one at a time on a target.

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_proto::v1;
use shipway_tests::{App, Scaled, World, patiently};
use tokio::task::JoinSet;

const STAGING: &str = ACCOUNTS[1].1;
const SUBMITTED_AT_ONCE: usize = 50;

async fn built(world: &World, app: &App) -> String {
    let ran = world.cli(app, &["deploy", "staging"]).await.expect(0);
    let image = ran.json()["image"]["reference"].clone();
    image.as_str().expect("an image").to_owned()
}

#[tokio::test]
async fn the_same_key_is_the_same_release_and_other_content_is_refused() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let image = built(&world, &app).await;
    let request = world.submission(&app, "staging", &image, "once").await;
    let mut client = world.client().await;
    let first = client.submit(request.clone()).await.expect("taken in");
    let first = first.into_inner();
    assert!(!first.existed);
    let again = client.submit(request.clone()).await.expect("known");
    let again = again.into_inner();
    assert!(again.existed);
    assert_eq!(again.release, first.release);
    let mut other = request;
    other.spec.as_mut().expect("a spec").priority += 1;
    let refused = client.submit(other).await.expect_err("other content");
    assert_eq!(refused.code(), tonic::Code::AlreadyExists, "{refused}");
    let view = world.ended(first.release).await;
    assert_eq!(view.verdict(), v1::Verdict::Live);
    world.stop().await;
}

#[tokio::test]
async fn a_newer_release_folds_one_that_has_not_begun_and_only_that() {
    let world = World::start(Scaled::Slow).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let holder = App::new("other").env("staging", STAGING, "");
    let held = world.cli(&holder, &["deploy", "staging", "--detach"]).await;
    let held = held.expect(0).release();
    world.under_way(held).await;
    // The slot is held, so these three wait.
    let mut releases = Vec::new();
    for version in ["1", "2", "3"] {
        app.release(version);
        let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
        releases.push(ran.expect(0));
    }
    let id = |ran: &shipway_tests::Ran| ran.json()["release"].clone();
    assert_eq!(releases[0].json()["folded"], json!([]));
    assert_eq!(releases[1].json()["folded"], json!([id(&releases[0])]));
    assert_eq!(releases[2].json()["folded"], json!([id(&releases[1])]));
    for folded in &releases[..2] {
        let view = world.ended(folded.release()).await;
        assert_eq!(view.verdict(), v1::Verdict::Superseded);
    }
    // Another app's release that runs is left alone.
    assert_eq!(world.ended(held).await.verdict(), v1::Verdict::Live);
    let last = world.ended(releases[2].release()).await;
    assert_eq!(last.verdict(), v1::Verdict::Live);
    world.stop().await;
}

#[tokio::test]
async fn fifty_apps_change_one_target_one_after_the_other() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let image = built(&world, &app).await;
    let request = world.submission(&app, "staging", &image, "base").await;
    let mut submits = JoinSet::new();
    for number in 0..SUBMITTED_AT_ONCE {
        let mut request = request.clone();
        request.key = format!("key-{number}");
        let spec = request.spec.as_mut().expect("a spec");
        spec.app = format!("app-{number}");
        // Some have something to do, the others find it done.
        spec.rollout.as_mut().expect("settings").force = number % 3 == 0;
        let mut client = world.client().await;
        submits.spawn(async move {
            let reply = client.submit(request).await.expect("taken in");
            reply.into_inner().release
        });
    }
    let releases = patiently("the submissions", submits.join_all()).await;
    let mut spans = Vec::new();
    for release in releases {
        let view = world.ended(release).await;
        assert_eq!(view.verdict(), v1::Verdict::Live);
        let rollout = view.jobs.iter().find(|job| job.kind == "rollout");
        let index = rollout.expect("a rollout").index;
        let of = |event: &v1::Event, ended: bool| {
            event.job == Some(index)
                && match event.kind {
                    Some(v1::event::Kind::Granted(_)) => !ended,
                    Some(v1::event::Kind::JobEnded(_)) => ended,
                    _ => false,
                }
        };
        let from = world.event(release, |event| of(event, false)).await.at_ms;
        let to = world.event(release, |event| of(event, true)).await.at_ms;
        spans.push((from, to));
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two on one target: {spans:?}");
    }
    let forced = SUBMITTED_AT_ONCE.div_ceil(3);
    one_after_the_other(&world, forced + 1).await;
    world.stop().await;
}

/// What ECS itself says: each of its deployments had ended before the next was made.
async fn one_after_the_other(world: &World, count: usize) {
    assert_eq!(world.calls(STAGING, "UpdateService").len(), count);
    let input = json!({"cluster": "main", "service": "hello", "maxResults": 100});
    let aws = world.aws(STAGING);
    let listed = aws.ecs("ListServiceDeployments", input).await["serviceDeployments"].clone();
    let time = |deployment: &Value, member: &str| deployment[member].as_f64();
    let mut spans: Vec<(f64, f64)> = listed
        .as_array()
        .expect("deployments")
        .iter()
        .filter(|deployment| deployment["createdAt"].is_number())
        .map(|deployment| {
            assert_eq!(deployment["status"], "SUCCESSFUL", "{deployment:#}");
            let created = time(deployment, "createdAt").expect("a time");
            (created, time(deployment, "finishedAt").expect("a time"))
        })
        .collect();
    assert!(spans.len() >= count, "{} of {count}", spans.len());
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two in progress: {spans:?}");
    }
}
