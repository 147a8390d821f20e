//! Lets builds that push to one repository take turns with its tags in the engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// The repositories in which somebody is at work.
///
/// The engine has one set of tags for all: between tagging and pushing, another build must not put
/// its own image under the same name.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    locks: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    /// Waits for the turn; it ends when the guard is dropped.
    pub(crate) async fn take(&self, image: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| lock.strong_count() > 0);
            let known = locks.get(image).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let fresh = Arc::default();
                locks.insert(image.to_owned(), Arc::downgrade(&fresh));
                fresh
            })
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_repository_is_one_turn_at_a_time() {
        let turns = Turns::default();
        let first = turns.take("host/a").await;
        assert!(turns.take("host/a").now_or_never().is_none());
        assert!(turns.take("host/b").now_or_never().is_some());
        drop(first);
        assert!(turns.take("host/a").now_or_never().is_some());
    }
}
