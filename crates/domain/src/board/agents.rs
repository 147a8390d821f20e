//! Agents: who is there, what they may do, and what happens to their jobs when they come and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::draft::Draft;
use super::{AgentChange, Board, Class, Decision, Effect, Refusal};
use crate::agent::{AgentDescription, Held};
use crate::ids::{AccountId, AgentId, Incarnation, JobId};
use crate::job::{Job, JobState};
use crate::planted::{self, Bug};
use crate::time::Timestamp;

/// An agent at the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSeat {
    /// What it said of itself.
    pub description: AgentDescription,
    /// Whether its stream stands.
    pub connected: bool,
    /// Whether it takes nothing new.
    pub draining: bool,
    /// Since when it is connected, or not.
    pub since: Timestamp,
    /// Jobs that it holds.
    pub running: u32,
}

impl AgentSeat {
    pub(super) const fn new(description: AgentDescription, since: Timestamp, running: u32) -> Self {
        Self {
            description,
            connected: true,
            draining: false,
            since,
            running,
        }
    }

    /// Whether it has the account and the plugin.
    #[must_use]
    pub fn offers(&self, account: &AccountId, plugin: &str) -> bool {
        self.description
            .accounts
            .iter()
            .any(|known| known.id == *account)
            && self.description.plugins.iter().any(|known| known == plugin)
    }

    pub(super) fn has_room(&self) -> bool {
        self.connected && !self.draining && self.running < self.description.capacity
    }

    pub(super) fn classes(&self) -> Vec<Class> {
        let mut classes = BTreeSet::new();
        for account in &self.description.accounts {
            for plugin in ["docker", "layers", "ecs"] {
                if self.description.plugins.iter().any(|known| known == plugin) {
                    classes.insert(Class {
                        account: account.id.clone(),
                        plugin,
                    });
                }
            }
        }
        classes.into_iter().collect()
    }
}

impl Board {
    pub(super) fn hello(
        &self,
        now: Timestamp,
        agent: AgentDescription,
        holds: &[Held],
        predecessor: Option<Incarnation>,
    ) -> Result<Decision, Refusal> {
        let id = agent.id.clone();
        let incarnation = agent.incarnation;
        if let Some(seat) = self.agents.get(&id)
            && seat.connected
            && seat.description.incarnation != incarnation
            && predecessor != Some(seat.description.incarnation)
        {
            return Err(Refusal::SecondLife(id));
        }
        let mut draft = Draft::new(self, now);
        draft
            .decision
            .agents
            .push(AgentChange::Connected(Box::new(agent)));
        let (keep, gone): (Vec<Held>, Vec<Held>) = holds
            .iter()
            .copied()
            .partition(|held| self.grants(&id, incarnation, *held).is_some());
        // What this life does not hold it never got, or gave up. What a dead life held is free.
        let lost: Vec<(JobId, &str)> = self
            .granted_to(&id)
            .filter_map(|(job, life)| {
                if life == incarnation {
                    (!keep.iter().any(|held| held.job == job.id))
                        .then_some((job.id, "the agent does not hold it"))
                } else {
                    (predecessor == Some(life))
                        .then_some((job.id, "the agent's process ended and a new one came"))
                }
            })
            .collect();
        // Somebody may have asked for their end while the stream was broken.
        let stops: Vec<Effect> = keep
            .iter()
            .filter(|_| !planted::has(Bug::StopForgotten))
            .filter_map(|held| {
                let reason = self.jobs.get(&held.job)?.stop.clone()?;
                Some(Effect::Stop {
                    agent: id.clone(),
                    held: *held,
                    reason,
                })
            })
            .collect();
        // The same holds for answers; one that is known already changes nothing.
        let answers: Vec<Effect> = keep
            .iter()
            .filter_map(|held| Some((held, self.jobs.get(&held.job)?)))
            .flat_map(|(held, job)| job.answers().map(|answer| (*held, answer.clone())))
            .map(|(held, answer)| Effect::Answer {
                agent: id.clone(),
                held,
                answer,
            })
            .collect();
        // The first message of a stream.
        draft.effect(Effect::Welcome {
            agent: id.clone(),
            keep,
        });
        stops.into_iter().for_each(|stop| draft.effect(stop));
        answers.into_iter().for_each(|answer| draft.effect(answer));
        for (job, reason) in lost {
            draft.return_job(job, reason, true);
        }
        for held in gone {
            draft.effect(Effect::Gone {
                agent: id.clone(),
                held,
                reason: "this attempt does not stand any more".to_owned(),
            });
        }
        Ok(draft.finish())
    }

