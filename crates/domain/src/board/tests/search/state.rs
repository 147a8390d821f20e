//! A board in a small world, and what a move makes of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::{PROD, TOOLS};
use super::moves::Move;
use crate::agent::{AgentAccount, AgentDescription, Held};
use crate::board::{Board, Decision, Input, KeyWindow, Policy, Submission};
use crate::change::Change;
use crate::ids::{Digest, IdempotencyKey, Incarnation, ReleaseId};
use crate::job::JobState;
use crate::promise::{Broken, Promise, board as promised};
use crate::spec::ReleaseSpec;
use crate::time::Timestamp;

/// What exists and may happen in a small world.
pub(super) struct World {
    pub(super) name: &'static str,
    /// Releases that may be submitted, in this order.
    pub(super) specs: Vec<Arc<ReleaseSpec>>,
    /// Agents, `a` and `b`.
    pub(super) agents: u8,
    /// Lives that each agent may have.
    pub(super) lives: u64,
    /// Jobs that an agent runs at once.
    pub(super) capacity: u32,
    /// How many faults may happen.
    pub(super) faults: u8,
    /// Whether rollouts suspend auto scaling.
    pub(super) suspends: bool,
    /// Whether rarer messages are sent: declined offers, drains, goodbyes, failed builds.
    pub(super) extras: bool,
}

/// Where the world stands.
#[derive(Clone)]
pub(super) struct State {
    pub(super) board: Board,
    pub(super) now: Timestamp,
    pub(super) submitted: u8,
    pub(super) faults: u8,
}

/// Short spans, so that few relative times exist.
pub(super) fn policy() -> Policy {
    Policy {
        lease: Duration::from_secs(4),
        renew: Duration::from_secs(1),
        margin: Duration::from_secs(1),
        max_fruitless: 2,
        first_retry: Duration::from_secs(2),
        later_retry: Duration::from_secs(2),
        rest: Duration::from_secs(2),
        keys: KeyWindow::UNBOUNDED,
        ..Policy::default()
    }
}

pub(super) fn agent_name(agent: u8) -> &'static str {
    ["a", "b"][usize::from(agent)]
}

impl State {
    pub(super) fn start(world: &World) -> Self {
        let mut state = Self {
            board: Board::new(policy()),
            now: Timestamp::from_millis(1_000_000),
            submitted: 0,
            faults: world.faults,
        };
        for agent in 0..world.agents {
            let hello = state.hello(world, agent, 1, &[], None);
            let decision = state.board.decide(state.now, hello).unwrap();
            state.perform(&decision);
        }
        state
    }

    pub(super) fn hello(
        &self,
        world: &World,
        agent: u8,
        life: u64,
        holds: &[Held],
        predecessor: Option<u64>,
    ) -> Input {
        let account = |id: &str| AgentAccount {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            regions: Vec::new(),
        };
        Input::Hello {
            agent: AgentDescription {
                id: agent_name(agent).parse().unwrap(),
                incarnation: Incarnation(life),
                version: String::new(),
                accounts: vec![account(TOOLS), account(PROD)],
                plugins: vec!["ecs".to_owned()],
                capacity: world.capacity,
                labels: Vec::new(),
            },
            holds: holds.to_vec(),
            predecessor: predecessor.map(Incarnation),
        }
    }

    pub(super) fn submission(world: &World, number: u8, other_content: bool) -> Submission {
        let text = format!("{number}{other_content}");
        Submission {
            spec: Arc::clone(&world.specs[usize::from(number)]),
            content: Digest::of(text.as_bytes()),
            key: IdempotencyKey::new(format!("key-{number}")).unwrap(),
            submitter: "ci".to_owned(),
            trace_parent: String::new(),
            began_ago: std::time::Duration::ZERO,
            title: String::new(),
        }
    }

    fn perform(&mut self, decision: &Decision) {
        self.board.apply(self.now, &decision.changes);
        self.board.apply_agents(self.now, &decision.agents);
    }

