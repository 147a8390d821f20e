//! The loop: every named point in turn, and random moments, in worlds of their own.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use shipway_domain::change::Change;
use shipway_domain::event::EventKind;
use shipway_domain::ids::{AgentId, JobId};
use shipway_domain::promise::{self, Broken, Fact, History, Operation, Promise};
use shipway_domain::time::Timestamp;
use shipway_runtime::failpoint::POINTS;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::facts;
use crate::machine::Death;
use crate::scenario::{People, Scenario};
use crate::world::{Lease, World};

/// Rounds of a plain run at random moments, beside one for each point.
const AT_RANDOM: usize = 10;
/// Worlds at a time: most of a round is spent waiting.
const AT_A_TIME: usize = 4;
/// Simulated seconds in one.
const SCALE: u32 = 60;
/// Longest time that a round may take.
const LONGEST: Duration = Duration::from_secs(150);
/// How soon scaling is put back after the coordinator is back (issue of the promises: 90 s).
const PUT_BACK: Duration = Duration::from_secs(90);
/// How soon a job goes on after the process of its agent is back.
const BACK: Duration = Duration::from_secs(10);
/// How much later than its lease a job may go on without its agent.
const SLACK: Duration = Duration::from_secs(15);

/// Calls of agents whose connections break off: carried out, but without an answer. Those that look from
/// outside do not call them.
const BREAKABLE: [&str; 6] = [
    "RunTask",
    "RegisterTaskDefinition",
    "UpdateService",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "DescribeServiceDeployments",
];
/// Coordinator and agents, all at one moment.
const ALL: &str = "all";

/// Small numbers that follow from the number of the round: a failed round can be played again.
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn millis(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.below(below))
    }
}

