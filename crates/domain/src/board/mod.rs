//! The board: every release that has not ended, its jobs, the targets and the agents.
//!
//! [`Board::decide`] looks and says what would follow; [`Board::apply`] makes it so. Between the two
//! the coordinator makes the changes durable (design.md section 4, the four beats).

mod agents;
mod answer;
mod apply;
mod audit;
mod cancel;
mod clean;
mod count;
mod dispatch;
mod draft;
mod input;
mod keys;
mod lives;
mod past;
mod policy;
mod report;
mod rollback;
mod submit;
mod tick;
mod wait;
mod waits;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub use agents::AgentSeat;
pub use answer::{Answered, Answering};
pub use count::{Counts, Waiting};
pub use input::{
    AgentChange, Decision, Effect, Input, Offer, Refusal, Report, Submission, Submitted,
};
pub use keys::{KeyWindow, Keys};
pub use lives::Lives;
pub use policy::Policy;
pub use wait::{Wait, WaitCode};

use crate::agent::Held;
use crate::ids::{
    AccountId, AgentId, AppName, Digest, EnvName, IdempotencyKey, JobId, ReleaseId, Target,
};
use crate::job::Job;
use crate::planted::{self, Bug};
use crate::release::Release;
use crate::spec::ReleaseSpec;
use crate::target::TargetRecord;
use crate::time::Timestamp;

/// What kind of agent a job needs: one with this account and this plugin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    /// The account.
    pub account: AccountId,
    /// The plugin: `docker`, `layers` or `ecs`.
    pub plugin: &'static str,
}

/// Place of a job among the waiting: urgency first, then age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// 100 less the priority: smaller is earlier.
    urgency: u8,
    job: JobId,
}

/// A key that was used, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// The release it made.
    pub release: ReleaseId,
    /// Digest of what was submitted.
    pub content: Digest,
}

/// The board. It has no clock: every call that needs the time is given it.
#[derive(Clone, Debug, Default)]
pub struct Board {
    policy: Policy,
    next_release: u64,
    releases: BTreeMap<ReleaseId, Arc<Release>>,
    specs: BTreeMap<ReleaseId, Arc<ReleaseSpec>>,
    jobs: BTreeMap<JobId, Arc<Job>>,
    targets: BTreeMap<Target, TargetRecord>,
    keys: Keys,
    /// Unended releases of an environment. By hash, as all that is asked for by name and never walked.
    open: HashMap<(AppName, EnvName), BTreeSet<ReleaseId>>,
    lives: Lives,
    agents: BTreeMap<AgentId, AgentSeat>,
    /// Jobs that may be granted now, by what they need.
    ready: BTreeMap<Class, BTreeSet<Turn>>,
    /// Agents with a free place, least busy first, by what they offer.
    free: BTreeMap<Class, BTreeSet<(u32, AgentId)>>,
    /// Queued jobs that change a target, in turn.
    lines: HashMap<Target, BTreeSet<Turn>>,
    /// Ends of leases.
    leases: BTreeMap<JobId, Timestamp>,
    /// When to look again: leases and jobs that must not be offered yet.
    timers: BTreeSet<(Timestamp, JobId)>,
    /// Why jobs were seen to wait.
    waits: waits::Waits,
    /// The time of the last call.
    now: Timestamp,
}

