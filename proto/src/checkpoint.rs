//! What an attempt notes durably.

use shipway_domain::checkpoint::{Checkpoint, ScalingFlags};
use shipway_domain::ids::Attempt;
use shipway_domain::late_call::LateCall;
use shipway_domain::time::Timestamp;

use crate::error::ConversionError;
use crate::fields::{alternative, enumeration, required};
use crate::v1;
use crate::v1::checkpoint::{
    AnswerIntent, Answered, Checkpoint as Kind, Empty, Following, LateCall as LateMessage, Pushed,
    Ran, RegisterIntent, Registered, RunIntent, StopIntent, SuspendIntent, Unchanged, UpdateIntent,
    Updated,
};

impl From<&Checkpoint> for v1::Checkpoint {
    fn from(checkpoint: &Checkpoint) -> Self {
        let checkpoint = match checkpoint {
            Checkpoint::CreateRepositoryIntent => Kind::CreateRepositoryIntent(Empty {}),
            Checkpoint::Pushed { digest } => Kind::Pushed(Pushed {
                digest: digest.clone(),
            }),
            Checkpoint::RegisterIntent { family, at } => Kind::RegisterIntent(RegisterIntent {
                family: family.clone(),
                at_ms: at.millis(),
            }),
            Checkpoint::Registered { task_definition } => Kind::Registered(Registered {
                task_definition: task_definition.clone(),
            }),
            Checkpoint::SuspendIntent { before } => Kind::SuspendIntent(SuspendIntent {
                before: Some((*before).into()),
            }),
            Checkpoint::Suspended => Kind::Suspended(Empty {}),
            Checkpoint::Resumed => Kind::Resumed(Empty {}),
            Checkpoint::UpdateIntent {
                task_definition,
                primary_before,
                deployment_before,
                serving_before,
                at,
            } => Kind::UpdateIntent(UpdateIntent {
                task_definition: task_definition.clone(),
                primary_before: primary_before.clone(),
                deployment_before: deployment_before.clone(),
                serving_before: serving_before.clone(),
                at_ms: at.millis(),
            }),
            Checkpoint::Updated { primary } => Kind::Updated(Updated {
                primary: primary.clone(),
            }),
            Checkpoint::Following { service_deployment } => Kind::Following(Following {
                service_deployment: service_deployment.clone(),
            }),
            Checkpoint::StopIntent {
                service_deployment,
                early,
            } => Kind::StopIntent(StopIntent {
                early: early.clone(),
                service_deployment: service_deployment.clone(),
            }),
            Checkpoint::StopAsked => Kind::StopAsked(Empty {}),
            Checkpoint::Unchanged { task_definition } => Kind::Unchanged(Unchanged {
                task_definition: task_definition.clone(),
            }),
            Checkpoint::LateCall(late) => Kind::LateCall(LateMessage {
                call: late.call.clone(),
                found_by: late.found_by.0,
                at_ms: late.at.millis(),
                what: late.what.clone(),
                done: late.done.clone(),
            }),
            Checkpoint::RunIntent {
                task_definition,
                launch,
                at,
            } => Kind::RunIntent(RunIntent {
                task_definition: task_definition.clone(),
                launch: launch.clone(),
                at_ms: at.millis(),
            }),
            Checkpoint::Ran { task } => Kind::Ran(Ran { task: task.clone() }),
            Checkpoint::AnswerIntent { hook, action } => Kind::AnswerIntent(AnswerIntent {
                hook: hook.clone(),
                action: v1::HookAction::from(*action).into(),
            }),
            Checkpoint::Answered { hook } => Kind::Answered(Answered { hook: hook.clone() }),
        };
        Self {
            checkpoint: Some(checkpoint),
        }
    }
}

impl TryFrom<v1::Checkpoint> for Checkpoint {
    type Error = ConversionError;

    fn try_from(message: v1::Checkpoint) -> Result<Self, ConversionError> {
        Ok(match alternative(message.checkpoint)? {
            Kind::CreateRepositoryIntent(Empty {}) => Self::CreateRepositoryIntent,
            Kind::Pushed(Pushed { digest }) => Self::Pushed { digest },
            Kind::RegisterIntent(RegisterIntent { family, at_ms }) => Self::RegisterIntent {
                family,
                at: Timestamp::from_millis(at_ms),
            },
            Kind::Registered(Registered { task_definition }) => {
                Self::Registered { task_definition }
            }
            Kind::SuspendIntent(SuspendIntent { before }) => Self::SuspendIntent {
                before: required("suspend_intent.before", before)?,
            },
            Kind::Suspended(Empty {}) => Self::Suspended,
            Kind::Resumed(Empty {}) => Self::Resumed,
            Kind::UpdateIntent(intent) => Self::UpdateIntent {
                task_definition: intent.task_definition,
                primary_before: intent.primary_before,
                deployment_before: intent.deployment_before,
                serving_before: intent.serving_before,
                at: Timestamp::from_millis(intent.at_ms),
            },
            Kind::Updated(Updated { primary }) => Self::Updated { primary },
            Kind::Following(Following { service_deployment }) => {
                Self::Following { service_deployment }
            }
            Kind::StopIntent(StopIntent {
                service_deployment,
                early,
            }) => Self::StopIntent {
                service_deployment,
                early,
            },
            Kind::StopAsked(Empty {}) => Self::StopAsked,
            Kind::Unchanged(Unchanged { task_definition }) => Self::Unchanged { task_definition },
            Kind::LateCall(late) => Self::LateCall(LateCall {
                call: late.call,
                found_by: Attempt(late.found_by),
                at: Timestamp::from_millis(late.at_ms),
                what: late.what,
                done: late.done,
            }),
            Kind::RunIntent(RunIntent {
                task_definition,
                launch,
                at_ms,
            }) => Self::RunIntent {
                task_definition,
                launch,
                at: Timestamp::from_millis(at_ms),
            },
            Kind::Ran(Ran { task }) => Self::Ran { task },
            Kind::AnswerIntent(AnswerIntent { hook, action }) => Self::AnswerIntent {
                hook,
                action: enumeration::<v1::HookAction, _>("answer_intent.action", action)?,
            },
            Kind::Answered(Answered { hook }) => Self::Answered { hook },
        })
    }
}

impl From<ScalingFlags> for v1::ScalingFlags {
    fn from(flags: ScalingFlags) -> Self {
        Self {
            scale_in: flags.scale_in,
            scale_out: flags.scale_out,
            scheduled: flags.scheduled,
        }
    }
}

impl From<v1::ScalingFlags> for ScalingFlags {
    fn from(message: v1::ScalingFlags) -> Self {
        Self {
            scale_in: message.scale_in,
            scale_out: message.scale_out,
            scheduled: message.scheduled,
        }
    }
}