    /// The state after a move, as the coordinator would bring it about, with what was broken on the way;
    /// `None` when the board refuses.
    pub(super) fn after(&self, world: &World, step: Move) -> (Option<Self>, Vec<Broken>) {
        let mut broken = Vec::new();
        let decided = match step {
            Move::Renew(_) | Move::Restart | Move::Tick => None,
            other => match self.board.decide(self.now, other.input(self, world)) {
                // Refused, or nothing comes of it.
                Err(_) => return (None, broken),
                Ok(none) if none.changes.is_empty() && none.agents.is_empty() => {
                    return (None, broken);
                }
                decided => decided.ok(),
            },
        };
        let mut next = self.clone();
        match step {
            Move::Renew(agent) => {
                let agent = agent_name(agent).parse().unwrap();
                let holds = next.holds(&agent);
                next.board.renew(next.now, &agent, &holds);
            }
            Move::Restart => next.restart(&mut broken),
            Move::Tick => {
                let Some(at) = self.board.next_deadline() else {
                    return (None, broken);
                };
                next.now = next.now.max(at);
                next.board.wake(next.now);
                if next.board.next_deadline().is_some_and(|at| at <= next.now) {
                    let decision = next.board.decide(next.now, Input::Tick).unwrap();
                    broken.extend(numbered(&next.board, &decision));
                    next.perform(&decision);
                }
            }
            _ => {}
        }
        if let Some(decision) = decided {
            broken.extend(numbered(&next.board, &decision));
            next.perform(&decision);
        }
        while let Some(decision) = next.board.dispatch(next.now) {
            broken.extend(numbered(&next.board, &decision));
            next.perform(&decision);
        }
        if matches!(step, Move::Submit) {
            next.submitted += 1;
        }
        next.faults -= u8::from(step.is_fault());
        broken.extend(promised::between(&self.board, &next.board));
        (Some(next), broken)
    }

    /// What the seated life of an agent holds.
    pub(super) fn holds(&self, agent: &crate::ids::AgentId) -> Vec<Held> {
        let life = self
            .board
            .agents()
            .find(|seat| seat.description.id == *agent)
            .map(|seat| seat.description.incarnation);
        self.held(|grant| grant.agent == *agent && Some(grant.incarnation) == life)
    }

    pub(super) fn held(&self, which: impl Fn(&crate::job::Grant) -> bool) -> Vec<Held> {
        let jobs = self.board.all_jobs();
        jobs.filter(|job| matches!(&job.state, JobState::Granted(grant) if which(grant)))
            .map(|job| Held {
                job: job.id,
                attempt: job.attempt,
            })
            .collect()
    }

    /// The coordinator dies and comes back: what is durable is all that it knows.
    fn restart(&mut self, broken: &mut Vec<Broken>) {
        let mut changes = Vec::new();
        let targets = self.board.targets.values().cloned();
        changes.extend(targets.map(Change::Target));
        for (id, release) in &self.board.releases {
            changes.push(Change::Release(Arc::clone(release)));
            let spec = Arc::clone(&self.board.specs[id]);
            changes.push(Change::Spec { release: *id, spec });
            let jobs = self.board.jobs.values().filter(|job| job.id.release == *id);
            changes.extend(jobs.cloned().map(Change::Job));
        }
        let mut board = Board::new(policy());
        board.restore(
            self.now,
            self.board.next_release,
            &changes,
            self.board.keys.clone(),
            self.board.lives.clone(),
        );
        broken.extend(promised::between(&self.board, &board));
        broken.extend(promised::between(&board, &self.board));
        self.board = board;
    }
}

/// Events of a decision go on where the release stood, and its record counts them.
fn numbered(board: &Board, decision: &Decision) -> Vec<Broken> {
    let mut last: BTreeMap<ReleaseId, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for change in &decision.changes {
        if let Change::Event { release, event } = change {
            let stood = board
                .release(*release)
                .map_or(0, |release| release.last_seq);
            let last = last.entry(*release).or_insert(stood);
            *last += 1;
            if event.seq != *last {
                let text = format!("event {} of release {release} should be {last}", event.seq);
                all.push(Broken::new(Promise::Events, text));
            }
        }
    }
    for change in &decision.changes {
        if let Change::Release(release) = change
            && let Some(last) = last.get(&release.id)
            && release.last_seq != *last
        {
            let text = format!(
                "release {} counts {} of {last} events",
                release.id, release.last_seq
            );
            all.push(Broken::new(Promise::Events, text));
        }
    }
    all
}
