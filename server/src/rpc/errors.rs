//! Errors of the coordinator as classes.

use shipway_domain::board::Refusal;
use shipway_proto::status::{Class, Failure};
use shipway_store::StoreError;
use tonic::Status;

use crate::coordinator::CallError;

pub(crate) fn call(error: CallError) -> Status {
    let text = error.to_string();
    match error {
        CallError::Refused(refusal) => refused(&refusal),
        CallError::ReadOnly(_) => Failure::new(Class::Unavailable, text)
            .hint(
                "nothing was lost: free space on the coordinator's disk, and it goes on by itself; agents \
                 keep their results and hand them in then",
            )
            .into(),
        CallError::Ending => Failure::new(Class::Unavailable, text)
            .hint("try again in a moment")
            .into(),
        CallError::NoAgent(_) => Failure::new(Class::Unavailable, text)
            .hint("shipway agents shows who is connected")
            .into(),
        CallError::Inspection(_) => Failure::new(Class::Refused, text).into(),
    }
}

fn refused(refusal: &Refusal) -> Status {
    let class = match refusal {
        Refusal::KeyTaken { .. } => Class::Exists,
        Refusal::BadSpec { .. } => Class::BadInput,
        Refusal::NoSuchRelease(_) | Refusal::NotKept { .. } => Class::NotFound,
        Refusal::AlreadyEnded(_)
        | Refusal::PaysADebt(_)
        | Refusal::SecondLife(_)
        | Refusal::Stranger(_)
        | Refusal::NothingToRollBackTo { .. }
        | Refusal::NothingWaits { .. }
        | Refusal::SeveralWait { .. }
        | Refusal::AlreadyAnswered { .. }
        | Refusal::Stopping(_)
        | Refusal::TargetHeld { .. } => Class::Refused,
    };
    Failure::new(class, refusal.to_string()).into()
}

/// Details of a failed store stay in the log.
pub(crate) fn store(error: &StoreError) -> Status {
    tracing::error!(error = shipway_runtime::chain(error), "store failed");
    Failure::new(
        Class::Internal,
        "the store failed; the coordinator's log says more",
    )
    .into()
}

pub(crate) fn absent(refusal: &Refusal) -> Status {
    Failure::new(Class::NotFound, refusal.to_string())
        .hint("shipway list shows releases")
        .into()
}
