//! The stages of a service deployment: hooks that pause it, and traffic that moves by steps (ecs-facts 3.6).

mod stage;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Time;

pub use stage::Stage;

/// No stage lasts longer, unless a hook pauses it.
const STAGE_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// No deployment with stages lasts longer.
const WHOLE_LIMIT: Duration = Duration::from_secs(30 * 24 * 3600);
/// All traffic, in tenths of a percent.
const ALL: u32 = 1000;

/// How a deployment brings a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Strategy {
    /// Tasks are replaced bit by bit.
    #[default]
    Rolling,
    /// All traffic moves at once.
    BlueGreen,
    /// Traffic moves in equal steps.
    Linear {
        /// Of each step, in tenths of a percent.
        step: u32,
        /// After each step but the last.
        bake: Duration,
    },
    /// Traffic moves in two steps.
    Canary {
        /// Of the first step, in tenths of a percent.
        share: u32,
        /// After the first step.
        bake: Duration,
    },
}

/// What a hook is answered, by a person or by its timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookAction {
    /// Back to the earlier revision.
    Rollback,
    /// On with the deployment.
    Continue,
}

impl HookAction {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rollback => "ROLLBACK",
            Self::Continue => "CONTINUE",
        }
    }
}

/// A hook of type PAUSE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Where it pauses.
    pub stages: Vec<Stage>,
    /// For how long at most.
    pub timeout: Duration,
    /// What happens then.
    pub on_timeout: HookAction,
}

/// `status` of a hook's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HookStatus {
    /// Somebody has to say how to go on.
    AwaitingAction,
    /// Somebody said CONTINUE.
    Succeeded,
    /// Somebody said ROLLBACK, or the deployment was rolled back meanwhile.
    Failed,
    /// Nobody said anything.
    TimedOut,
}

impl HookStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingAction => "AWAITING_ACTION",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}

/// One run of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// `hookId`: another one at each run.
    pub id: String,
    /// How it stands.
    pub status: HookStatus,
    /// When it times out.
    pub expires_at: Time,
    /// What happens then.
    pub on_timeout: HookAction,
}

/// The settings that a lifecycle follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// How the revision is brought.
    pub strategy: Strategy,
    /// What pauses it.
    pub hooks: Vec<Hook>,
    /// How long a change of listener rules takes.
    pub shift: Duration,
    /// Whether there is a listener rule for test traffic.
    pub tests: bool,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            strategy: Strategy::Rolling,
            hooks: Vec::new(),
            shift: Duration::from_secs(10),
            tests: false,
        }
    }
}

/// What a stage waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// The new revision has all its tasks, and they are healthy.
    pub(crate) filled: bool,
    /// No task of another revision is left.
    pub(crate) alone: bool,
    /// The bake time.
    pub(crate) bake: Duration,
}

/// What a look at the stage brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Stayed,
    Moved,
    Finished,
    /// It has to go back, for this reason.
    Refused(&'static str),
}

/// Where a service deployment is in its stages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    course: Course,
    stage: Stage,
    since: Time,
    /// When the first stage began.
    #[serde(default)]
    began: Option<Time>,
    until: Option<Time>,
    pauses: Vec<Pause>,
    production: u32,
    test: u32,
    rolled_back: bool,
}

impl Lifecycle {
    /// For a deployment with stages: any but a rolling one without hooks.
    pub(crate) fn of(course: &Course, at: Time) -> Option<Self> {
        let staged = course.strategy != Strategy::Rolling || !course.hooks.is_empty();
        staged.then(|| Self {
            course: course.clone(),
            stage: Stage::ReconcileService,
            since: at,
            began: None,
            until: None,
            pauses: Vec::new(),
            production: 0,
            test: 0,
            rolled_back: false,
        })
    }

    /// The stage.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Runs of hooks, oldest first.
    #[must_use]
    pub fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// Production and test traffic of the new revision in percent; none where traffic does not move.
    #[must_use]
    pub fn weights(&self) -> Option<(f64, f64)> {
        let percent = |tenths: u32| f64::from(tenths) / 10.0;
        (!self.is_rolling()).then(|| (percent(self.production), percent(self.test)))
    }

