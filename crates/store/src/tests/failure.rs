//! After a failed write the store answers nothing any more, and everybody who waits hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::failing::Failing;
use super::support::*;
use crate::engine::memory::Memory;
use crate::error::StoreError;
use crate::records::Records;
use crate::{CommitError, Committer, Store};

/// A store, and how many writes its disk takes yet.
fn store() -> (Arc<dyn Store>, Arc<AtomicUsize>) {
    let engine = Failing::after(Memory::default(), usize::MAX);
    let left = engine.left();
    let store = Records::over(engine).expect("a new store");
    (Arc::new(store), left)
}

#[test]
fn a_failed_write_poisons_the_store() {
    let (store, left) = store();
    store.commit(&submission(0)).expect("kept");
    left.store(0, Ordering::SeqCst);
    store.commit(&submission(1)).expect_err("the disk fails");
    left.store(usize::MAX, Ordering::SeqCst);
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
    let (store, left) = store();
    let committer = Committer::start(store, 16).expect("a thread");
    let kept = committer.submit(submission(0)).await.expect("it runs");
    kept.await.expect("kept");
    left.store(0, Ordering::SeqCst);
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
