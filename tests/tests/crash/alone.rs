//! Agents without a coordinator: they watch and build on, change nothing in AWS without a lease that
//! stands, keep what came of it, and hand it in when the coordinator is back.

use serde_json::{Value, json};
use shipway_domain::change::Change;
use shipway_domain::event::EventKind;
use shipway_domain::ids::ReleaseId;
use shipway_domain::promise::Mutation;
use shipway_domain::time::Timestamp;
use shipway_runtime::Clock;

use crate::app::App;
use crate::aws::BEFORE;
use crate::cli::{Cli, until, updates};
use crate::facts;
use crate::scenario::People;
use crate::world::{Lease, World};

/// A call that was sent before the deadline is answered, and logged, within this.
const ON_ITS_WAY: u64 = 300;
/// Milliseconds in which an agent that still looks has looked: it may have seen all that it needs.
const LOOKS: u64 = 2_000;
const SUSPENDED: &str = "autoscaling = \"suspend\"";

/// A world where scaling can be suspended, and its people.
async fn world(lease: Lease, scale: u32) -> (World, People) {
    let started = tokio::task::spawn_blocking(move || World::start(lease, scale, None));
    let world = started.await.unwrap();
    world.aws.scalable().await;
    let people = People::new(&world.grpc, &world.aws);
    (world, people)
}

/// Kills the coordinator; the time of day in milliseconds just before.
fn strike(world: &mut World) -> u64 {
    let at = Clock::system().millis();
    world.kill("server", None);
    at
}

/// Starts the coordinator again; the time of day in milliseconds just before.
fn back(world: &mut World) -> u64 {
    let at = Clock::system().millis();
    world.server.start(None);
    at
}

/// Waits until one of the agents has said this in its log.
async fn until_said(world: &World, words: &str) {
    let said = async || {
        world
            .agents
            .iter()
            .any(|agent| agent.said().contains(words))
    };
    until(world, words, said).await;
}

/// That every job on disk was granted once and never returned, in one release.
fn each_granted_once(world: &World) {
    let changes = facts::on_disk(world.path());
    let mut grants = Vec::new();
    for change in &changes {
        let Change::Event { event, .. } = change else {
            continue;
        };
        match &event.kind {
            EventKind::Granted { attempt, .. } => grants.push((event.job, attempt.0)),
            EventKind::Returned { .. } | EventKind::Rested { .. } => {
                panic!("{event:?}\n{}", world.logs());
            }
            _ => {}
        }
    }
    assert_eq!(grants, [(Some(0), 1), (Some(1), 1)], "{}", world.logs());
}

