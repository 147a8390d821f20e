//! Many askers, few calls: values by key, fetched as many at a time as AWS takes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use shipway_plugin::{ErrorKind, PlatformError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::operation::ASSUME_ROLE;

/// Fetches several values with one call.
#[async_trait]
pub(crate) trait Fetch: Send + Sync + 'static {
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    type Value: Clone + Send + Sync + 'static;

    /// The most keys that one call takes.
    const MOST: usize;

    /// Keys of different groups cannot share a call.
    fn group(_key: &Self::Key) -> &str {
        ""
    }

    /// Fetches at most [`Fetch::MOST`] values of one group; what does not exist is left out.
    async fn fetch(
        &self,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, Self::Value>, PlatformError>;
}

/// What became of each key: its value, `None` when it does not exist, or why it is not known.
pub(crate) type Fetched<F> =
    HashMap<<F as Fetch>::Key, Result<Option<<F as Fetch>::Value>, PlatformError>>;

/// Fetches all keys with as few calls as possible, all at once.
pub(crate) async fn fetch_all<F: Fetch>(
    source: &F,
    keys: impl IntoIterator<Item = F::Key>,
) -> Fetched<F> {
    let keys: HashSet<F::Key> = keys.into_iter().collect();
    let mut groups: BTreeMap<&str, Vec<F::Key>> = BTreeMap::new();
    for key in &keys {
        groups.entry(F::group(key)).or_default().push(key.clone());
    }
    let chunks = groups.values().flat_map(|group| group.chunks(F::MOST));
    let calls = chunks.map(|chunk| fetch_chunk(source, chunk));
    futures::future::join_all(calls)
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// One call. When it is refused for what it asks, each key is asked for alone: one that may not be
/// seen must not hide the others.
async fn fetch_chunk<F: Fetch>(source: &F, keys: &[F::Key]) -> Fetched<F> {
    match source.fetch(keys).await {
        Ok(mut found) => keys
            .iter()
            .map(|key| (key.clone(), Ok(found.remove(key))))
            .collect(),
        Err(error) if keys.len() == 1 || !blames_a_key(&error) => keys
            .iter()
            .map(|key| (key.clone(), Err(error.clone())))
            .collect(),
        Err(_) => {
            let mut each = Fetched::<F>::new();
            for key in keys {
                let alone = source.fetch(std::slice::from_ref(key)).await;
                each.insert(key.clone(), alone.map(|mut found| found.remove(key)));
            }
            each
        }
    }
}

/// Whether a call may have failed for one of its keys, and not for who made it or when.
fn blames_a_key(error: &PlatformError) -> bool {
    let passes_or_is_us = error.kind.is_passing() || error.kind == ErrorKind::Credentials;
    !passes_or_is_us && error.call != ASSUME_ROLE.action()
}

type Answer<F> = oneshot::Sender<Result<Option<<F as Fetch>::Value>, PlatformError>>;
type Asked<F> = Vec<(<F as Fetch>::Key, Answer<F>)>;

/// Puts askers together that come within a short while.
pub(crate) struct Batcher<F: Fetch> {
    source: Arc<F>,
    gather: Duration,
    asked: Arc<Mutex<Asked<F>>>,
    tasks: Mutex<JoinSet<()>>,
}

impl<F: Fetch> Batcher<F> {
    pub(crate) fn new(source: F, gather: Duration) -> Self {
        Self {
            source: Arc::new(source),
            gather,
            asked: Arc::default(),
            tasks: Mutex::default(),
        }
    }

    /// The value of the key, or `None` when it does not exist.
    pub(crate) async fn get(&self, key: F::Key) -> Result<Option<F::Value>, PlatformError> {
        let (answer, answered) = oneshot::channel();
        if self.ask((key, answer)) {
            self.start();
        }
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Notes the question; true when it is the first of a batch.
    fn ask(&self, new: (F::Key, Answer<F>)) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let first = asked.is_empty();
        asked.push(new);
        first
    }

    fn start(&self) {
        let source = Arc::clone(&self.source);
        let asked = Arc::clone(&self.asked);
        let gather = self.gather;
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            tokio::time::sleep(gather).await;
            let batch = std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner));
            let keys = batch.iter().map(|(key, _)| key.clone());
            let found = fetch_all(&*source, keys).await;
            for (key, answer) in batch {
                let result = found.get(&key).cloned().unwrap_or(Ok(None));
                // Whoever asked may have gone away.
                let _left = answer.send(result);
            }
        });
    }
}

