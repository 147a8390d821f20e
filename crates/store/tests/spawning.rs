//! A process that is being started holds what its parent has open until it is a program of its own.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use shipway_store::{DataDir, SledStore};
use tempfile::TempDir;

/// Each is opened with a chance that a process is started at the wrong moment.
const TIMES: usize = 150;

#[test]
fn the_records_are_opened_while_other_threads_start_processes() {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let ran = Command::new("true").status();
                    assert!(ran.is_ok_and(|status| status.success()));
                }
            });
        }
        let folder = TempDir::new().expect("a folder");
        let data = DataDir::open(folder.path().join("data")).expect("nobody else has it");
        let failed = (0..TIMES).find_map(|time| {
            let opened = SledStore::open(&data);
            opened.err().map(|error| (time, error))
        });
        over.store(true, Ordering::Relaxed);
        assert!(failed.is_none(), "{failed:?}");
    });
}
