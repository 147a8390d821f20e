//! What a metric of a service stands at, and when that is a breach.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::SimTime;

/// A metric as the control API has set it; it stays so until it is set again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading {
    pub(super) value: f64,
    pub(super) since: SimTime,
}

/// On which side of its target a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Side {
    /// Above the target: the service is too small.
    Above,
    /// More than a tenth below it: the service is too large.
    Below,
}

/// A metric that is off its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Breach {
    pub(super) side: Side,
    pub(super) since: SimTime,
}

impl Side {
    /// Where a value is; `None` near the target.
    pub(super) fn of(value: f64, target: f64) -> Option<Self> {
        if value > target {
            Some(Self::Above)
        } else if value < target * 0.9 {
            Some(Self::Below)
        } else {
            None
        }
    }

    /// How long it must last until the alarm of the policy goes off: three datapoints of a minute to
    /// scale out, fifteen to scale in.
    pub(super) const fn patience(self) -> Duration {
        match self {
            Self::Above => Duration::from_secs(3 * 60),
            Self::Below => Duration::from_secs(15 * 60),
        }
    }
}

impl Breach {
    /// When the alarm goes off.
    pub(super) fn ripe(&self) -> SimTime {
        self.since + self.side.patience()
    }
}
