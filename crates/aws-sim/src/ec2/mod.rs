//! EC2: the subnets of tasks, as DescribeSubnets shows them.

mod describe;
mod filter;
mod state;

use crate::wire::Operation;

pub use state::Subnet;
pub(crate) use state::{Addresses, State};

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[("DescribeSubnets", describe::describe)];
