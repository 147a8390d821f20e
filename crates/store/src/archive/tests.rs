//! What is not as it was written is refused, and an export is of one moment.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{ArchiveError, Contents, copy_checked, export, import, import_into};
use crate::data_dir::DataDir;
use crate::records::{MemoryStore, SledStore};
use crate::store::Store;
use crate::tests::support::*;
use crate::{Blobs, Logs, StoreError};

/// A data directory with releases, a blob of some pieces and a log; what it holds as an archive.
async fn full(folder: &Path) -> Vec<u8> {
    let dir = DataDir::open(folder).expect("free");
    let store = SledStore::open(&dir).expect("it opens");
    for number in 0..40 {
        store.commit(&submission(number)).expect("kept");
    }
    let blobs = Blobs::open(&dir, 1 << 30).expect("it opens");
    blobs.keep(vec![7; 600_000].into()).await.expect("kept");
    blobs.keep(b"{}".to_vec().into()).await.expect("kept");
    let logs = Logs::open(&dir, 1 << 30).expect("it opens");
    let (job, attempt) = (job_id(3, 0), shipway_domain::ids::Attempt(1));
    let text = b"a line\n".to_vec().into();
    logs.append(job, attempt, text).await.expect("kept");
    let spans = logs.spans(1 << 20);
    let span = b"a span\n".to_vec().into();
    spans.append(job, attempt, span).await.expect("kept");
    let mut archive = Vec::new();
    export(&store, Some(&dir), &mut archive, |_| {}).expect("exported");
    archive
}

#[tokio::test]
async fn an_archive_comes_back_with_records_blobs_and_logs() {
    let (from, to) = (folder(), folder());
    let archive = full(from.path()).await;
    let file = from.path().join("archive");
    fs::write(&file, &archive).expect("written");
    let dir = DataDir::open(to.path()).expect("free");
    let contents = import(&dir, &file, |_| {}).expect("imported");
    assert_eq!((contents.blobs, contents.logs), (2, 2), "output, and spans");
    assert_eq!(contents.bytes, archive.len() as u64);
    let store = SledStore::open(&dir).expect("it opens");
    let wanted: Vec<_> = (0..40).flat_map(loaded).collect();
    assert_eq!(store.load().expect("it loads").changes, wanted);
    let mut again = Vec::new();
    export(&store, Some(&dir), &mut again, |_| {}).expect("exported");
    assert!(again == archive, "the archives differ");
    drop(store);
    let error = import(&dir, &file, |_| {}).expect_err("not empty");
    assert!(matches!(error, ArchiveError::NotEmpty), "{error}");
}

