//! What an attempt notes durably, before and after it changes something in AWS.

use crate::hook::HookAction;
use crate::late_call::LateCall;
use crate::time::Timestamp;

/// A durable note of a job. Intents are written before the act, outcomes after it; an attempt that
/// finds an intent without its outcome looks in AWS before it acts (design.md section 4, take-over).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// About to create the repository of the image.
    CreateRepositoryIntent,
    /// The image is pushed (a build granted again may push the same once more).
    Pushed {
        /// Its digest.
        digest: String,
    },
    /// About to register a revision of this family for this job.
    RegisterIntent {
        /// Family of the task definition.
        family: String,
        /// When the intent was written.
        at: Timestamp,
    },
    /// The revision that was registered for this job.
    Registered {
        /// Its ARN.
        task_definition: String,
    },
    /// About to suspend auto scaling: what must be put back is a debt of the target from now on.
    SuspendIntent {
        /// The flags as they were.
        before: ScalingFlags,
    },
    /// Auto scaling is suspended.
    Suspended,
    /// The flags are as they were before; the debt is paid.
    Resumed,
    /// About to send UpdateService.
    UpdateIntent {
        /// Task definition that it names.
        task_definition: String,
        /// Id of the PRIMARY deployment before.
        primary_before: String,
        /// ARN of the service's newest service deployment before, if there was one.
        deployment_before: Option<String>,
        /// Task definition that served before: the way back.
        serving_before: String,
        /// When the intent was written.
        at: Timestamp,
    },
    /// UpdateService was answered.
    Updated {
        /// Id of the PRIMARY deployment in the answer.
        primary: String,
    },
    /// The service deployment that is ours.
    Following {
        /// Its ARN.
        service_deployment: String,
    },
    /// About to ask ECS to stop our service deployment with rollback.
    StopIntent {
        /// Its ARN.
        service_deployment: String,
        /// Why it is stopped early; `None` when somebody asked for it.
        early: Option<String>,
    },
    /// ECS took the request to stop.
    StopAsked,
    /// Nothing differs from what runs; nothing will be changed.
    Unchanged {
        /// The task definition that runs.
        task_definition: String,
    },
    /// A call of an attempt before was found to have taken effect unheard. An event says so once this is durable.
    LateCall(LateCall),
    /// About to run the task of a gate. What is sent is noted, so that it is the same whenever it is sent again.
    RunIntent {
        /// Task definition that it names.
        task_definition: String,
        /// Network and capacity (JSON).
        launch: String,
        /// When the intent was written.
        at: Timestamp,
    },
    /// The task of the gate.
    Ran {
        /// Its ARN.
        task: String,
    },
    /// About to hand an answer to a hook on to ECS.
    AnswerIntent {
        /// ECS's id of the run of the hook.
        hook: String,
        /// What was answered.
        action: HookAction,
    },
    /// ECS took the answer.
    Answered {
        /// ECS's id of the run of the hook.
        hook: String,
    },
}

impl Checkpoint {
    /// Whether this says again what `before` said, as of no earlier time: of such notes the last one is kept.
    #[must_use]
    pub fn renews(&self, before: &Self) -> bool {
        let mut renewed = before.clone();
        match (&mut renewed, self) {
            (Self::RegisterIntent { at, .. }, Self::RegisterIntent { at: later, .. })
            | (Self::UpdateIntent { at, .. }, Self::UpdateIntent { at: later, .. }) => {
                *at = later.max(at).to_owned();
                renewed == *self
            }
            _ => false,
        }
    }
}

/// The three switches of a scalable target that pause its scaling; `true` means suspended
/// (ecs-facts section 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScalingFlags {
    /// `DynamicScalingInSuspended`.
    pub scale_in: bool,
    /// `DynamicScalingOutSuspended`.
    pub scale_out: bool,
    /// `ScheduledScalingSuspended`.
    pub scheduled: bool,
}

impl ScalingFlags {
    /// All three suspended.
    pub const ALL: Self = Self {
        scale_in: true,
        scale_out: true,
        scheduled: true,
    };
}
