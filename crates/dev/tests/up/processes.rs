//! Every part a process of its own: killed in mid-rollout, started again, ended with the parent.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use tempfile::TempDir;
use tokio::process::Command;

use super::support::{PATIENCE, Up, app, command};

/// A rollout takes a few seconds: there is time to kill.
const SLOW: [&str; 3] = ["--processes", "--time-scale", "40"];

async fn start(data: &Path) -> Up {
    Up::start_with(data, &SLOW).await
}

fn pids(ready: &Value) -> BTreeSet<u64> {
    let pids = &ready["pids"];
    let agents = pids["agents"].as_array().expect("a list");
    let all = [&pids["server"], &pids["aws"]].into_iter().chain(agents);
    all.map(|pid| pid.as_u64().expect("a number")).collect()
}

async fn kill(pid: u64) {
    let mut kill = Command::new("kill");
    let kill = kill.args(["-KILL", &pid.to_string()]);
    assert!(kill.status().await.expect("kill runs").success());
}

async fn lives(pid: u64) -> bool {
    let mut ask = Command::new("kill");
    let ask = ask.args(["-0", &pid.to_string()]).stderr(Stdio::null());
    ask.status().await.expect("kill runs").success()
}

async fn until<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) {
    let wait = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

/// Returns once new tasks of the first release come up.
async fn mid_rollout(up: &Up) {
    let mut client = ShipwayClient::connect(up.grpc.clone()).await.expect("up");
    let release = async {
        loop {
            let request = v1::ListReleasesRequest::default();
            let listed = client.list_releases(request).await.expect("it answers");
            if let Some(release) = listed.into_inner().releases.first() {
                return release.id;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let release = tokio::time::timeout(PATIENCE, release).await;
    let request = v1::WatchRequest {
        release: release.expect("a release in time"),
        after: 0,
        until_rest: false,
    };
    let stream = client.watch(request).await;
    let mut stream = stream.expect("the release is known").into_inner();
    let moving = async {
        loop {
            let reply = stream.message().await.expect("the watch goes on");
            let events = reply.expect("it has not ended").events;
            if events.iter().any(has_new_tasks) {
                return;
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, moving).await;
    waited.expect("new tasks in time");
}

fn has_new_tasks(event: &v1::Event) -> bool {
    let Some(v1::event::Kind::Progress(progress)) = &event.kind else {
        return false;
    };
    match &progress.progress {
        Some(v1::progress::Progress::Tasks(tasks)) => tasks.new_pending + tasks.new_running > 0,
        _ => false,
    }
}

/// Kills the process at `place` of the ready file's ids in mid-rollout: it comes back as another, and
/// the deploy ends live, in the eyes of who watched it, too.
async fn killed(place: &str) {
    let (app, data) = (app(), TempDir::new().expect("a folder"));
    let up = start(data.path()).await;
    let before = up.ready();
    let victim = before.pointer(place).and_then(Value::as_u64);
    let victim = victim.expect("its process id");
    let killing = async {
        mid_rollout(&up).await;
        kill(victim).await;
    };
    let deploy = up.shipway(app.path(), &["deploy", "staging"]);
    let (end, ()) = tokio::join!(deploy, killing);
    assert_eq!(end["verdict"], "live", "{end:#}");
    until("another process in the ready file", || async {
        up.ready().pointer(place) != Some(&json!(victim))
    })
    .await;
    let after = up.ready();
    for key in ["grpc", "aws"] {
        assert_eq!(before[key], after[key]);
    }
    let (before, after) = (pids(&before), pids(&after));
    let came: Vec<&u64> = after.difference(&before).collect();
    assert_eq!((before.len(), after.len(), came.len()), (4, 4, 1));
    assert!(lives(*came[0]).await && !lives(victim).await);
    up.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_killed_in_mid_rollout_comes_back_and_the_deploy_ends_live() {
    killed("/pids/server").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_in_mid_rollout_comes_back_and_the_deploy_ends_live() {
    killed("/pids/agents/1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_killed_in_mid_rollout_comes_back_with_its_state_and_the_deploy_ends_live() {
    killed("/pids/aws").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_processes_end_with_a_parent_that_is_killed() {
    let data = TempDir::new().expect("a folder");
    let mut up = start(data.path()).await;
    let pids = pids(&up.ready());
    assert_eq!(pids.len(), 4);
    up.child.kill().await.expect("killed");
    for pid in pids {
        until("the end of a process", || async { !lives(pid).await }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_processes_end_in_good_order_with_a_parent_that_is_asked_to() {
    let data = TempDir::new().expect("a folder");
    let up = start(data.path()).await;
    let pids = pids(&up.ready());
    up.stop().await;
    for pid in pids {
        assert!(!lives(pid).await, "process {pid} is still there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_which_process_died_and_how() {
    let data = TempDir::new().expect("a folder");
    let log = data.path().join("stderr");
    let file = data.path().join("ready");
    let mut child = command(&data.path().join("data"))
        .args(SLOW)
        .arg("--ready-file")
        .arg(&file)
        .stderr(std::fs::File::create(&log).expect("a file"))
        .spawn()
        .expect("it starts");
    until("the ready file", || async { file.exists() }).await;
    let text = std::fs::read_to_string(&file).expect("the ready file");
    let ready: Value = serde_json::from_str(&text).expect("JSON");
    let pid = ready["pids"]["agents"][0].as_u64().expect("a number");
    kill(pid).await;
    let line = format!("agent-tools (process {pid}) was killed by signal 9");
    until(&line, || async {
        let said = std::fs::read_to_string(&log).expect("the log");
        said.contains(&line) && said.contains("agent-tools runs again as process")
    })
    .await;
    child.kill().await.expect("killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_with_processes_on_the_same_folder_is_refused() {
    let data = TempDir::new().expect("a folder");
    let up = start(data.path()).await;
    let second = command(data.path())
        .args(SLOW)
        .stderr(Stdio::piped())
        .output();
    let second = tokio::time::timeout(PATIENCE, second).await;
    let second = second.expect("it ends in time").expect("it ran");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use by another process"), "{said}");
    assert_eq!(pids(&up.ready()).len(), 4);
    up.stop().await;
}
