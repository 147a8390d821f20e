//! Two processes of one agent: the second live one is refused, a copied folder proves nothing, and one that
//! comes back has proof that the one before is dead.

use std::path::Path;
use std::time::Duration;

use shipway_domain::ids::AgentId;
use shipway_domain::promise::{self, Fact, History};
use shipway_domain::time::Timestamp;

use crate::facts;
use crate::rounds::{held_at, in_mid_rollout};
use crate::scenario::{People, Scenario};
use crate::world::{Lease, PATIENCE, World, text};

/// A world where only `agent-a` works, and its people.
async fn alone(lease: Lease) -> (World, People) {
    let started = tokio::task::spawn_blocking(move || World::start(lease, 30, None));
    let mut world = started.await.unwrap();
    world.kill("agent-b", None);
    world.aws.scalable().await;
    let people = People::new(&world.grpc, &world.aws);
    let here = people.until_agents(|agents| agents.iter().filter(|a| a.connected).count() == 1);
    tokio::time::timeout(PATIENCE, here).await.unwrap();
    (world, people)
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in ["lock", "incarnation"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_folder_ends_with_a_clear_message() {
    let (world, _people) = alone(Lease::USUAL).await;
    let mut second = world.another("agent-second", "agent-a");
    // The configuration of the first, folder and all.
    let config = text(&world.path().join("agent-a.toml"));
    second.set_args(vec!["--config".to_owned(), config]);
    second.start(None);
    let status = tokio::task::spawn_blocking(move || (second.wait(), second.said()));
    let (status, said) = tokio::time::timeout(PATIENCE, status)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("another agent uses"), "{said}");
    assert!(said.contains("give each its own data folder"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_agent_with_a_copied_folder_is_refused_and_the_first_goes_on() {
    let (mut world, people) = alone(Lease::SHORT).await;
    // The copy was made while the first one ran: it bears its incarnation, and no lock with it.
    copy(
        &world.path().join("agent-a"),
        &world.path().join("agent-copy"),
    );
    let mut copied = world.another("agent-copy", "agent-a");
    copied.start(None);
    until("the copy is refused", || {
        let said = copied.said();
        said.contains("an agent agent-a is connected already")
    })
    .await;
    let play = people.play(Scenario::Deploy, "key");
    tokio::time::timeout(PATIENCE, play).await.expect("it ends");
    let verdicts: Vec<String> = people.seen().verdicts.values().cloned().collect();
    assert_eq!(verdicts, ["VERDICT_LIVE"]);
    drop(copied);
    world.power_cut();
    let mut history = History::new();
    let changes = facts::on_disk(world.path());
    history.observe(Fact::Committed(changes));
    assert_eq!(promise::at_rest(&history), Vec::new());
    let attempts = history.releases().flat_map(|r| history.jobs_of(r.id));
    for job in attempts {
        assert_eq!(job.attempt.0, 1, "job {} was taken from the first", job.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_comes_back_frees_its_jobs_at_once_for_it_has_the_lock() {
    // A lease of a minute: what goes on sooner does so by the proof alone.
    let (mut world, people) = alone(Lease::USUAL).await;
    in_mid_rollout(&mut world, &people, async |world| {
        world.kill("agent-a", Some(Duration::ZERO));
    })
    .await;
    let death = world.deaths.iter().find(|death| death.name == "agent-a");
    let death = death.expect("it was killed").clone();
    world.power_cut();
    let changes = facts::on_disk(world.path());
    let mut history = History::new();
    history.observe(Fact::Committed(changes.clone()));
    assert_eq!(promise::at_rest(&history), Vec::new());
    let agent = AgentId::new("agent-a").unwrap();
    let held = held_at(&changes, &agent, death.at);
    assert_eq!(held.len(), 1, "{held:?}");
    let began = Timestamp::from_millis(death.at);
    let within = Timestamp::from_millis(death.back.expect("it came back")).since(began)
        + Duration::from_secs(10);
    assert_eq!(
        promise::goes_on_within(&history, held[0], began, within),
        Ok(())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_folder_does_not_free_the_jobs_of_a_dead_agent_before_their_leases_end() {
    let (mut world, people) = alone(Lease::SHORT).await;
    let mut copied = None;
    in_mid_rollout(&mut world, &people, async |world| {
        copy(
            &world.path().join("agent-a"),
            &world.path().join("agent-copy"),
        );
        world.kill("agent-a", None);
        let mut other = world.another("agent-copy", "agent-a");
        other.start(None);
        copied = Some(other);
    })
    .await;
    let death = world.deaths.iter().find(|death| death.name == "agent-a");
    let at = death.expect("it was killed").at;
    drop(copied);
    world.power_cut();
    let changes = facts::on_disk(world.path());
    let mut history = History::new();
    history.observe(Fact::Committed(changes.clone()));
    assert_eq!(promise::at_rest(&history), Vec::new());
    let held = held_at(&changes, &AgentId::new("agent-a").unwrap(), at);
    assert_eq!(held.len(), 1, "{held:?}");
    let next = history.grants_of(held[0]).map(|(_, at)| at.millis());
    let next = next
        .filter(|granted| *granted > at)
        .min()
        .expect("it goes on");
    // Renewed at most two seconds before the kill.
    assert!(next >= at + 3_500, "freed {} ms after the kill", next - at);
    assert!(
        next <= at + 16_000,
        "freed only {} ms after the kill",
        next - at
    );
}
