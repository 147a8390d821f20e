//! Bytes read as messages and as words of the domain, and said again.

use std::fmt::Display;

use prost::Message;
use shipway_domain::{
    agent, checkpoint, diagnose, event, gate, ids, job, plan, scan, spec, standing, verdict,
};
use shipway_proto::v1;

/// Reads a message of this name and says it again.
///
/// # Panics
/// When today's code has no such message.
pub(crate) fn said_again(message: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    macro_rules! read {
        ($($name:ident,)*) => {
            match message {
                $(stringify!($name) => again::<v1::$name>(bytes),)*
                other => panic!("message {other} is not in this list: it was taken away, or is new"),
            }
        };
    }
    read! {
            Accept, AgentAccount, AgentDescription, AgentMessage, AgentView, AgentsReply,
            AgentsRequest, Answer, AnswerHookReply, AnswerHookRequest, BlobData, BuildSecret, BuildSettings, BuiltImage, CancelReply,
            CancelRequest, Checkpoint, CheckpointKept, CheckpointNote, Cleaning, CoordinatorMessage,
            CopyFiles, Decline, Diagnosis, DockerBuild, Drain, Draining, Event, Finding, Finished,
            FinishedKept, GetBlobRequest, GetReleaseRequest, Gone, Goodbye, HasBlobsReply,
            HasBlobsRequest, Hello, Hook, HookAnswer, ImageSettings, ImageTag, InspectAnswer, InspectOrder,
            InspectReply, InspectRequest, Inspection, JobAttempt, JobRef, JobView, LayersBuild,
            ListReleasesReply, ListReleasesRequest, LogChunk, LogsRequest, Metrics, NameValue, Offer,
            Outcome, Phase, Progress, ProgressBatch, PutBlobReply, PutBlobRequest, QueueEntry,
            QueueReply, QueueRequest, ReleaseKind, ReleaseSpec, ReleaseView, Renew, Renewed,
            RepositorySettings, Revision, RollbackRequest, RolloutReport, RolloutSettings,
            ScalingFlags, ScanException, ScanGate, ServiceNow, Source, Stage, StatusReply, StatusRequest, Stop, StopReason,
            SubmitReply, SubmitRequest, Target, TargetNow, TargetPlan, TargetSpec, TargetView, TaskCounts,
            TaskGate, TaskLife, TaskRun, TaskStates, TraceReply, TraceRequest, TraceSpan,
            Wait, WatchReply, WatchRequest, Welcome,
    }
}

fn again<M: Message + Default>(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let read = M::decode(bytes).map_err(|error| error.to_string())?;
    Ok(read.encode_to_vec())
}

/// Messages that the domain has words for.
pub(crate) const TRANSLATED: usize = 28;

/// Reads a message into the domain and says it again; `None` when the domain has no word for it.
pub(crate) fn translated(message: &str, bytes: &[u8]) -> Option<Result<Vec<u8>, String>> {
    Some(match message {
        "AgentDescription" => by::<agent::AgentDescription, v1::AgentDescription>(bytes),
        "AgentAccount" => by::<agent::AgentAccount, v1::AgentAccount>(bytes),
        "BuildSecret" => by::<spec::BuildSecret, v1::BuildSecret>(bytes),
        "BuildSettings" => by::<spec::BuildSettings, v1::BuildSettings>(bytes),
        "BuiltImage" => by::<job::BuiltImage, v1::BuiltImage>(bytes),
        "Checkpoint" => by::<checkpoint::Checkpoint, v1::Checkpoint>(bytes),
        "Event" => by::<event::Event, v1::Event>(bytes),
        "Finding" => by::<verdict::Finding, v1::Finding>(bytes),
        "ImageSettings" => by::<spec::ImageSettings, v1::ImageSettings>(bytes),
        "Outcome" => by::<job::Outcome, v1::Outcome>(bytes),
        "Progress" => by::<event::Progress, v1::Progress>(bytes),
        "ReleaseKind" => kind(bytes),
        "ReleaseSpec" => by::<spec::ReleaseSpec, v1::ReleaseSpec>(bytes),
        "RepositorySettings" => by::<spec::RepositorySettings, v1::RepositorySettings>(bytes),
        "RolloutReport" => by::<job::RolloutReport, v1::RolloutReport>(bytes),
        "RolloutSettings" => by::<spec::RolloutSettings, v1::RolloutSettings>(bytes),
        "ScanException" => by::<scan::ScanException, v1::ScanException>(bytes),
        "ScanGate" => by::<scan::ScanGate, v1::ScanGate>(bytes),
        "ServiceNow" => by::<standing::ServiceNow, v1::ServiceNow>(bytes),
        "Diagnosis" => by::<diagnose::Diagnosis, v1::Diagnosis>(bytes),
        "TaskLife" => by::<event::TaskLife, v1::TaskLife>(bytes),
        "TargetPlan" => by::<plan::TargetPlan, v1::TargetPlan>(bytes),
        "Source" => by::<spec::Source, v1::Source>(bytes),
        "StopReason" => by::<job::StopReason, v1::StopReason>(bytes),
        "Target" => by::<ids::Target, v1::Target>(bytes),
        "TaskGate" => by::<gate::TaskGate, v1::TaskGate>(bytes),
        "TaskRun" => by::<job::TaskRun, v1::TaskRun>(bytes),
        "TaskCounts" => by::<event::TaskCounts, v1::TaskCounts>(bytes),
        _ => return None,
    })
}

fn by<D, M>(bytes: &[u8]) -> Result<Vec<u8>, String>
where
    D: TryFrom<M>,
    D::Error: Display,
    M: Message + Default + for<'a> From<&'a D>,
{
    let message = M::decode(bytes).map_err(|error| error.to_string())?;
    let heard = D::try_from(message).map_err(|error| error.to_string())?;
    Ok(M::from(&heard).encode_to_vec())
}

fn kind(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let message = v1::ReleaseKind::decode(bytes).map_err(|error| error.to_string())?;
    let heard = spec::ReleaseKind::try_from(message).map_err(|error| error.to_string())?;
    Ok(v1::ReleaseKind::from(heard).encode_to_vec())
}
