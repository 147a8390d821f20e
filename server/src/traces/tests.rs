//! Telling traces: what is read of them, and in how many parts.

use shipway_domain::agent::Held;
use shipway_domain::board::Policy;
use shipway_domain::change::Change;
use shipway_domain::event::EventKind;
use shipway_domain::ids::{Digest, IdempotencyKey};
use shipway_domain::job::{JobKind, JobState, Outcome};
use shipway_domain::spec::{Priority, ReleaseKind};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_runtime::{Clock, Tasks};
use shipway_store::{Committer, DataDir, MemoryStore};

use super::*;
use crate::hub::Hub;

/// Jobs of the release, and spans that each of them told of.
const JOBS: u32 = 4;
const SPANS: usize = 9_000;

fn id() -> ReleaseId {
    ReleaseId::from_number(7)
}

fn job_id(index: u32) -> JobId {
    let release = id();
    JobId { release, index }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A release that has ended: each job was granted, and then each came to its end.
fn ended() -> Vec<Change> {
    let outcome = |index| Outcome::Settled {
        what: format!("debt {index}"),
    };
    let mut kinds: Vec<(Option<u32>, EventKind)> = Vec::new();
    kinds.push((None, EventKind::Submitted { by: "me".into() }));
    let granted = (0..JOBS).map(|index| {
        let (agent, attempt) = ("agent".parse().unwrap(), Attempt(1));
        (Some(index), EventKind::Granted { agent, attempt })
    });
    kinds.extend(granted);
    kinds.extend((0..JOBS).map(|index| (Some(index), EventKind::JobEnded(outcome(index)))));
    let verdict = Verdict::Live;
    kinds.push((None, EventKind::Ended { verdict }));
    let last = kinds.len() as u64;
    let mut changes = vec![Change::Release(Arc::new(Release {
        id: id(),
        app: "shop".parse().unwrap(),
        env: "prod".parse().unwrap(),
        kind: ReleaseKind::Deploy,
        priority: Priority::default(),
        key: IdempotencyKey::new("key").unwrap(),
        content: Digest::of(b"{}"),
        submitter: "me".to_owned(),
        trace_parent: String::new(),
        title: String::new(),
        began_at: at(1),
        submitted_at: at(1),
        jobs: JOBS,
        last_seq: last,
        verdict: Some(Verdict::Live),
        ended_at: Some(at(last)),
    }))];
    let jobs = (0..JOBS).map(|index| {
        Change::Job(Arc::new(Job {
            id: job_id(index),
            kind: JobKind::Rollout {
                target: format!("111122223333/eu-west-1/main/web{index}")
                    .parse()
                    .unwrap(),
                wave: 0,
            },
            needs: Vec::new(),
            state: JobState::Ended(outcome(index)),
            attempt: Attempt(1),
            fruitless: 0,
            checkpoints: Vec::new(),
            started_at: at(2),
            since: at(last),
            stop: None,
            hooks: Vec::new(),
        }))
    });
    changes.extend(jobs);
    let events = kinds.into_iter().zip(1..).map(|((job, kind), seq)| {
        let at = at(seq);
        Change::Event {
            release: id(),
            event: Event { seq, at, job, kind },
        }
    });
    changes.extend(events);
    changes
}

/// Spans of an attempt, as an agent sends them.
async fn say(logs: &Logs, job: JobId, attempt: Attempt, many: usize) {
    let span = |number: usize| {
        let mut id = [0; 8];
        id[..4].copy_from_slice(&(job.index + 100 * attempt.0).to_be_bytes());
        id[4..].copy_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
        v1::TraceSpan {
            id: id.to_vec(),
            what: "call".to_owned(),
            name: "call".to_owned(),
            ..v1::TraceSpan::default()
        }
    };
    let all: Vec<v1::TraceSpan> = (1..=many).map(span).collect();
    for some in all.chunks(1000) {
        append(logs, Held { job, attempt }, some.to_vec())
            .await
            .unwrap();
    }
}

fn calls(told: &Told) -> usize {
    let spans = told.trace.spans.iter();
    spans.filter(|span| span.what == What::Call).count()
}

#[tokio::test]
async fn a_large_release_is_told_within_bounds_and_in_parts_of_which_none_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    store.commit(&ended()).unwrap();
    let committer = Committer::start(Arc::clone(&store), 8).unwrap();
    let (hub, tasks) = (Arc::new(Hub::default()), Tasks::new());
    let board = Board::new(Policy::default());
    let (coordinator, _ended) = Coordinator::start(board, committer, hub, Clock::system(), &tasks);
    let traces = Traces {
        coordinator,
        store,
        spans: Logs::open(&data, 1 << 20).unwrap().spans(LARGEST_SPANS),
        places: Arc::new(Semaphore::new(AT_A_TIME)),
    };
    for index in 0..JOBS {
        say(&traces.spans, job_id(index), Attempt(1), SPANS).await;
    }
    // Of attempts that were never granted.
    say(&traces.spans, job_id(0), Attempt(2), SPANS).await;
    say(&traces.spans, job_id(99), Attempt(1), SPANS).await;

    let told = traces.of(id()).await.unwrap().unwrap();
    assert_eq!((calls(&told), told.left_out), (3 * SPANS, SPANS));
    assert!(told.ended);
    let reply = told.reply(None, 0);
    assert_eq!(reply.spans.len(), TOLD);
    let all = told.trace.spans.len() + SPANS;
    assert_eq!(reply.left_out as usize, all - TOLD);

    let first = traces.since(id(), 0).await.unwrap().unwrap();
    assert_eq!(calls(&first), 3 * SPANS);
    // The last job ends with the last event but one.
    let end = 2 + 2 * u64::from(JOBS);
    assert_eq!(
        (first.last, first.ended, first.more),
        (end - 2, false, true)
    );
    let rest = traces.since(id(), first.last).await.unwrap().unwrap();
    assert_eq!(calls(&rest), SPANS);
    assert_eq!((rest.last, rest.ended, rest.more), (end, true, false));
    // Each span is settled in one of the parts, and in no more than that.
    let settled = |told: &Told, after: u64| {
        let spans = told.trace.spans.iter();
        let settled = spans.filter(|span| {
            let settled = span.settled.unwrap();
            settled > after && settled <= told.last
        });
        settled.count()
    };
    assert_eq!(settled(&first, 0) + settled(&rest, first.last), all);
    let nothing = traces.since(id(), end).await.unwrap().unwrap();
    assert_eq!(calls(&nothing), 0);
}

#[tokio::test]
async fn what_breaks_telling_is_no_end_of_the_coordinator() {
    let broken = telling(|| assert_eq!(1, 2, "broken on purpose")).await;
    assert!(matches!(broken, Err(Untold::Broken(_))));
    assert!(matches!(telling(|| 7).await, Ok(7)));
}
