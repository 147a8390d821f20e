//! The record of a job.

use shipway_domain::gate::When;
use shipway_domain::ids::{AgentId, Attempt, Incarnation};
use shipway_domain::job::{Grant, Job, JobKind, JobState};
use shipway_domain::time::Timestamp;

use crate::error::ConversionError;
use crate::fields::{alternative, each, name, optional, required};
use crate::store::v1::job_kind::{Build, Kind, Rollout, Settle, Task};
use crate::store::v1::job_state::{Grant as GrantRecord, Queued, State};
use crate::store::v1::{JobKind as KindRecord, JobRecord, JobState as StateRecord};

impl From<&Job> for JobRecord {
    fn from(job: &Job) -> Self {
        Self {
            id: Some(job.id.into()),
            kind: Some((&job.kind).into()),
            needs: job.needs.clone(),
            state: Some((&job.state).into()),
            attempt: job.attempt.0,
            fruitless: job.fruitless,
            checkpoints: job.checkpoints.iter().map(Into::into).collect(),
            since_ms: job.since.millis(),
            started_ms: job.started_at.millis(),
            stop: job.stop.as_ref().map(Into::into),
            hooks: job.hooks.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<JobRecord> for Job {
    type Error = ConversionError;

    fn try_from(record: JobRecord) -> Result<Self, ConversionError> {
        Ok(Self {
            id: required("id", record.id)?,
            kind: required("kind", record.kind)?,
            needs: record.needs,
            state: required("state", record.state)?,
            attempt: Attempt(record.attempt),
            fruitless: record.fruitless,
            checkpoints: each("checkpoints", record.checkpoints)?,
            since: Timestamp::from_millis(record.since_ms),
            started_at: Timestamp::from_millis(record.started_ms),
            stop: optional("stop", record.stop)?,
            hooks: each("hooks", record.hooks)?,
        })
    }
}

impl From<&JobKind> for KindRecord {
    fn from(kind: &JobKind) -> Self {
        let kind = match kind {
            JobKind::Build => Kind::Build(Build {}),
            JobKind::Rollout { target, wave } => Kind::Rollout(Rollout {
                target: Some(target.into()),
                wave: *wave,
            }),
            JobKind::Settle { target } => Kind::Settle(Settle {
                target: Some(target.into()),
            }),
            JobKind::Task { target, wave, when } => Kind::Task(Task {
                target: Some(target.into()),
                wave: *wave,
                after: *when == When::After,
            }),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<KindRecord> for JobKind {
    type Error = ConversionError;

    fn try_from(record: KindRecord) -> Result<Self, ConversionError> {
        Ok(match alternative(record.kind)? {
            Kind::Build(Build {}) => Self::Build,
            Kind::Rollout(Rollout { target, wave }) => Self::Rollout {
                target: required("rollout.target", target)?,
                wave,
            },
            Kind::Settle(Settle { target }) => Self::Settle {
                target: required("settle.target", target)?,
            },
            Kind::Task(Task {
                target,
                wave,
                after,
            }) => Self::Task {
                target: required("task.target", target)?,
                wave,
                when: if after { When::After } else { When::Before },
            },
        })
    }
}

impl From<&JobState> for StateRecord {
    fn from(state: &JobState) -> Self {
        let state = match state {
            JobState::Queued {
                not_before,
                resting,
            } => State::Queued(Queued {
                not_before_ms: not_before.millis(),
                resting: resting.as_deref().map(Into::into),
            }),
            JobState::Granted(grant) => State::Granted(grant.into()),
            JobState::Ended(outcome) => State::Ended(outcome.into()),
        };
        Self { state: Some(state) }
    }
}

impl TryFrom<StateRecord> for JobState {
    type Error = ConversionError;

    fn try_from(record: StateRecord) -> Result<Self, ConversionError> {
        Ok(match alternative(record.state)? {
            State::Queued(queued) => Self::Queued {
                not_before: Timestamp::from_millis(queued.not_before_ms),
                resting: optional("queued.resting", queued.resting)?.map(Box::new),
            },
            State::Granted(grant) => Self::Granted(required("granted", Some(grant))?),
            State::Ended(outcome) => Self::Ended(required("ended", Some(outcome))?),
        })
    }
}

impl From<&Grant> for GrantRecord {
    fn from(grant: &Grant) -> Self {
        Self {
            agent: grant.agent.as_str().to_owned(),
            incarnation: grant.incarnation.0,
            lease_until_ms: grant.lease_until.millis(),
            accepted: grant.accepted,
            progressed: grant.progressed,
        }
    }
}

impl TryFrom<GrantRecord> for Grant {
    type Error = ConversionError;

    fn try_from(record: GrantRecord) -> Result<Self, ConversionError> {
        Ok(Self {
            agent: name("agent", record.agent, AgentId::new)?,
            incarnation: Incarnation(record.incarnation),
            lease_until: Timestamp::from_millis(record.lease_until_ms),
            accepted: record.accepted,
            progressed: record.progressed,
        })
    }
}
