//! The stages by name.

use serde::{Deserialize, Serialize};

/// A stage, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Before anything is done.
    ReconcileService,
    /// Before new tasks start.
    PreScaleUp,
    /// New tasks start.
    ScaleUp,
    /// New tasks are there, and healthy.
    PostScaleUp,
    /// Test traffic goes to the new revision.
    TestTrafficShift,
    /// Test traffic is there.
    PostTestTrafficShift,
    /// Before production traffic moves, at each of its steps.
    PreProductionTrafficShift,
    /// Production traffic goes to the new revision.
    ProductionTrafficShift,
    /// All production traffic is there.
    PostProductionTrafficShift,
    /// Both revisions run, and the new one is watched.
    BakeTime,
    /// Old tasks stop.
    CleanUp,
}

impl Stage {
    /// All eleven.
    pub const ALL: [Self; 11] = [
        Self::ReconcileService,
        Self::PreScaleUp,
        Self::ScaleUp,
        Self::PostScaleUp,
        Self::TestTrafficShift,
        Self::PostTestTrafficShift,
        Self::PreProductionTrafficShift,
        Self::ProductionTrafficShift,
        Self::PostProductionTrafficShift,
        Self::BakeTime,
        Self::CleanUp,
    ];

    /// The word in the configuration of hooks.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReconcileService => "RECONCILE_SERVICE",
            Self::PreScaleUp => "PRE_SCALE_UP",
            Self::ScaleUp => "SCALE_UP",
            Self::PostScaleUp => "POST_SCALE_UP",
            Self::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Self::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Self::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Self::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Self::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::BakeTime => "BAKE_TIME",
            Self::CleanUp => "CLEAN_UP",
        }
    }

    /// The word in `lifecycleStage`, whose enum has no PRE_PRODUCTION_TRAFFIC_SHIFT.
    #[must_use]
    pub const fn reported(self) -> &'static str {
        match self {
            Self::PreProductionTrafficShift => Self::ProductionTrafficShift.as_str(),
            other => other.as_str(),
        }
    }
}
