//! Arbitrary releases, jobs, targets, and the notes of jobs.

use proptest::prelude::*;
use shipway_domain::checkpoint::{Checkpoint, ScalingFlags};
use shipway_domain::gate::When;
use shipway_domain::ids::{Attempt, IdempotencyKey, Incarnation};
use shipway_domain::job::{Grant, Job, JobKind, JobState};
use shipway_domain::late_call::LateCall;
use shipway_domain::release::Release;
use shipway_domain::target::{Debt, Proven, TargetRecord};
use shipway_domain::time::Timestamp;

use super::hook::{hook, hook_action};
use super::ids::{agent_id, app, digest, env, job_id, release_id, target as target_id};
use super::outcome::{outcome, report, stop, verdict};
use super::spec::{kind as release_kind, priority};
use super::{maybe_text, text, timestamp};

fn flags() -> impl Strategy<Value = ScalingFlags> {
    any::<(bool, bool, bool)>().prop_map(|(scale_in, scale_out, scheduled)| ScalingFlags {
        scale_in,
        scale_out,
        scheduled,
    })
}

prop_compose! {
    fn update_intent()(
        task_definition in text(),
        primary_before in text(),
        deployment_before in maybe_text(),
        serving_before in text(),
        at in timestamp(),
    ) -> Checkpoint {
        Checkpoint::UpdateIntent {
            task_definition,
            primary_before,
            deployment_before,
            serving_before,
            at,
        }
    }
}

prop_compose! {
    fn late_call()(
        (call, what, done) in (text(), text(), text()),
        found_by in any::<u32>(),
        at in timestamp(),
    ) -> Checkpoint {
        let found_by = Attempt(found_by);
        Checkpoint::LateCall(LateCall { call, found_by, at, what, done })
    }
}

/// An arbitrary checkpoint.
pub(crate) fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    prop_oneof![
        Just(Checkpoint::CreateRepositoryIntent),
        text().prop_map(|digest| Checkpoint::Pushed { digest }),
        (text(), timestamp()).prop_map(|(family, at)| Checkpoint::RegisterIntent { family, at }),
        text().prop_map(|task_definition| Checkpoint::Registered { task_definition }),
        flags().prop_map(|before| Checkpoint::SuspendIntent { before }),
        Just(Checkpoint::Suspended),
        Just(Checkpoint::Resumed),
        update_intent(),
        text().prop_map(|primary| Checkpoint::Updated { primary }),
        text().prop_map(|service_deployment| Checkpoint::Following { service_deployment }),
        (text(), maybe_text()).prop_map(|(service_deployment, early)| Checkpoint::StopIntent {
            service_deployment,
            early
        }),
        Just(Checkpoint::StopAsked),
        text().prop_map(|task_definition| Checkpoint::Unchanged { task_definition }),
        late_call(),
        (text(), text(), timestamp()).prop_map(|(task_definition, launch, at)| {
            Checkpoint::RunIntent {
                task_definition,
                launch,
                at,
            }
        }),
        text().prop_map(|task| Checkpoint::Ran { task }),
        (text(), hook_action())
            .prop_map(|(hook, action)| Checkpoint::AnswerIntent { hook, action }),
        text().prop_map(|hook| Checkpoint::Answered { hook }),
    ]
}

prop_compose! {
    /// An arbitrary release.
    pub(crate) fn release()(
        (id, app, env) in (release_id(), app(), env()),
        (kind, priority) in (release_kind(), priority()),
        (key, content) in ("[!-~]{1,16}", digest()),
        (submitter, trace_parent, title) in (text(), text(), text()),
        (began_at, submitted_at) in (timestamp(), timestamp()),
        (jobs, last_seq) in any::<(u32, u64)>(),
        verdict in prop::option::of(verdict()),
        ended_at in prop::option::of(timestamp()),
    ) -> Release {
        let key = IdempotencyKey::new(key).expect("the pattern keeps the rule");
        Release {
            id,
            app,
            env,
            kind,
            priority,
            key,
            content,
            submitter,
            trace_parent,
            title,
            // 0 says nothing of it on the disk.
            began_at: match began_at.min(submitted_at) {
                Timestamp::ZERO => submitted_at,
                began => began,
            },
            submitted_at,
            jobs,
            last_seq,
            verdict,
            ended_at,
        }
    }
}

prop_compose! {
    fn grant()(
        agent in agent_id(),
        incarnation in any::<u64>(),
        lease_until in timestamp(),
        (accepted, progressed) in any::<(bool, bool)>(),
    ) -> Grant {
        Grant { agent, incarnation: Incarnation(incarnation), lease_until, accepted, progressed }
    }
}

fn job_kind() -> impl Strategy<Value = JobKind> {
    prop_oneof![
        Just(JobKind::Build),
        (target_id(), any::<u32>()).prop_map(|(target, wave)| JobKind::Rollout { target, wave }),
        target_id().prop_map(|target| JobKind::Settle { target }),
        (target_id(), any::<u32>(), any::<bool>()).prop_map(|(target, wave, after)| {
            JobKind::Task {
                target,
                wave,
                when: if after { When::After } else { When::Before },
            }
        }),
    ]
}

fn state() -> impl Strategy<Value = JobState> {
    let resting = prop::option::of(report().prop_map(Box::new));
    prop_oneof![
        (timestamp(), resting).prop_map(|(not_before, resting)| JobState::Queued {
            not_before,
            resting
        }),
        grant().prop_map(JobState::Granted),
        outcome().prop_map(JobState::Ended),
    ]
}

prop_compose! {
    /// An arbitrary job.
    pub(crate) fn job()(
        id in job_id(),
        kind in job_kind(),
        needs in prop::collection::vec(any::<u32>(), 0..3),
        state in state(),
        (attempt, fruitless) in any::<(u32, u32)>(),
        checkpoints in prop::collection::vec(checkpoint(), 0..4),
        (started_at, since) in (timestamp(), timestamp()),
        stop in prop::option::of(stop()),
        hooks in prop::collection::vec(hook(), 0..3),
    ) -> Job {
        let attempt = Attempt(attempt);
        Job { id, kind, needs, state, attempt, fruitless, checkpoints, started_at, since, stop, hooks }
    }
}

prop_compose! {
    fn debt()(by in job_id(), before in flags(), since in timestamp()) -> Debt {
        Debt { by, before, since }
    }
}

prop_compose! {
    fn proven()(
        release in release_id(),
        (app, env) in (app(), env()),
        image_digest in digest(),
        task_definition in text(),
        (at, deploy) in (timestamp(), any::<bool>()),
    ) -> Proven {
        Proven { release, app, env, image_digest, task_definition, at, deploy }
    }
}

prop_compose! {
    /// An arbitrary record of a target.
    pub(crate) fn target()(
        target in target_id(),
        slot in prop::option::of(job_id()),
        debt in prop::option::of(debt()),
        proven in prop::option::of(proven()),
    ) -> TargetRecord {
        TargetRecord { target, slot, debt, proven }
    }
}
