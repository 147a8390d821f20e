//! Output of jobs is kept in order, up to its limit, and can be followed without a gap.

use std::path::Path;

use bytes::Bytes;
use shipway_domain::ids::{Attempt, JobId, ReleaseId};
use shipway_store::{DataDir, Logs};
use tempfile::TempDir;

const LIMIT: u64 = 1000;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn open(folder: &Path) -> Logs {
    let dir = DataDir::open(folder).expect("free");
    Logs::open(&dir, LIMIT).expect("it opens")
}

const fn job(release: u64, index: u32) -> JobId {
    JobId {
        release: ReleaseId::from_number(release),
        index,
    }
}

async fn say(logs: &Logs, job: JobId, attempt: u32, text: &str) {
    let text = Bytes::copy_from_slice(text.as_bytes());
    logs.append(job, Attempt(attempt), text)
        .await
        .expect("written");
}

async fn hear(logs: &Logs, job: JobId, attempt: u32, offset: u64, most: usize) -> String {
    let text = logs.read(job, Attempt(attempt), offset, most).await;
    String::from_utf8(text.expect("readable").into()).expect("UTF-8")
}

#[tokio::test]
async fn lines_come_back_from_any_offset_and_whole() {
    let folder = folder();
    let logs = open(folder.path());
    say(&logs, job(0, 0), 1, "one\ntwo\n").await;
    drop(logs);
    let logs = open(folder.path());
    say(&logs, job(0, 0), 1, "three\n").await;
    assert_eq!(hear(&logs, job(0, 0), 1, 0, 99).await, "one\ntwo\nthree\n");
    assert_eq!(hear(&logs, job(0, 0), 1, 4, 6).await, "two\n");
    assert_eq!(hear(&logs, job(0, 0), 1, 14, 99).await, "");
    // A line longer than what is asked for comes in pieces.
    assert_eq!(hear(&logs, job(0, 0), 1, 8, 3).await, "thr");
}

#[tokio::test]
async fn every_attempt_has_its_own_log() {
    let folder = folder();
    let logs = open(folder.path());
    say(&logs, job(0, 10), 1, "a\n").await;
    say(&logs, job(0, 2), 2, "b\n").await;
    say(&logs, job(0, 2), 1, "c\n").await;
    say(&logs, job(1, 0), 1, "d\n").await;
    let found = logs.of_release(ReleaseId::from_number(0)).await;
    let wanted = [
        (job(0, 2), Attempt(1)),
        (job(0, 2), Attempt(2)),
        (job(0, 10), Attempt(1)),
    ];
    assert_eq!(found.expect("readable"), wanted);
    assert_eq!(hear(&logs, job(0, 2), 2, 0, 99).await, "b\n");
    assert_eq!(hear(&logs, job(0, 0), 1, 0, 99).await, "");
    let none = logs.of_release(ReleaseId::from_number(9)).await;
    assert_eq!(none.expect("readable"), []);
}

#[tokio::test]
async fn a_full_log_says_so_once_and_grows_no_more() {
    let folder = folder();
    let logs = open(folder.path());
    let lines = "123456789\n".repeat(30);
    for _ in 0..3 {
        say(&logs, job(0, 0), 1, &lines).await;
    }
    say(&logs, job(0, 0), 1, &lines).await;
    drop(logs);
    let logs = open(folder.path());
    say(&logs, job(0, 0), 1, "x\n").await;
    let text = hear(&logs, job(0, 0), 1, 0, 9999).await;
    assert!(text.len() as u64 <= LIMIT, "{}", text.len());
    let (kept, last) = text.split_at(text.rfind('[').expect("the last line"));
    assert_eq!(kept, "123456789\n".repeat(94));
    assert!(last.starts_with("[shipway: the log is full"), "{last}");
}

#[tokio::test]
async fn a_follower_misses_nothing() {
    let folder = folder();
    let logs = open(folder.path());
    let release = ReleaseId::from_number(0);
    say(&logs, job(0, 0), 1, "before\n").await;
    let mut follower = logs.follow(release);
    let writer = {
        let logs = logs.clone();
        async move {
            for number in 0..50 {
                say(&logs, job(1, 0), 1, "another release\n").await;
                say(&logs, job(0, 0), 1, &format!("line {number}\n")).await;
            }
        }
    };
    let reader = async {
        let mut heard = String::new();
        while !heard.ends_with("line 49\n") {
            let text = hear(&logs, job(0, 0), 1, heard.len() as u64, 99).await;
            if text.is_empty() {
                assert!(follower.appended().await, "the logs are open");
            }
            heard.push_str(&text);
        }
        heard
    };
    let ((), heard) = tokio::join!(writer, reader);
    let wanted: String = (0..50).map(|number| format!("line {number}\n")).collect();
    assert_eq!(heard, format!("before\n{wanted}"));
}

#[tokio::test]
async fn a_follower_hears_of_the_end() {
    let folder = folder();
    let logs = open(folder.path());
    let mut follower = logs.follow(ReleaseId::from_number(0));
    drop(logs);
    assert!(!follower.appended().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_gets_half_of_a_line_that_is_being_written() {
    const APPENDS: usize = 100;
    let folder = folder();
    let dir = DataDir::open(folder.path()).expect("free");
    let logs = Logs::open(&dir, 64 << 20).expect("it opens");
    let line = format!("{}\n", "x".repeat(6_999));
    let text = line.repeat(40);
    let whole = (text.len() * APPENDS) as u64;
    let writer = logs.clone();
    let mut writing = tokio::task::JoinSet::new();
    writing.spawn(async move {
        for _ in 0..APPENDS {
            say(&writer, job(1, 0), 1, &text).await;
        }
    });
    let mut offset = 0;
    while offset < whole {
        let read = hear(&logs, job(1, 0), 1, offset, 1 << 20).await;
        assert_eq!(read.len() % line.len(), 0, "behind {offset}");
        offset += read.len() as u64;
    }
    writing.join_next().await.expect("it").expect("it wrote");
}
