//! Today's coordinator with the agent and the command line of a recording: byte for byte what they said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use shipway_runtime::Tasks;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use crate::meaning;
use crate::patiently;
use crate::raw;
use crate::recording::{Recording, What, code};
use crate::scene::Scene;

const SESSION: &str = "shipway.v1.Agents/Session";

/// A call that is held again.
struct Call {
    path: String,
    said: Option<mpsc::Sender<Vec<u8>>>,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    /// How many messages were heard, and the code at the end.
    news: watch::Receiver<(usize, Option<i32>)>,
}

impl Call {
    fn open(tasks: &Tasks, channel: Channel, path: &str) -> Self {
        let (said, messages) = mpsc::channel(64);
        let (tell, news) = watch::channel((0, None));
        let heard: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let (kept, to) = (Arc::clone(&heard), path.to_owned());
        drop(tasks.spawn("call", async move {
            let answer = raw::call(channel, &to, ReceiverStream::new(messages)).await;
            let end = async {
                let mut answer = answer?;
                while let Some(message) = answer.message().await? {
                    let mut kept = kept.lock().expect("no panic in here");
                    kept.push(message);
                    tell.send_modify(|(count, _)| *count = kept.len());
                }
                Ok::<(), tonic::Status>(())
            };
            let end = end.await.map_or_else(|status| code(status.code()), |()| 0);
            tell.send_modify(|(_, code)| *code = Some(end));
        }));
        Self {
            path: path.to_owned(),
            said: Some(said),
            heard,
            news,
        }
    }

    fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().expect("no panic in here").clone()
    }

    /// Waits until what was heard is as wanted, or the call has ended.
    async fn until(&mut self, what: &str, wanted: impl Fn(&[Vec<u8>]) -> bool) {
        let (heard, path) = (Arc::clone(&self.heard), self.path.clone());
        let so = || wanted(&heard.lock().expect("no panic in here"));
        let wait = self.news.wait_for(|(_, end)| so() || end.is_some());
        drop(patiently(&format!("{path}: {what}"), wait).await);
        assert!(
            so(),
            "{path} ended before: {what}\n{:#?}",
            meanings(&self.heard())
        );
    }

    /// Waits for the end, and gives the code.
    async fn end(&mut self) -> i32 {
        let what = format!("the end of {}", self.path);
        let wait = self.news.wait_for(|(_, end)| end.is_some());
        let ended = patiently(&what, wait).await.expect("the call is there");
        ended.1.expect("it has ended")
    }
}

fn meanings(heard: &[Vec<u8>]) -> Vec<String> {
    let heard = heard.iter().map(|bytes| meaning::heard(bytes));
    heard.map(|said| meaning::of_coordinator(&said)).collect()
}

/// What comes in an order: renewals are answered at once, notes when they are durable.
fn in_order(meanings: Vec<String>) -> (Vec<String>, Vec<String>) {
    let (mut others, mut renewed) = (Vec::new(), Vec::new());
    for meaning in meanings {
        if meaning.starts_with("renewed") {
            renewed.push(meaning);
        } else {
            others.push(meaning);
        }
    }
    (others, renewed)
}

#[tokio::test]
async fn agents_and_command_lines_of_every_version_get_the_answers_that_they_got() {
    for recording in Recording::all() {
        held_again(&recording, false).await;
    }
}

#[tokio::test]
async fn newer_agents_and_command_lines_get_the_same_answers() {
    for recording in Recording::all() {
        held_again(&recording, true).await;
    }
}

/// Holds a conversation; with `newer`, in the words of a version that has more fields and messages.
async fn held_again(recording: &Recording, newer: bool) {
    let scene = Scene::new();
    let server = scene.coordinator().await;
    let channel = Channel::from_shared(server.url.clone()).expect("a URL");
    let channel = channel.connect().await.expect("the coordinator answers");
    let mut calls: BTreeMap<usize, Call> = BTreeMap::new();
    let mut heard: BTreeMap<usize, usize> = BTreeMap::new();
    for line in &recording.lines {
        if let What::Open(path) = &line.what {
            let call = Call::open(&scene.tasks, channel.clone(), path);
            calls.insert(line.call, call);
            continue;
        }
        let call = calls.get_mut(&line.call).expect("it was opened");
        match &line.what {
            What::Open(_) => {}
            What::Said(bytes) => {
                let said = call.said.as_ref().expect("it was not closed");
                let bytes = if newer {
                    meaning::newer(bytes)
                } else {
                    bytes.clone()
                };
                said.send(bytes).await.expect("the call goes on");
                if newer && call.path == SESSION {
                    // A message of another kind; after the goodbye nobody listens.
                    said.send(meaning::newer(&[])).await.ok();
                }
            }
            What::Close => call.said = None,
            // Of a session, what answers what was said comes before the next thing is said.
            What::Heard(bytes) if call.path == SESSION => {
                let wanted = meaning::of_coordinator(&meaning::heard(bytes));
                let before = recorded_before(recording, line.call, &mut heard, &wanted);
                call.until(&wanted, |heard| {
                    let like = meanings(heard).into_iter().filter(|said| *said == wanted);
                    like.count() > before
                })
                .await;
            }
            What::Heard(_) => {}
            What::End(code) => {
                assert_eq!(call.end().await, *code, "{}", call.path);
                let then = recording.heard(line.call);
                let then: Vec<Vec<u8>> = then.into_iter().cloned().collect();
                if call.path == SESSION {
                    let (now, then) = (meanings(&call.heard()), meanings(&then));
                    assert_eq!(in_order(now), in_order(then), "of {}", recording.version);
                } else {
                    let of = |replies: &[Vec<u8>]| meaning::of_replies(&call.path, replies);
                    assert_eq!(of(&call.heard()), of(&then), "of {}", recording.version);
                }
            }
        }
    }
    drop(calls);
    server.end().await;
}

/// How many messages like this one were looked for on this call before it.
fn recorded_before(
    recording: &Recording,
    call: usize,
    heard: &mut BTreeMap<usize, usize>,
    wanted: &str,
) -> usize {
    let place = heard.entry(call).or_default();
    let earlier: Vec<Vec<u8>> = recording
        .heard(call)
        .into_iter()
        .take(*place)
        .cloned()
        .collect();
    *place += 1;
    let like = meanings(&earlier).into_iter().filter(|said| said == wanted);
    like.count()
}
