//! A release as it came in: release, specification, jobs and first events in one record.
//!
//! A database pays for the number of records more than for their size. What changes later is kept
//! in records of its own, which then count instead; the specification never changes.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use shipway_domain::change::Change;
use shipway_domain::event::Event;
use shipway_domain::ids::ReleaseId;
use shipway_domain::job::Job;
use shipway_domain::release::Release;
use shipway_domain::spec::ReleaseSpec;
use shipway_proto::store::v1::BirthRecord;

use crate::encode::MAX_RECORD;
use crate::error::Damage;

/// What the record says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Birth {
    pub(crate) release: Release,
    pub(crate) spec: ReleaseSpec,
    /// In order.
    pub(crate) jobs: Vec<Job>,
    /// In order.
    pub(crate) events: Vec<Event>,
}

impl TryFrom<BirthRecord> for Birth {
    type Error = Damage;

    fn try_from(record: BirthRecord) -> Result<Self, Damage> {
        let missing = |what: &str| Damage::Encoding(format!("it has no {what}"));
        let release = record.release.ok_or_else(|| missing("release"))?;
        let spec = record.spec.ok_or_else(|| missing("specification"))?;
        let jobs = record.jobs.into_iter().map(Job::try_from);
        let events = record.events.into_iter().map(Event::try_from);
        Ok(Self {
            release: release.try_into()?,
            spec: spec.try_into()?,
            jobs: jobs.collect::<Result<_, _>>()?,
            events: events.collect::<Result<_, _>>()?,
        })
    }
}

/// The changes that make a release, of those of a batch.
#[derive(Debug, Default)]
struct Parts<'a> {
    spec: Option<&'a ReleaseSpec>,
    release: Option<&'a Release>,
    /// In the order in which they came; of one job the last counts.
    jobs: Vec<&'a Job>,
    events: Vec<&'a Event>,
}

/// Gives the births among the changes of a batch, the newest first: releases that come with their
/// specification. One that is too large for a record is left out: it is kept in pieces, as what changes
/// is. Says which were given.
///
/// They are made one by one, because a batch of them is more than an allocator likes to have at once.
pub(crate) fn births<E>(
    changes: &[Change],
    mut give: impl FnMut(ReleaseId, &BirthRecord) -> Result<(), E>,
) -> Result<BTreeSet<ReleaseId>, E> {
    let mut given = BTreeSet::new();
    for (id, parts) in parts(changes).into_iter().rev() {
        if let Some(birth) = parts.birth() {
            give(id, &birth)?;
            given.insert(id);
        }
    }
    Ok(given)
}

fn parts(changes: &[Change]) -> BTreeMap<ReleaseId, Parts<'_>> {
    let mut births: BTreeMap<ReleaseId, Parts<'_>> = BTreeMap::new();
    for change in changes {
        if let Change::Spec { release, spec } = change {
            births.entry(*release).or_default().spec = Some(spec);
        }
    }
    if births.is_empty() {
        return births;
    }
    for change in changes {
        match change {
            Change::Spec { .. } | Change::Target(_) => {}
            Change::Release(release) => {
                if let Some(birth) = births.get_mut(&release.id) {
                    birth.release = Some(release);
                }
            }
            Change::Job(job) => {
                if let Some(birth) = births.get_mut(&job.id.release) {
                    match birth.jobs.iter_mut().find(|known| known.id == job.id) {
                        Some(known) => *known = job,
                        None => birth.jobs.push(job),
                    }
                }
            }
            Change::Event { release, event } => {
                if let Some(birth) = births.get_mut(release) {
                    birth.events.push(event);
                }
            }
        }
    }
    births
}

impl Parts<'_> {
    fn birth(&self) -> Option<BirthRecord> {
        let birth = BirthRecord {
            release: Some(self.release?.into()),
            spec: Some(self.spec?.into()),
            jobs: self.jobs.iter().map(|job| (*job).into()).collect(),
            events: self.events.iter().map(|event| (*event).into()).collect(),
        };
        (birth.encoded_len() + 16 <= MAX_RECORD).then_some(birth)
    }
}
