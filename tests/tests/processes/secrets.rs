//! The value of a build's secret is in no log, no trace and nothing that leaves by OTLP; nor is what opens AWS and the
//! registry.

use std::process::Command;

use shipway_tests::missing::has_engine;

use super::deploy::{DOCKER, app};
use super::process::{AWS_SECRET, World, text};
use super::receiver::Receiver;

const SECRET: &str = "hunter2-and-more-of-it";
/// How passwords of the simulator's registry begin, as they are, as ECR hands them out and as they are sent with the
/// user; and how the login begins that an engine is given.
const LOGINS: [&str; 3] = ["eyJwcmluY2lwYWwi", "QVdTOmV5Sndj", "eyJ1c2VybmFtZSI6"];

/// Prints what it is given as a secret, in two pieces.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <unistd.h>
int main(void) {
    char value[128] = "";
    FILE *file = fopen("/run/secrets/token", "r");
    if (!file || !fgets(value, sizeof value, file)) return 0;
    printf("run NONCE: the secret is %.7s", value);
    fflush(stdout);
    usleep(300000);
    printf("%s, all of it\n", value + 7);
    return 0;
}
"#;

#[test]
fn a_secret_that_a_build_prints_in_pieces_is_seen_nowhere() {
    if !has_engine("secrets of a build with an engine") {
        return;
    }
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let world = World::start(
        "auto",
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.grpc),
            ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
            ("BUILD_TOKEN", SECRET),
            // All that the programs have to say.
            ("SHIPWAY_AGENT_TELEMETRY__LOG", "debug"),
            ("SHIPWAY_AGENT_TELEMETRY__LOG_FORMAT", "json"),
            ("SHIPWAY_TELEMETRY__LOG", "debug"),
        ],
    );
    let build = format!("{DOCKER}\n[build.secrets.token]\nenv = \"BUILD_TOKEN\"");
    let app = app(&world, &build);
    // Another program each time: what a step printed is not printed again when it comes from the cache.
    let nonce = hex::encode(shipway_runtime::context::fresh_span());
    std::fs::write(app.join("main.c"), PROGRAM.replace("NONCE", &nonce)).unwrap();
    let compiled = Command::new("cc")
        .args(["-static", "-o", text(&app.join("program"))])
        .arg(text(&app.join("main.c")))
        .status();
    assert!(compiled.unwrap().success());
    let dockerfile = "FROM scratch\nCOPY program /program\n\
        RUN --mount=type=secret,id=token [\"/program\"]\nENTRYPOINT [\"/program\"]\n";
    std::fs::write(app.join("Dockerfile"), dockerfile).unwrap();
    let deployed = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(deployed["verdict"], "live", "{deployed}\n{}", world.logs());
    let release = deployed["release"].as_str().unwrap().to_owned();
    let output = world.cli(&["logs", &release]);
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.contains("the secret is [redacted], all of it"),
        "the build did print it: {output}"
    );
    let trace = world.cli(&["trace", &release, "--json"]);
    let trace = String::from_utf8_lossy(&trace.stdout).into_owned();
    world.wait_for("logs", |_| !receiver.received("log").is_empty());
    let logs = world.logs();
    world.end();
    let left = ["log", "span", "metric"].map(|signal| {
        let all = receiver.received(signal).into_iter();
        all.map(|one| one.to_string()).collect::<String>()
    });
    let seen = [("output", &output), ("trace", &trace), ("logs", &logs)];
    let signals = left.iter().map(|text| ("OTLP", text));
    for (place, text) in seen.into_iter().chain(signals) {
        let pieces = [SECRET, &SECRET[7..], AWS_SECRET];
        for piece in pieces.into_iter().chain(LOGINS) {
            assert!(!text.contains(piece), "{place} has {piece}");
        }
    }
}
