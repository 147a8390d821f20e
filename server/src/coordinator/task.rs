//! The four beats: decide and apply input by input, commit many at once, then perform.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::board::{Board, Decision, Effect, Input};
use shipway_domain::change::Change;
use shipway_domain::ids::{AgentId, Incarnation, Target};
use shipway_domain::planted::{self, Bug};
use shipway_domain::time::Timestamp;
use shipway_proto::v1;
use shipway_proto::v1::coordinator_message::Message;
use shipway_runtime::Clock;
use shipway_store::{CommitError, Committer, Ticket};
use tokio::sync::mpsc;

use super::mode::OnlyReads;
use super::points;
use super::sessions::Sessions;
use super::time::Time;
use super::{AgentInput, CallError, Command};
use crate::hub::Hub;
use crate::metrics::{Fact, Facts, facts_of};

/// Inputs that are decided in one go.
const AT_ONCE: usize = 512;
/// Commits under way at once: while one is synced, the next collects its inputs. A second one would
/// only make each smaller, and a commit costs the same whatever is in it.
const IN_FLIGHT: usize = 1;
/// How often it is looked why jobs wait, while some do, and at how many jobs each time.
const LOOK: (Duration, usize) = (Duration::from_secs(1), 1024);
/// The longest sleep, so that a clock that was set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Something to do once the changes before it are durable.
pub(super) enum Deed {
    Effect(Effect),
    Events {
        release: shipway_domain::ids::ReleaseId,
        last: u64,
        ended: bool,
    },
    Call(Box<dyn FnOnce(&mut Sessions) + Send>),
    /// Answers a submission.
    Submitted(Box<dyn FnOnce() + Send>),
    /// Tells somebody that their answer to a hook is kept.
    Answered(Box<dyn FnOnce() + Send>),
    /// Tells who measures.
    Fact(Fact),
}

pub(super) struct Task {
    pub(super) board: Board,
    committer: Committer,
    hub: Arc<Hub>,
    pub(super) time: Time,
    queue: mpsc::Receiver<Command>,
    pub(super) sessions: Sessions,
    pub(super) facts: Facts,
    changes: Vec<Change>,
    deeds: Vec<Deed>,
    in_flight: VecDeque<(Ticket, Vec<Deed>)>,
    looked: tokio::time::Instant,
}

impl Task {
    pub(super) fn new(
        board: Board,
        committer: Committer,
        hub: Arc<Hub>,
        clock: Clock,
        queue: mpsc::Receiver<Command>,
        facts: Facts,
    ) -> Self {
        Self {
            board,
            committer,
            hub,
            time: Time::from_now(clock),
            queue,
            sessions: Sessions::default(),
            facts,
            changes: Vec::new(),
            deeds: Vec::new(),
            in_flight: VecDeque::new(),
            looked: tokio::time::Instant::now(),
        }
    }

    /// Runs until all handles are gone, or a commit fails: then nothing is told any more.
    ///
    /// With `only_reads` it answers and changes nothing before there is room on the disk.
    pub(super) async fn run(mut self, only_reads: Option<OnlyReads>) -> Result<(), CommitError> {
        if let Some(only_reads) = only_reads.filter(|only| only.mode.borrow().is_some()) {
            match only_reads.until_room(&self.board, &mut self.queue).await? {
                Some(board) => self.board = board,
                None => return Ok(()),
            }
        }
        let mut commands = Vec::with_capacity(AT_ONCE);
        loop {
            self.commit().await?;
            let sleep = self.sleep();
            tokio::select! {
                // What is durable is told before anything new is begun.
                biased;
                done = next_done(&mut self.in_flight), if !self.in_flight.is_empty() => {
                    done?;
                    self.perform_first();
                }
                taken = self.queue.recv_many(&mut commands, AT_ONCE) => {
                    if taken == 0 {
                        break;
                    }
                    self.tick();
                    for command in commands.drain(..) {
                        self.take(command);
                    }
                    self.dispatch();
                    self.look();
                }
                () = tokio::time::sleep(sleep) => {
                    self.time.compare();
                    self.tick();
                    self.dispatch();
                    self.look();
                }
            }
        }
        self.drain().await
    }

