//! Which calls fail, and whether they are limited.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Asked, done, parse, show};
use crate::faults::Fault;
use crate::shared::Shared;

/// All rules with their hits.
pub(super) fn list(shared: &Shared, _: &Asked) -> Answer {
    show(&shared.faults.list())
}

/// Adds a rule.
pub(super) fn add(shared: &Shared, asked: &Asked) -> Answer {
    let fault: Fault = parse(&asked.body)?;
    fault.check()?;
    shared.faults.add(fault);
    done()
}

/// Forgets all rules.
pub(super) fn forget(shared: &Shared, _: &Asked) -> Answer {
    shared.faults.clear();
    done()
}

/// Whether calls are limited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsChange {
    enabled: bool,
}

/// Whether calls are limited.
pub(super) fn limits(shared: &Shared, _: &Asked) -> Answer {
    show(&json!({"enabled": shared.limits.enabled()}))
}

/// Switches the limits on or off.
pub(super) fn set_limits(shared: &Shared, asked: &Asked) -> Answer {
    let change: LimitsChange = parse(&asked.body)?;
    shared.limits.enable(change.enabled);
    limits(shared, asked)
}
