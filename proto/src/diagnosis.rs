//! What is wrong with a service.

use shipway_domain::diagnose::{Diagnosis, Latest};
use shipway_domain::standing::ServiceNow;
use shipway_domain::time::Timestamp;

use crate::v1;
use crate::v1::diagnosis;

impl From<&Diagnosis> for v1::Diagnosis {
    fn from(diagnosis: &Diagnosis) -> Self {
        let latest = |latest: &Latest| diagnosis::Latest {
            arn: latest.arn.clone(),
            task_definition: latest.task_definition.clone(),
            status: latest.status.clone(),
            reason: latest.reason.clone(),
            failures: latest.failures,
            threshold: latest.threshold,
            began_ms: latest.began.millis(),
        };
        Self {
            now: Some((&diagnosis.now).into()),
            latest: diagnosis.latest.as_ref().map(latest),
            findings: diagnosis.findings.iter().map(Into::into).collect(),
        }
    }
}

impl From<v1::Diagnosis> for Diagnosis {
    fn from(message: v1::Diagnosis) -> Self {
        let latest = |latest: diagnosis::Latest| Latest {
            arn: latest.arn,
            task_definition: latest.task_definition,
            status: latest.status,
            reason: latest.reason,
            failures: latest.failures,
            threshold: latest.threshold,
            began: Timestamp::from_millis(latest.began_ms),
        };
        Self {
            now: message.now.map_or_else(ServiceNow::default, Into::into),
            latest: message.latest.map(latest),
            findings: message.findings.into_iter().map(Into::into).collect(),
        }
    }
}
