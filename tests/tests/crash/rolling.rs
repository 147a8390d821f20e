//! A rolling restart: coordinator and agents are replaced one after another while they work, and no job
//! notices.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};
use shipway_domain::change::Change;
use shipway_domain::event::{Event, EventKind};
use shipway_domain::ids::JobId;

use crate::app::App;
use crate::cli::{Cli, rolls_out, until, updates};
use crate::facts;
use crate::scenario::People;
use crate::world::{Lease, World};

/// Simulated seconds in one: a rollout takes longer than a process to be replaced.
const SCALE: u32 = 10;
/// Seconds that an agent lets its jobs have to end; none of the rollouts here takes so long.
const LONG: u64 = 300;
/// Words of the event that a job was handed over.
const HANDED_OVER: &str = "the agent left and handed it over";

/// An app with a service of its name.
async fn app(world: &World, name: &str) -> App {
    world.aws.create_service(name).await;
    App::on(name, name, "", name)
}

/// Asks one of the agents to leave, and waits until it has. Its next process will let jobs end.
async fn leave(world: &mut World, name: &str) {
    let agent = world.agent(name, LONG);
    agent.terminate();
    let began = Instant::now();
    let status = loop {
        let agent = world.agent(name, LONG);
        if let Some(status) = agent.ended() {
            break status;
        }
        assert!(began.elapsed().as_secs() < LONG, "{}", world.logs());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(status.success(), "{name}: {status}\n{}", world.logs());
}

/// Starts the next process of an agent that left.
async fn come(world: &mut World, people: &People, name: &str) {
    world.agent(name, LONG).start(None);
    let here = people.until_agents(|agents| {
        let mut seats = agents
            .iter()
            .filter(|seat| seat.connected && !seat.draining);
        seats.any(|seat| seat.description.as_ref().is_some_and(|it| it.id == name))
    });
    here.await;
}

/// The other one of the two agents.
fn other(name: &str) -> &'static str {
    if name == "agent-a" {
        "agent-b"
    } else {
        "agent-a"
    }
}

fn is_handed_over(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Returned { reason } if reason == HANDED_OVER)
}

