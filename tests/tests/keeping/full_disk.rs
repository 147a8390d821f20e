//! A disk that is full: new work is refused, what runs is recorded, and nothing that was acknowledged is
//! lost.

use shipway_proto::v1;
use shipway_tests::App;
use tempfile::TempDir;
use tonic::Code;

use super::agent::Agent;
use super::coordinator::{ACCOUNT, Coordinator, until};
use super::mount::Disk;

/// The low-water mark of these coordinators is 64 MiB and the floor is 8 MiB; their reserve is 24 MiB.
const DISK_MIB: u32 = 192;

fn app() -> App {
    App::new("shop").env("prod", ACCOUNT, "")
}

#[tokio::test]
async fn below_the_low_water_mark_submissions_are_refused_and_reports_are_recorded() {
    let Some(disk) = Disk::of_mib(DISK_MIB) else {
        return;
    };
    let (elsewhere, app) = (TempDir::new().expect("a folder"), app());
    let server = Coordinator::start(&disk.path("coordinator"), &elsewhere, "first");
    let reserve = disk.path("coordinator/RESERVE");
    assert_eq!(reserve.metadata().expect("a reserve").len(), 24 << 20);
    let mut agent = Agent::connect(&server.grpc, vec![]).await.expect("seated");
    let release = server.submit(&app, "before").await.expect("there is room");
    let build = agent.take().await;

    disk.fill_but(48 << 10);
    until("the refusal", async || server.upload(&app).await.is_err()).await;
    let refusal = server.submit(&app, "low").await.expect_err("it is low");
    assert_eq!(refusal.code(), Code::ResourceExhausted, "{refusal}");
    let text = refusal.message();
    assert!(text.contains("MiB are free on the disk of"), "{text}");
    assert!(text.contains("from 64 MiB on"), "{text}");
    let upload = server.upload(&app).await.expect_err("uploads too");
    assert_eq!(upload.code(), Code::ResourceExhausted, "{upload}");
    assert!(reserve.exists(), "what runs has room without the reserve");
    agent.built(build).await;
    let rollout = agent.take().await;

    disk.fill_but(2 << 10);
    until("the reserve to be given up", async || !reserve.exists()).await;
    for number in 0..50 {
        let text = format!("{number}: {}", "x".repeat(16 << 10));
        assert!(agent.note(rollout, &text).await);
    }
    agent.live(rollout).await;
    let found = server.release(release).await;
    assert_eq!(found.verdict(), v1::Verdict::Live, "{}", server.log());

    disk.clear();
    until("room", async || server.submit(&app, "after").await.is_ok()).await;
    until("a new reserve", async || reserve.exists()).await;
    assert_eq!(reserve.metadata().expect("a reserve").len(), 24 << 20);
}

#[tokio::test]
async fn a_failed_write_ends_the_process_and_it_comes_back_read_only_until_there_is_room() {
    let Some(disk) = Disk::of_mib(DISK_MIB) else {
        return;
    };
    let (elsewhere, app) = (TempDir::new().expect("a folder"), app());
    let mut server = Coordinator::start(&disk.path("coordinator"), &elsewhere, "first");
    let mut agent = Agent::connect(&server.grpc, vec![]).await.expect("seated");
    let release = server.submit(&app, "before").await.expect("there is room");
    let build = agent.take().await;
    agent.built(build).await;
    let rollout = agent.take().await;
    let before = server.release(release).await.last_seq;
    assert!(agent.note(rollout, "under way").await);
    until("the note", async || {
        server.release(release).await.last_seq > before
    })
    .await;

    // Somebody takes every page, the given up reserve included, until a write of the coordinator fails.
    let text = "x".repeat(16 << 10);
    until("a failed write", async || {
        disk.fill_but(0);
        agent.note(rollout, &text).await;
        server.ended().is_some()
    })
    .await;
    assert!(!server.ended().expect("it ended").success());
    assert!(server.log().contains("a commit failed"), "{}", server.log());
    disk.fill_but(0);

    let server = Coordinator::start(&disk.path("coordinator"), &elsewhere, "second");
    let seen = server.release(release).await;
    assert!(seen.last_seq > before);
    let mut client = server.client().await;
    let queue = client.queue(v1::QueueRequest::default()).await;
    assert!(queue.is_ok(), "{queue:?}");
    let watch = v1::WatchRequest {
        release,
        after: 0,
        until_rest: false,
    };
    let mut events = client.watch(watch).await.expect("it answers").into_inner();
    let first = loop {
        // The first message may only say how the release stands.
        let reply = events.message().await.expect("it goes on");
        if let Some(event) = reply.expect("events come").events.first() {
            break event.seq;
        }
    };
    assert_eq!(first, 1);
    let status = client.status(v1::StatusRequest::default()).await;
    assert!(status.is_ok(), "{status:?}");
    for refused in [
        server.submit(&app, "full").await.expect_err("read-only"),
        Agent::connect(&server.grpc, vec![rollout])
            .await
            .err()
            .expect("read-only"),
    ] {
        assert_eq!(refused.code(), Code::Unavailable, "{refused}");
        assert!(refused.message().contains("read-only"), "{refused}");
        assert!(refused.message().contains("MiB are free"), "{refused}");
    }

    disk.clear();
    let mut agent = None;
    until("the agent to be taken back", async || {
        agent = Agent::connect(&server.grpc, vec![rollout]).await.ok();
        agent.is_some()
    })
    .await;
    // It kept its result, and hands it in now.
    agent.expect("taken back").live(rollout).await;
    let found = server.release(release).await;
    assert_eq!(found.verdict(), v1::Verdict::Live, "{}", server.log());
    until("room", async || server.submit(&app, "after").await.is_ok()).await;
}
