//! Agents take what they have room for, and finish what they began.

use serde_json::{Value, json};
use shipway_dev::{ACCOUNTS, REGION};
use shipway_proto::v1;
use shipway_tests::{App, Scaled, World, agent_in, patiently};

const STAGING: &str = ACCOUNTS[1].1;
const OTHER: &str = "333333333333";

/// An account of its own for an agent of the test, with services `a`, `b` and `c`.
fn seed(world: &World) {
    let service = |name: &str| {
        json!({
            "task_definition": {"family": name, "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
                "containerDefinitions": [{"name": "app", "image": "httpd", "essential": true}]},
            "service": {"serviceName": name, "desiredCount": 1, "launchType": "FARGATE",
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}},
        })
    };
    let services: Vec<Value> = ["a", "b", "c"].into_iter().map(service).collect();
    let seed = json!({"accounts": [{"id": OTHER, "name": "other",
        "roles": [{"name": "shipway-deploy"}],
        "regions": [{"name": REGION, "clusters": [{"name": "main", "services": services}]}]}]});
    let seed = serde_json::from_value(seed).expect("a seed");
    world.stack.sim().seed(&seed).expect("it fits");
}

/// An image that is there already; the app of it has an environment for each service.
async fn prepared(world: &World) -> (App, String) {
    seed(world);
    let app = App::new("shop")
        .env("staging", STAGING, "")
        .env_on("a", OTHER, "a", "")
        .env_on("b", OTHER, "b", "")
        .env_on("c", OTHER, "c", "");
    let built = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let image = built.json()["image"]["reference"].clone();
    (app, image.as_str().expect("an image").to_owned())
}

async fn deploy(world: &World, app: &App, env: &str, image: &str) -> u64 {
    let args = ["deploy", env, "--image", image, "--detach"];
    world.cli(app, &args).await.expect(0).release()
}

#[tokio::test]
async fn an_agent_runs_no_more_jobs_at_once_than_it_has_room_for() {
    let world = World::start(Scaled::Slow).await;
    let (app, image) = prepared(&world).await;
    let mut config = agent_in("agent-small", OTHER);
    config.capacity = 1;
    let agent = world.agent(config).await;
    let mut releases = Vec::new();
    for env in ["a", "b", "c"] {
        releases.push(deploy(&world, &app, env, &image).await);
    }
    world.under_way(releases[0]).await;
    let mut client = world.client().await;
    let busy = async {
        loop {
            let queue = client.queue(v1::QueueRequest {}).await.expect("a queue");
            let entries = queue.into_inner().entries;
            let codes = entries.iter().filter_map(|entry| entry.wait.as_ref());
            let waiting = codes.filter(|wait| wait.code == "busy").count();
            if waiting > 0 {
                return waiting;
            }
        }
    };
    assert!(patiently("a job that waits for room", busy).await > 0);
    let mut spans = Vec::new();
    for release in releases {
        let view = world.ended(release).await;
        assert_eq!(view.verdict(), v1::Verdict::Live);
        let granted = |event: &v1::Event| {
            event.job == Some(1) && matches!(event.kind, Some(v1::event::Kind::Granted(_)))
        };
        let ended = |event: &v1::Event| {
            event.job == Some(1) && matches!(event.kind, Some(v1::event::Kind::JobEnded(_)))
        };
        let from = world.event(release, granted).await.at_ms;
        spans.push((from, world.event(release, ended).await.at_ms));
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "two jobs at once: {spans:?}");
    }
    agent.stop.cancel();
    agent.ended().await;
    world.stop().await;
}

#[tokio::test]
async fn a_draining_agent_takes_nothing_new_and_finishes_what_it_has() {
    let world = World::start(Scaled::Slow).await;
    let (app, image) = prepared(&world).await;
    let mut config = agent_in("agent-leaving", OTHER);
    config.drain_seconds = 60;
    let agent = world.agent(config).await;
    let running = deploy(&world, &app, "a", &image).await;
    world.under_way(running).await;
    agent.stop.cancel();
    let draining = world.until_agent("agent-leaving", |agent| agent.draining);
    patiently("the agent drains", draining).await;
    let late = deploy(&world, &app, "b", &image).await;
    agent.ended().await;
    let view = world.ended(running).await;
    assert_eq!(view.verdict(), v1::Verdict::Live);
    let attempts: Vec<u32> = view.jobs.iter().map(|job| job.attempt).collect();
    assert!(attempts.iter().all(|attempt| *attempt == 1), "{attempts:?}");
    // What came late waits, and says for what, until another agent comes.
    let mut client = world.client().await;
    let waits = async {
        loop {
            let request = v1::GetReleaseRequest { release: late };
            let view = client.get_release(request).await.expect("known");
            let jobs = view.into_inner().jobs;
            let wait = jobs.iter().find_map(|job| job.wait.clone());
            if let Some(wait) = wait.filter(|wait| wait.code == "no-agent") {
                return wait;
            }
        }
    };
    let wait = patiently("a reason", waits).await;
    assert!(wait.text.contains("agent-leaving"), "{}", wait.text);
    let second = world.agent(agent_in("agent-second", OTHER)).await;
    assert_eq!(world.ended(late).await.verdict(), v1::Verdict::Live);
    second.stop.cancel();
    second.ended().await;
    world.stop().await;
}

#[tokio::test]
async fn what_an_agent_cannot_finish_in_time_is_taken_over_and_not_begun_again() {
    let world = World::start(Scaled::Slow).await;
    let (app, image) = prepared(&world).await;
    let mut config = agent_in("agent-leaving", OTHER);
    config.drain_seconds = 0;
    let agent = world.agent(config).await;
    let release = deploy(&world, &app, "a", &image).await;
    world.under_way(release).await;
    agent.stop.cancel();
    agent.ended().await;
    let second = world.agent(agent_in("agent-second", OTHER)).await;
    let view = world.ended(release).await;
    assert_eq!(view.verdict(), v1::Verdict::Live);
    let rollout = view.jobs.iter().find(|job| job.kind == "rollout");
    let rollout = rollout.expect("a rollout");
    assert_eq!(rollout.attempt, 2);
    let second_grant = |event: &v1::Event| match &event.kind {
        Some(v1::event::Kind::Granted(granted)) => {
            event.job == Some(rollout.index) && granted.agent == "agent-second"
        }
        _ => false,
    };
    drop(world.event(release, second_grant).await);
    assert_eq!(world.calls(OTHER, "UpdateService").len(), 1);
    // The one of the seed is none of ours.
    assert_eq!(world.calls(OTHER, "RegisterTaskDefinition").len(), 1);
    second.stop.cancel();
    second.ended().await;
    world.stop().await;
}