    async fn drain(mut self) -> Result<(), CommitError> {
        self.commit().await?;
        while let Some((ticket, deeds)) = self.in_flight.pop_front() {
            ticket.await?;
            self.perform(deeds);
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn sleep(&self) -> Duration {
        let now = self.now();
        self.board
            .next_deadline()
            .map_or(LONGEST_SLEEP, |at| at.since(now).min(LONGEST_SLEEP))
            .min(if self.board.has_waiting() {
                LOOK.0
            } else {
                LONGEST_SLEEP
            })
    }

    /// Looks now and then why jobs wait, so that it is known once they do not any more.
    fn look(&mut self) {
        if self.looked.elapsed() >= LOOK.0 && self.board.has_waiting() {
            self.looked = tokio::time::Instant::now();
            self.board.look_at_waits(self.time.now(), LOOK.1);
        }
    }

    fn tick(&mut self) {
        let now = self.now();
        self.board.wake(now);
        if self.board.next_deadline().is_some_and(|at| at <= now)
            && let Ok(decision) = self.board.decide(now, Input::Tick)
        {
            // Time alone ends nothing but leases, each with a word to its agent.
            let ended = |effect: &&Effect| matches!(effect, Effect::Gone { .. });
            for _ in decision.effects.iter().filter(ended) {
                self.note(Fact::LeaseExpired);
            }
            self.apply(now, decision);
        }
    }

    fn dispatch(&mut self) {
        let now = self.now();
        while let Some(decision) = self.board.dispatch(now) {
            self.apply(now, decision);
        }
    }

    /// Tells who measures, once everything before it is durable.
    fn note(&mut self, fact: Fact) {
        if self.facts.are_wanted() {
            self.deeds.push(Deed::Fact(fact));
        }
    }

    fn apply(&mut self, now: Timestamp, decision: Decision) {
        if self.facts.are_wanted() {
            let facts = facts_of(&self.board, now, &decision.changes);
            self.deeds.extend(facts.into_iter().map(Deed::Fact));
        }
        self.board.apply(now, &decision.changes);
        self.board.apply_agents(now, &decision.agents);
        let mut told: Option<(shipway_domain::ids::ReleaseId, u64)> = None;
        for change in &decision.changes {
            match change {
                Change::Event { release, event } => {
                    if let Some((before, last)) = told
                        && before != *release
                    {
                        self.deeds.push(Deed::Events {
                            release: before,
                            last,
                            ended: false,
                        });
                    }
                    told = Some((*release, event.seq));
                }
                Change::Release(release) if release.ended_at.is_some() => {
                    let (release, last) = (release.id, release.last_seq);
                    self.deeds.push(Deed::Events {
                        release,
                        last,
                        ended: true,
                    });
                }
                Change::Release(_) | Change::Spec { .. } | Change::Job(_) | Change::Target(_) => {}
            }
        }
        if let Some((release, last)) = told {
            self.deeds.push(Deed::Events {
                release,
                last,
                ended: false,
            });
        }
        self.changes.extend(decision.changes);
        if planted::has(Bug::NoteKeptEarly) {
            for effect in &decision.effects {
                if matches!(effect, Effect::CheckpointKept { .. }) {
                    self.tell(effect.clone());
                }
            }
        }
        self.deeds
            .extend(decision.effects.into_iter().map(Deed::Effect));
    }

    fn take(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Submit(submission, answer) => {
                let decided = self.board.decide(now, Input::Submit(*submission));
                let result = decided.map(|mut decision| {
                    let submitted = decision.release.take();
                    self.apply(now, decision);
                    submitted
                });
                self.deeds.push(Deed::Submitted(Box::new(move || {
                    let reply = match result {
                        Ok(Some(submitted)) => Ok(submitted),
                        Ok(None) => return,
                        Err(refusal) => Err(refusal),
                    };
                    // The submitter may have hung up; its key finds the release again.
                    drop(answer.send(reply));
                })));
            }
            Command::Cancel {
                release,
                by,
                reason,
                answer,
            } => {
                let decided = self.board.decide(
                    now,
                    Input::Cancel {
                        release,
                        by,
                        reason,
                    },
                );
                let result = decided.map(|decision| self.apply(now, decision));
                self.call(move |_| drop(answer.send(result)));
            }
            Command::Answer { answering, answer } => {
                match self.board.decide(now, Input::Answer(*answering)) {
                    Ok(mut decision) => {
                        let answered = decision.answered.take();
                        self.apply(now, decision);
                        self.deeds.push(Deed::Answered(Box::new(move || {
                            // Who answered may have hung up: the events of the release say it, too.
                            drop(answered.map(|answered| answer.send(Ok(answered))));
                        })));
                    }
                    Err(refusal) => self.call(move |_| drop(answer.send(Err(refusal)))),
                }
            }
            Command::Hello {
                agent,
                holds,
                predecessor,
                outbox,
                answer,
            } => {
                let (id, incarnation) = (agent.id.clone(), agent.incarnation);
                let input = Input::Hello {
                    agent: *agent,
                    holds,
                    predecessor,
                };
                let result = self.board.decide(now, input).map(|decision| {
                    self.sessions.add(id, incarnation, outbox);
                    self.apply(now, decision);
                });
                self.call(move |_| drop(answer.send(result)));
            }
            Command::Agent(agent, incarnation, input) => self.hear(now, agent, incarnation, input),
            Command::Inspect {
                target,
                mut what,
                answer,
            } => match self.may_look(&target, &mut what) {
                Ok(agent) => {
                    let target = v1::Target::from(&target);
                    self.call(move |sessions| sessions.look(&agent, target, *what, answer));
                }
                Err(error) => drop(answer.send(Err(error))),
            },
            Command::Read(read) => {
                // What could be granted is: it would be shown as waiting for nothing.
                self.dispatch();
                let tell = read(&self.board);
                self.call(move |_| tell());
            }
        }
    }

    /// Who looks at a target. What changes something there is told what to leave, and waits for nobody: it is refused
    /// while a job holds the target.
    fn may_look(&self, target: &Target, what: &mut v1::Inspection) -> Result<AgentId, CallError> {
        if let Some(v1::inspection::What::Clean(clean)) = &mut what.what {
            let plan = self.board.plan_clean(target, clean.keep, clean.looks_only);
            clean.proven = plan?.map(str::to_owned);
        }
        let agent = self.board.agent_for(&target.account, "ecs").cloned();
        agent.ok_or_else(|| {
            CallError::NoAgent(format!(
                "no agent with account {} is connected",
                target.account
            ))
        })
    }

    fn hear(
        &mut self,
        now: Timestamp,
        agent: AgentId,
        incarnation: Incarnation,
        input: AgentInput,
    ) {
        // An older stream of the agent may end after the newer one began.
        if !self.sessions.is_seated(&agent, incarnation) {
            return;
        }
        match input {
            AgentInput::Renew(held) => {
                let standing = self.board.renew(now, &agent, &held);
                let gone = held.into_iter().filter(|held| !standing.contains(held));
                for held in gone {
                    let reason = "this attempt does not stand any more".to_owned();
                    let agent = agent.clone();
                    self.deeds.push(Deed::Effect(Effect::Gone {
                        agent,
                        held,
                        reason,
                    }));
                }
                let jobs = standing.into_iter().map(Into::into).collect();
                self.call(move |sessions| {
                    sessions.send(&agent, Message::Renewed(v1::Renewed { jobs }));
                });
            }
            AgentInput::Inspected { number, result } => self.sessions.answer(number, result),
            input => {
                let leaves = matches!(input, AgentInput::Goodbye | AgentInput::Lost);
                if let Some(input) = input.into_input(agent.clone(), incarnation)
                    && let Ok(decision) = self.board.decide(now, input)
                {
                    self.apply(now, decision);
                }
                if leaves {
                    self.sessions.remove(&agent);
                }
            }
        }
    }

    fn call(&mut self, call: impl FnOnce(&mut Sessions) + Send + 'static) {
        self.deeds.push(Deed::Call(Box::new(call)));
    }

    /// Sends what was decided to the disk, unless enough is on its way already.
    async fn commit(&mut self) -> Result<(), CommitError> {
        if self.changes.is_empty() && self.in_flight.is_empty() {
            let deeds = std::mem::take(&mut self.deeds);
            self.perform(deeds);
            return Ok(());
        }
        if self.in_flight.len() >= IN_FLIGHT || (self.changes.is_empty() && self.deeds.is_empty()) {
            return Ok(());
        }
        if self.changes.is_empty() {
            // Nothing of its own to keep: told together with what is on its way.
            if let Some((_, deeds)) = self.in_flight.back_mut() {
                deeds.append(&mut self.deeds);
            }
            return Ok(());
        }
        points::pass(&self.deeds, "before-commit");
        let ticket = self.committer.submit(take_and_keep_room(&mut self.changes));
        let ticket = ticket.await?;
        if planted::has(Bug::AnsweredBeforeDurable) {
            let deeds = std::mem::take(&mut self.deeds);
            self.perform(deeds);
        }
        self.in_flight
            .push_back((ticket, take_and_keep_room(&mut self.deeds)));
        Ok(())
    }

    fn perform_first(&mut self) {
        if let Some((_, deeds)) = self.in_flight.pop_front() {
            points::pass(&deeds, "after-commit");
            self.perform(deeds);
        }
    }

    fn perform(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            let waited_for = points::waited_for(&deed);
            match deed {
                Deed::Submitted(answer) | Deed::Answered(answer) => answer(),
                Deed::Call(call) => call(&mut self.sessions),
                Deed::Events {
                    release,
                    last,
                    ended,
                } => self.hub.tell(release, last, ended),
                Deed::Effect(effect) => self.tell(effect),
                Deed::Fact(fact) => self.facts.tell(fact),
            }
            if let Some(what) = waited_for {
                points::hit(what, "after-answer");
            }
        }
    }
}

/// Takes what was collected. The next commit is likely to be as large: it does not grow by steps.
fn take_and_keep_room<T>(collected: &mut Vec<T>) -> Vec<T> {
    let room = Vec::with_capacity(collected.len());
    std::mem::replace(collected, room)
}

/// Waits for the oldest commit on its way.
async fn next_done(in_flight: &mut VecDeque<(Ticket, Vec<Deed>)>) -> Result<(), CommitError> {
    match in_flight.front_mut() {
        Some((ticket, _)) => ticket.await,
        None => std::future::pending().await,
    }
}
