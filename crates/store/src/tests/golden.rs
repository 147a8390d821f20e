//! One record of each kind in every format ever written: what is on a disk somewhere stays readable.
//!
//! A new format adds files; those of older formats are only ever read.

use expect_test::expect_file;
use shipway_domain::change::Change;
use shipway_domain::checkpoint::{Checkpoint, ScalingFlags};
use shipway_domain::event::{Event, EventKind, Progress, Step, StepResult};
use shipway_domain::ids::{AgentId, Attempt, Digest, Incarnation};
use shipway_domain::job::{Grant, Job, JobState, StopReason};
use shipway_domain::release::Release;
use shipway_domain::target::{Debt, Proven, TargetRecord};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;

use super::support::*;
use crate::engine::memory::Memory;
use crate::engine::{Engine as _, Writes};
use crate::key::Key;
use crate::{MemoryStore, Store as _};

fn sample_release() -> Release {
    Release {
        last_seq: 2,
        ..ended(5, 9_000, Verdict::RolledBack)
    }
}

fn sample_job() -> Job {
    let flags = ScalingFlags {
        scale_in: true,
        scale_out: false,
        scheduled: true,
    };
    Job {
        state: JobState::Granted(Grant {
            agent: AgentId::new("agent-1").expect("an agent"),
            incarnation: Incarnation(77),
            lease_until: Timestamp::from_millis(61_000),
            accepted: true,
            progressed: true,
        }),
        attempt: Attempt(3),
        fruitless: 1,
        checkpoints: vec![
            Checkpoint::SuspendIntent { before: flags },
            Checkpoint::UpdateIntent {
                task_definition: "web:8".to_owned(),
                primary_before: "ecs-svc/1".to_owned(),
                deployment_before: Some("arn:deployment".to_owned()),
                serving_before: "web:7".to_owned(),
                at: Timestamp::from_millis(2_000),
            },
        ],
        started_at: Timestamp::from_millis(1_500),
        stop: Some(StopReason::Undone { by: id(6) }),
        ..job(5, 1)
    }
}

fn sample_target() -> TargetRecord {
    TargetRecord {
        debt: Some(Debt {
            by: job_id(5, 1),
            before: ScalingFlags::ALL,
            since: Timestamp::from_millis(3_000),
        }),
        proven: Some(Proven {
            release: id(4),
            app: release(4).app,
            env: release(4).env,
            image_digest: Digest::of(b"image"),
            task_definition: "web:7".to_owned(),
            at: Timestamp::from_millis(900),
            deploy: false,
        }),
        ..slot("web", Some(job_id(5, 1)))
    }
}

fn sample_events() -> [Event; 2] {
    let progress = Progress::StepEnded {
        step: Step::Push,
        number: 0,
        result: StepResult::Done,
        detail: "3 layers".to_owned(),
    };
    let second = Event {
        job: Some(1),
        kind: EventKind::Progress(progress),
        ..event(2)
    };
    [event(1), second]
}

/// The keys of the samples and the files of their records in format 1.
fn v1() -> [(Key, expect_test::ExpectFile); 9] {
    [
        (
            Key::format(),
            expect_file!["../../tests/golden/format.v1.hex"],
        ),
        (
            Key::release(id(5)),
            expect_file!["../../tests/golden/release.v1.hex"],
        ),
        (
            Key::spec(id(5)),
            expect_file!["../../tests/golden/spec.v1.hex"],
        ),
        (
            Key::job(job_id(5, 1)),
            expect_file!["../../tests/golden/job.v1.hex"],
        ),
        (
            Key::target(&target("web")),
            expect_file!["../../tests/golden/target.v1.hex"],
        ),
        (
            Key::events(id(5), 1),
            expect_file!["../../tests/golden/events.v1.hex"],
        ),
        (
            Key::history(),
            expect_file!["../../tests/golden/history.v1.hex"],
        ),
        (
            Key::of_place(&sample_release().app, &sample_release().env, id(5)),
            expect_file!["../../tests/golden/of_place.v1.hex"],
        ),
        (
            Key::of_target(&target("web"), id(5)),
            expect_file!["../../tests/golden/of_target.v1.hex"],
        ),
    ]
}

