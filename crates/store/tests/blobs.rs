//! Blobs are what their names say, whole or not there.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use shipway_domain::ids::Digest;
use shipway_domain::time::Timestamp;
use shipway_store::{BlobError, Blobs, DataDir};
use tempfile::TempDir;

const LIMIT: u64 = 12 << 20;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn open(folder: &Path) -> Blobs {
    let dir = DataDir::open(folder).expect("free");
    Blobs::open(&dir, LIMIT).expect("it opens")
}

/// Names of all files below the folder of the blobs.
fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for shelf in std::fs::read_dir(folder.join("blobs")).expect("a folder") {
        let shelf = shelf.expect("readable").path();
        for file in std::fs::read_dir(shelf).expect("a folder") {
            let name = file.expect("readable").file_name();
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names
}

#[tokio::test]
async fn a_large_blob_comes_back_as_it_went_in() {
    let folder = folder();
    let blobs = open(folder.path());
    let content: Vec<u8> = (0..11_u32 << 18).flat_map(u32::to_le_bytes).collect();
    let name = Digest::of(&content);
    let mut upload = blobs.begin(name.clone()).await.expect("room");
    for piece in content.chunks(1_000_003) {
        upload
            .write(Bytes::copy_from_slice(piece))
            .await
            .expect("below the limit");
        assert_eq!(blobs.size(&name).await.expect("readable"), None);
    }
    let size = upload.finish().await.expect("as promised");
    assert_eq!(size, content.len() as u64);
    drop(blobs);

    let blobs = open(folder.path());
    assert_eq!(blobs.size(&name).await.expect("readable"), Some(size));
    let pieces = blobs.stream(&name).await.expect("readable").expect("here");
    let pieces: Vec<Bytes> = pieces.try_collect().await.expect("readable");
    assert!(pieces.len() > 1);
    assert!(pieces.concat() == content, "other bytes came back");
    assert_eq!(files(folder.path()), [name.hex()]);
}

#[tokio::test]
async fn content_that_breaks_the_promise_leaves_nothing() {
    let folder = folder();
    let blobs = open(folder.path());
    let promised = Digest::of(b"promised");
    let mut upload = blobs.begin(promised.clone()).await.expect("room");
    upload
        .write(Bytes::from_static(b"other"))
        .await
        .expect("small");
    let error = upload.finish().await.expect_err("not what was promised");
    assert!(
        matches!(&error, BlobError::WrongDigest { found, .. } if *found == Digest::of(b"other")),
        "{error}"
    );
    assert_eq!(blobs.size(&promised).await.expect("readable"), None);
    assert_eq!(files(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_blob_beyond_the_limit_is_refused_while_it_comes() {
    let folder = folder();
    let blobs = open(folder.path());
    let mut upload = blobs.begin(Digest::of(b"")).await.expect("room");
    let piece = Bytes::from(vec![0; 5 << 20]);
    upload.write(piece.clone()).await.expect("5 MiB");
    upload.write(piece.clone()).await.expect("10 MiB");
    let error = upload.write(piece).await.expect_err("15 MiB");
    assert_eq!(error.to_string(), "a blob may have at most 12582912 bytes");
}

#[tokio::test]
async fn uploads_of_the_same_blob_do_not_disturb_each_other() {
    let folder = folder();
    let blobs = open(folder.path());
    let name = Digest::of(b"shared");
    let mut uploads = Vec::new();
    for _ in 0..3 {
        uploads.push(blobs.begin(name.clone()).await.expect("room"));
    }
    for mut upload in uploads {
        upload
            .write(Bytes::from_static(b"shared"))
            .await
            .expect("small");
        assert_eq!(upload.finish().await.expect("as promised"), 6);
    }
    let content = blobs.read(&name).await.expect("readable");
    assert_eq!(content, Some(Bytes::from_static(b"shared")));
    assert_eq!(files(folder.path()), [name.hex()]);
}

#[tokio::test]
async fn what_a_dead_process_left_unfinished_is_swept_away() {
    let folder = folder();
    let blobs = open(folder.path());
    let kept = blobs.keep(Bytes::from_static(b"kept")).await.expect("room");
    drop(blobs);
    let left = format!("blobs/{}/{}#1", &kept.hex()[..2], kept.hex());
    std::fs::write(folder.path().join(left), b"ke").expect("written");
    assert_eq!(files(folder.path()).len(), 2);
    let blobs = open(folder.path());
    assert_eq!(files(folder.path()), [kept.hex()]);
    let content = blobs.read(&kept).await.expect("readable");
    assert_eq!(content, Some(Bytes::from_static(b"kept")));
}

#[tokio::test]
async fn a_changed_file_is_noticed() {
    let folder = folder();
    let blobs = open(folder.path());
    let name = blobs.keep(Bytes::from_static(b"{}")).await.expect("room");
    let file = format!("blobs/{}/{}", &name.hex()[..2], name.hex());
    std::fs::write(folder.path().join(file), b"{ }").expect("written");
    let error = blobs.read(&name).await.expect_err("changed");
    assert!(matches!(error, BlobError::WrongDigest { .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_here_is_none() {
    let folder = folder();
    let blobs = open(folder.path());
    let name = Digest::of(b"nowhere");
    assert_eq!(blobs.size(&name).await.expect("readable"), None);
    assert_eq!(blobs.read(&name).await.expect("readable"), None);
    assert!(blobs.stream(&name).await.expect("readable").is_none());
}

#[tokio::test]
async fn an_empty_blob_is_a_blob() {
    let folder = folder();
    let blobs = open(folder.path());
    let name = blobs.keep(Bytes::new()).await.expect("room");
    assert_eq!(blobs.size(&name).await.expect("readable"), Some(0));
    let pieces = blobs.stream(&name).await.expect("readable").expect("here");
    assert_eq!(pieces.count().await, 0);
}

/// A time before which every blob of these tests was taken in.
const LATER: Timestamp = Timestamp::from_millis(u64::MAX);

async fn collect(
    blobs: &Blobs,
    named: &[Digest],
    taken_in_before: Timestamp,
    pinned: Duration,
) -> u64 {
    let named = named.iter().cloned().collect();
    let mut collected = 0;
    for shelf in 0..=u8::MAX {
        let shelf = blobs.collect(shelf, &named, taken_in_before, pinned).await;
        collected += shelf.expect("usable").blobs;
    }
    collected
}

#[tokio::test]
async fn a_blob_is_collected_when_it_is_neither_named_nor_young_nor_asked_for() {
    let folder = folder();
    let blobs = open(folder.path());
    let keep = async |text: &'static str| blobs.keep(Bytes::from(text)).await.expect("kept");
    let (named, other) = (keep("named").await, keep("other").await);
    let nobodys = [named.clone()];
    assert_eq!(
        collect(&blobs, &nobodys, Timestamp::ZERO, Duration::ZERO).await,
        0
    );
    let hour = Duration::from_secs(3600);
    assert_eq!(
        collect(&blobs, &nobodys, LATER, hour).await,
        0,
        "both were just taken in"
    );
    assert_eq!(collect(&blobs, &nobodys, LATER, Duration::ZERO).await, 1);
    assert!(blobs.has(&named).await.expect("usable"));
    assert!(!blobs.has(&other).await.expect("usable"));
    assert_eq!(blobs.size(&other).await.expect("usable"), None);
    assert_eq!(files(folder.path()), [named.hex()]);
    assert_eq!(keep("other").await, other, "it can be taken in again");
    assert!(blobs.has(&other).await.expect("usable"));
}

#[tokio::test]
async fn after_a_restart_a_blob_is_pinned_by_being_asked_for() {
    let folder = folder();
    let names = {
        let blobs = open(folder.path());
        [
            blobs
                .keep(Bytes::from_static(b"asked"))
                .await
                .expect("kept"),
            blobs
                .keep(Bytes::from_static(b"forgotten"))
                .await
                .expect("kept"),
        ]
    };
    let blobs = open(folder.path());
    assert!(blobs.has(&names[0]).await.expect("usable"));
    let hour = Duration::from_secs(3600);
    assert_eq!(collect(&blobs, &[], LATER, hour).await, 1);
    assert!(blobs.has(&names[0]).await.expect("usable"));
    assert!(!blobs.has(&names[1]).await.expect("usable"));
}

#[tokio::test]
async fn that_a_blob_was_asked_for_outlives_the_process() {
    let folder = folder();
    let blobs = open(folder.path());
    let mut names = Vec::new();
    for text in ["asked", "forgotten"] {
        names.push(blobs.keep(Bytes::from(text)).await.expect("kept"));
    }
    drop(blobs);
    let hour = Duration::from_secs(3600);
    let mut now = Timestamp::ZERO;
    for name in &names {
        let file = format!("blobs/{}/{}", &name.hex()[..2], name.hex());
        let file = std::fs::File::options()
            .write(true)
            .open(folder.path().join(file))
            .expect("here");
        let taken_in = file.metadata().and_then(|meta| meta.modified());
        let taken_in = taken_in.expect("a time");
        let since = taken_in.duration_since(std::time::UNIX_EPOCH);
        now = Timestamp::from_millis(0).plus(since.expect("after 1970"));
        file.set_modified(taken_in - 2 * hour).expect("set back");
    }
    let blobs = open(folder.path());
    assert!(blobs.has(&names[0]).await.expect("usable"));
    drop(blobs);

    let blobs = open(folder.path());
    assert_eq!(collect(&blobs, &[], now.minus(hour), hour).await, 1);
    assert_eq!(files(folder.path()), [names[0].hex()]);
}