    /// All production traffic is at the new revision.
    pub(crate) fn has_all_traffic(&self) -> bool {
        !self.is_rolling() && self.production == ALL
    }

    /// Production traffic is at the new revision, some or all.
    pub(crate) fn has_traffic(&self) -> bool {
        !self.is_rolling() && self.production > 0
    }

    fn is_rolling(&self) -> bool {
        self.course.strategy == Strategy::Rolling
    }

    /// New tasks have to wait.
    pub(crate) fn holds_launches(&self) -> bool {
        !self.rolled_back && self.stage < Stage::ScaleUp
    }

    /// Tasks of the earlier revision have to stay.
    pub(crate) fn holds_old(&self) -> bool {
        let from = if self.is_rolling() {
            Stage::ScaleUp
        } else {
            Stage::CleanUp
        };
        !self.rolled_back && self.stage < from
    }

    /// Both revisions may have all their tasks.
    pub(crate) fn doubles(&self) -> bool {
        !self.is_rolling()
    }

    /// Time or a person has to come before anything else happens.
    pub(crate) fn waits(&self) -> bool {
        !self.rolled_back && !matches!(self.stage, Stage::ScaleUp | Stage::CleanUp)
    }

    /// When it moves by itself.
    pub(crate) fn next_wakeup(&self, now: Time) -> Option<Time> {
        if self.rolled_back {
            return Some(self.since + STAGE_LIMIT).filter(|at| *at > now);
        }
        let whole = self.began.map(|began| began + WHOLE_LIMIT);
        let awaiting = self.awaiting().map(|pause| pause.expires_at);
        let limit = Some(self.since + STAGE_LIMIT).filter(|_| self.is_limited());
        let all = awaiting.chain(self.until).chain(limit).chain(whole);
        all.filter(|at| *at > now).min()
    }

    /// A stage that tasks end, not time: it might last for ever.
    fn is_limited(&self) -> bool {
        matches!(self.stage, Stage::ScaleUp | Stage::CleanUp)
    }

    /// The way back has lasted as long as a stage may.
    pub(crate) fn is_back_overdue(&self, at: Time) -> bool {
        self.since + STAGE_LIMIT <= at
    }

    fn awaiting(&self) -> impl Iterator<Item = &Pause> {
        let all = self.pauses.iter();
        all.filter(|pause| pause.status == HookStatus::AwaitingAction)
    }

    /// One look: at most one stage further.
    pub(crate) fn step(
        &mut self,
        at: Time,
        facts: Facts,
        fresh: &mut dyn FnMut() -> String,
    ) -> Step {
        if self.rolled_back {
            return Step::Stayed;
        }
        if let Some(reason) = self.refusal(at) {
            return Step::Refused(reason);
        }
        if self.began.is_some_and(|began| began + WHOLE_LIMIT <= at) {
            return Step::Refused("Service deployment failed because it lasted for 30 days.");
        }
        if self.awaiting().next().is_some() {
            return Step::Stayed;
        }
        let ready = match self.stage {
            Stage::ScaleUp => facts.filled && (facts.alone || !self.is_rolling()),
            Stage::CleanUp if facts.filled && facts.alone => return Step::Finished,
            Stage::CleanUp => false,
            _ => self.until.is_none_or(|until| until <= at),
        };
        if ready {
            self.enter(self.next(), at, facts.bake, fresh);
            return Step::Moved;
        }
        if self.is_limited() && self.since + STAGE_LIMIT <= at {
            return Step::Refused("Service deployment failed because a lifecycle stage timed out.");
        }
        Step::Stayed
    }

