//! Domain to message to bytes and back is the identity, and no bytes whatever make it panic.

mod strategies;

use std::fmt::Debug;

use proptest::prelude::*;
use prost::Message;
use shipway_domain::{agent, checkpoint, event, ids, job, release, spec, target, trace, verdict};
use shipway_proto::{ConversionError, store, v1};

/// Sends a value over the wire and hears it again.
fn round_trip<D, M>(said: &D) -> Result<(), TestCaseError>
where
    D: Debug + PartialEq + TryFrom<M>,
    D::Error: Into<ConversionError>,
    M: Message + Default + for<'a> From<&'a D>,
{
    let bytes = M::from(said).encode_to_vec();
    let message = M::decode(bytes.as_slice()).map_err(|e| TestCaseError::fail(e.to_string()))?;
    let heard = D::try_from(message).map_err(|e| TestCaseError::fail(e.into().to_string()))?;
    prop_assert_eq!(said, &heard);
    Ok(())
}

/// Reads arbitrary bytes: whatever is read says the same when it is said again.
fn read_anything<D, M>(bytes: &[u8]) -> Result<(), TestCaseError>
where
    D: Debug + PartialEq + TryFrom<M>,
    D::Error: Into<ConversionError>,
    M: Message + Default + for<'a> From<&'a D>,
{
    if let Ok(message) = M::decode(bytes)
        && let Ok(heard) = D::try_from(message)
    {
        round_trip::<D, M>(&heard)?;
    }
    Ok(())
}

/// One property per type: identity for made values, no panic for arbitrary and for damaged bytes.
macro_rules! translates {
    ($($name:ident: $domain:ty => $message:ty, $strategy:expr;)*) => {
        proptest! {
            $(
                #[test]
                fn $name(
                    said in $strategy,
                    noise in prop::collection::vec(any::<u8>(), 0..64),
                    at in any::<prop::sample::Index>(),
                ) {
                    round_trip::<$domain, $message>(&said)?;
                    read_anything::<$domain, $message>(&noise)?;
                    let mut damaged = <$message>::from(&said).encode_to_vec();
                    if !damaged.is_empty() {
                        let at = at.index(damaged.len());
                        damaged[at] = noise.first().copied().unwrap_or(0xff);
                        read_anything::<$domain, $message>(&damaged)?;
                    }
                }
            )*
        }
    };
}

translates! {
    targets_translate: ids::Target => v1::Target, strategies::ids::target();
    specifications_translate: spec::ReleaseSpec => v1::ReleaseSpec, strategies::spec::spec();
    events_translate: event::Event => v1::Event, strategies::event::event();
    spans_translate: trace::Span => v1::TraceSpan, strategies::trace::span();
    progress_translates: event::Progress => v1::Progress, strategies::event::progress();
    task_counts_translate: event::TaskCounts => v1::TaskCounts, strategies::event::counts();
    outcomes_translate: job::Outcome => v1::Outcome, strategies::outcome::outcome();
    reports_translate: job::RolloutReport => v1::RolloutReport, strategies::outcome::report();
    images_translate: job::BuiltImage => v1::BuiltImage, strategies::outcome::image();
    stop_reasons_translate: job::StopReason => v1::StopReason, strategies::outcome::stop();
    findings_translate: verdict::Finding => v1::Finding, strategies::outcome::finding();
    checkpoints_translate: checkpoint::Checkpoint => v1::Checkpoint, strategies::records::checkpoint();
    agents_translate: agent::AgentDescription => v1::AgentDescription, strategies::ids::agent();
    releases_translate: release::Release => store::v1::ReleaseRecord, strategies::records::release();
    jobs_translate: job::Job => store::v1::JobRecord, strategies::records::job();
    target_records_translate: target::TargetRecord => store::v1::TargetRecord, strategies::records::target();
}

proptest! {
    #[test]
    fn attempts_translate(job in strategies::ids::job_id(), attempt in any::<u32>()) {
        let held = agent::Held { job, attempt: ids::Attempt(attempt) };
        let bytes = v1::JobAttempt::from(held).encode_to_vec();
        let message = v1::JobAttempt::decode(bytes.as_slice()).expect("just encoded");
        prop_assert_eq!(agent::Held::from(message), held);
    }

    #[test]
    fn verdicts_translate(verdict in strategies::outcome::verdict()) {
        prop_assert_eq!(v1::Verdict::from(verdict).try_into(), Ok(verdict));
    }
}
