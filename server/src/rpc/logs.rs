//! The stream of a release's output, job by job, attempt by attempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_domain::ids::{Attempt, JobId, ReleaseId};
use shipway_proto::v1;
use shipway_store::Logs;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;

use super::errors;
use super::showing::{GATHER, Showing, news};

/// Bytes of one message at most.
const CHUNK: usize = 64 * 1024;

pub(super) struct Reader {
    pub(super) showing: Arc<Showing>,
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
        let mut durable = self.showing.watch();
        loop {
            let looked = Instant::now();
            durable.seen();
            // Asked before reading: output that comes before the end is read all the same.
            let view = self.showing.view().await?;
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
                () = chunks.closed() => return Ok(()),
                open = follower.appended() => {
                    if !open {
                        return Ok(());
                    }
                    // What comes soon after it comes with it.
                    tokio::time::sleep_until(looked + GATHER).await;
                }
                () = news(&mut durable, looked) => {}
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
