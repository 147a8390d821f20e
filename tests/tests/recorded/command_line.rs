//! Today's command line with the coordinator of a recording: byte for byte what that one said.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tonic::Status;

use crate::meaning;
use crate::raw::{self, Handler, Replies};
use crate::recording::Recording;
use crate::scene::{Scene, deploy};

#[tokio::test]
async fn a_coordinator_of_every_version_is_understood_by_the_command_line() {
    held_again(false).await;
}

#[tokio::test]
async fn a_newer_coordinator_is_understood_by_the_command_line() {
    held_again(true).await;
}

/// Holds the conversations; with `newer`, in the words of a version that has more fields.
async fn held_again(newer: bool) {
    for recording in Recording::all() {
        let version = recording.version.clone();
        let scene = Scene::new();
        let taken: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let handler = coordinator(Arc::new(recording), Arc::clone(&taken), newer);
        let url = raw::serve(&scene.tasks, handler).await;
        let ran = deploy(&scene, &url).await;
        assert_eq!(ran.code, 0, "of {version}: {}\n{}", ran.out, ran.err);
        let last = ran.json();
        assert_eq!(last["verdict"], "live", "of {version}: {last}");
        assert_eq!(last["final"], true, "of {version}: {last}");
        let events: Vec<Value> = ran
            .out
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .filter(|line: &Value| line["seq"].is_u64())
            .collect();
        let numbers: Vec<u64> = events.iter().filter_map(|e| e["seq"].as_u64()).collect();
        assert_eq!(numbers, (1..).take(events.len()).collect::<Vec<_>>());
        assert_eq!(events.last().expect("events")["type"], "ended");
        // Nothing was passed over as not understood.
        assert!(
            !ran.err.contains("cannot be shown"),
            "of {version}: {}",
            ran.err
        );
        let taken = taken.lock().expect("no panic in here");
        assert_eq!(taken.get("shipway.v1.Shipway/Submit"), Some(&1));
        assert_eq!(taken.get("shipway.v1.Shipway/Watch"), Some(&1));
    }
}

/// Answers the calls of each path as they were answered, in their order.
fn coordinator(
    recording: Arc<Recording>,
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
    newer: bool,
) -> Handler {
    Arc::new(move |path, mut said| {
        let (recording, taken) = (Arc::clone(&recording), Arc::clone(&taken));
        Box::pin(async move {
            // All that is said, before anything is answered.
            while said.message().await?.is_some() {}
            let place = {
                let mut taken = taken.lock().expect("no panic in here");
                let place = taken.entry(path.clone()).or_default();
                *place += 1;
                *place - 1
            };
            let call = recording.calls(&path).get(place).copied();
            let call = call.ok_or_else(|| Status::unimplemented(path.clone()))?;
            let say = |bytes: &Vec<u8>| {
                if newer {
                    meaning::newer(bytes)
                } else {
                    bytes.clone()
                }
            };
            let heard = recording.heard(call).into_iter();
            let replies: Vec<Result<Vec<u8>, Status>> = heard.map(|b| Ok(say(b))).collect();
            Ok(Box::pin(tokio_stream::iter(replies)) as Replies)
        })
    })
}
