//! Ended releases are found as long as they are kept, and go when they are not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../../crates/store/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use shipway_domain::change::Change;
use shipway_domain::ids::{Attempt, Digest};
use shipway_domain::release::Release;
use shipway_domain::target::{Proven, TargetRecord};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_runtime::Clock;
use shipway_server::config::HistoryConfig;
use shipway_server::{ServeError, Server, ServerConfig};
use shipway_store::{DataDir, Logs, SledStore, Store as _, StoreError};
use support::*;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic::transport::Channel;

/// Proven on a target.
const PROVEN: u64 = 5;
/// Ended just now.
const YOUNG: u64 = 30;
/// Has not ended.
const OPEN: u64 = 31;

async fn fill(folder: &Path) {
    let dir = DataDir::open(folder).unwrap();
    let store = SledStore::open(&dir).unwrap();
    let logs = Logs::open(&dir, 1 << 20).unwrap();
    let now = Timestamp::from_millis(Clock::system().millis());
    for number in 0..=OPEN {
        store.commit(&submission(number)).unwrap();
        let text = Bytes::from_static(b"built\n");
        let job = job_id(number, 0);
        logs.append(job, Attempt(1), text).await.unwrap();
        if number == OPEN {
            break;
        }
        let verdict = if number % 2 == 0 {
            Verdict::Live
        } else {
            Verdict::Failed
        };
        let mut end = ended(number, 5_000 + number, verdict);
        if number == YOUNG {
            end = Release {
                submitted_at: now,
                ended_at: Some(now),
                ..end
            };
        }
        let changes = [Change::Release(end.into()), happened(number, 2)];
        store.commit(&changes).unwrap();
    }
    let proven = TargetRecord {
        proven: Some(Proven {
            release: id(PROVEN),
            app: release(PROVEN).app,
            env: release(PROVEN).env,
            image_digest: Digest::of(b"image"),
            task_definition: "web:7".to_owned(),
            at: Timestamp::from_millis(900),
            deploy: true,
        }),
        ..slot("web", None)
    };
    store.commit(&[Change::Target(proven)]).unwrap();
}

/// Runs a coordinator over the folder around `test`.
async fn with_server<F: Future<Output = ()>>(
    folder: &Path,
    history: HistoryConfig,
    test: impl FnOnce(ShipwayClient<Channel>) -> F,
) {
    let config = ServerConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        data: folder.to_owned(),
        history,
        ..ServerConfig::default()
    };
    // Connections of a coordinator before it end by themselves, and hold the folder until then.
    let starting = async {
        loop {
            match Server::start(config.clone(), Clock::system()).await {
                Err(ServeError::Store(StoreError::Locked { .. })) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                started => return started.unwrap(),
            }
        }
    };
    let started = tokio::time::timeout(Duration::from_secs(60), starting).await;
    let server = started.expect("the folder is free again");
    let client = ShipwayClient::connect(server.url()).await.unwrap();
    let stop = CancellationToken::new();
    let ending = stop.clone();
    let test = async move {
        test(client).await;
        ending.cancel();
    };
    let ended = server.run(stop, Duration::from_secs(5));
    let (ended, ()) = tokio::join!(ended, test);
    ended.unwrap();
}

async fn listed(
    client: &mut ShipwayClient<Channel>,
    request: v1::ListReleasesRequest,
) -> (Vec<u64>, Option<u64>) {
    let reply = client.list_releases(request).await.unwrap().into_inner();
    let releases = reply.releases.iter().map(|view| view.id).collect();
    (releases, reply.next)
}

#[tokio::test]
async fn old_releases_go_and_needed_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path()).await;
    let history = HistoryConfig {
        retention_days: 30,
        keep_per_environment: 3,
        keep_live: 4,
        ..HistoryConfig::default()
    };
    // The newest three, the last four live ones, and the one that is proven on a target.
    let kept = [OPEN, YOUNG, 29, 28, 26, 24, PROVEN];
    with_server(folder.path(), history, |mut client| async move {
        let all = v1::ListReleasesRequest {
            limit: 1000,
            ..v1::ListReleasesRequest::default()
        };
        let waiting = async {
            while listed(&mut client, all.clone()).await.0 != kept {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        let (last, _) = listed(&mut client, all).await;
        waited.unwrap_or_else(|_| panic!("kept are {last:?}"));
        let gone = client
            .get_release(v1::GetReleaseRequest { release: 7 })
            .await
            .unwrap_err();
        let watched = client
            .watch(v1::WatchRequest {
                release: 7,
                ..v1::WatchRequest::default()
            })
            .await
            .unwrap_err();
        for status in [gone, watched] {
            assert_eq!(status.code(), Code::NotFound);
            let text = status.message();
            assert!(
                text.starts_with(
                    "there is no release 1007 any more: releases are kept for 30 days after their end"
                ),
                "{text}"
            );
            assert!(text.contains("history.retention_days"), "{text}");
        }
        let never = client
            .get_release(v1::GetReleaseRequest { release: 99 })
            .await
            .unwrap_err();
        assert_eq!(never.message(), "there is no release 1033");
        let rollback = v1::RollbackRequest {
            app: "shop".to_owned(),
            env: "prod".to_owned(),
            to: Some(22),
            key: "back".to_owned(),
        };
        let refused = client.rollback(rollback).await.unwrap_err();
        assert!(
            refused.message().contains("is not among the last 4 that were live in prod"),
            "{}",
            refused.message()
        );
    })
    .await;
    // It stopped as soon as the last record was gone: the next one takes the rest away.
    let history = HistoryConfig {
        retention_days: 0,
        ..HistoryConfig::default()
    };
    let place = folder.path();
    with_server(place, history, |_| async move {
        let mut wanted = kept.map(|number| id(number).to_string());
        wanted.sort();
        let waiting = async {
            while logs(place) != wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        waited.unwrap_or_else(|_| panic!("there are logs of {:?}", logs(place)));
    })
    .await;
}

/// The releases that have logs, in order.
fn logs(folder: &Path) -> Vec<String> {
    let mut logs: Vec<String> = std::fs::read_dir(folder.join("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    logs.sort();
    logs
}

#[tokio::test]
async fn open_and_ended_releases_are_listed_together_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path()).await;
    let for_ever = HistoryConfig {
        retention_days: 0,
        ..HistoryConfig::default()
    };
    with_server(folder.path(), for_ever, |mut client| async move {
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let request = v1::ListReleasesRequest {
                limit: 7,
                target: "main/web".to_owned(),
                before,
                ..v1::ListReleasesRequest::default()
            };
            let (page, next) = listed(&mut client, request).await;
            all.extend(page);
            before = next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(all, (0..=OPEN).rev().collect::<Vec<u64>>());
        let failed = v1::ListReleasesRequest {
            app: "shop".to_owned(),
            env: "prod".to_owned(),
            verdict: Some(v1::Verdict::Failed.into()),
            since_ms: Some(1_000 + 10),
            until_ms: Some(1_000 + 16),
            submitter: "tests".to_owned(),
            ..v1::ListReleasesRequest::default()
        };
        assert_eq!(listed(&mut client, failed).await, (vec![15, 13, 11], None));
        let bad = v1::ListReleasesRequest {
            target: "a/b/c/d/e".to_owned(),
            ..v1::ListReleasesRequest::default()
        };
        let refused = client.list_releases(bad).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}
