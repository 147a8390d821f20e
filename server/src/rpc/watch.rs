//! The stream of a watcher: events from any number on, and the release whenever its jobs change.

use std::sync::Arc;

use shipway_domain::ids::ReleaseId;
use shipway_proto::v1;
use shipway_store::Store;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::Status;

use super::showing::{Showing, news};
use super::{errors, view};
use crate::coordinator::Coordinator;

pub(super) type Replies = mpsc::Sender<Result<v1::WatchReply, Status>>;

pub(super) struct Watcher {
    pub(super) showing: Arc<Showing>,
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
        let mut durable = self.showing.watch();
        let mut shown: Option<Arc<v1::ReleaseView>> = None;
        loop {
            durable.seen();
            let looked = Instant::now();
            // The view first: its last event is durable, so everything up to it can be read.
            let current = self.showing.view().await?;
            if shown.is_none() && !send(replies, Vec::new(), Some(&current)).await {
                return Ok(());
            }
            let before = shown.replace(Arc::clone(&current));
            loop {
                let events = self.showing.events(self.after, current.last_seq).await?;
                let Some(last) = events.last() else { break };
                self.after = last.seq;
                if !send(replies, events, None).await {
                    return Ok(());
                }
            }
            let over = current.ended_ms.is_some() || (self.until_rest && current.verdict.is_some());
            let changed = before.is_some_and(|before| differ(&before, &current));
            if changed && !send(replies, Vec::new(), Some(&current)).await {
                return Ok(());
            }
            if over {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = replies.closed() => return Ok(()),
                () = news(&mut durable, looked) => {}
            }
        }
    }
}

/// Whether there is more to show than events, which are sent by themselves.
fn differ(before: &Arc<v1::ReleaseView>, current: &Arc<v1::ReleaseView>) -> bool {
    if Arc::ptr_eq(before, current) {
        return false;
    }
    let last_seq = current.last_seq;
    let before = v1::ReleaseView {
        last_seq,
        ..v1::ReleaseView::clone(before)
    };
    before != **current
}

/// Whether somebody still listens.
async fn send(
    replies: &Replies,
    events: Vec<v1::Event>,
    release: Option<&Arc<v1::ReleaseView>>,
) -> bool {
    let release = release.map(|view| v1::ReleaseView::clone(view));
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
pub(crate) async fn blocking<T: Send + 'static>(
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
