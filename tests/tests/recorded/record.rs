//! Someone between coordinator, agent and command line who hands on every message and writes it down.

use std::sync::Arc;

use futures::StreamExt as _;
use shipway_runtime::Tasks;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Channel;

use crate::raw::{self, Handler, Replies};
use crate::recording::{Tape, What, code, records};
use crate::scene::{Scene, agent, deploy};

/// Hands on to the coordinator on `channel`.
fn between(tasks: Tasks, tape: Tape, channel: Channel) -> Handler {
    Arc::new(move |path, mut said| {
        let call = tape.open(path.clone());
        let (tasks, tape, channel) = (tasks.clone(), tape.clone(), channel.clone());
        Box::pin(async move {
            let (on, messages) = mpsc::channel(64);
            let taping = tape.clone();
            drop(tasks.spawn("said", async move {
                while let Ok(Some(message)) = said.message().await {
                    taping.note(call, What::Said(message.clone()));
                    if on.send(message).await.is_err() {
                        return;
                    }
                }
                taping.note(call, What::Close);
            }));
            let answer = raw::call(channel, &path, ReceiverStream::new(messages)).await;
            let answer = answer.inspect_err(|status| end(&tape, call, status))?;
            let heard = answer.map(Some).chain(futures::stream::iter([None]));
            let handed_on = heard.filter_map(move |item| {
                match &item {
                    Some(Ok(message)) => tape.note(call, What::Heard(message.clone())),
                    Some(Err(status)) => end(&tape, call, status),
                    None => tape.note(call, What::End(0)),
                }
                std::future::ready(item)
            });
            Ok(Box::pin(handed_on) as Replies)
        })
    })
}

fn end(tape: &Tape, call: usize, status: &Status) {
    tape.note(call, What::End(code(status.code())));
}

#[tokio::test]
async fn a_deploy_is_recorded_from_hello_to_goodbye() {
    let scene = Scene::new();
    let server = scene.coordinator().await;
    let channel = Channel::from_shared(server.url.clone()).expect("a URL");
    let channel = channel.connect().await.expect("the coordinator answers");
    let tape = Tape::default();
    let url = raw::serve(
        &scene.tasks,
        between(scene.tasks.clone(), tape.clone(), channel),
    )
    .await;
    let running = agent(&scene, &url);
    let ran = deploy(&scene, &url).await;
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    running.end().await;
    server.end().await;
    let recording = tape.recording();
    for path in [
        "shipway.v1.Agents/Session",
        "shipway.v1.Agents/GetBlob",
        "shipway.v1.Shipway/HasBlobs",
        "shipway.v1.Shipway/PutBlob",
        "shipway.v1.Shipway/Submit",
        "shipway.v1.Shipway/Watch",
    ] {
        let calls = recording.calls(path);
        assert!(!calls.is_empty(), "{path} was not called");
        for call in calls {
            assert_eq!(recording.of(call).last(), Some(&What::End(0)), "{path}");
        }
    }
    if records() {
        recording.write();
    }
}
