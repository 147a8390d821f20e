//! Fuzzing: random and mutated requests over HTTP get an AWS-shaped error or a valid answer, whatever
//! they are; nothing panics, nothing hangs, and memory stays flat.
//!
//! `AWS_SIM_FUZZ_REQUESTS` (20,000) and `AWS_SIM_FUZZ_SEED` (1) say how many and which. A million:
//! `AWS_SIM_FUZZ_REQUESTS=1000000 cargo test --release -p aws-sim --test fuzz -- --nocapture`.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]
#![allow(clippy::print_stdout, reason = "a long run tells its figures")]
#![allow(
    clippy::disallowed_methods,
    reason = "two numbers come from the environment"
)]

mod support;

mod fuzzing {
    pub(crate) mod claims;
    pub(crate) mod ecr_seeds;
    pub(crate) mod line;
    pub(crate) mod mutate;
    pub(crate) mod others;
    pub(crate) mod request;
    pub(crate) mod rng;
    pub(crate) mod seeds;
}

use std::panic;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_sim::seed::demo;
use aws_sim::{SimConfig, start};
use fuzzing::line::Line;
use fuzzing::mutate::Pool;
use fuzzing::request::{Host, Request};
use fuzzing::rng::Rng;
use fuzzing::{claims, others, request, seeds};
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use support::{Answer, REGION, STAGING, World};
use tokio::task::JoinSet;

/// Counts what is allocated. Resident memory would not do: what a large world has left in it comes and goes with the
/// moods of an allocator.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Requests to one world: what they create goes with it.
const PER_WORLD: usize = 2000;
/// Clients at a time, each with a connection to each host.
const CLIENTS: usize = 4;

/// After so many problems of a client its world is given up.
const PROBLEMS: usize = 5;

/// Threads and their buffers come and go: KiB.
const LEFT: usize = 64;

/// What panicked, in whatever task or thread.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn number(name: &str, otherwise: usize) -> usize {
    let given = std::env::var(name).ok();
    given.map_or(otherwise, |text| text.parse().expect(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_the_simulator() {
    let total = number("AWS_SIM_FUZZ_REQUESTS", 20_000);
    let seed = number("AWS_SIM_FUZZ_SEED", 1);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Ok(mut panics) = PANICS.lock() {
            panics.push(info.to_string());
        }
        usual(info);
    }));
    let began = Instant::now();
    let mut memory = Vec::new();
    let mut tally = Tally::default();
    for (world, first) in (0..total).step_by(PER_WORLD).enumerate() {
        let requests = PER_WORLD.min(total - first);
        let found = one_world(seed + world, requests).await;
        let panics = std::mem::take(&mut *PANICS.lock().unwrap());
        let of = format!("AWS_SIM_FUZZ_SEED={seed}, world {world}");
        let problems = found.problems.join("\n\n@@ ");
        assert!(panics.is_empty(), "{of}: {panics:#?}\n{problems}");
        assert!(problems.is_empty(), "{of}: {problems}");
        tally.add(found);
        memory.push(MEMORY.current_usage() / 1024);
        if world % 50 == 49 {
            let kib = memory.last();
            println!("{tally:?}, {:?}, KiB: {kib:?}", began.elapsed());
        }
    }
    println!(
        "{total} requests in {:?}: {tally:?}; at most {:.0} MiB; left of each world, KiB: {memory:?}",
        began.elapsed(),
        MEMORY.peak_usage_as_mb(),
    );
    // Valid requests come through: else this would be a test of refusals only.
    assert!(tally.succeeded * 5 > total, "{tally:?}");
    flat(&memory);
}

/// What came of requests.
#[derive(Debug, Default)]
struct Tally {
    succeeded: usize,
    refused: usize,
    /// No HTTP at all.
    bare: usize,
    slowest: Duration,
    /// The slowest request.
    which: String,
    /// What should not be.
    problems: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.succeeded += other.succeeded;
        self.refused += other.refused;
        self.bare += other.bare;
        self.problems.extend(other.problems);
        self.took(other.slowest, || other.which);
    }

    fn took(&mut self, time: Duration, which: impl FnOnce() -> String) {
        if time > self.slowest {
            self.slowest = time;
            self.which = which();
        }
    }
}

