//! Much output and many events, to many who watch them.

use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_tests::streams::{Flood, connect, watch};
use shipway_tests::{RawAgent, done};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::node::Node;
use crate::submit::{client, submit};

const FLOOD: Flood = Flood {
    batches: 200,
    lines: 90,
    events: 10,
};
const WATCHERS: usize = 20;
/// What the coordinator may take more than before, in KiB: for each watcher some messages in its own memory and in
/// that of the connection, and what the allocator keeps of it. All that is sent is more than ten times as much.
const MEMORY: u64 = 48 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_watchers_see_each_of_20_000_lines_and_events_once_and_a_slow_one_holds_up_nobody() {
    let mut node = Node::start();
    let release = submit(&node.url, "chatty").await;
    // Of the image's account: the job is the build.
    let mut agent = RawAgent::connect(&node.url, "agent", "000000000000", 1).await;
    let job = agent.offer().await.job.unwrap();
    agent.send(Say::Accept(v1::Accept { job: Some(job) })).await;
    let before = node.status("VmRSS");

    let mut quick = JoinSet::new();
    for _ in 1..WATCHERS {
        quick.spawn(watch(connect(&node.url).await, release, None));
    }
    let (go_on, pause) = oneshot::channel();
    let mut slow = JoinSet::new();
    slow.spawn(watch(connect(&node.url).await, release, Some(pause)));
    FLOOD.pour(&agent, job).await;
    let outcome = Some(done("build"));
    let finished = v1::Finished {
        job: Some(job),
        outcome,
    };
    agent.send(Say::Finished(finished)).await;
    // Nobody carries out the rollout.
    let cancel = v1::CancelRequest {
        release,
        reason: "enough".to_owned(),
    };
    while !matches!(
        agent.next().await,
        Some(v1::coordinator_message::Message::FinishedKept(_))
    ) {}
    client(&node.url).await.cancel(cancel).await.unwrap();

    let mut all = Vec::new();
    while let Some(seen) = quick.join_next().await {
        all.push(seen.unwrap().unwrap());
    }
    // All others have seen the end, and it has read one message of each.
    assert!(slow.try_join_next().is_none());
    go_on.send(()).unwrap();
    all.push(slow.join_next().await.unwrap().unwrap().unwrap());

    for seen in &all {
        assert_eq!(seen.lines, FLOOD.all_lines());
        assert!(seen.events > FLOOD.all_events(), "{seen:?}");
        assert_eq!(seen.events, all[0].events);
    }
    let most = node.status("VmHWM");
    assert!(
        most < before + MEMORY,
        "from {before} to {most} KiB, while {} KiB of output were sent",
        all.iter().map(|seen| seen.bytes / 1024).sum::<u64>()
    );
    node.is_well();
}
