//! Watching can be broken off anywhere and taken up again.

use shipway_dev::ACCOUNTS;
use shipway_proto::v1;
use shipway_tests::{App, Scaled, World, id, patiently};

const STAGING: &str = ACCOUNTS[1].1;

#[tokio::test]
async fn a_watch_taken_up_again_and_again_shows_each_event_once() {
    let world = World::start(Scaled::Slow).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    let release = ran.expect(0).release();
    let mut seen: Vec<u64> = Vec::new();
    let mut connections = 0;
    let watch = async {
        loop {
            connections += 1;
            let after = seen.last().copied().unwrap_or_default();
            let request = v1::WatchRequest {
                release,
                after,
                until_rest: false,
            };
            let stream = world.client().await.watch(request).await;
            let mut stream = stream.expect("known").into_inner();
            // Broken off after the first events.
            while let Some(reply) = stream.message().await.expect("the watch goes on") {
                seen.extend(reply.events.iter().map(|event| event.seq));
                let end = |event: &v1::Event| matches!(event.kind, Some(v1::event::Kind::Ended(_)));
                if reply.events.iter().any(end) {
                    return;
                }
                if !reply.events.is_empty() {
                    break;
                }
            }
        }
    };
    patiently("the end", watch).await;
    assert!(connections > 3, "only {connections} connections");
    let gapless: Vec<u64> = (1..=seen.len() as u64).collect();
    assert_eq!(seen, gapless);
    let view = world.ended(release).await;
    assert_eq!(view.last_seq, seen.len() as u64);
    world.stop().await;
}

#[tokio::test]
async fn the_json_of_a_watch_is_one_event_per_line_and_the_release_last() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let id = id(ran.release());
    let again = world.cli(&app, &["watch", &id]).await.expect(0);
    let lines: Vec<serde_json::Value> = again
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let (last, events) = lines.split_last().expect("lines");
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], place as u64 + 1);
    }
    assert_eq!(last["release"], id);
    assert_eq!(last["final"], true);
    for member in ["account", "region", "cluster", "service", "verdict"] {
        assert!(last["targets"][0][member].is_string(), "{member}");
    }
    assert_eq!(ran.json(), again.json());
    world.stop().await;
}