async fn one_update(world: &World) {
    let updates: Vec<usize> = updates(world).await.into_values().collect();
    assert_eq!(updates, [1], "{}", world.logs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_coordinator_that_is_away_for_less_than_the_lease_is_not_missed() {
    let (mut world, _people) = world(Lease::ROOMY, 20).await;
    let app = App::on("shop", "hello", SUSPENDED, "first");
    let mut deploy = Cli::deploy(&world, "deploy", &app);
    until_following(&world, &deploy).await;
    let at = strike(&mut world);
    until_said(&world, "no connection to the coordinator").await;
    // It watches on: it sees what ECS does.
    let before = looks(&world).await;
    until(&world, "more looks", async || {
        looks(&world).await > before + 3
    })
    .await;
    let away = back(&mut world) - at;
    assert!(away < 1000 * Lease::ROOMY.length, "away for {away} ms");
    deploy.live(&world).await;
    one_update(&world).await;
    assert_eq!(world.aws.flags().await, BEFORE);
    world.power_cut();
    each_granted_once(&world);
}

/// How often agents have looked how the rollout stands.
async fn looks(world: &World) -> usize {
    let calls = world.aws.calls().await;
    let look = |call: &&Value| call["action"] == "DescribeServiceDeployments";
    calls.iter().filter(look).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rollout_that_ends_while_the_coordinator_is_away_hands_its_result_in_later() {
    let (mut world, _people) = world(Lease::ROOMY, 20).await;
    let app = App::on("shop", "hello", "", "first");
    let mut deploy = Cli::deploy(&world, "deploy", &app);
    until_following(&world, &deploy).await;
    let at = strike(&mut world);
    // Its end, proof and tags come while nobody can be told.
    until(&world, "the end of the rollout", async || {
        let logs = world.agents.each_ref().map(|agent| agent.said()).concat();
        let mut lines = logs.lines();
        lines.any(|line| line.contains("job.kind=\"rollout\"") && line.contains("job ended"))
            && world.aws.newest_deployment("hello").await == "SUCCESSFUL"
    })
    .await;
    let calls = world.aws.calls().await.len();
    let away = back(&mut world) - at;
    assert!(away < 1000 * Lease::ROOMY.length, "away for {away} ms");
    deploy.live(&world).await;
    one_update(&world).await;
    let after = world.aws.calls().await;
    let later = facts::mutations(&after[calls..], world.aws.times().await);
    assert!(later.is_empty(), "nothing was left to do: {later:?}");
    world.power_cut();
    each_granted_once(&world);
}

/// Waits until the agent has noted which deployment is its own.
async fn until_following(world: &World, deploy: &Cli) {
    until(world, "the step follow", async || {
        let lines = deploy.lines();
        lines
            .iter()
            .any(|line| line["type"] == "tasks" && line["job"] == 1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_build_goes_on_while_the_coordinator_is_away_and_pushes_once() {
    let (mut world, _people) = world(Lease::ROOMY, 60).await;
    let slow = json!({"service": "registry", "action": "InitiateLayerUpload", "kind": "latency",
        "ms": 3000, "count": 1});
    world.aws.fault(slow).await;
    let app = App::on("shop", "hello", "", "first");
    let mut deploy = Cli::deploy(&world, "deploy", &app);
    until(&world, "the build", async || deploy.has_begun("build")).await;
    let at = strike(&mut world);
    assert_eq!(pushes(&world).await, 0, "the build was not under way");
    until(&world, "the push", async || pushes(&world).await > 0).await;
    let away = back(&mut world) - at;
    assert!(away < 1000 * Lease::ROOMY.length, "away for {away} ms");
    deploy.live(&world).await;
    one_update(&world).await;
    assert_eq!(pushes(&world).await, 1, "{}", world.logs());
    world.power_cut();
    each_granted_once(&world);
}

/// How often a manifest was pushed.
async fn pushes(world: &World) -> usize {
    let calls = world.aws.calls().await;
    let push = |call: &&Value| {
        call["service"] == "registry" && call["action"] == "PutImage" && call["error"].is_null()
    };
    calls.iter().filter(push).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_whose_coordinator_stays_away_changes_nothing_after_its_deadline() {
    // A rollout takes longer than the lease: what is left to do comes after the deadline.
    let lease = Lease::SHORT;
    let (mut world, people) = world(lease, 8).await;
    let times = world.aws.times().await;
    let app = App::on("shop", "hello", SUSPENDED, "first");
    let mut deploy = Cli::deploy(&world, "deploy", &app);
    until_following(&world, &deploy).await;
    let at = strike(&mut world);
    until(&world, "the end in ECS, after the lease", async || {
        let over = Clock::system().millis() > at + 1000 * lease.length;
        over && world.aws.newest_deployment("hello").await == "SUCCESSFUL"
    })
    .await;
    // ECS is done, and what was suspended is to be put back: it is not.
    let (looked, seen) = (looks(&world).await, Clock::system().millis());
    until(&world, "more looks, or time for them", async || {
        looks(&world).await > looked + 2 || Clock::system().millis() > seen + LOOKS
    })
    .await;
    assert_ne!(world.aws.flags().await, BEFORE, "{}", world.logs());
    let returned = back(&mut world);
    deploy.live(&world).await;
    assert_eq!(world.aws.flags().await, BEFORE);
    one_update(&world).await;
    let mutations = facts::mutations(&world.aws.calls().await, times);
    let ours: Vec<&Mutation> = mutations.iter().filter(|m| m.by.is_some()).collect();
    let deadline = at + 1000 * (lease.length - lease.margin) + ON_ITS_WAY;
    let alone: Vec<&&Mutation> = ours
        .iter()
        .filter(|m| (deadline..returned).contains(&m.at.millis()))
        .collect();
    assert!(alone.is_empty(), "{alone:#?}\n{}", world.logs());
    // Nor was there nothing to do: it was done afterwards.
    let afterwards = ours
        .iter()
        .filter(|m| m.at >= Timestamp::from_millis(returned));
    assert!(afterwards.count() > 0, "{}", world.logs());
    let release: ReleaseId = people.newest("shop").await.expect("it was submitted");
    world.power_cut();
    let changes = facts::on_disk(world.path());
    let waited = changes.iter().any(|change| match change {
        Change::Event { release: of, event } if *of == release => {
            format!("{:?}", event.kind).contains("waits: the lease")
        }
        _ => false,
    });
    assert!(waited, "why it waited was not handed in\n{}", world.logs());
}