    pub(super) fn lost(&self, agent: &AgentId, incarnation: Incarnation) -> Decision {
        let mut decision = Decision::default();
        if self.is_seated(agent, incarnation) {
            // Its jobs stay its own until their leases end: it may come back.
            decision
                .agents
                .push(AgentChange::Disconnected(agent.clone()));
        }
        decision
    }

    pub(super) fn draining(&self, agent: &AgentId, incarnation: Incarnation) -> Decision {
        let mut decision = Decision::default();
        if self.is_seated(agent, incarnation) {
            decision.agents.push(AgentChange::Draining(agent.clone()));
        }
        decision
    }

    pub(super) fn goodbye(
        &self,
        now: Timestamp,
        agent: &AgentId,
        incarnation: Incarnation,
    ) -> Decision {
        let mut draft = Draft::new(self, now);
        if self.is_seated(agent, incarnation) {
            draft
                .decision
                .agents
                .push(AgentChange::Disconnected(agent.clone()));
            let held: Vec<JobId> = self
                .granted_to(agent)
                .filter(|(_, life)| *life == incarnation)
                .map(|(job, _)| job.id)
                .collect();
            for job in held {
                draft.return_job(job, "the agent left and handed it over", false);
            }
        }
        draft.finish()
    }

    fn is_seated(&self, agent: &AgentId, incarnation: Incarnation) -> bool {
        self.agents
            .get(agent)
            .is_some_and(|seat| seat.description.incarnation == incarnation)
    }

    /// The job, if this attempt of it stands with this life of the agent.
    pub(super) fn grants(
        &self,
        agent: &AgentId,
        incarnation: Incarnation,
        held: Held,
    ) -> Option<&Job> {
        let job = self.jobs.get(&held.job)?;
        match &job.state {
            JobState::Granted(_) if planted::has(Bug::StaleAttemptHeard) => Some(job),
            JobState::Granted(grant)
                if grant.agent == *agent
                    && grant.incarnation == incarnation
                    && job.attempt == held.attempt =>
            {
                Some(job)
            }
            JobState::Granted(_) | JobState::Queued { .. } | JobState::Ended(_) => None,
        }
    }

    /// As [`Self::grants`], for an agent whose stream stands.
    pub(super) fn standing(
        &self,
        agent: &AgentId,
        incarnation: Incarnation,
        held: Held,
    ) -> Option<&Job> {
        self.is_seated(agent, incarnation)
            .then(|| self.grants(agent, incarnation, held))?
    }

    fn granted_to<'a>(
        &'a self,
        agent: &'a AgentId,
    ) -> impl Iterator<Item = (&'a Job, Incarnation)> {
        self.leases
            .keys()
            .filter_map(|id| self.jobs.get(id).map(Arc::as_ref))
            .filter_map(move |job| match &job.state {
                JobState::Granted(grant) if grant.agent == *agent => Some((job, grant.incarnation)),
                JobState::Granted(_) | JobState::Queued { .. } | JobState::Ended(_) => None,
            })
    }

    /// Jobs that an agent holds.
    pub fn held(&self, agent: &AgentId) -> Vec<JobId> {
        self.granted_to(agent).map(|(job, _)| job.id).collect()
    }

    pub(super) fn held_by(&self, agent: &AgentId) -> u32 {
        u32::try_from(self.granted_to(agent).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn count_running(&mut self, agent: &AgentId, by: i32) {
        self.unlist_agent(agent);
        if let Some(seat) = self.agents.get_mut(agent) {
            seat.running = seat.running.saturating_add_signed(by);
        }
        self.list_agent(agent);
    }

    pub(super) fn list_agent(&mut self, agent: &AgentId) {
        let Some(seat) = self.agents.get(agent).filter(|seat| seat.has_room()) else {
            return;
        };
        let entry = (seat.running, agent.clone());
        for class in seat.classes() {
            self.free.entry(class).or_default().insert(entry.clone());
        }
    }

    pub(super) fn unlist_agent(&mut self, agent: &AgentId) {
        let Some(seat) = self.agents.get(agent).filter(|seat| seat.has_room()) else {
            return;
        };
        let entry = (seat.running, agent.clone());
        for class in seat.classes() {
            if let Some(free) = self.free.get_mut(&class) {
                free.remove(&entry);
                if free.is_empty() {
                    self.free.remove(&class);
                }
            }
        }
    }
}
