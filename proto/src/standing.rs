//! A service at one moment.

use shipway_domain::standing::ServiceNow;

use crate::v1;

impl From<&ServiceNow> for v1::ServiceNow {
    fn from(now: &ServiceNow) -> Self {
        Self {
            status: now.status.clone(),
            task_definition: now.task_definition.clone(),
            desired: now.desired,
            running: now.running,
            pending: now.pending,
            moving: now.moving,
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
        }
    }
}
