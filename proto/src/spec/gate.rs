//! The one-off tasks of a release.

use std::time::Duration;

use shipway_domain::gate::TaskGate;

use crate::fields::millis;
use crate::v1;

impl From<&TaskGate> for v1::TaskGate {
    fn from(gate: &TaskGate) -> Self {
        Self {
            container: gate.container.clone(),
            command: gate.command.clone(),
            environment: gate.environment.iter().map(Into::into).collect(),
            timeout_ms: millis(gate.timeout),
        }
    }
}

impl From<v1::TaskGate> for TaskGate {
    fn from(message: v1::TaskGate) -> Self {
        Self {
            container: message.container,
            command: message.command,
            environment: message.environment.into_iter().map(Into::into).collect(),
            timeout: Duration::from_millis(message.timeout_ms),
        }
    }
}