fn of_job(event: &Event, release: shipway_domain::ids::ReleaseId) -> Option<JobId> {
    let index = event.job?;
    Some(JobId { release, index })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn coordinator_and_agents_are_replaced_in_mid_rollout_and_no_job_notices() {
    let started = tokio::task::spawn_blocking(|| World::start(Lease::USUAL, SCALE, None));
    let mut world = started.await.unwrap();
    let people = People::new(&world.grpc, &world.aws);
    // The push of one image takes a while: its build is under way as long.
    let slow = json!({"service": "registry", "action": "InitiateLayerUpload",
        "resource": "*/slow*", "kind": "latency", "ms": 6000, "count": 1});
    world.aws.fault(slow).await;
    let mut apps = Vec::new();
    for name in ["slow", "cart", "search", "third", "fourth", "fifth"] {
        apps.push(app(&world, name).await);
    }
    let deploy = |world: &World, place: usize, name: &str| Cli::deploy(world, name, &apps[place]);

    // The coordinator, with two rollouts and a build under way, and people who watch.
    let mut deploys = vec![deploy(&world, 1, "cart"), deploy(&world, 2, "search")];
    for service in ["cart", "search"] {
        until(&world, "a rollout", async || {
            rolls_out(&world, service).await
        })
        .await;
    }
    deploys.push(deploy(&world, 0, "slow"));
    until(&world, "the build", async || deploys[2].has_begun("build")).await;
    let release = first_release(&people, "cart").await;
    let mut watch = Cli::start(&world, "watch", &["watch", &release]);
    until(&world, "the watch", async || !watch.lines().is_empty()).await;
    world.server.terminate();
    until_ended(&mut world).await;
    assert!(!pushed(&world, "slow").await, "the build was not under way");
    world.server.start(None);
    people
        .until_agents(|agents| agents.iter().filter(|agent| agent.connected).count() == 2)
        .await;
    until(&world, "a watcher that notices", async || watch.noticed()).await;

    // An agent that does not let its jobs end: what it has goes to the other.
    deploys.push(deploy(&world, 3, "third"));
    until(&world, "a rollout", async || {
        rolls_out(&world, "third").await
    })
    .await;
    let holder = deploys[3].rollout_on().expect("somebody has it");
    leave(&mut world, &holder).await;
    // This one can only go to the agent that is left; then that one leaves, too.
    deploys.push(deploy(&world, 4, "fourth"));
    until(&world, "a rollout", async || {
        rolls_out(&world, "fourth").await
    })
    .await;
    assert_eq!(deploys[4].rollout_on().as_deref(), Some(other(&holder)));
    come(&mut world, &people, &holder).await;
    leave(&mut world, other(&holder)).await;

    // An agent that lets its jobs end: the new process comes when there are none.
    deploys.push(deploy(&world, 5, "fifth"));
    until(&world, "a rollout", async || {
        rolls_out(&world, "fifth").await
    })
    .await;
    assert_eq!(deploys[5].rollout_on().as_deref(), Some(holder.as_str()));
    come(&mut world, &people, other(&holder)).await;
    leave(&mut world, &holder).await;
    come(&mut world, &people, &holder).await;

    for cli in deploys.iter_mut().chain([&mut watch]) {
        cli.live(&world).await;
    }
    let updates = updates(&world).await;
    assert_eq!(updates.len(), 6, "{updates:?}\n{}", world.logs());
    assert!(
        updates.values().all(|count| *count == 1),
        "{updates:?}\n{}",
        world.logs()
    );
    world.power_cut();
    nothing_noticed(&world);
}

/// Every job was granted once, and once more for each time that it was handed over; those of the
/// agent that let its jobs end never were.
fn nothing_noticed(world: &World) {
    let changes = facts::on_disk(world.path());
    let events = || {
        changes.iter().filter_map(|change| match change {
            Change::Event { release, event } => Some((*release, event)),
            _ => None,
        })
    };
    let handed_over: Vec<JobId> = events()
        .filter(|(_, event)| is_handed_over(event))
        .filter_map(|(release, event)| of_job(event, release))
        .collect();
    for (release, event) in events() {
        if let EventKind::Returned { reason } = &event.kind {
            assert_eq!(
                reason,
                HANDED_OVER,
                "{release}: {event:?}\n{}",
                world.logs()
            );
        }
    }
    let jobs: BTreeSet<JobId> = events()
        .filter_map(|(release, event)| of_job(event, release))
        .collect();
    assert_eq!(jobs.len(), 12, "{jobs:?}");
    for job in jobs {
        let grants = events().filter(|(release, event)| {
            of_job(event, *release) == Some(job) && matches!(event.kind, EventKind::Granted { .. })
        });
        let times = handed_over.iter().filter(|over| **over == job).count();
        assert_eq!(grants.count(), 1 + times, "{job}\n{}", world.logs());
    }
    // Third and fourth were in mid-rollout when their agents left; the fifth was let end.
    let apps = |name: &str| {
        changes.iter().find_map(|change| match change {
            Change::Release(release) if release.app.as_str() == name => Some(release.id),
            _ => None,
        })
    };
    for (name, was) in [("third", true), ("fourth", true), ("fifth", false)] {
        let release = apps(name).expect("it was submitted");
        let over = handed_over.iter().any(|job| job.release == release);
        assert_eq!(over, was, "{name}: {handed_over:?}\n{}", world.logs());
    }
}

async fn until_ended(world: &mut World) {
    let began = Instant::now();
    let status = loop {
        if let Some(status) = world.server.ended() {
            break status;
        }
        assert!(began.elapsed().as_secs() < 60, "{}", world.logs());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(status.success(), "{status}\n{}", world.logs());
}

/// Whether the image of this app is pushed.
async fn pushed(world: &World, repository: &str) -> bool {
    let part = format!("/{repository}");
    world.aws.calls().await.iter().any(|call: &Value| {
        let resource = call["resource"].as_str().unwrap_or_default();
        call["service"] == "registry" && call["action"] == "PutImage" && resource.contains(&part)
    })
}

/// The newest release of an app, as people write it.
async fn first_release(people: &People, app: &str) -> String {
    loop {
        if let Some(release) = people.newest(app).await {
            return release.to_string();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