/// The task that would have answered is gone: the platform is being dropped.
pub(crate) fn gone() -> PlatformError {
    PlatformError::new("aws", ErrorKind::Unreachable, "the platform is closed")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Knows even numbers; refuses calls that name 13; is throttled when told so.
    #[derive(Default)]
    struct Evens {
        calls: AtomicUsize,
        throttled: bool,
    }

    #[async_trait]
    impl Fetch for Arc<Evens> {
        type Key = (&'static str, u32);
        type Value = String;
        const MOST: usize = 10;

        fn group(key: &Self::Key) -> &str {
            key.0
        }

        async fn fetch(
            &self,
            keys: &[Self::Key],
        ) -> Result<HashMap<Self::Key, String>, PlatformError> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            assert!(keys.len() <= 10);
            assert!(
                keys.iter().all(|key| key.0 == keys[0].0),
                "groups are not mixed"
            );
            if self.throttled {
                return Err(PlatformError::new("t", ErrorKind::Throttled, "slower"));
            }
            if keys.iter().any(|key| key.1 == 13) {
                return Err(PlatformError::new("t", ErrorKind::Denied, "not 13"));
            }
            let even = keys.iter().filter(|key| key.1 % 2 == 0);
            Ok(even.map(|key| (*key, key.1.to_string())).collect())
        }
    }

    fn batcher(source: &Arc<Evens>) -> Arc<Batcher<Arc<Evens>>> {
        Arc::new(Batcher::new(Arc::clone(source), Duration::from_millis(20)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_askers_at_once_cost_ten_calls() {
        let source = Arc::new(Evens::default());
        let batcher = batcher(&source);
        let asks = (0..100).map(|n| batcher.get(("a", n * 2)));
        let answers = futures::future::join_all(asks).await;
        assert_eq!(source.calls.load(Ordering::Relaxed), 10);
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.expect("found"), Some((n * 2).to_string()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_key_is_fetched_once_and_the_unknown_is_none() {
        let source = Arc::new(Evens::default());
        let batcher = batcher(&source);
        let (one, two, three) = tokio::join!(
            batcher.get(("a", 2)),
            batcher.get(("a", 2)),
            batcher.get(("b", 3))
        );
        assert_eq!(one.expect("found"), two.expect("found"));
        assert_eq!(three.expect("asked"), None);
        assert_eq!(source.calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_may_not_be_seen_does_not_hide_the_others() {
        let source = Arc::new(Evens::default());
        let found = fetch_all(&source, [("a", 2), ("a", 13), ("a", 4)]).await;
        assert_eq!(
            found[&("a", 2)].clone().expect("found"),
            Some("2".to_owned())
        );
        assert_eq!(
            found[&("a", 4)].clone().expect("found"),
            Some("4".to_owned())
        );
        let refused = found[&("a", 13)].clone().expect_err("refused");
        assert_eq!(refused.kind, ErrorKind::Denied);
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_is_not_answered_with_more_calls() {
        let source = Arc::new(Evens {
            throttled: true,
            ..Evens::default()
        });
        let found = fetch_all(&source, (0..10).map(|n| ("a", n))).await;
        assert!(found.values().all(Result::is_err));
        assert_eq!(source.calls.load(Ordering::Relaxed), 1);
    }
}