/// How many rounds are played: `SHIPWAY_CRASH_ROUNDS`, but never fewer than there are points.
#[expect(clippy::disallowed_methods, reason = "the switch of the test run")]
fn rounds() -> usize {
    let wanted = std::env::var("SHIPWAY_CRASH_ROUNDS").ok();
    let wanted: Option<usize> =
        wanted.map(|text| text.parse().expect("SHIPWAY_CRASH_ROUNDS is a number"));
    wanted.unwrap_or_default().max(POINTS.len() + AT_RANDOM)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_at_every_point_and_at_random_every_promise_holds() {
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut playing = JoinSet::new();
    for number in 0..rounds() {
        let places = Arc::clone(&places);
        playing.spawn(async move {
            let _place = places.acquire_owned().await;
            Round::new(number).play().await
        });
    }
    let mut failed = Vec::new();
    while let Some(played) = playing.join_next().await {
        match played {
            Ok(Ok(())) => {}
            Ok(Err(why)) => failed.push(why),
            Err(panic) => failed.push(panic.to_string()),
        }
    }
    assert!(
        failed.is_empty(),
        "{} rounds failed:\n{}",
        failed.len(),
        failed.join("\n\n")
    );
}

/// One round: a point in the first walk over the list, and mostly random moments beside or instead.
struct Round {
    number: usize,
    chance: Chance,
    point: Option<&'static str>,
    /// When somebody is killed from outside, who, and how long that one is away.
    kills: Vec<(Duration, &'static str, Option<Duration>)>,
    /// How long one is away who died at its point.
    away: Duration,
    /// Whether connections to AWS break off now and then.
    broken_aws: bool,
}

impl Round {
    fn new(number: usize) -> Self {
        let mut chance = Chance(number as u64);
        // Every second walk over the list is at random moments only.
        let walk = number / POINTS.len();
        let point = walk
            .is_multiple_of(2)
            .then(|| POINTS[number % POINTS.len()]);
        let away = match chance.below(4) {
            0 | 1 => Duration::ZERO,
            2 => chance.millis(2000),
            _ => Duration::from_secs(8),
        };
        let kills = if point.is_some() && walk == 0 {
            0
        } else {
            1 + chance.below(3)
        };
        let kills = (0..kills).map(|_| {
            let who = ["server", "agent-a", "agent-b", ALL];
            let who = who[usize::try_from(chance.below(4)).unwrap_or_default()];
            (chance.millis(6000), who, Some(chance.millis(3000)))
        });
        let mut kills: Vec<_> = kills.collect();
        kills.sort();
        Self {
            number,
            point,
            kills,
            away,
            broken_aws: walk > 0 && chance.below(2) == 0,
            chance,
        }
    }

    fn name(&self) -> String {
        format!(
            "round {} (point {}, away {:?}, kills {:?}, broken AWS {})",
            self.number,
            self.point.unwrap_or("none"),
            self.away,
            self.kills,
            self.broken_aws
        )
    }

    /// Plays it; says what was broken.
    async fn play(mut self) -> Result<(), String> {
        let name = self.name();
        let point = self.point;
        let started = tokio::task::spawn_blocking(move || World::start(Lease::SHORT, SCALE, point));
        let mut world = started.await.map_err(|error| format!("{name}: {error}"))?;
        world.aws.scalable().await;
        let times = world.aws.times().await;
        let people = People::new(&world.grpc, &world.aws);
        people.look_at_flags().await;
        let scenarios = match point {
            Some(point) => Scenario::for_point(point).to_vec(),
            None => {
                let all = [
                    Scenario::Deploy,
                    Scenario::Cancel,
                    Scenario::Debt,
                    Scenario::Approve,
                ];
                vec![all[usize::try_from(self.chance.below(4)).unwrap_or_default()]]
            }
        };
        if scenarios.contains(&Scenario::Approve) {
            world.aws.pauses().await;
        }
        if self.broken_aws {
            for action in BREAKABLE {
                let rule = json!({"kind": "drop-after", "service": "ecs", "action": action,
                    "probability": 0.3, "count": 2});
                world.aws.fault(rule).await;
            }
        }
        let played = self.run(&mut world, &people, &scenarios).await;
        if let Err(why) = played {
            return Err(format!("{name}: {why}\n{}", world.logs()));
        }
        let calls = world.aws.calls().await;
        let deployments = facts::deployments(&world.aws, times).await;
        world.power_cut();
        let changes = facts::on_disk(world.path());
        let mut history = History::new();
        let seen = people.seen();
        let acknowledged: Vec<Fact> = seen
            .submitted
            .iter()
            .map(|(key, release)| facts::acknowledged(&changes, key, *release))
            .collect();
        history.observe(Fact::Committed(changes.clone()));
        let mutations = facts::mutations(&calls, times);
        for fact in facts::flags(&seen.flags, &mutations) {
            history.observe(fact);
        }
        let mut broken = once_each(&mutations);
        if scenarios[0] == Scenario::Deploy {
            // A look that sees nothing would find nothing broken.
            let updates = mutations.iter().filter(|mutation| {
                mutation.by.is_some() && mutation.operation.name() == "UpdateService"
            });
            let (updates, flags) = (updates.count(), seen.flags.len());
            if updates == 0 || flags < 3 || deployments.is_empty() {
                return Err(format!(
                    "{name}: {updates} updates and {flags} changes of flags seen"
                ));
            }
        }
        for mutation in mutations {
            history.observe(Fact::Mutated(mutation));
        }
        for shown in deployments {
            history.observe(Fact::Deployment(shown));
        }
        for fact in acknowledged {
            history.observe(fact);
        }
        for (release, seq) in &seen.watched {
            history.observe(Fact::Watched {
                watcher: "a watcher".to_owned(),
                release: *release,
                seq: *seq,
            });
        }
        broken.extend(promise::at_rest(&history));
        broken.extend(in_time(&history, &changes, &world.deaths, world.lease));
        let undisturbed = scenarios[0] == Scenario::Deploy && !seen.verdicts.is_empty();
        let first = seen.submitted.first().map(|(_, release)| *release);
        let verdict = first.and_then(|first| seen.verdicts.get(&first));
        if undisturbed && verdict.is_some_and(|verdict| verdict != "VERDICT_LIVE") {
            broken.push(Broken::new(
                Promise::Verdicts,
                format!("nothing was wrong with the release, but it ended as {verdict:?}"),
            ));
        }
        if broken.is_empty() {
            return Ok(());
        }
        drop(seen);
        let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
        Err(format!(
            "{name}:\n{}\ndeaths: {:#?}\n{}",
            broken.join("\n"),
            world.deaths,
            world.logs()
        ))
    }

    /// Lets people work while processes die, until all has come to rest and the point was reached.
    async fn run(
        &mut self,
        world: &mut World,
        people: &People,
        scenarios: &[Scenario],
    ) -> Result<(), String> {
        let mut played = Vec::new();
        for scenario in scenarios {
            let key = format!("key-{}-{scenario:?}", self.number);
            let began = tokio::time::Instant::now();
            let work = async {
                tokio::select! {
                    () = people.play(*scenario, &key) => {}
                    () = people.watch_flags() => {}
                }
            };
            tokio::pin!(work);
            loop {
                tokio::select! {
                    () = &mut work => break,
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
                if began.elapsed() > LONGEST {
                    return Err(format!("{scenario:?} did not come to its end in time"));
                }
                while let Some((at, who, away)) = self.kills.first().copied()
                    && began.elapsed() >= at
                {
                    self.kills.remove(0);
                    let all = ["server", "agent-a", "agent-b"];
                    for name in all.into_iter().filter(|name| [name, ALL].contains(&who)) {
                        world.kill(name, away);
                    }
                }
                world.tend(self.away);
            }
            played.push(*scenario);
            // In later walks other deaths may keep a process from its point; the first walk reaches all of them.
            let is_last = played.len() == scenarios.len() && self.number >= POINTS.len();
            if self.point.is_none() || world.point_reached() || is_last {
                // The flags as they are at the end.
                tokio::select! {
                    () = people.watch_flags() => {}
                    () = tokio::time::sleep(Duration::from_millis(200)) => {}
                }
                return Ok(());
            }
        }
        Err(format!(
            "the point was never reached, in none of {played:?}"
        ))
    }
}

/// No job registers two revisions or sends two updates.
fn once_each(mutations: &[promise::Mutation]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for operation in ["RegisterTaskDefinition", "UpdateService"] {
        let of = |mutation: &&promise::Mutation| {
            matches!(
                mutation.operation,
                Operation::RegisterTaskDefinition | Operation::UpdateService { .. }
            ) && mutation.operation.name() == operation
        };
        let mut jobs: Vec<JobId> = mutations
            .iter()
            .filter(of)
            .filter_map(|mutation| Some(mutation.by?.job))
            .collect();
        jobs.sort_unstable();
        for pair in jobs.windows(2).filter(|pair| pair[0] == pair[1]) {
            broken.push(Broken::new(
                Promise::Attempts,
                format!("job {} sent {operation} twice", pair[0]),
            ));
        }
    }
    broken
}

/// Debts are paid and jobs go on in time after each death.
fn in_time(history: &History, changes: &[Change], deaths: &[Death], lease: Lease) -> Vec<Broken> {
    let server: Vec<&Death> = deaths.iter().filter(|d| d.name == "server").collect();
    let last_back = server.iter().filter_map(|death| death.back).max();
    let from = Timestamp::from_millis(last_back.unwrap_or_default());
    let mut broken = promise::debts_paid_within(history, from, PUT_BACK);
    let length = Duration::from_secs(lease.length);
    for death in deaths.iter().filter(|death| death.name != "server") {
        let agent = AgentId::new(death.name).expect("an id");
        // Who dies again meanwhile, or has no coordinator, has another time to keep.
        let until = death.at + 1000 * (lease.length + SLACK.as_secs());
        let alone = deaths
            .iter()
            .all(|other| other.at == death.at || other.at > until || other.at + 20_000 < death.at);
        if !alone {
            continue;
        }
        for job in held_at(changes, &agent, death.at) {
            let (from, within) = match death.back {
                Some(back) if back < death.at + 1000 * lease.length => (back, BACK),
                Some(_) | None => (death.at, length + SLACK),
            };
            let began = Timestamp::from_millis(death.at);
            let span = Timestamp::from_millis(from).since(began) + within;
            broken.extend(promise::goes_on_within(history, job, began, span).err());
        }
    }
    broken
}

/// Jobs that an agent held at a moment.
pub(crate) fn held_at(changes: &[Change], agent: &AgentId, at: u64) -> Vec<JobId> {
    let mut held = std::collections::BTreeSet::new();
    for change in changes {
        let Change::Event { release, event } = change else {
            continue;
        };
        let Some(index) = event.job.filter(|_| event.at.millis() <= at) else {
            continue;
        };
        let job = JobId {
            release: *release,
            index,
        };
        match &event.kind {
            EventKind::Granted { agent: to, .. } if to == agent => {
                held.insert(job);
            }
            EventKind::Granted { .. }
            | EventKind::Returned { .. }
            | EventKind::Rested { .. }
            | EventKind::JobEnded(_) => {
                held.remove(&job);
            }
            _ => {}
        }
    }
    held.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_lease_of_a_minute_the_work_of_a_killed_agent_goes_on_within_75_seconds() {
    let started = tokio::task::spawn_blocking(|| World::start(Lease::USUAL, 10, None));
    let mut world = started.await.expect("it starts");
    world.aws.scalable().await;
    let people = People::new(&world.grpc, &world.aws);
    let mut killed = None;
    in_mid_rollout(&mut world, &people, async |world| {
        // Whoever has the rollout; the other one has nothing to lose.
        let holder = people.busy_agent().await;
        world.kill(&holder, None);
        killed = Some(holder);
    })
    .await;
    let killed = killed.expect("somebody was killed");
    let calls = world.aws.calls().await;
    let times = world.aws.times().await;
    let at = world.deaths[0].at;
    world.power_cut();
    let changes = facts::on_disk(world.path());
    let mut history = History::new();
    history.observe(Fact::Committed(changes.clone()));
    let mutations = facts::mutations(&calls, times);
    assert_eq!(once_each(&mutations), Vec::new());
    for mutation in mutations {
        history.observe(Fact::Mutated(mutation));
    }
    assert_eq!(promise::at_rest(&history), Vec::new());
    let agent = AgentId::new(killed.as_str()).expect("an id");
    let held = held_at(&changes, &agent, at);
    assert_eq!(held.len(), 1, "{held:?}");
    // The last renewal was before the kill.
    let limit = Duration::from_secs(Lease::USUAL.length) + SLACK;
    let gone_on = promise::goes_on_within(&history, held[0], Timestamp::from_millis(at), limit);
    assert_eq!(gone_on, Ok(()), "{}", world.logs());
}

/// Plays a deploy to its end. Something happens once, as soon as ECS was told to roll out.
pub(crate) async fn in_mid_rollout(
    world: &mut World,
    people: &People,
    strike: impl AsyncFnOnce(&mut World),
) {
    let play = people.play(Scenario::Deploy, "key");
    tokio::pin!(play);
    let mut strike = Some(strike);
    let began = tokio::time::Instant::now();
    loop {
        tokio::select! {
            () = &mut play => break,
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        assert!(began.elapsed() < LONGEST, "{}", world.logs());
        if strike.is_some()
            && updated(world).await
            && let Some(strike) = strike.take()
        {
            strike(world).await;
        }
        world.tend(Duration::ZERO);
    }
    assert!(strike.is_none(), "ECS was never told to roll out");
}

/// Whether ECS was told to roll out.
async fn updated(world: &World) -> bool {
    let calls = world.aws.calls().await;
    let ours = |call: &&serde_json::Value| {
        call["principal"]
            .as_str()
            .is_some_and(|p| p.contains("/shipway-"))
    };
    calls
        .iter()
        .filter(ours)
        .any(|call| call["action"] == "UpdateService")
}
