//! Between which counts a rolling update keeps a service (ecs-facts 1.1).

use serde::{Deserialize, Serialize};

/// The two percentages of `deploymentConfiguration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percents {
    /// `minimumHealthyPercent`, 0 and up; 100 when unset.
    pub minimum_healthy: u32,
    /// `maximumPercent`, 0 and up; 200 when unset.
    pub maximum: u32,
}

impl Default for Percents {
    fn default() -> Self {
        Self {
            minimum_healthy: 100,
            maximum: 200,
        }
    }
}

/// What the scheduler keeps to while it replaces tasks, in tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// It stops no task if fewer *healthy* ones than this would be left.
    pub lower: u32,
    /// It starts no task if more than this would exist.
    pub upper: u32,
}

impl Percents {
    /// `lower` rounds up, `upper` rounds down.
    #[must_use]
    pub fn bounds(self, desired: u32) -> Bounds {
        let part = |percent: u32| u64::from(desired) * u64::from(percent);
        Bounds {
            lower: narrow(part(self.minimum_healthy).div_ceil(100)),
            upper: narrow(part(self.maximum) / 100),
        }
    }
}

pub(crate) fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
