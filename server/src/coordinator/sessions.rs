//! The streams of connected agents, and the looks that they were asked for.

use std::collections::BTreeMap;

use shipway_domain::ids::{AgentId, Incarnation};
use shipway_proto::v1;
use shipway_proto::v1::coordinator_message::Message;
use tokio::sync::{mpsc, oneshot};

use super::{CallError, Looked};

/// Where messages for one agent go. A queue has room for 32 from its beginning: of boxes, because most
/// agents wait for a long time.
pub(crate) type Outbox = mpsc::Sender<Box<v1::CoordinatorMessage>>;

type Answer = oneshot::Sender<Result<Looked, CallError>>;

#[derive(Debug, Default)]
pub(super) struct Sessions {
    outboxes: BTreeMap<AgentId, (Incarnation, Outbox)>,
    looks: BTreeMap<u64, (AgentId, Answer)>,
    next_look: u64,
}

impl Sessions {
    pub(super) fn add(&mut self, agent: AgentId, incarnation: Incarnation, outbox: Outbox) {
        self.outboxes.insert(agent, (incarnation, outbox));
    }

    /// Whether this life of the agent is the one that is seated.
    pub(super) fn is_seated(&self, agent: &AgentId, incarnation: Incarnation) -> bool {
        self.outboxes
            .get(agent)
            .is_some_and(|(life, _)| *life == incarnation)
    }

    pub(super) fn remove(&mut self, agent: &AgentId) {
        self.outboxes.remove(agent);
        let orphans: Vec<u64> = self
            .looks
            .iter()
            .filter(|(_, (asked, _))| asked == agent)
            .map(|(number, _)| *number)
            .collect();
        for number in orphans {
            self.answer(
                number,
                Err(format!("agent {agent} left before it answered")),
            );
        }
    }

    /// Sends without waiting. An agent whose queue is full does not read: its stream is closed,
    /// and it comes back with what it holds.
    pub(super) fn send(&mut self, agent: &AgentId, message: Message) {
        let Some((_, outbox)) = self.outboxes.get(agent) else {
            return;
        };
        let message = v1::CoordinatorMessage {
            message: Some(message),
        };
        if outbox.try_send(Box::new(message)).is_err() {
            tracing::warn!(agent.id = %agent, "agent does not read its messages; closing its stream");
            self.outboxes.remove(agent);
        }
    }

    pub(super) fn look(
        &mut self,
        agent: &AgentId,
        target: v1::Target,
        what: v1::Inspection,
        answer: Answer,
    ) {
        self.next_look += 1;
        let number = self.next_look;
        self.looks.insert(number, (agent.clone(), answer));
        let order = v1::InspectOrder {
            number,
            target: Some(target),
            what: Some(what),
        };
        self.send(agent, Message::Inspect(order));
    }

    pub(super) fn answer(&mut self, number: u64, result: Result<Looked, String>) {
        if let Some((_, answer)) = self.looks.remove(&number) {
            // Who asked may not wait any more.
            drop(answer.send(result.map_err(CallError::Inspection)));
        }
    }
}
