//! A trace as people see it.

use shipway_dev::ACCOUNTS;
use shipway_runtime::Clock;
use shipway_tests::{App, Scaled, World, id};

const STAGING: &str = ACCOUNTS[1].1;
const DAY: u64 = 86_400_000;

#[tokio::test]
async fn what_goes_on_is_told_by_the_clock_of_the_coordinator_and_how_it_ended_in_words() {
    let world = World::start(Scaled::Slow).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    let id = id(release);
    world.under_way(release).await;
    let now = Clock::system().millis();
    for wrong in [now + DAY, now - DAY] {
        let clock = Clock::of_tokio(wrong);
        let told = world.cli_at(&app, clock, &["trace", &id]).await.expect(0);
        let last = told.out.lines().last().unwrap_or_default();
        let took = last.strip_prefix("not ended after ").unwrap_or_default();
        let took = took.split("   trace").next().unwrap_or_default();
        assert!(took.ends_with(" s") && took != "0 s", "{}", told.out);
    }
    let _asked = world.cli(&app, &["cancel", &id]).await.expect(0);
    let verdict = world.ended(release).await.verdict();
    let clock = Clock::system();
    let told = world.cli_at(&app, clock, &["trace", &id]).await.expect(0);
    let last = told.out.lines().last().unwrap_or_default();
    let word = verdict.as_str_name().to_lowercase();
    let word = word.trim_start_matches("verdict_").replace('_', "-");
    assert!(last.starts_with(&format!("{word} in ")), "{}", told.out);
    assert!(told.out.contains("– cancel asked for by "), "{}", told.out);
    world.stop().await;
}
