//! Seed after seed.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::run::{Ended, run};

/// Seeds of a plain run of the tests.
const PLAIN: u64 = 300;

fn number(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs")]
    let set = std::env::var(name).ok();
    set.map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, which is no number"))
    })
}

/// Runs these seeds on as many threads as there are processors, until one breaks a promise.
fn search(first: u64, count: u64) -> Option<Ended> {
    let (next, found) = (AtomicU64::new(first), Mutex::new(None));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let is_over = || found.lock().is_ok_and(|found| found.is_some());
                    if seed >= first + count || is_over() {
                        return;
                    }
                    let ended = run(seed);
                    if number("SHIPWAY_SIM_TELL", 0) > 0 {
                        println!("{}\nseed {seed}: {:?}", ended.diary, ended.simulated);
                    }
                    if !ended.broken.is_empty() {
                        let mut found = found.lock().expect("no panic");
                        found.get_or_insert(ended);
                    }
                }
            });
        }
    });
    found.into_inner().expect("no panic")
}

/// What a person needs to see it again.
fn explain(ended: &Ended) -> String {
    let mut text = format!("\n{}\n\nseed {} breaks promises:\n", ended.diary, ended.seed);
    for broken in &ended.broken {
        writeln!(text, "- {broken}").expect("a string takes all");
    }
    let again = "SHIPWAY_SIM_SEEDS=1 SHIPWAY_SIM_FIRST";
    write!(text, "again: {again}={} cargo test --test simulation", ended.seed).expect("a string");
    text
}

#[test]
fn whatever_happens_the_promises_hold() {
    let first = number("SHIPWAY_SIM_FIRST", 1);
    let count = number("SHIPWAY_SIM_SEEDS", PLAIN);
    if let Some(ended) = search(first, count) {
        panic!("{}", explain(&ended));
    }
}

#[test]
fn a_seed_tells_the_same_story_each_time() {
    for seed in 1..=5 {
        let (one, other) = (run(seed), run(seed));
        let lines = one.diary.lines().zip(other.diary.lines()).enumerate();
        for (number, (one, other)) in lines {
            assert_eq!(one, other, "seed {seed}, line {number}");
        }
        assert_eq!(one.diary.len(), other.diary.len());
        assert!(one.diary.lines().count() > 20, "it has a story to tell");
    }
}
