//! A coordinator's end of the line: hands each stream to the test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures::{Stream, StreamExt as _};
use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::agents_server::{Agents, AgentsServer};
use shipway_runtime::Tasks;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status, Streaming};

use super::peer::Peer;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A coordinator of the test.
pub(crate) struct Coordinator {
    pub(crate) url: String,
    streams: mpsc::Receiver<Peer>,
    shared: Shared,
    _stop: DropGuard,
}

#[derive(Clone)]
struct Shared {
    blobs: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// How many more calls for blobs fail as if the coordinator were down.
    down: Arc<AtomicU32>,
    streams: mpsc::Sender<Peer>,
    /// Ends all streams.
    stop: CancellationToken,
}

impl Coordinator {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = listener.await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, streams) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let shared = Shared {
            blobs: Arc::default(),
            down: Arc::default(),
            streams: sender,
            stop: stop.clone(),
        };
        let served = tonic::transport::Server::builder()
            .add_service(AgentsServer::new(shared.clone()))
            .serve_with_incoming_shutdown(
                TcpListenerStream::new(listener),
                stop.clone().cancelled_owned(),
            );
        drop(Tasks::new().spawn("coordinator", served));
        Self {
            url: format!("http://{address}"),
            streams,
            shared,
            _stop: stop.drop_guard(),
        }
    }

    /// Keeps a blob for the agents, and gives its digest.
    pub(crate) fn keep(&self, blob: &[u8]) -> Digest {
        let digest = Digest::of(blob);
        let mut blobs = self.shared.blobs.lock().expect("no test panics in here");
        blobs.insert(digest.to_string(), blob.to_vec());
        digest
    }

    /// The next calls for blobs fail as if it were being restarted.
    pub(crate) fn no_blobs_for(&self, calls: u32) {
        self.shared.down.store(calls, Ordering::Relaxed);
    }

    /// The next agent that says hello; it is not yet welcome.
    pub(crate) async fn hello(&mut self) -> Peer {
        let stream = super::patiently("a hello", self.streams.recv()).await;
        stream.expect("it listens")
    }

    /// The next agent that says hello, welcomed, with all that it holds.
    pub(crate) async fn welcome(&mut self) -> Peer {
        let mut peer = self.hello().await;
        let holds = peer.hello.holds.clone();
        peer.say_welcome(holds).await;
        peer
    }
}

#[tonic::async_trait]
impl Agents for Shared {
    type SessionStream = Answers<v1::CoordinatorMessage>;
    type GetBlobStream = Answers<v1::BlobData>;

    async fn session(
        &self,
        request: Request<Streaming<v1::AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        use v1::agent_message::Message;
        let mut inbound = request.into_inner();
        let first = inbound.message().await?.and_then(|first| first.message);
        let Some(Message::Hello(hello)) = first else {
            return Err(Status::invalid_argument("the first message must be hello"));
        };
        let (outbound, messages) = mpsc::channel(64);
        let peer = Peer::new(hello, inbound, outbound);
        self.streams
            .send(peer)
            .await
            .map_err(|_| Status::unavailable("the test is over"))?;
        let messages = ReceiverStream::new(messages);
        let until = self.stop.clone().cancelled_owned();
        Ok(Response::new(Box::pin(messages.take_until(until))))
    }

    async fn get_blob(
        &self,
        request: Request<v1::GetBlobRequest>,
    ) -> Result<Response<Self::GetBlobStream>, Status> {
        let down = |left: u32| left.checked_sub(1);
        if self
            .down
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, down)
            .is_ok()
        {
            return Err(Status::unavailable("restarting"));
        }
        let digest = request.into_inner().digest;
        let blob = self
            .blobs
            .lock()
            .expect("no test panics in here")
            .get(&digest)
            .cloned();
        let blob = blob.ok_or_else(|| Status::not_found("no such blob"))?;
        let parts: Vec<_> = blob
            .chunks(1000)
            .map(|data| {
                Ok(v1::BlobData {
                    data: data.to_vec(),
                })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(parts))))
    }
}