fn samples_kept() -> Memory {
    let engine = Memory::default();
    let store = MemoryStore::over(engine.clone()).expect("a new store");
    let mut changes = vec![
        Change::Release(sample_release().into()),
        Change::Spec {
            release: id(5),
            spec: spec().into(),
        },
        Change::Job(sample_job().into()),
        Change::Target(sample_target()),
    ];
    changes.extend(sample_events().map(|event| Change::Event {
        release: id(5),
        event,
    }));
    // A specification that comes by itself is kept by itself.
    store.commit(&[changes.remove(1)]).expect("kept");
    store.commit(&changes).expect("kept");
    engine
}

fn sample_birth() -> (Key, expect_test::ExpectFile) {
    let file = expect_file!["../../tests/golden/birth.v1.hex"];
    (Key::birth(id(5)), file)
}

#[test]
fn a_birth_is_written_as_its_golden_file_says_and_read() {
    let engine = Memory::default();
    let store = MemoryStore::over(engine.clone()).expect("a new store");
    let mut changes = vec![
        Change::Release(sample_release().into()),
        Change::Spec {
            release: id(5),
            spec: spec().into(),
        },
        Change::Job(sample_job().into()),
    ];
    changes.extend(sample_events().map(|event| Change::Event {
        release: id(5),
        event,
    }));
    store.commit(&changes).expect("kept");
    let (key, file) = sample_birth();
    let value = engine.get(key.as_ref()).expect("readable").expect("kept");
    file.assert_eq(&to_hex(&value));
    let mut writes = Writes::new();
    writes.put(key.as_ref(), |buffer| buffer.extend(from_hex(&file.data())));
    let engine = Memory::default();
    engine.write(&writes).expect("written");
    let store = MemoryStore::over(engine).expect("a known format");
    assert_eq!(
        store.release(id(5)).expect("readable"),
        Some((sample_release(), vec![sample_job()]))
    );
    assert_eq!(store.spec(id(5)).expect("readable"), Some(spec()));
    let events = store.events(id(5), 0, 9).expect("readable");
    assert_eq!(events, sample_events());
    assert_eq!(store.events(id(5), 1, 9).expect("readable"), events[1..]);
}

#[test]
fn the_newest_format_is_written_as_its_golden_files_say() {
    let engine = samples_kept();
    for (key, file) in v1() {
        let value = engine.get(key.as_ref()).expect("readable").expect("kept");
        file.assert_eq(&to_hex(&value));
    }
}

#[test]
fn every_format_ever_written_is_read() {
    let engine = Memory::default();
    let mut writes = Writes::new();
    for (key, file) in v1() {
        let value = from_hex(&file.data());
        writes.put(key.as_ref(), |buffer| buffer.extend(value));
    }
    engine.write(&writes).expect("written");
    let store = MemoryStore::over(engine).expect("a known format");
    assert_eq!(
        store.release(id(5)).expect("readable"),
        Some((sample_release(), vec![sample_job()]))
    );
    assert_eq!(store.spec(id(5)).expect("readable"), Some(spec()));
    assert_eq!(
        store.events(id(5), 0, 9).expect("readable"),
        sample_events()
    );
    let loaded = store.load().expect("it loads");
    assert_eq!(loaded.changes, [Change::Target(sample_target())]);
    assert_eq!(loaded.quarantined, []);
}

#[test]
fn a_store_of_a_newer_format_is_not_opened() {
    let engine = Memory::default();
    let mut writes = Writes::new();
    writes.put(Key::format().as_ref(), |buffer| {
        buffer.extend(super::framed(&Key::format(), 2, b""));
    });
    engine.write(&writes).expect("written");
    let error = MemoryStore::over(engine).expect_err("a newer format");
    assert_eq!(
        error.to_string(),
        "the store was written in format 2, and this version reads up to format 1: use the newer version of shipway"
    );
}

/// Lines of 32 bytes in hexadecimal digits.
fn to_hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(32);
    lines.map(|line| hex::encode(line) + "\n").collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    hex::decode(digits).expect("hexadecimal digits")
}
