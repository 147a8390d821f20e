//! The one thread that writes: it takes all batches that wait, makes them durable with one sync,
//! and answers each.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use shipway_domain::change::Change;
use tokio::sync::{mpsc, oneshot};

use crate::error::StoreError;
use crate::store::{Receipt, Store};

/// Batches that one commit takes at most: bounds the time that the first of them waits.
const LARGEST_GROUP: usize = 1024;

/// Owns the thread that commits. Dropping it commits what was submitted, then ends the thread.
#[derive(Debug)]
pub struct Committer {
    queue: Option<mpsc::Sender<Submission>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
    observer: Arc<OnceLock<Observer>>,
}

/// What came of one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Time from taking up its batches to their being on disk, or to the failure.
    pub took: Duration,
    /// Records that it wrote; `None` when it failed.
    pub records: Option<usize>,
}

/// Is told of every commit, on the thread that commits.
struct Observer(Box<dyn Fn(Commit) + Send + Sync>);

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer")
    }
}

/// A batch and who waits for it.
#[derive(Debug)]
struct Submission {
    changes: Vec<Change>,
    answer: oneshot::Sender<Result<(), CommitError>>,
}

/// Batches that wait to be committed by hand: for simulations, which have no threads.
#[derive(Debug)]
pub struct Batches(mpsc::Receiver<Submission>);

/// A batch that is committed by hand.
#[derive(Debug)]
pub struct Batch(Submission);

impl Batches {
    /// The next batch, or `None` once the committer is dropped.
    pub async fn next(&mut self) -> Option<Batch> {
        self.0.recv().await.map(Batch)
    }
}

impl Batch {
    /// What is to be made durable.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.0.changes
    }

    /// Says that it is durable.
    pub fn is_durable(self) {
        // Who does not wait any more does not need the answer.
        self.0.answer.send(Ok(())).ok();
    }
}

/// The batch is not durable, or not known to be: the coordinator must end.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The store failed.
    #[error("the changes could not be made durable")]
    Store(#[source] Arc<StoreError>),
    /// The thread that commits has ended.
    #[error("the thread that commits has ended")]
    Ended,
}

/// A batch on its way to the disk. Resolves when the batch is durable, or cannot be made so.
#[derive(Debug)]
#[must_use = "nothing of the batch may be told before it is durable"]
pub struct Ticket(oneshot::Receiver<Result<(), CommitError>>);

impl Future for Ticket {
    type Output = Result<(), CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(CommitError::Ended)))
    }
}

impl Committer {
    /// Starts the thread. At most `waiting` batches wait for it; beyond that, submitting waits.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(store: Arc<dyn Store>, waiting: usize) -> std::io::Result<Self> {
        let (queue, submissions) = mpsc::channel(waiting.max(1));
        let counters = Arc::new(Counters::default());
        let counted = Arc::clone(&counters);
        let observer = Arc::new(OnceLock::new());
        let observed = Arc::clone(&observer);
        let thread = thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || run(&*store, submissions, &counted, &observed))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            counters,
            observer,
        })
    }

    /// One without a thread: whoever holds the batches commits them, in their order.
    #[must_use]
    pub fn by_hand(waiting: usize) -> (Self, Batches) {
        let (queue, submissions) = mpsc::channel(waiting.max(1));
        let committer = Self {
            queue: Some(queue),
            thread: None,
            counters: Arc::default(),
            observer: Arc::default(),
        };
        (committer, Batches(submissions))
    }

    /// Queues a batch, waiting for room. Batches become durable in the order in which they were
    /// submitted.
    ///
    /// # Errors
    /// [`CommitError::Ended`] when the thread has ended.
    pub async fn submit(&self, changes: Vec<Change>) -> Result<Ticket, CommitError> {
        let queue = self.queue.as_ref().ok_or(CommitError::Ended)?;
        let (answer, ticket) = oneshot::channel();
        queue
            .send(Submission { changes, answer })
            .await
            .map_err(|_| CommitError::Ended)?;
        Ok(Ticket(ticket))
    }

    /// Has `observe` told of every commit from now on. It is called on the thread that commits: it must be quick, and
    /// wait for nothing. The first call counts. Commits by hand are not told of.
    pub fn observe(&self, observe: impl Fn(Commit) + Send + Sync + 'static) {
        // A second one is left out, as is said.
        drop(self.observer.set(Observer(Box::new(observe))));
    }

    /// What was committed since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the committing thread panicked");
        }
    }
}

fn run(
    store: &dyn Store,
    mut queue: mpsc::Receiver<Submission>,
    counters: &Counters,
    observer: &OnceLock<Observer>,
) {
    let mut group = Vec::with_capacity(LARGEST_GROUP);
    let mut changes = Vec::new();
    while queue.blocking_recv_many(&mut group, LARGEST_GROUP) > 0 {
        let start = Instant::now();
        for submission in &mut group {
            changes.append(&mut submission.changes);
        }
        let committed = store.commit(&changes);
        let took = start.elapsed();
        if let Some(Observer(observe)) = observer.get() {
            let records = committed.as_ref().ok().map(|receipt| receipt.records);
            observe(Commit { took, records });
        }
        let result = match committed {
            Ok(receipt) => {
                counters.add(group.len(), receipt, took);
                Ok(())
            }
            Err(error) => Err(CommitError::Store(Arc::new(error))),
        };
        for submission in group.drain(..) {
            // Who does not wait any more does not need the answer.
            submission.answer.send(result.clone()).ok();
        }
        changes.clear();
    }
}

/// What the committer has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commits: syncs of the disk.
    pub commits: u64,
    /// Batches in them.
    pub batches: u64,
    /// Records written by them.
    pub records: u64,
    /// Bytes of those records.
    pub bytes: u64,
    /// Time spent committing.
    pub busy: Duration,
    /// The part of it in which the disk was waited for.
    pub sync: Duration,
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    batches: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    busy_nanos: AtomicU64,
    sync_nanos: AtomicU64,
}

impl Counters {
    fn add(&self, batches: usize, receipt: Receipt, busy: Duration) {
        let add = |counter: &AtomicU64, by: u64| {
            counter.fetch_add(by, Ordering::Relaxed);
        };
        add(&self.commits, 1);
        add(&self.batches, batches as u64);
        add(&self.records, receipt.records as u64);
        add(&self.bytes, receipt.bytes as u64);
        add(&self.busy_nanos, nanos(busy));
        add(&self.sync_nanos, nanos(receipt.sync));
    }

    fn read(&self) -> Counts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            commits: get(&self.commits),
            batches: get(&self.batches),
            records: get(&self.records),
            bytes: get(&self.bytes),
            busy: Duration::from_nanos(get(&self.busy_nanos)),
            sync: Duration::from_nanos(get(&self.sync_nanos)),
        }
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
