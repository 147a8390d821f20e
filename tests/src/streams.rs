//! Much output and many events of one job, and those who watch them all.

use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Say;
use shipway_proto::v1::shipway_client::ShipwayClient;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::raw::RawAgent;

/// How much a job says.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    /// Messages of the agent.
    pub batches: u64,
    /// Lines of output in each.
    pub lines: u64,
    /// Events in each.
    pub events: u64,
}

/// What one watcher saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Events, each once and in order, as their numbers say.
    pub events: u64,
    /// Lines of output, each once and in order, as they say.
    pub lines: u64,
    /// Bytes of output.
    pub bytes: u64,
    /// Messages of both streams.
    pub messages: u64,
}

/// Messages between two renewals of the lease.
const RENEW: u64 = 50;

impl Flood {
    /// Lines in all.
    #[must_use]
    pub const fn all_lines(&self) -> u64 {
        self.batches * self.lines
    }

    /// Events in all, without those that the coordinator makes by itself.
    #[must_use]
    pub const fn all_events(&self) -> u64 {
        self.batches * self.events
    }

    /// Has the agent say all of it of this job.
    ///
    /// # Panics
    /// When the agent's stream ends.
    pub async fn pour(&self, agent: &RawAgent, job: v1::JobAttempt) {
        for batch in 0..self.batches {
            if batch.is_multiple_of(RENEW) {
                agent.send(Say::Renew(v1::Renew { jobs: vec![job] })).await;
            }
            let lines = batch * self.lines..(batch + 1) * self.lines;
            let log: String = lines.map(|number| line(number) + "\n").collect();
            let note = |number: u64| v1::Progress {
                progress: Some(v1::progress::Progress::Note(v1::progress::Note {
                    warning: false,
                    text: format!("note {number} of batch {batch}"),
                })),
            };
            let said = v1::ProgressBatch {
                job: Some(job),
                progress: (0..self.events).map(note).collect(),
                log: log.into_bytes(),
                ..v1::ProgressBatch::default()
            };
            agent.send(Say::Progress(said)).await;
        }
    }
}

fn line(number: u64) -> String {
    format!("{number} and what a compiler says of it")
}

/// Connects as the command line does, with a connection of its own.
///
/// # Panics
/// When nobody listens.
pub async fn connect(url: &str) -> ShipwayClient<Channel> {
    let endpoint = Endpoint::from_shared(url.to_owned()).expect("an address");
    let channel = endpoint
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .tcp_nodelay(true)
        .connect()
        .await;
    ShipwayClient::new(channel.expect("the coordinator listens"))
}

const WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// Watches events and output of a release to its end, on one connection. With `pause`, nothing more is read after
/// the first message of each before it is told to go on.
///
/// # Errors
/// What ended a stream before its time.
///
/// # Panics
/// When an event or a line is missing, comes twice or out of order.
pub async fn watch(
    client: ShipwayClient<Channel>,
    release: u64,
    pause: Option<oneshot::Receiver<()>>,
) -> Result<Seen, Status> {
    let request = v1::WatchRequest {
        release,
        after: 0,
        until_rest: false,
    };
    let mut events = client.clone().watch(request).await?.into_inner();
    let request = v1::LogsRequest {
        release,
        job: None,
        follow: true,
    };
    let mut logs = client.clone().logs(request).await?.into_inner();
    let mut seen = Seen::default();
    if let Some(pause) = pause {
        if let Some(reply) = events.message().await? {
            seen.take_events(&reply);
        }
        if let Some(chunk) = logs.message().await? {
            seen.take_output(&chunk);
        }
        // Whoever tells may be gone: then there is nothing to wait for.
        pause.await.ok();
    }
    let (mut more_events, mut more_output) = (true, true);
    while more_events || more_output {
        tokio::select! {
            reply = events.message(), if more_events => match reply? {
                Some(reply) => seen.take_events(&reply),
                None => more_events = false,
            },
            chunk = logs.message(), if more_output => match chunk? {
                Some(chunk) => seen.take_output(&chunk),
                None => more_output = false,
            },
        }
    }
    Ok(seen)
}

impl Seen {
    fn take_events(&mut self, reply: &v1::WatchReply) {
        self.messages += 1;
        for event in &reply.events {
            assert_eq!(event.seq, self.events + 1, "the next event");
            self.events = event.seq;
        }
    }

    fn take_output(&mut self, chunk: &v1::LogChunk) {
        self.messages += 1;
        self.bytes += chunk.text.len() as u64;
        let text = str::from_utf8(&chunk.text).expect("text");
        for found in text.lines() {
            assert_eq!(found, line(self.lines), "the next line");
            self.lines += 1;
        }
    }
}
