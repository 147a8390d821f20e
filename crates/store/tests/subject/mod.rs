//! A store under test: each kind, straight through, with the store closed and opened again in the middle,
//! and with everything moved to a new store in the middle, by archives: to memory, and from there to disk.

use shipway_domain::change::Change;
use shipway_store::{DataDir, MemoryStore, SledStore, Store, export, import_into};
use tempfile::TempDir;

/// What happens in the middle of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    Nothing,
    Reopened,
    Moved,
}

impl Middle {
    pub(crate) const ALL: [Self; 3] = [Self::Nothing, Self::Reopened, Self::Moved];
}

/// A store under test.
pub(crate) struct Subject {
    store: Option<Box<dyn Store>>,
    open: Box<dyn Fn() -> Box<dyn Store>>,
    middle: Middle,
}

fn memory() -> Box<dyn Fn() -> Box<dyn Store>> {
    let root = MemoryStore::new();
    Box::new(move || Box::new(root.reopen()))
}

fn sled() -> Box<dyn Fn() -> Box<dyn Store>> {
    let folder = TempDir::new().expect("a temporary folder");
    Box::new(move || {
        let dir = DataDir::open(folder.path()).expect("the folder is free");
        Box::new(SledStore::open(&dir).expect("it opens"))
    })
}

fn moved(from: &dyn Store, to: &dyn Store) {
    let mut archive = Vec::new();
    export(from, None, &mut archive, |_| {}).expect("it is written");
    assert!(to.is_empty().expect("readable"));
    import_into(to, None, &archive[..], |_| {}).expect("it is read");
}

/// All records, byte for byte, but what a store on disk notes about itself.
fn records(store: &dyn Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut records = Vec::new();
    let given = store.snapshot(&mut |key, value| {
        if !key.starts_with(b"m") {
            records.push((key.to_vec(), value.to_vec()));
        }
        true
    });
    given.expect("readable");
    records
}

impl Subject {
    pub(crate) fn memory(middle: Middle) -> Self {
        Self::new(memory(), middle)
    }

    pub(crate) fn sled(middle: Middle) -> Self {
        Self::new(sled(), middle)
    }

    fn new(open: Box<dyn Fn() -> Box<dyn Store>>, middle: Middle) -> Self {
        Self {
            store: Some(open()),
            open,
            middle,
        }
    }

    /// The middle of a case.
    pub(crate) fn middle(&mut self) {
        match self.middle {
            Middle::Nothing => {}
            Middle::Reopened => {
                self.store = None;
                self.store = Some((self.open)());
            }
            Middle::Moved => {
                let before = records(&**self);
                let between = memory()();
                moved(&**self, &*between);
                self.open = sled();
                self.store = Some((self.open)());
                moved(&*between, &**self);
                assert!(before == records(&**self), "the records differ");
            }
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

/// Runs every case on every store, with everything that can happen in its middle.
macro_rules! contract {
    ($($case:ident)*) => {
        mod memory {
            $(#[test]
            fn $case() {
                for middle in crate::subject::Middle::ALL {
                    super::$case(super::Subject::memory(middle));
                }
            })*
        }
        mod sled {
            $(#[test]
            fn $case() {
                for middle in crate::subject::Middle::ALL {
                    super::$case(super::Subject::sled(middle));
                }
            })*
        }
    };
}
