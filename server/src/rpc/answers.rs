//! Answers to hooks, as they come and go.

use shipway_domain::board::{Answered, Answering};
use shipway_domain::ids::ReleaseId;
use shipway_proto::status::{Class, Failure};
use shipway_proto::v1;
use tonic::Status;

use super::limits;

/// What is answered, by whom.
pub(super) fn read(request: v1::AnswerHookRequest, by: String) -> Result<Answering, Status> {
    limits::text("reason", &request.reason)?;
    limits::text("hook", &request.hook)?;
    let bad = |problem: &str| Status::from(Failure::new(Class::BadInput, problem));
    let action = request.action();
    let target = Some(request.target.as_str()).filter(|target| !target.is_empty());
    Ok(Answering {
        release: ReleaseId::from_number(request.release),
        target: target
            .map(str::parse)
            .transpose()
            .map_err(|error: shipway_domain::ids::BadName| bad(&error.to_string()))?,
        hook: Some(request.hook).filter(|hook| !hook.is_empty()),
        action: action
            .try_into()
            .map_err(|_| bad("action must be CONTINUE or ROLLBACK"))?,
        by,
        reason: request.reason,
    })
}

pub(super) fn reply(answered: &Answered) -> v1::AnswerHookReply {
    v1::AnswerHookReply {
        target: Some((&answered.target).into()),
        hooks: answered.hooks.iter().map(Into::into).collect(),
    }
}
