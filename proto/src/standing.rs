//! A service at one moment.

use shipway_domain::standing::{Changed, ServiceNow};
use shipway_domain::time::Timestamp;

use crate::v1;
use crate::v1::service_now::Changed as ChangedMessage;

impl From<&ServiceNow> for v1::ServiceNow {
    fn from(now: &ServiceNow) -> Self {
        Self {
            status: now.status.clone(),
            task_definition: now.task_definition.clone(),
            desired: now.desired,
            running: now.running,
            pending: now.pending,
            moving: now.moving,
            changed: now.changed.as_ref().map(|changed| ChangedMessage {
                by: changed.by.clone(),
                at_ms: changed.at.map(Timestamp::millis),
            }),
        }
    }
}

impl From<v1::ServiceNow> for ServiceNow {
    fn from(message: v1::ServiceNow) -> Self {
        Self {
            status: message.status,
            task_definition: message.task_definition,
            desired: message.desired,
            running: message.running,
            pending: message.pending,
            moving: message.moving,
            changed: message.changed.map(|changed| Changed {
                by: changed.by,
                at: changed.at_ms.map(Timestamp::from_millis),
            }),
        }
    }
}