impl Board {
    /// An empty board.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            ..Self::default()
        }
    }

    /// The numbers that the board holds to.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The number that the next release gets.
    #[must_use]
    pub const fn next_release(&self) -> u64 {
        self.next_release
    }

    /// What follows from an input, without making it so.
    ///
    /// # Errors
    /// [`Refusal`] when the input is not possible; then nothing changes.
    pub fn decide(&self, now: Timestamp, input: Input) -> Result<Decision, Refusal> {
        match input {
            Input::Submit(submission) => self.submit(now, submission),
            Input::Cancel {
                release,
                by,
                reason,
            } => self.cancel(now, release, &by, &reason),
            Input::Hello {
                agent,
                holds,
                predecessor,
            } => self.hello(now, agent, &holds, predecessor),
            Input::Lost { agent, incarnation } => Ok(self.lost(&agent, incarnation)),
            Input::Draining { agent, incarnation } => Ok(self.draining(&agent, incarnation)),
            Input::Goodbye { agent, incarnation } => Ok(self.goodbye(now, &agent, incarnation)),
            Input::Report {
                agent,
                incarnation,
                held,
                report,
            } => Ok(self.report(now, &agent, incarnation, held, report)),
            Input::Tick => Ok(self.tick(now)),
            Input::Answer(answering) => self.answer(now, &answering),
        }
    }

    /// When the board wants a [`Input::Tick`], if it waits for anything.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Extends the leases of those attempts that stand, until `now` plus the lease; says which
    /// those are. Leases are not durable: a restarted coordinator grants one full lease of grace.
    pub fn renew(&mut self, now: Timestamp, agent: &AgentId, holds: &[Held]) -> Vec<Held> {
        let incarnation = match self.agents.get(agent) {
            Some(seat) => seat.description.incarnation,
            None => return Vec::new(),
        };
        let until = now.plus(self.policy.lease);
        let standing: Vec<Held> = holds
            .iter()
            .copied()
            .filter(|held| {
                self.standing(agent, incarnation, *held).is_some()
                    || planted::has(Bug::RenewalResurrects)
            })
            .collect();
        for held in &standing {
            self.set_lease(held.job, until);
        }
        standing
    }

    /// What a key was used for, as long as it is remembered ([`KeyWindow`]).
    #[must_use]
    pub fn key(&self, key: &IdempotencyKey) -> Option<KnownKey> {
        self.keys.get(key)
    }

    /// An unended release.
    #[must_use]
    pub fn release(&self, id: ReleaseId) -> Option<&Release> {
        self.releases.get(&id).map(Arc::as_ref)
    }

    /// What an unended release asks for.
    #[must_use]
    pub fn spec(&self, id: ReleaseId) -> Option<&Arc<ReleaseSpec>> {
        self.specs.get(&id)
    }

    /// Jobs of an unended release, in order.
    pub fn jobs_of(&self, release: ReleaseId) -> impl Iterator<Item = &Job> {
        self.shared_jobs_of(release).map(Arc::as_ref)
    }

    /// The same, to be read elsewhere later: copying a thousand jobs would hold the board up.
    pub fn shared_jobs_of(&self, release: ReleaseId) -> impl Iterator<Item = &Arc<Job>> {
        let first = JobId { release, index: 0 };
        let last = JobId {
            release,
            index: u32::MAX,
        };
        self.jobs.range(first..=last).map(|(_, job)| job)
    }

    /// Jobs that have not ended, of all releases, in the order of their turns.
    #[must_use]
    pub fn waiting_and_running(&self) -> Vec<&Job> {
        let mut jobs: Vec<&Job> = self
            .jobs
            .values()
            .map(Arc::as_ref)
            .filter(|job| !matches!(job.state, crate::job::JobState::Ended(_)))
            .collect();
        jobs.sort_by_key(|job| self.turn(job));
        jobs
    }

    /// All targets that were ever named.
    pub fn targets(&self) -> impl Iterator<Item = &TargetRecord> {
        self.targets.values()
    }

    /// All agents that are or were connected since the start.
    pub fn agents(&self) -> impl Iterator<Item = &AgentSeat> {
        self.agents.values()
    }

    /// A connected agent that has the account and the plugin, for a look that takes no place.
    #[must_use]
    pub fn agent_for(&self, account: &AccountId, plugin: &str) -> Option<&AgentId> {
        self.agents
            .values()
            .filter(|seat| seat.connected && seat.offers(account, plugin))
            .min_by_key(|seat| seat.running)
            .map(|seat| &seat.description.id)
    }

    fn turn(&self, job: &Job) -> Turn {
        let priority = self
            .releases
            .get(&job.id.release)
            .map_or(50, |r| r.priority.level());
        Turn {
            urgency: 100 - priority.min(100),
            job: job.id,
        }
    }
}
