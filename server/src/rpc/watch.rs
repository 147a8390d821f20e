//! The stream of a watcher: events from any number on, and the release whenever its jobs change.

use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use shipway_domain::ids::ReleaseId;
use shipway_proto::v1;
use shipway_store::Store;
use tokio::sync::mpsc;
use tonic::Status;

use super::{errors, view};
use crate::coordinator::Coordinator;

/// Events in one message: few large frames rather than many small ones (engineering-facts,
/// section 5, the live trap of h2).
const EVENTS_AT_ONCE: usize = 256;
/// Bytes of these at most, unless one alone has more: what waits for a slow watcher stays small.
const BYTES_AT_ONCE: usize = 64 * 1024;
/// How often the reasons of waits are looked at while nothing happens.
const LOOK: Duration = Duration::from_secs(1);

pub(super) type Replies = mpsc::Sender<Result<v1::WatchReply, Status>>;

pub(super) struct Watcher {
    pub(super) coordinator: Coordinator,
    pub(super) store: Arc<dyn Store>,
    pub(super) release: ReleaseId,
    pub(super) after: u64,
    pub(super) until_rest: bool,
}

impl Watcher {
    /// Sends until the release has ended (or rests, when that is enough) or nobody listens.
    pub(super) async fn run(mut self, replies: Replies) {
        if let Err(status) = self.follow(&replies).await {
            // Who watched may be gone.
            drop(replies.send(Err(status)).await);
        }
    }

    async fn follow(&mut self, replies: &Replies) -> Result<(), Status> {
        let mut durable = self.coordinator.hub().watch(self.release);
        let mut shown: Option<v1::ReleaseView> = None;
        loop {
            durable.seen();
            // The view first: its last event is durable, so everything up to it can be read.
            let current = self.view().await?;
            if shown.is_none() && !send(replies, Vec::new(), Some(current.clone())).await {
                return Ok(());
            }
            shown.get_or_insert_with(|| current.clone());
            while let Some(events) = self.events(current.last_seq).await? {
                if !send(replies, events, None).await {
                    return Ok(());
                }
            }
            let over = current.ended_ms.is_some() || (self.until_rest && current.verdict.is_some());
            if shown.as_ref() != Some(&current) {
                if !send(replies, Vec::new(), Some(current.clone())).await {
                    return Ok(());
                }
                shown = Some(current);
            }
            if over {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = durable.news() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = replies.closed() => return Ok(()),
            }
        }
    }

    async fn events(&mut self, up_to: u64) -> Result<Option<Vec<v1::Event>>, Status> {
        if self.after >= up_to {
            return Ok(None);
        }
        let (release, after) = (self.release, self.after);
        let read = move |store: &dyn Store| store.events(release, after, EVENTS_AT_ONCE);
        let read = blocking(&self.store, read).await?;
        if read.first().is_none_or(|first| first.seq != after + 1) {
            // Of a release that was pruned meanwhile there is nothing, or the end is missing: the
            // watcher hears that, and not less than there was.
            self.view().await?;
        }
        let mut bytes = 0;
        let mut events: Vec<v1::Event> = Vec::new();
        // What does not fit is read again for the next message.
        for event in read.iter().map(v1::Event::from) {
            bytes += event.encoded_len();
            if bytes > BYTES_AT_ONCE && !events.is_empty() {
                break;
            }
            events.push(event);
        }
        let Some(last) = events.last() else {
            return Ok(None);
        };
        self.after = last.seq;
        Ok(Some(events))
    }

    async fn view(&self) -> Result<v1::ReleaseView, Status> {
        release(&self.coordinator, &self.store, self.release).await
    }
}

/// Whether somebody still listens.
async fn send(replies: &Replies, events: Vec<v1::Event>, release: Option<v1::ReleaseView>) -> bool {
    replies
        .send(Ok(v1::WatchReply { events, release }))
        .await
        .is_ok()
}

/// A release from the board, or from the store when it has ended.
pub(super) async fn release(
    coordinator: &Coordinator,
    store: &Arc<dyn Store>,
    id: ReleaseId,
) -> Result<v1::ReleaseView, Status> {
    let open = coordinator
        .read(move |board| view::of_board(board, id))
        .await;
    if let Some(open) = open.map_err(errors::call)? {
        return Ok(open);
    }
    match blocking(store, move |store| store.release(id)).await? {
        Some((release, jobs)) => Ok(view::of_store(&release, &jobs)),
        None => Err(absent(coordinator, id).await),
    }
}

/// That a release is not there, or not any more.
pub(super) async fn absent(coordinator: &Coordinator, id: ReleaseId) -> Status {
    match coordinator.read(move |board| board.absent(id)).await {
        Ok(refusal) => errors::absent(&refusal),
        Err(error) => errors::call(error),
    }
}

/// Reads the store, on a thread that may wait for the disk if it has one.
pub(super) async fn blocking<T: Send + 'static>(
    store: &Arc<dyn Store>,
    read: impl FnOnce(&dyn Store) -> Result<T, shipway_store::StoreError> + Send + 'static,
) -> Result<T, Status> {
    if !store.waits() {
        return read(&**store).map_err(|error| errors::store(&error));
    }
    let store = Arc::clone(store);
    match tokio::task::spawn_blocking(move || read(&*store)).await {
        Ok(result) => result.map_err(|error| errors::store(&error)),
        Err(_) => Err(Status::internal("a read was cut off")),
    }
}
