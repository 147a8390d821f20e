//! The record of a target.

use shipway_domain::ids::{AppName, Digest, EnvName, ReleaseId};
use shipway_domain::target::{Debt, Proven, TargetRecord as Target};
use shipway_domain::time::Timestamp;

use crate::error::ConversionError;
use crate::fields::{name, optional, required};
use crate::store::v1::TargetRecord;
use crate::store::v1::target_record::{Debt as DebtRecord, Proven as ProvenRecord};

impl From<&Target> for TargetRecord {
    fn from(target: &Target) -> Self {
        Self {
            target: Some((&target.target).into()),
            slot: target.slot.map(Into::into),
            debt: target.debt.as_ref().map(Into::into),
            proven: target.proven.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<TargetRecord> for Target {
    type Error = ConversionError;

    fn try_from(record: TargetRecord) -> Result<Self, ConversionError> {
        Ok(Self {
            target: required("target", record.target)?,
            slot: record.slot.map(Into::into),
            debt: optional("debt", record.debt)?,
            proven: optional("proven", record.proven)?,
        })
    }
}

impl From<&Debt> for DebtRecord {
    fn from(debt: &Debt) -> Self {
        Self {
            by: Some(debt.by.into()),
            before: Some(debt.before.into()),
            since_ms: debt.since.millis(),
        }
    }
}

impl TryFrom<DebtRecord> for Debt {
    type Error = ConversionError;

    fn try_from(record: DebtRecord) -> Result<Self, ConversionError> {
        Ok(Self {
            by: required("by", record.by)?,
            before: required("before", record.before)?,
            since: Timestamp::from_millis(record.since_ms),
        })
    }
}

impl From<&Proven> for ProvenRecord {
    fn from(proven: &Proven) -> Self {
        Self {
            release: proven.release.number(),
            app: proven.app.as_str().to_owned(),
            env: proven.env.as_str().to_owned(),
            image_digest: proven.image_digest.as_str().to_owned(),
            task_definition: proven.task_definition.clone(),
            at_ms: proven.at.millis(),
            deploy: proven.deploy,
        }
    }
}

impl TryFrom<ProvenRecord> for Proven {
    type Error = ConversionError;

    fn try_from(record: ProvenRecord) -> Result<Self, ConversionError> {
        Ok(Self {
            release: ReleaseId::from_number(record.release),
            app: name("app", record.app, AppName::new)?,
            env: name("env", record.env, EnvName::new)?,
            image_digest: name("image_digest", record.image_digest, Digest::new)?,
            task_definition: record.task_definition,
            at: Timestamp::from_millis(record.at_ms),
            deploy: record.deploy,
        })
    }
}
