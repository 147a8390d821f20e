//! Releases, jobs, targets and agents as people see them.

use shipway_domain::board::{AgentSeat, Board, Wait};
use shipway_domain::gate::When;
use shipway_domain::ids::ReleaseId;
use shipway_domain::job::{Job, JobState};
use shipway_domain::release::Release;
use shipway_domain::target::TargetRecord;
use shipway_domain::verdict::Verdict;
use shipway_proto::v1;

/// A release that the board knows, with the reason of every wait.
pub(crate) fn of_board(board: &Board, id: ReleaseId) -> Option<v1::ReleaseView> {
    let found = board.release(id)?;
    let jobs = board
        .jobs_of(id)
        .map(|job| self::job(job, board.wait_of(job.id)));
    Some(release(found, jobs.collect()))
}

/// A release out of the store.
pub(crate) fn of_store(found: &Release, jobs: &[Job]) -> v1::ReleaseView {
    release(found, jobs.iter().map(|found| job(found, None)).collect())
}

fn release(release: &Release, jobs: Vec<v1::JobView>) -> v1::ReleaseView {
    v1::ReleaseView {
        id: release.id.number(),
        app: release.app.to_string(),
        env: release.env.to_string(),
        kind: Some(release.kind.into()),
        priority: u32::from(release.priority.level()),
        submitter: release.submitter.clone(),
        title: release.title.clone(),
        trace_parent: release.trace_parent.clone(),
        submitted_ms: release.submitted_at.millis(),
        ended_ms: release.ended_at.map(|at| at.millis()),
        verdict: release
            .verdict
            .map(|verdict| v1::Verdict::from(verdict).into()),
        r#final: release.ended_at.is_some() && release.verdict.is_some_and(Verdict::is_final),
        last_seq: release.last_seq,
        jobs,
    }
}

fn job(job: &Job, wait: Option<Wait>) -> v1::JobView {
    let outcome = match &job.state {
        JobState::Ended(outcome) => Some(outcome.into()),
        JobState::Queued {
            resting: Some(report),
            ..
        } => {
            let outcome = v1::outcome::Outcome::RolledOut(report.as_ref().into());
            Some(v1::Outcome {
                outcome: Some(outcome),
            })
        }
        JobState::Queued { resting: None, .. } | JobState::Granted(_) => None,
    };
    v1::JobView {
        index: job.id.index,
        kind: job.kind.as_str().to_owned(),
        target: job.kind.target().map(Into::into),
        wave: job.kind.wave(),
        phase: phase(&job.state).into(),
        attempt: job.attempt.0,
        agent: agent_of(&job.state),
        since_ms: job.since.millis(),
        outcome,
        wait: wait.map(self::wait),
        when: job.kind.when().map_or("", When::as_str).to_owned(),
    }
}

const fn phase(state: &JobState) -> v1::JobPhase {
    match state {
        JobState::Queued { resting: None, .. } => v1::JobPhase::Waiting,
        JobState::Queued {
            resting: Some(_), ..
        } => v1::JobPhase::Resting,
        JobState::Granted(_) => v1::JobPhase::Running,
        JobState::Ended(_) => v1::JobPhase::Ended,
    }
}

fn agent_of(state: &JobState) -> Option<String> {
    match state {
        JobState::Granted(grant) => Some(grant.agent.to_string()),
        JobState::Queued { .. } | JobState::Ended(_) => None,
    }
}

fn wait(wait: Wait) -> v1::Wait {
    v1::Wait {
        code: wait.code.as_str().to_owned(),
        text: wait.text,
        release: wait.release.map(ReleaseId::number),
    }
}

/// Everything that waits or runs, in the order of turns.
pub(crate) fn queue(board: &Board) -> Vec<v1::QueueEntry> {
    let entry = |job: &&Job| {
        let release = board.release(job.id.release)?;
        Some(v1::QueueEntry {
            release: job.id.release.number(),
            job: job.id.index,
            app: release.app.to_string(),
            env: release.env.to_string(),
            kind: job.kind.as_str().to_owned(),
            target: job.kind.target().map(Into::into),
            priority: u32::from(release.priority.level()),
            submitter: release.submitter.clone(),
            phase: phase(&job.state).into(),
            agent: agent_of(&job.state),
            since_ms: job.since.millis(),
            wait: board.wait_of(job.id).map(wait),
        })
    };
    board
        .waiting_and_running()
        .iter()
        .filter_map(entry)
        .collect()
}

/// An agent and what it holds.
pub(crate) fn agent(board: &Board, seat: &AgentSeat) -> v1::AgentView {
    v1::AgentView {
        description: Some((&seat.description).into()),
        connected: seat.connected,
        draining: seat.draining,
        since_ms: seat.since.millis(),
        running: board
            .held(&seat.description.id)
            .into_iter()
            .map(Into::into)
            .collect(),
    }
}

/// A target and what was last proven there.
pub(crate) fn target(record: &TargetRecord) -> v1::TargetView {
    let proven = record.proven.as_ref();
    let text = |get: fn(&shipway_domain::target::Proven) -> String| proven.map(get);
    v1::TargetView {
        target: Some((&record.target).into()),
        app: text(|p| p.app.to_string()).unwrap_or_default(),
        env: text(|p| p.env.to_string()).unwrap_or_default(),
        release: proven.map(|p| p.release.number()),
        title: String::new(),
        image_digest: text(|p| p.image_digest.to_string()).unwrap_or_default(),
        task_definition: text(|p| p.task_definition.clone()).unwrap_or_default(),
        proven_ms: proven.map(|p| p.at.millis()),
        held_by: record.slot.map(|job| job.release.number()),
        debt: record.debt.is_some(),
        now: None,
    }
}
