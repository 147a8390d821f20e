//! Targets and jobs by their names.

use shipway_domain::ids::{AccountId, ClusterName, JobId, Region, ReleaseId, ServiceName, Target};

use crate::error::ConversionError;
use crate::fields::name;
use crate::v1;

impl From<&Target> for v1::Target {
    fn from(target: &Target) -> Self {
        Self {
            account: target.account.as_str().to_owned(),
            region: target.region.as_str().to_owned(),
            cluster: target.cluster.as_str().to_owned(),
            service: target.service.as_str().to_owned(),
        }
    }
}

impl TryFrom<v1::Target> for Target {
    type Error = ConversionError;

    fn try_from(message: v1::Target) -> Result<Self, ConversionError> {
        Ok(Self {
            account: name("account", message.account, AccountId::new)?,
            region: name("region", message.region, Region::new)?,
            cluster: name("cluster", message.cluster, ClusterName::new)?,
            service: name("service", message.service, ServiceName::new)?,
        })
    }
}

impl From<JobId> for v1::JobRef {
    fn from(job: JobId) -> Self {
        Self {
            release: job.release.number(),
            index: job.index,
        }
    }
}

impl From<v1::JobRef> for JobId {
    fn from(message: v1::JobRef) -> Self {
        Self {
            release: ReleaseId::from_number(message.release),
            index: message.index,
        }
    }
}
