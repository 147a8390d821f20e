//! A release as it came in: release, specification, jobs and first events in one record.
//!
//! A database pays for the number of records more than for their size. What changes later is kept
//! in records of its own, which then count instead; the specification never changes.

use std::collections::BTreeMap;

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

/// The births among the changes of a batch: releases that come with their specification. One that
/// is too large for a record is kept in pieces, as what changes is.
pub(crate) fn births(changes: &[Change]) -> BTreeMap<ReleaseId, BirthRecord> {
    let mut births: BTreeMap<ReleaseId, BirthRecord> = BTreeMap::new();
    for change in changes {
        if let Change::Spec { release, spec } = change {
            births.entry(*release).or_default().spec = Some(spec.as_ref().into());
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
                    birth.release = Some(release.into());
                }
            }
            Change::Job(job) => {
                if let Some(birth) = births.get_mut(&job.id.release) {
                    let id = Some(job.id.into());
                    match birth.jobs.iter_mut().find(|known| known.id == id) {
                        Some(known) => *known = job.into(),
                        None => birth.jobs.push(job.into()),
                    }
                }
            }
            Change::Event { release, event } => {
                if let Some(birth) = births.get_mut(release) {
                    birth.events.push(event.into());
                }
            }
        }
    }
    births.retain(|_, birth| birth.release.is_some() && birth.encoded_len() + 16 <= MAX_RECORD);
    births
}
