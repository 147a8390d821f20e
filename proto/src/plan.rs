//! What a deploy would do to a target.

use std::time::Duration;

use shipway_domain::hook::{HookAction, Weight};
use shipway_domain::plan::{
    Change, Course, CourseEnd, Extra, Point, Room, Staged, TargetPlan, Warning,
};
use shipway_domain::strategy::{SetHook, Step, Strategy};

use crate::fields::millis;
use crate::hook::may_say;
use crate::v1;
use crate::v1::target_plan::{self, course::End};

impl From<&TargetPlan> for v1::TargetPlan {
    fn from(plan: &TargetPlan) -> Self {
        Self {
            serving: plan.serving.clone(),
            definition: plan.definition.iter().map(Into::into).collect(),
            settings: plan.settings.iter().map(Into::into).collect(),
            forced: plan.forced,
            image_known: plan.image_known,
            course: plan.course.as_ref().map(Into::into),
            warnings: plan.warnings.iter().map(Into::into).collect(),
            refused: plan.refused.as_ref().map(Into::into),
            unread: plan.unread.clone(),
            staged: plan.staged.as_ref().map(Into::into),
        }
    }
}

impl From<v1::TargetPlan> for TargetPlan {
    fn from(message: v1::TargetPlan) -> Self {
        Self {
            serving: message.serving,
            definition: message.definition.into_iter().map(Into::into).collect(),
            settings: message.settings.into_iter().map(Into::into).collect(),
            forced: message.forced,
            image_known: message.image_known,
            course: message.course.map(Into::into),
            warnings: message.warnings.into_iter().map(Into::into).collect(),
            refused: message.refused.map(Into::into),
            unread: message.unread,
            staged: message.staged.map(Into::into),
        }
    }
}

impl From<&Change> for target_plan::Change {
    fn from(change: &Change) -> Self {
        Self {
            path: change.path.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}

impl From<target_plan::Change> for Change {
    fn from(message: target_plan::Change) -> Self {
        Self {
            path: message.path,
            before: message.before,
            after: message.after,
        }
    }
}

impl From<&Warning> for target_plan::Warning {
    fn from(warning: &Warning) -> Self {
        Self {
            code: warning.code.clone(),
            text: warning.text.clone(),
            remedy: warning.remedy.clone(),
        }
    }
}

impl From<target_plan::Warning> for Warning {
    fn from(message: target_plan::Warning) -> Self {
        Self {
            code: message.code,
            text: message.text,
            remedy: message.remedy,
        }
    }
}

impl From<&Course> for target_plan::Course {
    fn from(course: &Course) -> Self {
        let point = |point: &Point| target_plan::Point {
            at_ms: millis(point.at),
            old: point.old,
            new: point.new,
        };
        let Extra {
            tasks,
            cpu_units,
            memory_mib,
            addresses,
        } = course.extra;
        Self {
            desired: course.desired,
            lower: course.lower,
            upper: course.upper,
            breaker: course.breaker,
            points: course.points.iter().map(point).collect(),
            end: match course.end {
                CourseEnd::Completed(after) => Some(End::CompletedMs(millis(after))),
                CourseEnd::Stalled(after) => Some(End::StalledMs(millis(after))),
                CourseEnd::Open => None,
            },
            extra_tasks: tasks,
            extra_cpu_units: cpu_units,
            extra_memory_mib: memory_mib,
            extra_addresses: addresses,
            assumptions: course.assumptions.clone(),
            room_cpu_units: course.room.cpu_units,
            room_addresses: course.room.addresses,
        }
    }
}

impl From<target_plan::Course> for Course {
    fn from(message: target_plan::Course) -> Self {
        let point = |point: target_plan::Point| Point {
            at: Duration::from_millis(point.at_ms),
            old: point.old,
            new: point.new,
        };
        Self {
            desired: message.desired,
            lower: message.lower,
            upper: message.upper,
            breaker: message.breaker,
            points: message.points.into_iter().map(point).collect(),
            end: match message.end {
                Some(End::CompletedMs(after)) => CourseEnd::Completed(Duration::from_millis(after)),
                Some(End::StalledMs(after)) => CourseEnd::Stalled(Duration::from_millis(after)),
                None => CourseEnd::Open,
            },
            extra: Extra {
                tasks: message.extra_tasks,
                cpu_units: message.extra_cpu_units,
                memory_mib: message.extra_memory_mib,
                addresses: message.extra_addresses,
            },
            room: Room {
                cpu_units: message.room_cpu_units,
                addresses: message.room_addresses,
            },
            assumptions: message.assumptions,
        }
    }
}

impl From<&Staged> for target_plan::Staged {
    fn from(staged: &Staged) -> Self {
        let Strategy {
            name,
            bake,
            step,
            hooks,
        } = &staged.strategy;
        let Extra {
            tasks,
            cpu_units,
            memory_mib,
            addresses,
        } = staged.extra;
        Self {
            strategy: name.clone(),
            bake_ms: bake.map(millis),
            step: step.map(|step| step.share.0),
            step_bake_ms: step.map(|step| millis(step.bake)),
            hooks: hooks.iter().map(Into::into).collect(),
            desired: staged.desired,
            upper: staged.upper,
            extra_tasks: tasks,
            extra_cpu_units: cpu_units,
            extra_memory_mib: memory_mib,
            extra_addresses: addresses,
            room_cpu_units: staged.room.cpu_units,
            room_addresses: staged.room.addresses,
        }
    }
}

impl From<target_plan::Staged> for Staged {
    fn from(message: target_plan::Staged) -> Self {
        Self {
            strategy: Strategy {
                name: message.strategy,
                bake: message.bake_ms.map(Duration::from_millis),
                step: message.step.map(|share| Step {
                    share: Weight(share),
                    bake: Duration::from_millis(message.step_bake_ms.unwrap_or_default()),
                }),
                hooks: message.hooks.into_iter().map(Into::into).collect(),
            },
            desired: message.desired,
            upper: message.upper,
            extra: Extra {
                tasks: message.extra_tasks,
                cpu_units: message.extra_cpu_units,
                memory_mib: message.extra_memory_mib,
                addresses: message.extra_addresses,
            },
            room: Room {
                cpu_units: message.room_cpu_units,
                addresses: message.room_addresses,
            },
        }
    }
}

impl From<&SetHook> for target_plan::SetHook {
    fn from(hook: &SetHook) -> Self {
        Self {
            target_type: hook.target_type.clone(),
            stages: hook.stages.clone(),
            timeout_ms: hook.timeout.map(millis),
            on_timeout: v1::HookAction::from(hook.on_timeout).into(),
        }
    }
}

impl From<target_plan::SetHook> for SetHook {
    fn from(message: target_plan::SetHook) -> Self {
        Self {
            target_type: message.target_type,
            stages: message.stages,
            timeout: message.timeout_ms.map(Duration::from_millis),
            on_timeout: may_say(message.on_timeout).unwrap_or(HookAction::Rollback),
        }
    }
}
