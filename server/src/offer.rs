//! An offer as a message.

use shipway_domain::agent::Held;
use shipway_domain::board::Offer;
use shipway_domain::gate::When;
use shipway_proto::v1;

pub(crate) fn message(offer: &Offer) -> v1::Offer {
    let job = &offer.job;
    v1::Offer {
        job: Some(
            Held {
                job: job.id,
                attempt: offer.attempt,
            }
            .into(),
        ),
        spec: Some(offer.spec.as_ref().into()),
        kind: job.kind.as_str().to_owned(),
        target: job.kind.target().map(Into::into),
        checkpoints: job.checkpoints.iter().map(Into::into).collect(),
        image: offer.image.as_ref().map(Into::into),
        trace_parent: offer.trace_parent.clone(),
        submitter: offer.submitter.clone(),
        title: offer.title.clone(),
        debt: offer.debt.map(Into::into),
        stop: job.stop.as_ref().map(Into::into),
        started_ms: job.started_at.millis(),
        proven: offer.proven.clone(),
        after: job.kind.when() == Some(When::After),
        answers: job.answers().map(Into::into).collect(),
    }
}
