//! The record of a release.

use shipway_domain::ids::{AppName, Digest, EnvName, IdempotencyKey, ReleaseId};
use shipway_domain::release::Release;
use shipway_domain::time::Timestamp;

use crate::error::ConversionError;
use crate::fields::{enumeration, name, required};
use crate::spec::priority;
use crate::store::v1::ReleaseRecord;
use crate::v1;

impl From<&Release> for ReleaseRecord {
    fn from(release: &Release) -> Self {
        Self {
            id: release.id.number(),
            app: release.app.as_str().to_owned(),
            env: release.env.as_str().to_owned(),
            kind: Some(release.kind.into()),
            priority: release.priority.level().into(),
            key: release.key.as_str().to_owned(),
            content: release.content.as_str().to_owned(),
            submitter: release.submitter.clone(),
            trace_parent: release.trace_parent.clone(),
            title: release.title.clone(),
            began_ms: match release.began_at {
                began if began == release.submitted_at => 0,
                began => began.millis(),
            },
            submitted_ms: release.submitted_at.millis(),
            jobs: release.jobs,
            last_seq: release.last_seq,
            verdict: release.verdict.map(|v| v1::Verdict::from(v).into()),
            ended_ms: release.ended_at.map(Timestamp::millis),
        }
    }
}

impl TryFrom<ReleaseRecord> for Release {
    type Error = ConversionError;

    fn try_from(record: ReleaseRecord) -> Result<Self, ConversionError> {
        let submitted_at = Timestamp::from_millis(record.submitted_ms);
        let began_at = match record.began_ms {
            0 => submitted_at,
            began => Timestamp::from_millis(began).min(submitted_at),
        };
        Ok(Self {
            id: ReleaseId::from_number(record.id),
            app: name("app", record.app, AppName::new)?,
            env: name("env", record.env, EnvName::new)?,
            kind: required("kind", record.kind)?,
            priority: priority(record.priority)?,
            key: name("key", record.key, IdempotencyKey::new)?,
            content: name("content", record.content, Digest::new)?,
            submitter: record.submitter,
            trace_parent: record.trace_parent,
            title: record.title,
            began_at,
            submitted_at,
            jobs: record.jobs,
            last_seq: record.last_seq,
            verdict: record
                .verdict
                .map(|value| enumeration::<v1::Verdict, _>("verdict", value))
                .transpose()?,
            ended_at: record.ended_ms.map(Timestamp::from_millis),
        })
    }
}
