//! What may happen next in a small world.

use super::super::{built, ran, rolled};
use super::state::{State, World, agent_name};
use crate::agent::Held;
use crate::board::{Input, Report};
use crate::checkpoint::{Checkpoint, ScalingFlags};
use crate::event::{NoteLevel, Progress};
use crate::ids::{AgentId, Attempt, Incarnation, JobId, ReleaseId};
use crate::job::{Grant, Job, JobKind, JobState, Outcome};
use crate::time::Timestamp;
use crate::verdict::{Finding, Verdict};

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The next release is submitted.
    Submit,
    /// A release is cancelled.
    Cancel(ReleaseId),
    /// An agent introduces itself: which, which life, whether it holds what it was given, and whether
    /// it proves that the other life is dead.
    Hello(u8, u64, bool, bool),
    /// The connection of the seated life ends.
    Lost(u8),
    /// It takes nothing new.
    Draining(u8),
    /// It leaves.
    Goodbye(u8),
    /// It renews its leases.
    Renew(u8),
    /// The holder of the job says so.
    Say(JobId, Word),
    /// Time passes until the board wants to be woken.
    Tick,
    /// The coordinator dies and comes back.
    Restart,
}

/// What the holder of a job says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It takes the job.
    Accept,
    /// It does not.
    Decline,
    /// It did something.
    Progress,
    /// It will suspend auto scaling.
    SuspendIntent,
    /// Auto scaling is back.
    Resumed,
    /// It will update the service.
    UpdateIntent,
    /// The job did what it should.
    Done,
    /// It was stopped as it was asked to be, before it changed anything.
    Stopped,
    /// It ended without success.
    Failed,
    /// ECS goes on; the job rests.
    Unknown,
}

impl Move {
    /// Whether it uses up one of the faults of the world.
    pub(super) const fn is_fault(self) -> bool {
        match self {
            Self::Lost(_) | Self::Draining(_) | Self::Goodbye(_) | Self::Restart => true,
            // A life that lost an offer, or a second life.
            Self::Hello(_, _, holds, proof) => !holds || proof,
            Self::Submit | Self::Cancel(_) | Self::Renew(_) | Self::Say(..) | Self::Tick => false,
        }
    }

    /// Whether it happens when everybody does what they should. A person cancels what is stuck.
    pub(super) fn is_cooperative(self, state: &State) -> bool {
        match self {
            Self::Hello(_, _, holds, proof) => holds && !proof,
            Self::Say(_, word) => matches!(
                word,
                Word::Accept | Word::Resumed | Word::Done | Word::Stopped
            ),
            Self::Tick => true,
            Self::Cancel(release) => state.board.jobs_of(release).any(|job| {
                matches!(&job.state, JobState::Queued { resting: Some(report), .. }
                    if report.verdict == Verdict::Stuck)
            }),
            Self::Submit
            | Self::Lost(_)
            | Self::Draining(_)
            | Self::Goodbye(_)
            | Self::Renew(_)
            | Self::Restart => false,
        }
    }

    pub(super) fn input(self, state: &State, world: &World) -> Input {
        let seated = |agent: u8| -> (AgentId, Incarnation) {
            let seat = seat(state, agent).unwrap();
            (seat.description.id.clone(), seat.description.incarnation)
        };
        match self {
            Self::Submit => Input::Submit(State::submission(world, state.submitted, false)),
            Self::Cancel(release) => Input::Cancel {
                release,
                by: "ana".to_owned(),
                reason: String::new(),
            },
            Self::Hello(agent, life, holds, proof) => {
                let held = state.held(|grant| {
                    grant.agent.as_str() == agent_name(agent) && grant.incarnation.0 == life
                });
                let held = if holds { held } else { Vec::new() };
                let before = seat(state, agent).map(|seat| seat.description.incarnation.0);
                let before = before.filter(|before| *before != life).unwrap_or(3 - life);
                state.hello(world, agent, life, &held, proof.then_some(before))
            }
            Self::Lost(agent) => {
                let (agent, incarnation) = seated(agent);
                Input::Lost { agent, incarnation }
            }
            Self::Draining(agent) => {
                let (agent, incarnation) = seated(agent);
                Input::Draining { agent, incarnation }
            }
            Self::Goodbye(agent) => {
                let (agent, incarnation) = seated(agent);
                Input::Goodbye { agent, incarnation }
            }
            Self::Say(id, word) => {
                let job = state.board.job(id).unwrap();
                let JobState::Granted(grant) = &job.state else {
                    unreachable!("only holders speak");
                };
                report(job, grant, job.attempt, said(job, word))
            }
            Self::Tick | Self::Renew(_) | Self::Restart => Input::Tick,
        }
    }
}

fn seat(state: &State, agent: u8) -> Option<&crate::board::AgentSeat> {
    let mut seats = state.board.agents();
    seats.find(|seat| seat.description.id.as_str() == agent_name(agent))
}

fn report(job: &Job, grant: &Grant, attempt: Attempt, report: Report) -> Input {
    Input::Report {
        agent: grant.agent.clone(),
        incarnation: grant.incarnation,
        held: Held {
            job: job.id,
            attempt,
        },
        report,
    }
}

