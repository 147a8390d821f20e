//! After a failed write the store answers nothing any more, and everybody who waits hears of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::support::*;
use crate::data_dir::LowDisk;
use crate::engine::memory::Memory;
use crate::engine::{Engine, Writes};
use crate::error::StoreError;
use crate::records::Records;
use crate::{CommitError, Committer, Store};

/// Memory whose disk fails when it is told to.
#[derive(Default)]
struct Failing {
    memory: Memory,
    fails: Arc<AtomicBool>,
}

impl Engine for Failing {
    type Bytes = Vec<u8>;

    fn write(&self, writes: &Writes) -> Result<Duration, StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            let error = io::Error::from(io::ErrorKind::StorageFull);
            return Err(StoreError::io("sync", "db")(error));
        }
        self.memory.write(writes)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.get(key)
    }

    fn range<'a>(
        &'a self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + 'a {
        self.memory.range(from, to)
    }

    fn accepts_new_work(&self) -> Result<(), LowDisk> {
        self.memory.accepts_new_work()
    }
}

fn store() -> (Arc<dyn Store>, Arc<AtomicBool>) {
    let engine = Failing::default();
    let fails = Arc::clone(&engine.fails);
    let store = Records::over(engine).expect("a new store");
    (Arc::new(store), fails)
}

#[test]
fn a_failed_write_poisons_the_store() {
    let (store, fails) = store();
    store.commit(&submission(0)).expect("kept");
    fails.store(true, Ordering::SeqCst);
    store.commit(&submission(1)).expect_err("the disk fails");
    fails.store(false, Ordering::SeqCst);
    let answers = [
        store.commit(&submission(2)).map(drop),
        store.load().map(drop),
        store.spec(id(0)).map(drop),
        store.release(id(0)).map(drop),
        store.events(id(0), 0, 9).map(drop),
        store.find(&Default::default(), None, 9).map(drop),
        store.begin_prune(&[id(0)]).map(drop),
    ];
    for answer in answers {
        let error = answer.expect_err("poisoned");
        let StoreError::Poisoned(cause) = error else {
            panic!("not poisoned: {error}");
        };
        assert_eq!(cause.to_string(), "cannot sync db");
    }
}

#[tokio::test]
async fn everybody_who_waits_hears_of_a_failed_commit() {
    let (store, fails) = store();
    let committer = Committer::start(store, 16).expect("a thread");
    let kept = committer.submit(submission(0)).await.expect("it runs");
    kept.await.expect("kept");
    fails.store(true, Ordering::SeqCst);
    let mut tickets = Vec::new();
    for number in 1..9 {
        let ticket = committer.submit(submission(number)).await;
        tickets.push(ticket.expect("it runs"));
    }
    for ticket in tickets {
        let error = ticket.await.expect_err("not kept");
        assert!(matches!(error, CommitError::Store(_)), "{error}");
    }
    assert_eq!(committer.counts().batches, 1);
}
