//! A store with releases that ended, written as a coordinator writes them.

use std::path::Path;
use std::sync::Arc;

use shipway_domain::change::Change;
use shipway_domain::event::{Event, EventKind};
use shipway_domain::ids::{Attempt, Digest, IdempotencyKey, JobId, ReleaseId};
use shipway_domain::job::{Job, JobKind, JobState};
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_runtime::Clock;
use shipway_store::{DataDir, SledStore, Store as _};

use crate::client;

/// Releases of one commit.
const AT_ONCE: u64 = 500;
/// Apps that the releases are of.
const APPS: u64 = 100;

/// Writes so many releases that came and ended just now.
pub fn write(data: &Path, releases: u64) -> anyhow::Result<()> {
    let dir = DataDir::open(data)?;
    let store = SledStore::open(&dir)?;
    let now = Timestamp::from_millis(Clock::system().millis());
    let mut begun = 0;
    while begun < releases {
        let numbers = begun..releases.min(begun + AT_ONCE);
        begun = numbers.end;
        let (mut births, mut ends) = (Vec::new(), Vec::new());
        for number in numbers {
            let (release, spec) = release(number, now)?;
            let id = release.id;
            births.push(Change::Spec {
                release: id,
                spec: Arc::clone(&spec),
            });
            births.push(Change::Release(release.clone().into()));
            let target = spec.targets[0].target.clone();
            for (index, kind) in [JobKind::Build, JobKind::Rollout { target, wave: 0 }]
                .into_iter()
                .enumerate()
            {
                births.push(Change::Job(
                    job(id, u32::try_from(index)?, kind, now).into(),
                ));
            }
            births.push(event(id, 1, now));
            ends.push(event(id, 2, now));
            let ended = Release {
                last_seq: 2,
                verdict: Some(Verdict::Live),
                ended_at: Some(now),
                ..release
            };
            ends.push(Change::Release(ended.into()));
        }
        store.commit(&births)?;
        store.commit(&ends)?;
    }
    Ok(())
}

fn release(number: u64, now: Timestamp) -> anyhow::Result<(Release, Arc<ReleaseSpec>)> {
    let request = client::request("000000000001", &format!("past-{}", number % APPS));
    let spec = request
        .spec
        .ok_or_else(|| anyhow::anyhow!("no specification"))?;
    let spec = ReleaseSpec::try_from(spec)?;
    let release = Release {
        id: ReleaseId::from_number(number),
        app: spec.app.clone(),
        env: spec.env.clone(),
        kind: spec.kind,
        priority: spec.priority,
        key: IdempotencyKey::new(format!("past-{number}"))?,
        content: Digest::of(&number.to_be_bytes()),
        submitter: "bench".to_owned(),
        trace_parent: String::new(),
        title: request.title,
        began_at: now,
        submitted_at: now,
        jobs: 2,
        last_seq: 1,
        verdict: None,
        ended_at: None,
    };
    Ok((release, Arc::new(spec)))
}

const fn job(release: ReleaseId, index: u32, kind: JobKind, now: Timestamp) -> Job {
    Job {
        id: JobId { release, index },
        kind,
        needs: Vec::new(),
        state: JobState::Queued {
            not_before: now,
            resting: None,
        },
        attempt: Attempt(0),
        fruitless: 0,
        checkpoints: Vec::new(),
        started_at: now,
        since: now,
        stop: None,
        hooks: Vec::new(),
    }
}

fn event(release: ReleaseId, seq: u64, at: Timestamp) -> Change {
    let kind = EventKind::Submitted {
        by: "bench".to_owned(),
    };
    let event = Event {
        seq,
        at,
        job: None,
        kind,
    };
    Change::Event { release, event }
}
