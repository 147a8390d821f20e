//! The stream of a release's output, job by job, attempt by attempt.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::ids::{Attempt, JobId, ReleaseId};
use shipway_proto::v1;
use shipway_store::{Logs, Store};
use tokio::sync::mpsc;
use tonic::Status;

use super::errors;
use super::watch::release;
use crate::coordinator::Coordinator;

/// How often the end of the release is looked for while no output comes.
const LOOK: Duration = Duration::from_secs(1);
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
        let mut offsets: BTreeMap<(JobId, Attempt), u64> = BTreeMap::new();
        let mut follower = self.logs.follow(self.release);
        loop {
            // Asked before reading: output that comes before the end is read all the same.
            let view = release(&self.coordinator, &self.store, self.release).await?;
            let over = !self.follow || view.ended_ms.is_some();
            let logs = self.logs.of_release(self.release).await;
            for (job, attempt) in logs.map_err(|error| errors::store(&error))? {
                if self.job.is_some_and(|wanted| wanted != job.index) {
                    continue;
                }
                let offset = offsets.entry((job, attempt)).or_default();
                if !self.send_new(chunks, job, attempt, offset).await? {
                    return Ok(());
                }
            }
            if over {
                return Ok(());
            }
            tokio::select! {
                biased;
                open = follower.appended() => if !open { return Ok(()) },
                () = tokio::time::sleep(LOOK) => {}
                () = chunks.closed() => return Ok(()),
            }
        }
    }

    /// Sends what was written since `offset`; says whether somebody still listens.
    async fn send_new(
        &self,
        chunks: &Chunks,
        job: JobId,
        attempt: Attempt,
        offset: &mut u64,
    ) -> Result<bool, Status> {
        loop {
            let text = self
                .logs
                .read(job, attempt, *offset, CHUNK)
                .await
                .map_err(|error| errors::store(&error))?;
            if text.is_empty() {
                return Ok(true);
            }
            *offset += text.len() as u64;
            let chunk = v1::LogChunk {
                job: job.index,
                attempt: attempt.0,
                text: text.into(),
            };
            if chunks.send(Ok(chunk)).await.is_err() {
                return Ok(false);
            }
        }
    }
}