fn said(job: &Job, word: Word) -> Report {
    let note = |checkpoint| Report::Checkpoint {
        number: 1,
        checkpoint,
    };
    match word {
        Word::Accept => Report::Accept,
        Word::Decline => Report::Decline {
            reason: "full".to_owned(),
        },
        Word::Progress => Report::Progress(vec![
            Progress::Note {
                level: NoteLevel::Info,
                text: "on the way".to_owned(),
            }
            .into(),
        ]),
        Word::SuspendIntent => note(Checkpoint::SuspendIntent {
            before: ScalingFlags::default(),
        }),
        Word::Resumed => note(Checkpoint::Resumed),
        Word::UpdateIntent if job.kind.when().is_some() => note(Checkpoint::RunIntent {
            task_definition: "web:2".to_owned(),
            launch: "{}".to_owned(),
            at: Timestamp::ZERO,
        }),
        Word::UpdateIntent => note(Checkpoint::UpdateIntent {
            task_definition: "web:2".to_owned(),
            primary_before: String::new(),
            deployment_before: None,
            serving_before: String::new(),
            at: Timestamp::ZERO,
        }),
        Word::Done => Report::Finished(match job.kind {
            JobKind::Build => built(),
            JobKind::Rollout { .. } => rolled(Verdict::Live),
            JobKind::Settle { .. } => Outcome::Settled {
                what: "put back".to_owned(),
            },
            JobKind::Task { .. } => ran(),
        }),
        Word::Stopped => Report::Finished(Outcome::Stopped(job.stop.clone().unwrap())),
        Word::Failed => Report::Finished(match job.kind {
            JobKind::Rollout { .. } => rolled(Verdict::RolledBack),
            JobKind::Build | JobKind::Settle { .. } | JobKind::Task { .. } => {
                Outcome::Failed(Finding {
                    cause: "it does not work".to_owned(),
                    ..Finding::default()
                })
            }
        }),
        Word::Unknown => Report::Finished(rolled(Verdict::Unknown)),
    }
}

/// All that may happen.
pub(super) fn moves(state: &State, world: &World) -> Vec<Move> {
    let mut all = Vec::new();
    if usize::from(state.submitted) < world.specs.len() {
        all.push(Move::Submit);
    }
    let open = state.board.open_releases();
    all.extend(open.map(|release| Move::Cancel(release.id)));
    for agent in 0..world.agents {
        of_agent(state, world, agent, &mut all);
    }
    for job in state.board.all_jobs() {
        if let JobState::Granted(grant) = &job.state {
            of_holder(state, world, job, grant, &mut all);
        }
    }
    all.push(Move::Tick);
    all.push(Move::Restart);
    if state.faults == 0 {
        all.retain(|step| !step.is_fault());
    }
    all
}

fn of_agent(state: &State, world: &World, agent: u8, all: &mut Vec<Move>) {
    let seat = seat(state, agent);
    for life in 1..=world.lives {
        for (holds, proof) in [(true, false), (false, false), (true, true)] {
            if !proof || world.lives > 1 {
                all.push(Move::Hello(agent, life, holds, proof));
            }
        }
    }
    let Some(seat) = seat else { return };
    if seat.connected {
        all.push(Move::Lost(agent));
        all.push(Move::Renew(agent));
        if world.extras {
            all.push(Move::Goodbye(agent));
            if !seat.draining {
                all.push(Move::Draining(agent));
            }
        }
    }
}

fn of_holder(state: &State, world: &World, job: &Job, grant: &Grant, all: &mut Vec<Move>) {
    let mut say = |word| all.push(Move::Say(job.id, word));
    if !grant.accepted {
        say(Word::Accept);
        if world.extras {
            say(Word::Decline);
        }
        return;
    }
    if !grant.progressed {
        say(Word::Progress);
    }
    if job.stop.is_some() {
        say(Word::Stopped);
    }
    say(Word::Failed);
    let Some(target) = job.kind.target() else {
        say(Word::Done);
        return;
    };
    let owed = state.board.target(target).is_some_and(|t| t.debt.is_some());
    let settle = matches!(job.kind, JobKind::Settle { .. });
    let noted = |note: &Checkpoint| {
        matches!(
            note,
            Checkpoint::UpdateIntent { .. } | Checkpoint::RunIntent { .. }
        )
    };
    if !settle {
        say(Word::Unknown);
        let updated = job.checkpoints.iter().any(noted);
        if !updated {
            say(Word::UpdateIntent);
        }
        let suspends = world.suspends && job.kind.when().is_none();
        if suspends && !owed && !updated && job.checkpoints.is_empty() {
            say(Word::SuspendIntent);
        }
    }
    if owed {
        say(Word::Resumed);
    }
    // A settle is done when it has paid.
    if !settle || !owed {
        say(Word::Done);
    }
}

/// Messages that must change nothing: of an attempt before, of another life, of a job that has ended.
pub(super) fn stale(state: &State) -> Vec<Input> {
    let mut all = Vec::new();
    for job in state.board.all_jobs() {
        let stranger = Grant {
            agent: agent_name(0).parse().unwrap(),
            incarnation: Incarnation(99),
            lease_until: Timestamp::ZERO,
            accepted: true,
            progressed: true,
        };
        let holder = match &job.state {
            JobState::Granted(grant) => grant,
            JobState::Queued { .. } | JobState::Ended(_) => &stranger,
        };
        let before = Attempt(job.attempt.0.wrapping_sub(1));
        for word in [
            Word::Done,
            Word::Resumed,
            Word::Progress,
            Word::Accept,
            Word::Decline,
        ] {
            all.push(report(job, holder, before, said(job, word)));
            all.push(report(job, &stranger, job.attempt, said(job, word)));
        }
    }
    all
}
