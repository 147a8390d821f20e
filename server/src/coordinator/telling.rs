//! What agents are told of decisions, as messages.

use std::time::Duration;

use shipway_domain::board::Effect;
use shipway_proto::v1;
use shipway_proto::v1::coordinator_message::Message;

use super::task::Task;
use crate::metrics::Fact;
use crate::offer;

impl Task {
    /// Tells the agent what it is about.
    pub(super) fn tell(&mut self, effect: Effect) {
        let (agent, message) = match effect {
            Effect::Offer(offer) => {
                let agent = offer.agent.clone();
                self.facts.tell(Fact::Offered {
                    kind: offer.job.kind.as_str(),
                    waited: self.time.now().since(offer.waited_since),
                });
                (agent, Message::Offer(offer::message(&offer)))
            }
            Effect::Stop {
                agent,
                held,
                reason,
            } => {
                let reason = Some((&reason).into());
                (
                    agent,
                    Message::Stop(v1::Stop {
                        job: Some(held.into()),
                        reason,
                    }),
                )
            }
            Effect::Answer {
                agent,
                held,
                answer,
            } => (
                agent,
                Message::Answer(v1::Answer {
                    job: Some(held.into()),
                    answer: Some((&answer).into()),
                }),
            ),
            Effect::Gone {
                agent,
                held,
                reason,
            } => (
                agent,
                Message::Gone(v1::Gone {
                    job: Some(held.into()),
                    reason,
                }),
            ),
            Effect::CheckpointKept {
                agent,
                held,
                number,
            } => {
                let kept = v1::CheckpointKept {
                    job: Some(held.into()),
                    number,
                };
                (agent, Message::CheckpointKept(kept))
            }
            Effect::FinishedKept { agent, held } => (
                agent,
                Message::FinishedKept(v1::FinishedKept {
                    job: Some(held.into()),
                }),
            ),
            Effect::Welcome { agent, keep } => {
                let policy = self.board.policy();
                let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
                let welcome = v1::Welcome {
                    lease_ms: millis(policy.lease),
                    renew_ms: millis(policy.renew),
                    margin_ms: millis(policy.margin),
                    keep: keep.into_iter().map(Into::into).collect(),
                    now_ms: self.time.now().millis(),
                };
                (agent, Message::Welcome(welcome))
            }
        };
        self.sessions.send(&agent, message);
    }
}
