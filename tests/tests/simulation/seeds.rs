//! Seed after seed.
#![expect(clippy::print_stdout, reason = "a failing seed tells its story")]

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use shipway_domain::planted::Bug;

use crate::run::{Ended, run, run_with_tasks};

/// Seeds of a plain run of the tests.
const PLAIN: u64 = 300;
/// Broken seeds after which no more are searched.
const MOST: usize = 20;

fn number(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs")]
    let set = std::env::var(name).ok();
    set.map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is {text:?}, which is no number"))
    })
}

/// Runs these seeds on as many threads as there are processors; gives those that break a promise, at most
/// so many.
fn search(first: u64, count: u64, most: usize, bug: Option<Bug>) -> Vec<Ended> {
    search_by(first, count, most, |seed| run(seed, bug))
}

/// The same, for seeds that are run so.
fn search_by(first: u64, count: u64, most: usize, run: impl Fn(u64) -> Ended + Sync) -> Vec<Ended> {
    let (next, found) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let is_over = || found.lock().is_ok_and(|found| found.len() >= most);
                    if seed >= first + count || is_over() {
                        return;
                    }
                    let ended = run(seed);
                    if number("SHIPWAY_SIM_TELL", 0) > 0 {
                        println!("{}\nseed {seed}: {:?}", ended.diary, ended.simulated);
                    }
                    if !ended.broken.is_empty() {
                        found.lock().expect("no panic").push(ended);
                    }
                }
            });
        }
    });
    let mut found: Vec<Ended> = found.into_inner().expect("no panic");
    found.sort_by_key(|ended| ended.seed);
    found
}

/// What a person needs to see it again.
fn explain(ended: &Ended) -> String {
    let mut text = format!(
        "\n{}\n\nseed {} breaks promises:\n",
        ended.diary, ended.seed
    );
    for broken in &ended.broken {
        writeln!(text, "- {broken}").expect("a string takes all");
    }
    let again = "SHIPWAY_SIM_SEEDS=1 SHIPWAY_SIM_FIRST";
    write!(
        text,
        "again: {again}={} cargo test --test simulation",
        ended.seed
    )
    .expect("a string");
    text
}

#[test]
fn whatever_happens_the_promises_hold() {
    let first = number("SHIPWAY_SIM_FIRST", 1);
    let count = number("SHIPWAY_SIM_SEEDS", PLAIN);
    let broken = search(first, count, MOST, None);
    if let Some(ended) = broken.first() {
        let seeds: Vec<u64> = broken.iter().map(|ended| ended.seed).collect();
        panic!("{}\nall of them: {seeds:?}", explain(ended));
    }
}

#[test]
fn with_tasks_around_rollouts_the_promises_hold_and_no_task_is_run_twice() {
    let first = number("SHIPWAY_SIM_FIRST", 1);
    let count = number("SHIPWAY_SIM_SEEDS", PLAIN) / 4;
    if let Some(ended) = search_by(first, count, 1, run_with_tasks).first() {
        panic!("with tasks: {}", explain(ended));
    }
}

#[test]
fn a_seed_tells_the_same_story_each_time() {
    for seed in 1..=5 {
        let (one, other) = (run(seed, None), run(seed, None));
        let lines = one.diary.lines().zip(other.diary.lines()).enumerate();
        for (number, (one, other)) in lines {
            assert_eq!(one, other, "seed {seed}, line {number}");
        }
        assert_eq!(one.diary.len(), other.diary.len());
        assert!(one.diary.lines().count() > 20, "it has a story to tell");
    }
}

#[test]
fn a_late_call_that_nobody_tells_of_is_caught_within_a_hundred_seeds() {
    let caught = search(1, 100, 1, Some(Bug::LateUnreported));
    let ended = caught.first().expect("it is caught");
    let told: Vec<&String> = ended.broken.iter().collect();
    println!("seed {}: {told:?}", ended.seed);
    assert!(
        told.iter().any(|told| told.contains("landed late")),
        "{told:?}"
    );
}

#[test]
fn every_planted_bug_is_caught() {
    let mut escaped = Vec::new();
    let count = number("SHIPWAY_SIM_SEEDS", PLAIN);
    for bug in Bug::ALL {
        match search(1, count, 1, Some(bug)).first() {
            Some(ended) => println!("{bug:?}: seed {}, {:?}", ended.seed, ended.broken.first()),
            None => escaped.push(bug),
        }
    }
    assert!(escaped.is_empty(), "not caught: {escaped:?}");
}
