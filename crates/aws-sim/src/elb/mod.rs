//! Elastic Load Balancing: target groups and the health of what is registered in them.

mod attributes;
mod groups;
mod health;
mod state;

use crate::wire::Operation;

pub(crate) use state::State;
pub use state::TargetGroup;

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("DescribeTargetGroups", groups::describe),
    ("DescribeTargetHealth", health::describe),
    ("DescribeTargetGroupAttributes", attributes::describe),
];
