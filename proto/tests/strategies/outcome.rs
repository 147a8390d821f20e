//! Arbitrary ends of jobs.

use proptest::prelude::*;
use shipway_domain::job::{BuiltImage, Outcome, RolloutReport, StopReason, TaskRun};
use shipway_domain::verdict::{Finding, Verdict};

use super::ids::{digest, job_id, release_id};
use super::{maybe_text, text, texts};

/// An arbitrary verdict.
pub(crate) fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(Verdict::ALL.as_slice())
}

prop_compose! {
    /// An arbitrary finding.
    pub(crate) fn finding()(
        code in text(),
        cause in text(),
        evidence in texts(),
        remedy in text(),
    ) -> Finding {
        Finding { code, cause, evidence, remedy }
    }
}

prop_compose! {
    /// An arbitrary image.
    pub(crate) fn image()(
        name in text(),
        digest in digest(),
        accepted in prop::collection::vec(digest(), 0..3),
        builder in text(),
        tags in texts(),
        bytes_pushed in any::<u64>(),
        (reused, scan) in (any::<bool>(), maybe_text()),
    ) -> BuiltImage {
        BuiltImage { name, digest, accepted, builder, tags, bytes_pushed, reused, scan }
    }
}

prop_compose! {
    /// An arbitrary report.
    pub(crate) fn report()(
        (verdict, unchanged) in (verdict(), any::<bool>()),
        summary in text(),
        image_digest in prop::option::of(digest()),
        task_definition in maybe_text(),
        serving in maybe_text(),
        service_deployment in maybe_text(),
        (running, desired) in any::<(u32, u32)>(),
        findings in prop::collection::vec(finding(), 0..3),
    ) -> RolloutReport {
        RolloutReport {
            verdict,
            unchanged,
            summary,
            image_digest,
            task_definition,
            serving,
            service_deployment,
            running,
            desired,
            findings,
        }
    }
}

/// An arbitrary reason to stop.
pub(crate) fn stop() -> impl Strategy<Value = StopReason> {
    prop_oneof![
        (text(), text()).prop_map(|(by, reason)| StopReason::Cancelled { by, reason }),
        release_id().prop_map(|by| StopReason::Folded { by }),
        release_id().prop_map(|by| StopReason::Undone { by }),
    ]
}

prop_compose! {
    fn task_run()(
        (task, task_definition) in (text(), text()),
        image_digest in digest(),
        millis in any::<u64>(),
    ) -> TaskRun {
        TaskRun { task, task_definition, image_digest, millis }
    }
}

/// An arbitrary outcome.
pub(crate) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        image().prop_map(Outcome::Built),
        report().prop_map(Outcome::RolledOut),
        text().prop_map(|what| Outcome::Settled { what }),
        finding().prop_map(Outcome::Failed),
        stop().prop_map(Outcome::Stopped),
        job_id().prop_map(|needed| Outcome::Skipped { needed }),
        task_run().prop_map(Outcome::Ran),
    ]
}
