//! Everything in one process: it says when all answers, keeps its state, and ends in good order.

use std::process::Stdio;

use tempfile::TempDir;

use super::support::{PATIENCE, Up, app, command};

#[tokio::test(flavor = "multi_thread")]
async fn coordinator_and_aws_are_as_they_were_after_a_restart() {
    let (app, data) = (app(), TempDir::new().expect("a folder"));
    let up = Up::start(data.path()).await;
    let first = up.shipway(app.path(), &["deploy", "staging"]).await;
    assert_eq!(first["verdict"], "live");
    assert_eq!(first["targets"][0]["unchanged"], false);
    up.stop().await;

    let up = Up::start(data.path()).await;
    let status = up.shipway(app.path(), &["status"]).await;
    assert_eq!(status["targets"][0]["release"], first["release"]);
    let second = up.shipway(app.path(), &["deploy", "staging"]).await;
    assert_eq!(second["image"]["reused"], true);
    assert_eq!(second["targets"][0]["unchanged"], true);
    up.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_on_the_same_folder_is_refused() {
    let data = TempDir::new().expect("a folder");
    let up = Up::start(data.path()).await;
    let second = command(data.path()).stderr(Stdio::piped()).output();
    let second = tokio::time::timeout(PATIENCE, second).await;
    let second = second.expect("it ends in time").expect("it ran");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use by another process"), "{said}");
    up.stop().await;
}
