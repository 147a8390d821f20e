//! Arbitrary events and progress.

use std::time::Duration;

use proptest::option::of;
use proptest::prelude::*;
use shipway_domain::board::WaitCode;
use shipway_domain::event::{
    Event, EventKind, Mark, NoteLevel, Phase, PhaseKind, Progress, Step, StepResult, TaskCounts,
    TaskLife, TaskStates, Waited,
};
use shipway_domain::ids::Attempt;

use super::hook::{answer, stage};
use super::ids::{agent_id, release_id};
use super::outcome::{outcome, verdict};
use super::{text, timestamp};

prop_compose! {
    fn states()(numbers in any::<[u32; 8]>()) -> TaskStates {
        let [provisioning, pulling, starting, checking, unhealthy, healthy, draining, stopping] = numbers;
        TaskStates { provisioning, pulling, starting, checking, unhealthy, healthy, draining, stopping }
    }
}

prop_compose! {
    fn phase()(
        kind in prop::sample::select(PhaseKind::ALL.as_slice()),
        tasks in any::<u32>(),
        since in of(timestamp()),
        at_most in of(any::<u32>().prop_map(|millis| Duration::from_millis(millis.into()))),
    ) -> Phase {
        Phase { kind, tasks, since, at_most }
    }
}

prop_compose! {
    /// Arbitrary counts.
    pub(crate) fn counts()(
        numbers in any::<[u32; 6]>(),
        waiting_for in text(),
        states in of(states()),
        phase in of(phase()),
        ends_about in of(timestamp()),
        desired_before in of(any::<u32>()),
        stage in of(stage()),
    ) -> TaskCounts {
        let [old_running, new_running, new_pending, failed, desired, upper] = numbers;
        TaskCounts {
            old_running, new_running, new_pending, failed, desired, upper, waiting_for, states, phase, ends_about,
            desired_before, stage,
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop::sample::select(Step::ALL.as_slice())
}

fn result() -> impl Strategy<Value = StepResult> {
    prop_oneof![
        Just(StepResult::Done),
        Just(StepResult::Skipped),
        Just(StepResult::Failed)
    ]
}

/// Arbitrary progress.
pub(crate) fn progress() -> impl Strategy<Value = Progress> {
    let level = prop_oneof![Just(NoteLevel::Info), Just(NoteLevel::Warning)];
    prop_oneof![
        (step(), any::<u32>()).prop_map(|(step, number)| Progress::StepStarted { step, number }),
        (step(), any::<u32>(), result(), text()).prop_map(|(step, number, result, detail)| {
            Progress::StepEnded {
                step,
                number,
                result,
                detail,
            }
        }),
        counts().prop_map(Progress::Tasks),
        (timestamp(), text()).prop_map(|(at, message)| Progress::ServiceEvent { at, message }),
        (level, text()).prop_map(|(level, text)| Progress::Note { level, text }),
        life().prop_map(|life| Progress::Task(Box::new(life))),
    ]
}

prop_compose! {
    fn life()(
        (task, task_definition, stop_code, reason) in (text(), text(), text(), text()),
        new in any::<bool>(),
        marks in proptest::collection::btree_map(proptest::sample::select(&Mark::ALL), timestamp(), 0..10),
        exit in proptest::option::of((text(), any::<i32>())),
    ) -> TaskLife {
        let marks = marks.into_iter().collect();
        TaskLife { task, task_definition, new, marks, stop_code, reason, exit }
    }
}

prop_compose! {
    fn waited()(
        code in proptest::sample::select(&WaitCode::ALL),
        release in proptest::option::of(release_id()),
        text in text(),
        from in timestamp(),
    ) -> Waited {
        Waited { code, release, text, from }
    }
}

fn kind() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        text().prop_map(|by| EventKind::Submitted { by }),
        release_id().prop_map(|by| EventKind::Folded { by }),
        (text(), text()).prop_map(|(by, reason)| EventKind::CancelAsked { by, reason }),
        (agent_id(), any::<u32>()).prop_map(|(agent, attempt)| EventKind::Granted {
            agent,
            attempt: Attempt(attempt)
        }),
        text().prop_map(|reason| EventKind::Returned { reason }),
        progress().prop_map(EventKind::Progress),
        (verdict(), text()).prop_map(|(verdict, summary)| EventKind::Rested { verdict, summary }),
        outcome().prop_map(EventKind::JobEnded),
        verdict().prop_map(|verdict| EventKind::Ended { verdict }),
        (text(), answer()).prop_map(|(stage, answer)| EventKind::HookAnswered { stage, answer }),
        proptest::collection::vec(waited(), 0..4).prop_map(EventKind::Waited),
    ]
}

prop_compose! {
    /// An arbitrary event.
    pub(crate) fn event()(
        seq in any::<u64>(),
        at in timestamp(),
        job in any::<Option<u32>>(),
        kind in kind(),
    ) -> Event {
        Event { seq, at, job, kind }
    }
}
