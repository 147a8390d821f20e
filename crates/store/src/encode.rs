//! Turns changes into writes: each record once, a new release in one, later events in runs.

use std::collections::HashSet;

use prost::Message;
use shipway_domain::change::Change;
use shipway_domain::event::Event;
use shipway_domain::ids::ReleaseId;
use shipway_proto::store::v1::{EventRun, JobRecord, ReleaseRecord, TargetRecord};
use shipway_proto::v1;

use crate::birth::births;
use crate::engine::Writes;
use crate::error::StoreError;
use crate::frame;
use crate::key::{InWords, Key};

/// Largest record in bytes. The database would put larger ones into files that it never syncs.
pub const MAX_RECORD: usize = 64 << 10;
/// Size at which a run of events is closed; one event more must still fit a record.
const FULL_RUN: usize = 16 << 10;

/// Whether the store will take a change: asked where large things enter, because a commit that is
/// refused ends the coordinator.
///
/// # Errors
/// [`StoreError::TooLarge`] names the record and the limit.
pub fn fits(change: &Change) -> Result<(), StoreError> {
    let (key, bytes) = match change {
        Change::Spec { release, spec } => (
            Key::spec(*release),
            v1::ReleaseSpec::from(spec.as_ref()).encoded_len(),
        ),
        Change::Release(release) => (
            Key::release(release.id),
            ReleaseRecord::from(release.as_ref()).encoded_len(),
        ),
        Change::Job(job) => (
            Key::job(job.id),
            JobRecord::from(job.as_ref()).encoded_len(),
        ),
        Change::Target(target) => (
            Key::target(&target.target),
            TargetRecord::from(target).encoded_len(),
        ),
        // A run may be almost full when the event joins it.
        Change::Event { release, event } => (
            Key::events(*release, event.seq),
            v1::Event::from(event).encoded_len() + FULL_RUN,
        ),
    };
    // Room for the frame and for the length of an event in its run.
    check(key.as_ref(), bytes + 16)
}

fn check(key: &[u8], bytes: usize) -> Result<(), StoreError> {
    if bytes <= MAX_RECORD {
        return Ok(());
    }
    Err(StoreError::TooLarge {
        what: InWords(key).to_string(),
        bytes,
        limit: MAX_RECORD,
    })
}

/// Appends the changes to the writes, which have none yet; of several changes of a record only the last
/// is kept.
pub(crate) fn encode(changes: &[Change], writes: &mut Writes) -> Result<(), StoreError> {
    let births = births(changes, |release, birth| {
        put(writes, Key::birth(release), birth)
    })?;
    let only_births = writes.len();
    let mut seen = HashSet::with_capacity(changes.len());
    let mut events = Vec::new();
    for change in changes.iter().rev() {
        if release_of(change).is_some_and(|release| births.contains(&release)) {
            continue;
        }
        match change {
            Change::Spec { release, spec } => {
                let key = Key::spec(*release);
                if seen.insert(key.clone()) {
                    put(writes, key, &v1::ReleaseSpec::from(spec.as_ref()))?;
                }
            }
            Change::Release(release) => {
                let key = Key::release(release.id);
                if seen.insert(key.clone()) {
                    put(writes, key, &ReleaseRecord::from(release.as_ref()))?;
                }
            }
            Change::Job(job) => {
                let key = Key::job(job.id);
                if seen.insert(key.clone()) {
                    put(writes, key, &JobRecord::from(job.as_ref()))?;
                }
            }
            Change::Target(target) => {
                let key = Key::target(&target.target);
                if seen.insert(key.clone()) {
                    put(writes, key, &TargetRecord::from(target))?;
                }
            }
            Change::Event { release, event } => events.push((*release, event)),
        }
    }
    encode_events(events, writes)?;
    // Releases that came in together have nothing to do with each other but that a newer one may have
    // taken the place of an older one; and the newer ones are written first.
    if !births.is_empty() && writes.len() == only_births {
        writes.let_stand_by_themselves();
    }
    Ok(())
}

/// The release that a change is about.
fn release_of(change: &Change) -> Option<ReleaseId> {
    match change {
        Change::Spec { release, .. } | Change::Event { release, .. } => Some(*release),
        Change::Release(release) => Some(release.id),
        Change::Job(job) => Some(job.id.release),
        Change::Target(_) => None,
    }
}

fn encode_events(
    mut events: Vec<(ReleaseId, &Event)>,
    writes: &mut Writes,
) -> Result<(), StoreError> {
    events.sort_unstable_by_key(|(release, event)| (*release, event.seq));
    events.dedup_by_key(|(release, event)| (*release, event.seq));
    for of_release in events.chunk_by(|(left, _), (right, _)| left == right) {
        let release = of_release[0].0;
        let mut run = EventRun::default();
        let mut size = 0;
        for (_, event) in of_release {
            let message = v1::Event::from(*event);
            size += message.encoded_len();
            run.events.push(message);
            if size >= FULL_RUN {
                put_run(release, &run, writes)?;
                run.events.clear();
                size = 0;
            }
        }
        put_run(release, &run, writes)?;
    }
    Ok(())
}

fn put_run(release: ReleaseId, run: &EventRun, writes: &mut Writes) -> Result<(), StoreError> {
    match run.events.first() {
        Some(first) => put(writes, Key::events(release, first.seq), run),
        None => Ok(()),
    }
}

/// Appends one record.
pub(crate) fn put(writes: &mut Writes, key: Key, record: &impl Message) -> Result<(), StoreError> {
    let key = key.as_ref();
    let bytes = writes.put(key, |buffer| {
        frame::write(buffer, key, record);
    });
    check(key, bytes)
}
