//! The ready file of several processes: addresses, and the process ids as they are now.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde_json::json;
use shipway_runtime::ready;

/// Places of the process ids.
pub(super) const SERVER: usize = 0;
pub(super) const AWS: usize = 1;
pub(super) const AGENTS: [usize; 2] = [2, 3];

/// The process ids, and the file that says them.
#[derive(Clone, Debug)]
pub(super) struct Pids(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    ids: [u32; 4],
    /// Where they are written once everything answers.
    file: Option<PathBuf>,
    grpc: String,
    aws: String,
}

impl Pids {
    /// The ids of the first processes. Nothing is written before [`Self::publish`].
    pub(super) fn new(ids: [u32; 4], grpc: &str, aws: &str) -> Self {
        Self(Arc::new(Mutex::new(State {
            ids,
            file: None,
            grpc: grpc.to_owned(),
            aws: aws.to_owned(),
        })))
    }

    /// Everything answers: says so in this file, and keeps it up to date.
    pub(super) fn publish(&self, file: PathBuf) -> anyhow::Result<()> {
        self.change(|state| state.file = Some(file))
    }

    /// Another process plays this part now.
    pub(super) fn set(&self, place: usize, id: u32) -> anyhow::Result<()> {
        self.change(|state| state.ids[place] = id)
    }

    fn change(&self, change: impl FnOnce(&mut State)) -> anyhow::Result<()> {
        // Held while the file is written: a newer one is never replaced by an older one.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let Some(file) = &state.file else {
            return Ok(());
        };
        let json = json!({
            "grpc": state.grpc,
            "aws": state.aws,
            "pids": {
                "server": state.ids[SERVER],
                "agents": AGENTS.map(|place| state.ids[place]),
                "aws": state.ids[AWS],
            },
        });
        ready::write(file, &json.to_string())
            .with_context(|| format!("could not write the ready file {}", file.display()))
    }
}
