//! CloudWatch: alarms, as DescribeAlarms shows them, and the metric of one quota.

mod alarms;
mod control;
mod describe;
mod statistics;

use crate::wire::Operation;

pub(crate) use alarms::State;
pub(crate) use control::ALARMS;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("DescribeAlarms", describe::describe),
    ("GetMetricStatistics", statistics::get),
];
