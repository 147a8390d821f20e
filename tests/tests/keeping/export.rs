//! An export of a running coordinator, and what another one makes of it.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use shipway_proto::v1;
use shipway_tests::App;
use tempfile::TempDir;

use super::coordinator::{ACCOUNT, Coordinator};

/// Runs `shipway-server` on a data folder to its end.
fn server(data: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shipway-multi"));
    command
        .arg("shipway-server")
        .args(args)
        .arg("--data")
        .arg(data);
    command.output().expect("it runs")
}

/// The JSON of a run that succeeded.
fn json(output: &Output) -> Value {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {err}"))
}

async fn releases(coordinator: &Coordinator) -> Vec<v1::ReleaseView> {
    let request = v1::ListReleasesRequest {
        limit: 1000,
        ..v1::ListReleasesRequest::default()
    };
    let listed = coordinator.client().await.list_releases(request).await;
    listed.expect("it answers").into_inner().releases
}

#[tokio::test]
async fn an_export_while_submissions_run_is_of_one_moment_and_another_coordinator_goes_on_from_it()
{
    let elsewhere = TempDir::new().expect("a folder");
    let (from, to) = (elsewhere.path().join("from"), elsewhere.path().join("to"));
    let app = Arc::new(App::new("shop").env("prod", ACCOUNT, ""));
    let first = Arc::new(Coordinator::start(&from, &elsewhere, "first"));
    for number in 0..20 {
        let key = format!("before-{number}");
        first.submit(&app, &key).await.expect("taken in");
    }
    let done = Arc::new(AtomicBool::new(false));
    let (coordinator, release, ended) = (Arc::clone(&first), Arc::clone(&app), Arc::clone(&done));
    let mut submitting = tokio::task::JoinSet::new();
    submitting.spawn(async move {
        let mut number = 0;
        while !ended.load(Ordering::SeqCst) {
            let key = format!("during-{number}");
            coordinator.submit(&release, &key).await.expect("taken in");
            number += 1;
        }
        number
    });
    let mut reports = Vec::new();
    for round in 0..3 {
        let file = elsewhere.path().join(format!("archive-{round}"));
        let data = from.clone();
        let exported = tokio::task::spawn_blocking(move || {
            let file = file.to_str().expect("UTF-8");
            server(&data, &["export", "--json", "--to", file])
        });
        reports.push(json(&exported.await.expect("no panic")));
    }
    done.store(true, Ordering::SeqCst);
    let during = submitting
        .join_next()
        .await
        .expect("one")
        .expect("no panic");
    assert!(during > 0, "nothing was submitted meanwhile");
    let counts: Vec<_> = reports
        .iter()
        .map(|report| report["records"].as_u64())
        .collect();
    assert!(counts.is_sorted() && counts[0] >= Some(20), "{counts:?}");

    let file = elsewhere.path().join("archive-2");
    let imported = json(&server(
        &to,
        &["import", "--json", file.to_str().expect("UTF-8")],
    ));
    assert_eq!(imported["records"], reports[2]["records"]);
    assert_eq!(imported["blobs"], 1);
    let second = Coordinator::start(&to, &elsewhere, "second");
    let (old, new) = (releases(&first).await, releases(&second).await);
    // A beginning of the releases: newest first, so an end of the list.
    assert!(new.len() >= 20 && old.len() >= new.len());
    let known = |views: &[v1::ReleaseView]| views.iter().map(|view| view.id).collect::<Vec<_>>();
    assert_eq!(known(&old)[old.len() - new.len()..], known(&new));
    // A submission that was acknowledged before is the same release there.
    let again = second.submit(&app, "before-3").await.expect("known");
    assert_eq!(again, first.submit(&app, "before-3").await.expect("known"));
    let next = second.submit(&app, "after").await.expect("taken in");
    assert_eq!(Some(next), known(&new).first().map(|last| last + 1));
}

#[test]
fn an_export_of_nothing_over_something_or_of_a_damaged_file_says_what_is_wrong() {
    let elsewhere = TempDir::new().expect("a folder");
    let (from, to) = (elsewhere.path().join("from"), elsewhere.path().join("to"));
    let file = elsewhere.path().join("archive");
    let name = file.to_str().expect("UTF-8");
    let refused = |output: Output| {
        assert!(!output.status.success());
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let error = refused(server(&from, &["export", "--to", name]));
    assert!(error.contains("there is no data folder"), "{error}");
    drop(Coordinator::start(&from, &elsewhere, "first"));
    // Nobody runs there: the folder itself is read.
    json(&server(&from, &["export", "--json", "--to", name]));
    let error = refused(server(&from, &["export", "--to", name]));
    assert!(error.contains("exists already"), "{error}");
    let mut bytes = std::fs::read(&file).expect("a file");
    bytes[30] ^= 1;
    std::fs::write(&file, bytes).expect("writable");
    let error = refused(server(&to, &["import", name]));
    assert!(error.contains("damaged at byte 19 (entry 1)"), "{error}");
}
