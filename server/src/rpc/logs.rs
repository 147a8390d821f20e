//! The stream of a release's output, job by job, attempt by attempt.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::ids::{Attempt, JobId, ReleaseId};
use shipway_proto::v1;
use shipway_store::{Logs, Store};
use tokio::sync::mpsc;
use tonic::Status;

use super::watch::release;
use crate::coordinator::Coordinator;

/// How often new output is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// Bytes of one message at most.
const CHUNK: usize = 256 * 1024;

pub(super) struct Reader {
    pub(super) coordinator: Coordinator,
    pub(super) store: Arc<dyn Store>,
    pub(super) logs: Arc<Logs>,
    pub(super) release: ReleaseId,
    pub(super) job: Option<u32>,
    pub(super) follow: bool,
}

type Chunks = mpsc::Sender<Result<v1::LogChunk, Status>>;

impl Reader {
    pub(super) async fn run(self, chunks: Chunks) {
        if let Err(status) = self.send_all(&chunks).await {
            // Who read may be gone.
            drop(chunks.send(Err(status)).await);
        }
    }

    async fn send_all(&self, chunks: &Chunks) -> Result<(), Status> {
        let mut offsets: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        loop {
            // Asked before reading: output that comes after the end is read all the same.
            let view = release(&self.coordinator, &self.store, self.release).await?;
            let over = !self.follow || view.ended_ms.is_some();
            for job in view
                .jobs
                .iter()
                .filter(|job| self.job.is_none_or(|j| j == job.index))
            {
                for attempt in 1..=job.attempt {
                    let offset = offsets.entry((job.index, attempt)).or_default();
                    if !self.send_new(chunks, job.index, attempt, offset).await? {
                        return Ok(());
                    }
                }
            }
            if over {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = chunks.closed() => return Ok(()),
            }
        }
    }

    /// Sends what was written since `offset`; says whether somebody still listens.
    async fn send_new(
        &self,
        chunks: &Chunks,
        job: u32,
        attempt: u32,
        offset: &mut u64,
    ) -> Result<bool, Status> {
        let id = JobId {
            release: self.release,
            index: job,
        };
        loop {
            let text = self
                .logs
                .read(id, Attempt(attempt), *offset, CHUNK)
                .await
                .map_err(|error| Status::internal(format!("the log cannot be read: {error}")))?;
            if text.is_empty() {
                return Ok(true);
            }
            *offset += text.len() as u64;
            let chunk = v1::LogChunk {
                job,
                attempt,
                text,
            };
            if chunks.send(Ok(chunk)).await.is_err() {
                return Ok(false);
            }
        }
    }
}
