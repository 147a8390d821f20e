//! Today's agent with the coordinator of a recording: byte for byte what that one said.

use std::sync::Arc;

use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Said;
use shipway_proto::v1::coordinator_message::Message as Heard;
use shipway_runtime::Tasks;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use crate::meaning;
use crate::patiently;
use crate::raw::{self, Handler, Replies};
use crate::recording::{Recording, What};
use crate::scene::{Scene, agent};

const SESSION: &str = "shipway.v1.Agents/Session";
const BLOB: &str = "shipway.v1.Agents/GetBlob";

type Sender = mpsc::Sender<Result<Vec<u8>, Status>>;

/// A session that an agent has opened.
type Opened = (Streaming<Vec<u8>>, Sender);

#[tokio::test]
async fn a_coordinator_of_every_version_gets_the_same_work_from_the_agent() {
    for recording in Recording::all() {
        held_again(Arc::new(recording), false).await;
    }
}

#[tokio::test]
async fn a_newer_coordinator_gets_the_same_work_from_the_agent() {
    for recording in Recording::all() {
        held_again(Arc::new(recording), true).await;
    }
}

/// Holds a conversation; with `newer`, in the words of a version that has more fields and messages.
async fn held_again(recording: Arc<Recording>, newer: bool) {
    let scene = Scene::new();
    let (sessions, mut opened) = mpsc::channel(4);
    let handler = coordinator(scene.tasks.clone(), Arc::clone(&recording), sessions);
    let url = raw::serve(&scene.tasks, handler).await;
    let running = agent(&scene, &url);
    let session = patiently("a session", opened.recv()).await;
    let (said, say) = session.expect("the agent comes");
    let mut peer = Peer {
        recording: Arc::clone(&recording),
        call: recording.calls(SESSION)[0],
        said,
        say,
        leave: running.stop.clone(),
        newer,
    };
    peer.play().await;
    drop(peer);
    running.end().await;
}

/// Blobs as they were given; sessions go to the test.
fn coordinator(tasks: Tasks, recording: Arc<Recording>, sessions: mpsc::Sender<Opened>) -> Handler {
    Arc::new(move |path, mut said| {
        let (recording, sessions) = (Arc::clone(&recording), sessions.clone());
        let tasks = tasks.clone();
        Box::pin(async move {
            let (say, replies) = mpsc::channel(64);
            match path.as_str() {
                SESSION => {
                    let opened = sessions.send((said, say)).await;
                    opened.map_err(|_| Status::unavailable("the test is over"))?;
                }
                BLOB => {
                    let asked = said.message().await?.unwrap_or_default();
                    let mut calls = recording.calls(BLOB).into_iter();
                    let call = calls.find(|call| recording.said(*call) == [&asked]);
                    let call = call.ok_or_else(|| Status::not_found("no such blob"))?;
                    drop(tasks.spawn("blob", async move {
                        for part in recording.heard(call) {
                            drop(say.send(Ok(part.clone())).await);
                        }
                    }));
                }
                other => return Err(Status::unimplemented(other.to_owned())),
            }
            Ok(Box::pin(ReceiverStream::new(replies)) as Replies)
        })
    })
}

/// The coordinator's side of a session.
struct Peer {
    recording: Arc<Recording>,
    call: usize,
    said: Streaming<Vec<u8>>,
    say: Sender,
    leave: CancellationToken,
    newer: bool,
}

impl Peer {
    /// Says what was said then, each time that the agent has said what it said then.
    async fn play(&mut self) {
        let recording = Arc::clone(&self.recording);
        let version = &recording.version;
        for what in recording.of(self.call) {
            match what {
                What::Said(bytes) => {
                    let wanted = meaning::said(bytes);
                    if matches!(wanted, Said::Draining(_) | Said::Goodbye(_)) {
                        self.leave.cancel();
                    }
                    if meaning::is_rhythm(&wanted) {
                        continue;
                    }
                    let wanted = meaning::of_agent(&wanted);
                    let said = patiently(&wanted, self.next()).await;
                    assert_eq!(said, Some(wanted), "to a coordinator of {version}");
                }
                // Renewals are answered as they come.
                What::Heard(bytes) if matches!(meaning::heard(bytes), Heard::Renewed(_)) => {}
                What::Heard(bytes) => self.say(bytes).await,
                What::Close => {
                    let said = patiently("the end of the session", self.next()).await;
                    assert_eq!(said, None, "to a coordinator of {version}");
                }
                What::Open(_) | What::End(_) => {}
            }
        }
    }

    async fn say(&self, bytes: &[u8]) {
        let mut all = vec![bytes.to_vec()];
        if self.newer {
            // And a message of another kind.
            all = vec![meaning::newer(bytes), meaning::newer(&[])];
        }
        for bytes in all {
            let said = self.say.send(Ok(bytes)).await;
            said.expect("the agent listens");
        }
    }

    /// What the agent says next, but for what comes when it comes.
    async fn next(&mut self) -> Option<String> {
        loop {
            let bytes = self.said.message().await.ok().flatten()?;
            match meaning::said(&bytes) {
                Said::Renew(renew) => self.renew(&renew.jobs).await,
                said if meaning::is_rhythm(&said) => {}
                said => return Some(meaning::of_agent(&said)),
            }
        }
    }

    /// Answers as it was answered when the same jobs were held.
    async fn renew(&self, jobs: &[v1::JobAttempt]) {
        let recording = Arc::clone(&self.recording);
        let heard = recording.heard(self.call);
        let like = heard.into_iter().find(|bytes| {
            matches!(meaning::heard(bytes), Heard::Renewed(renewed) if renewed.jobs == jobs)
        });
        // Of jobs that were just done none is recorded; nothing waits for their renewal.
        if let Some(bytes) = like {
            self.say(bytes).await;
        }
    }
}
