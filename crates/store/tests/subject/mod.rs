//! A store under test: each kind, straight through and with the store closed and opened again in the
//! middle.

use shipway_domain::change::Change;
use shipway_store::{DataDir, MemoryStore, SledStore, Store};
use tempfile::TempDir;

/// A store under test.
pub(crate) struct Subject {
    store: Option<Box<dyn Store>>,
    open: Box<dyn Fn() -> Box<dyn Store>>,
    reopens: bool,
}

impl Subject {
    pub(crate) fn memory(reopens: bool) -> Self {
        let root = MemoryStore::new();
        Self::new(Box::new(move || Box::new(root.reopen())), reopens)
    }

    pub(crate) fn sled(reopens: bool) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let open = move || -> Box<dyn Store> {
            let dir = DataDir::open(folder.path()).expect("the folder is free");
            Box::new(SledStore::open(&dir).expect("it opens"))
        };
        Self::new(Box::new(open), reopens)
    }

    fn new(open: Box<dyn Fn() -> Box<dyn Store>>, reopens: bool) -> Self {
        Self {
            store: Some(open()),
            open,
            reopens,
        }
    }

    /// The middle of a case: here the store is opened again, every second time.
    pub(crate) fn middle(&mut self) {
        if self.reopens {
            self.store = None;
            self.store = Some((self.open)());
        }
    }

    pub(crate) fn keep(&self, changes: &[Change]) {
        self.commit(changes).expect("the changes are kept");
    }
}

impl std::ops::Deref for Subject {
    type Target = dyn Store;

    fn deref(&self) -> &dyn Store {
        self.store.as_deref().expect("open outside of middle")
    }
}

/// Runs every case on every store, straight and with a restart.
macro_rules! contract {
    ($($case:ident)*) => {
        mod memory {
            $(#[test]
            fn $case() {
                for reopens in [false, true] {
                    super::$case(super::Subject::memory(reopens));
                }
            })*
        }
        mod sled {
            $(#[test]
            fn $case() {
                for reopens in [false, true] {
                    super::$case(super::Subject::sled(reopens));
                }
            })*
        }
    };
}