/// A world from its start to its end, with so many requests by several clients.
async fn one_world(seed: usize, requests: usize) -> Tally {
    let sim = start(SimConfig {
        time_scale: 0.0,
        id_seed: Some(1),
        ..SimConfig::default()
    });
    let sim = sim.await.unwrap();
    sim.seed(&demo()).unwrap();
    let world = World { sim };
    let answer = world
        .ecr(STAGING, "GetAuthorizationToken", json!({}))
        .await
        .ok();
    let token = &answer["authorizationData"][0]["authorizationToken"];
    let token = token.as_str().unwrap().to_owned();
    let app = json!({"repositoryName": "app"});
    world.ecr(STAGING, "CreateRepository", app).await.ok();
    let registry = world.sim.registry(STAGING, REGION).unwrap();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let chance = u64::try_from(seed * CLIENTS + client).unwrap();
        let client = Client {
            rng: Rng::new(chance),
            pool: Pool::default(),
            aws: Line::new(world.host()),
            registry: Line::new(registry.clone()),
            token: token.clone(),
        };
        clients.spawn(client.run(requests / CLIENTS));
    }
    let mut tally = Tally::default();
    while let Some(found) = clients.join_next().await {
        tally.add(found.unwrap());
    }
    // It still does what it is for.
    let answer = world.ecs(STAGING, "ListClusters", json!({})).await.ok();
    assert!(answer["clusterArns"].is_array(), "{answer}");
    world.sim.stop().await;
    tally
}

/// One client: its own chance, its own connections, and what it has learned from answers.
struct Client {
    rng: Rng,
    pool: Pool,
    aws: Line,
    registry: Line,
    token: String,
}

impl Client {
    async fn run(mut self, requests: usize) -> Tally {
        let mut tally = Tally::default();
        for number in 0..requests {
            let request = request::any(&mut self.rng, &self.pool, &self.token);
            let line = match request.host {
                Host::Aws => &mut self.aws,
                Host::Registry => &mut self.registry,
            };
            let began = Instant::now();
            let answer = line.send(&request).await;
            tally.took(began.elapsed(), || format!("{request:?}"));
            match &answer {
                Ok(None) => tally.bare += 1,
                Ok(Some(answer)) if answer.status.is_success() => tally.succeeded += 1,
                Ok(Some(_)) => tally.refused += 1,
                Err(_) => {}
            }
            if let Err(problem) = self.judge(&request, answer) {
                tally.problems.push(format!("request {number}: {problem}"));
            }
            if tally.problems.len() == PROBLEMS {
                break;
            }
        }
        tally
    }

    fn judge(
        &mut self,
        request: &Request,
        answer: Result<Option<Answer>, String>,
    ) -> Result<(), String> {
        let answer = answer.map_err(|problem| format!("{problem}\n{request:?}"))?;
        let Some(answer) = answer else {
            return Ok(());
        };
        claims::check(request, &answer).map_err(|problem| {
            let text: String = answer.text().chars().take(2000).collect();
            let (status, headers) = (answer.status, &answer.headers);
            format!("{problem}\n{request:?}\n\n{status} {headers:?}\n{text}")
        })?;
        self.learn(request, &answer);
        Ok(())
    }

    fn learn(&mut self, request: &Request, answer: &Answer) {
        if let Some((_, upload)) = answer.header("location").rsplit_once('/') {
            self.pool.keep(&mut self.rng, "upload", upload);
        }
        if !answer.status.is_success() || request.path.starts_with("/_sim/") {
            return;
        }
        if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
            self.pool.learn(&mut self.rng, "", &body);
        } else if answer.text().contains("<SessionToken>") {
            for name in ["AccessKeyId", "SessionToken"] {
                self.pool.keep(&mut self.rng, name, &answer.xml(name));
            }
        }
    }
}

/// Nothing of a world is left when it has ended: the last third of them leaves what the second left. Medians, because
/// a thread that writes an answer for a client who has gone may hold it for a moment longer.
#[track_caller]
fn flat(kib: &[usize]) {
    let third = kib.len() / 3;
    if third == 0 {
        return;
    }
    let median = |part: &[usize]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part[part.len() / 2]
    };
    let (then, now) = (median(&kib[third..2 * third]), median(&kib[2 * third..]));
    assert!(
        now <= then + LEFT,
        "memory grows from {then} to {now} KiB: {kib:?}"
    );
}

#[tokio::test]
async fn every_operation_of_the_services_is_among_the_seeds() {
    let sim = start(SimConfig::default()).await.unwrap();
    let host = sim.url().trim_start_matches("http://").to_owned();
    let asked = support::request(http::Method::GET, &host, "/_sim/operations", &[], "");
    let offered = support::send(&host, asked).await.ok();
    for (service, operations) in offered.as_object().unwrap() {
        let prefix = match service.as_str() {
            "ecs" => seeds::ECS,
            "ecr" => seeds::ECR,
            "application-autoscaling" => seeds::SCALING,
            "logs" => seeds::LOGS,
            "cloudwatch" => seeds::CLOUDWATCH,
            _ => "",
        };
        for action in operations.as_array().unwrap() {
            let action = action.as_str().unwrap();
            let query = format!("Action={action}&");
            let mut json = seeds::JSON.iter();
            let found = json
                .any(|(of, name, _)| (prefix.is_empty() || *of == prefix) && *name == action)
                || others::QUERY.iter().any(|form| form.starts_with(&query));
            assert!(found, "{service}:{action} has no seed");
        }
    }
    sim.stop().await;
}
