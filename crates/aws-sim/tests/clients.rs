//! Real clients that are not ours: boto3, awscli and ecs-deploy, by the scripts in `tests/clients`.
//!
//! They run in a virtual environment of their own, made once for each content of `requirements.txt`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use aws_sim::{SimConfig, start};
use support::digest;

/// What to do where there is no Python to speak of.
const ADVICE: &str = "install python3 with venv (on Debian: apt-get install python3-venv); pip must reach a package \
                      index";

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients")
}

/// Runs a command; gives what it wrote, or that and why it failed.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    let wrote = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(wrote(&output.stdout));
    }
    let (out, err) = (wrote(&output.stdout), wrote(&output.stderr));
    Err(format!("{command:?}: {}\n{out}\n{err}", output.status))
}

/// Makes the virtual environment, if nobody has yet. It is built under another name: tests that run at the same
/// time, and runs that break off, are in nobody's way.
fn environment() -> Result<PathBuf, String> {
    let requirements = scripts().join("requirements.txt");
    let text = std::fs::read(&requirements).map_err(|error| error.to_string())?;
    let key = digest(&text)["sha256:".len()..][..16].to_owned();
    let room = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (ready, python) = (
        room.join(format!("clients-{key}")),
        Path::new("bin/python3"),
    );
    if run(Command::new(ready.join(python)).args(["-c", "import boto3, ecs_deploy"])).is_ok() {
        return Ok(ready.join(python));
    }
    let made = tempfile::Builder::new()
        .prefix("clients-in-the-making-")
        .tempdir_in(room)
        .map_err(|error| error.to_string())?;
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(made.path()))?;
    run(Command::new(made.path().join(python))
        .args(["-m", "pip", "install", "--quiet"])
        .arg("--disable-pip-version-check")
        .arg("--requirement")
        .arg(&requirements))?;
    // Python finds its packages by where it lies, so the folder can be moved as a whole.
    match std::fs::rename(made.path(), &ready) {
        Ok(()) => drop(made.keep()),
        // Another process was first.
        Err(_) if ready.join(python).exists() => {}
        Err(error) => return Err(format!("{}: {error}", ready.display())),
    }
    Ok(ready.join(python))
}

/// Python with the clients; its absence is loud, and a failure where it must be there.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(environment) {
        Ok(python) => Some(python),
        Err(problem) => {
            let demanded =
                std::env::var_os("SHIPWAY_REQUIRE_CLIENTS").is_some_and(|value| value == "1");
            assert!(
                !demanded,
                "SHIPWAY_REQUIRE_CLIENTS=1, and the clients are not there: {ADVICE}\n{problem}"
            );
            // Not by a macro: what those print is shown for tests that fail only.
            let said =
                format!("SKIPPED: tests with boto3, awscli and ecs-deploy: {ADVICE}\n{problem}\n");
            std::io::stderr().write_all(said.as_bytes()).unwrap();
            None
        }
    }
}

/// Runs a script against a simulator of its own, at so many simulated seconds a second.
async fn script(arguments: &[&str], time_scale: f64) {
    let made = tokio::task::spawn_blocking(python).await.unwrap();
    let Some(python) = made else {
        return;
    };
    let sim = start(SimConfig {
        time_scale,
        ..SimConfig::default()
    });
    let sim = sim.await.unwrap();
    let mut command = Command::new(python);
    command
        .current_dir(scripts())
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_ENDPOINT_URL", sim.url());
    let ended = tokio::task::spawn_blocking(move || run(&mut command)).await;
    let wrote = ended.unwrap().unwrap_or_else(|problem| panic!("{problem}"));
    eprintln!("{wrote}");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_every_operation_has_the_shape_that_botocore_expects() {
    script(&["operations.py"], 500.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shape_checks_find_spoilt_answers() {
    script(&["doctored.py"], 500.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiters_of_boto3_end_and_its_paginators_find_everything() {
    script(&["scenarios.py"], 500.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn awscli_deploys_waits_logs_in_and_assumes_a_role() {
    script(&["commands.py", "awscli"], 500.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ecs_deploy_deploys_rolls_back_scales_and_runs() {
    script(&["commands.py", "ecs-deploy"], 1.0).await;
}