    /// Lets hooks time out; says whether one wants the rollback.
    fn refusal(&mut self, at: Time) -> Option<&'static str> {
        let mut timed_out = false;
        for pause in &mut self.pauses {
            if pause.status == HookStatus::AwaitingAction && pause.expires_at <= at {
                pause.status = HookStatus::TimedOut;
                timed_out |= pause.on_timeout == HookAction::Rollback;
            }
        }
        let failed = |pause: &Pause| pause.status == HookStatus::Failed;
        if self.pauses.iter().any(failed) {
            return Some("Service deployment rolled back because of a lifecycle hook.");
        }
        timed_out.then_some("Service deployment failed because a lifecycle hook timed out.")
    }

    fn next(&self) -> Stage {
        match self.stage {
            Stage::ReconcileService => Stage::PreScaleUp,
            Stage::PreScaleUp => Stage::ScaleUp,
            Stage::ScaleUp => Stage::PostScaleUp,
            Stage::PostScaleUp if self.is_rolling() => Stage::BakeTime,
            Stage::PostScaleUp => Stage::TestTrafficShift,
            Stage::TestTrafficShift => Stage::PostTestTrafficShift,
            Stage::PostTestTrafficShift => Stage::PreProductionTrafficShift,
            Stage::PreProductionTrafficShift => Stage::ProductionTrafficShift,
            Stage::ProductionTrafficShift if self.production < ALL => {
                Stage::PreProductionTrafficShift
            }
            Stage::ProductionTrafficShift => Stage::PostProductionTrafficShift,
            Stage::PostProductionTrafficShift => Stage::BakeTime,
            Stage::BakeTime | Stage::CleanUp => Stage::CleanUp,
        }
    }

    fn enter(&mut self, stage: Stage, at: Time, bake: Duration, fresh: &mut dyn FnMut() -> String) {
        self.stage = stage;
        self.since = at;
        self.until = match stage {
            Stage::TestTrafficShift if self.course.tests => {
                self.test = ALL;
                Some(at + self.course.shift)
            }
            Stage::ProductionTrafficShift => Some(at + self.course.shift + self.shift()),
            Stage::BakeTime => Some(at + bake),
            _ => None,
        };
        for hook in &self.course.hooks {
            if hook.stages.contains(&stage) {
                self.pauses.push(Pause {
                    id: fresh(),
                    status: HookStatus::AwaitingAction,
                    expires_at: at + hook.timeout,
                    on_timeout: hook.on_timeout,
                });
            }
        }
    }

    /// Moves production traffic by a step; gives the time to look at it before the next one.
    fn shift(&mut self) -> Duration {
        let (moved, bake) = match self.course.strategy {
            Strategy::Rolling | Strategy::BlueGreen => (ALL, Duration::ZERO),
            Strategy::Linear { step, bake } => (self.production.saturating_add(step), bake),
            Strategy::Canary { share, bake } if self.production == 0 => (share, bake),
            Strategy::Canary { bake, .. } => (ALL, bake),
        };
        // A step of nothing would never arrive.
        self.production = moved.max(self.production + 1).min(ALL);
        if self.production < ALL {
            bake
        } else {
            Duration::ZERO
        }
    }

    /// The first stage begins: its hooks too.
    pub(crate) fn start(&mut self, at: Time, fresh: &mut dyn FnMut() -> String) {
        self.began = Some(at);
        self.enter(Stage::ReconcileService, at, Duration::ZERO, fresh);
    }

    /// Answers a hook; false when no such hook waits.
    pub(crate) fn answer(&mut self, hook: &str, action: HookAction) -> bool {
        let mut all = self.pauses.iter_mut();
        let waiting = all.find(|p| p.id == hook && p.status == HookStatus::AwaitingAction);
        let Some(pause) = waiting else {
            return false;
        };
        pause.status = match action {
            HookAction::Continue => HookStatus::Succeeded,
            HookAction::Rollback => HookStatus::Failed,
        };
        true
    }

    /// Nothing waits any more; production traffic stays until the earlier revision can take it.
    pub(crate) fn roll_back(&mut self, at: Time) {
        self.give_up();
        self.since = at;
        self.test = 0;
        self.stage = Stage::CleanUp;
    }

    /// The earlier revision is there: all traffic is back at it.
    pub(crate) fn send_back(&mut self) {
        self.production = 0;
    }

    /// It is over before its end: no hook will be answered.
    pub(crate) fn give_up(&mut self) {
        self.rolled_back = true;
        self.until = None;
        for pause in &mut self.pauses {
            if pause.status == HookStatus::AwaitingAction {
                pause.status = HookStatus::Failed;
            }
        }
    }

    /// For a service that is born steady.
    pub(crate) fn finish(&mut self) {
        self.stage = Stage::CleanUp;
        self.production = ALL;
    }
}
