//! The promises, held against what is known of a run.

use shipway_domain::checkpoint::ScalingFlags;
use shipway_plugin_model::ModelPlatform;

use crate::aws;
use crate::facts::Facts;

/// What must hold when everything has come to rest.
pub(crate) fn at_rest(
    facts: &Facts,
    platform: &ModelPlatform,
    flags: &[Option<ScalingFlags>; 3],
) {
    for (target, before) in aws::targets().iter().zip(flags) {
        let (place, name) = aws::at(target);
        let now = platform.scaling(&place, &name).map(|seen| seen.suspended);
        if now != *before {
            facts.broken(format!(
                "auto scaling of {target} is {now:?} at the end; before all it was {before:?}"
            ));
        }
    }
}