#[tokio::test]
async fn an_archive_that_was_cut_off_or_changed_is_refused_with_the_place_and_writes_nothing() {
    let (from, to) = (folder(), folder());
    let archive = full(from.path()).await;
    let file = from.path().join("archive");
    let dir = DataDir::open(to.path()).expect("free");
    let refused = |content: &[u8]| {
        fs::write(&file, content).expect("written");
        import(&dir, &file, |_| {}).expect_err("it is not what was written")
    };
    for at in (0..archive.len()).step_by(archive.len() / 97).skip(1) {
        let error = refused(&archive[..at]);
        assert!(error.to_string().contains("cut off"), "{at}: {error}");
        let mut changed = archive.clone();
        changed[at] ^= 1;
        let error = refused(&changed);
        let ArchiveError::Damaged { at: place, .. } = error else {
            panic!("{at}: {error}");
        };
        // The entry with the change, or the one that its false length leads into.
        assert!(place <= at as u64, "{at}: {place}");
    }
    assert!(matches!(refused(b"something"), ArchiveError::Stranger));
    let longer = refused(&[&archive[..], b"x"].concat());
    assert!(longer.to_string().contains("behind the end"), "{longer}");
    let mut newer = archive.clone();
    newer[15] = 2;
    assert!(matches!(refused(&newer), ArchiveError::Newer(2)));
    let left: Vec<_> = fs::read_dir(to.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing but the lock: {left:?}");
}

#[tokio::test]
async fn entries_left_out_or_exchanged_are_noticed() {
    let from = folder();
    let archive = full(from.path()).await;
    // The first two entries behind the header.
    let length = |at: usize| {
        let number =
            |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().expect("four")) as usize;
        13 + number(at + 1) + number(at + 5)
    };
    let (first, second) = (19, 19 + length(19));
    let third = second + length(second);
    let without = [&archive[..first], &archive[second..]].concat();
    let exchanged = [
        &archive[..first],
        &archive[second..third],
        &archive[first..second],
        &archive[third..],
    ]
    .concat();
    for changed in [without, exchanged] {
        let copied = copy_checked(&changed[..], Vec::new(), |_| {});
        let error = copied.expect_err("it is not what was written");
        assert!(
            matches!(error, ArchiveError::Damaged { at: 19, .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_interrupted_import_opens_as_no_store_and_is_started_again() {
    let (from, to) = (folder(), folder());
    let archive = full(from.path()).await;
    let file = from.path().join("archive");
    fs::write(&file, &archive).expect("written");
    let dir = DataDir::open(to.path()).expect("free");
    // In the second reading, behind the first blob, the process panics.
    let mut checked = false;
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        import(&dir, &file, |contents: &Contents| {
            // The log is the last of all.
            checked |= contents.logs == 1;
            let again = checked && contents.logs == 0;
            assert!(!again || contents.blobs == 0, "the machine loses its power");
        })
    }));
    assert!(cut.is_err());
    let error = SledStore::open(&dir).map(drop).expect_err("half of it");
    assert!(matches!(error, StoreError::HalfImported(_)), "{error}");
    let other = from.path().join("other");
    let mut bytes = Vec::new();
    export(&MemoryStore::new(), None, &mut bytes, |_| {}).expect("exported");
    fs::write(&other, bytes).expect("written");
    let error = import(&dir, &other, |_| {}).expect_err("another archive");
    assert!(matches!(error, ArchiveError::OtherImport), "{error}");
    import(&dir, &file, |_| {}).expect("the same again");
    let store = SledStore::open(&dir).expect("it opens");
    let mut again = Vec::new();
    export(&store, Some(&dir), &mut again, |_| {}).expect("exported");
    assert!(again == archive, "the archives differ");
}

#[test]
fn an_export_is_of_one_moment_while_commits_go_on() {
    let store = MemoryStore::new();
    let all: Vec<_> = (0..3000).flat_map(submission).collect();
    store.commit(&all).expect("kept");
    let mut before = Vec::new();
    export(&store, None, &mut before, |_| {}).expect("exported");
    let mut during = Vec::new();
    let mut next = 3000;
    let mut entries = 0_u64;
    export(&store, None, &mut during, |_| {
        entries += 1;
        if entries.is_multiple_of(50) {
            // A new release, and a change of old ones: behind, at and before what is read.
            store.commit(&submission(next)).expect("kept");
            let old = [1, 1500, 2999].map(|number| happened(number, next));
            store.commit(&old).expect("kept");
            next += 1;
        }
    })
    .expect("exported");
    assert!(next > 3050, "commits went on: {next}");
    assert!(
        before == during,
        "the archive is not of the moment it began"
    );
    let copy = MemoryStore::new();
    import_into(&copy, None, &during[..], |_| {}).expect("imported");
    assert_eq!(copy.load().expect("it loads").next_release, 3000);
    assert_eq!(store.load().expect("it loads").next_release, next);
}

#[tokio::test]
async fn a_blob_that_was_changed_is_left_out_by_name() {
    let from = folder();
    drop(full(from.path()).await);
    let shelves = fs::read_dir(from.path().join("blobs")).expect("a folder");
    for shelf in shelves {
        for blob in fs::read_dir(shelf.expect("a shelf").path()).expect("a folder") {
            fs::write(blob.expect("a file").path(), b"rotten").expect("written");
        }
    }
    let dir = DataDir::open(from.path()).expect("free");
    let store = SledStore::open(&dir).expect("it opens");
    let contents = export(&store, Some(&dir), Vec::new(), |_| {}).expect("exported");
    assert_eq!((contents.blobs, contents.left_out.len()), (0, 2));
    let (what, why) = &contents.left_out[0];
    assert!(
        what.starts_with("blob ") && why.contains("changed"),
        "{what}: {why}"
    );
}

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}
