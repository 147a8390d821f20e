//! What became durable, told to who measures: through a bounded channel that nobody ever waits for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::board::Board;
use shipway_domain::change::Change;
use shipway_domain::event::{Event, EventKind, Progress, Step, StepResult};
use shipway_domain::ids::JobId;
use shipway_domain::job::{JobKind, JobState};
use shipway_domain::release::Release;
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;
use shipway_runtime::Metrics;
use shipway_runtime::metrics::names;
use shipway_store::Store;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::releases;

/// Facts that wait at most; what comes beyond is counted, not told.
const QUEUE: usize = 8_192;
/// Steps that are under way at most, as far as they are timed.
const STEPS: usize = 16_384;

/// Something that became durable.
#[derive(Debug)]
pub(crate) enum Fact {
    /// A job was offered to an agent.
    Offered {
        kind: &'static str,
        waited: Duration,
    },
    /// A lease ended without a renewal.
    LeaseExpired,
    /// A step began, or ended.
    Step {
        job: JobId,
        step: Step,
        at: Timestamp,
        ended: Option<StepResult>,
    },
    /// A rollout ended.
    RolledOut { verdict: Verdict, took: Duration },
    /// A job ended: nothing of it is under way.
    JobEnded(JobId),
    /// A release was taken in.
    Begun(Arc<Release>),
    /// A release ended.
    Ended(Arc<Release>),
}

/// Where facts are told; by default to nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(Option<(mpsc::Sender<Fact>, Metrics)>);

/// Where they are heard.
pub(crate) type Heard = mpsc::Receiver<Fact>;

impl Facts {
    /// Both ends, when anything is measured.
    pub(crate) fn channel(metrics: &Metrics) -> (Self, Option<Heard>) {
        if !metrics.is_on() {
            return (Self::default(), None);
        }
        let (sender, heard) = mpsc::channel(QUEUE);
        (Self(Some((sender, metrics.clone()))), Some(heard))
    }

    /// Whether anybody hears them.
    pub(crate) const fn are_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Tells one, without waiting.
    pub(crate) fn tell(&self, fact: Fact) {
        let Some((sender, metrics)) = &self.0 else {
            return;
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(fact) {
            metrics.add(&names::DROPPED, 1, &[("what", "facts")]);
        }
    }
}

/// The facts in changes that are about to be made to the board.
pub(crate) fn facts_of(board: &Board, now: Timestamp, changes: &[Change]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for change in changes {
        match change {
            Change::Event { release, event } => {
                if let (Some(index), Some((step, ended))) = (event.job, step_of(event)) {
                    let job = JobId {
                        release: *release,
                        index,
                    };
                    let at = event.at;
                    facts.push(Fact::Step {
                        job,
                        step,
                        at,
                        ended,
                    });
                }
            }
            Change::Job(job) => {
                let JobState::Ended(outcome) = &job.state else {
                    continue;
                };
                let known = board.job(job.id);
                if known.is_some_and(|known| matches!(known.state, JobState::Ended(_))) {
                    continue;
                }
                facts.push(Fact::JobEnded(job.id));
                // One that never began took no time.
                if matches!(job.kind, JobKind::Rollout { .. }) && job.started_at != Timestamp::ZERO
                {
                    facts.push(Fact::RolledOut {
                        verdict: outcome.verdict(),
                        took: now.since(job.started_at),
                    });
                }
            }
            Change::Release(release) if release.ended_at.is_some() => {
                facts.push(Fact::Ended(Arc::clone(release)));
            }
            Change::Release(release) if board.release(release.id).is_none() => {
                facts.push(Fact::Begun(Arc::clone(release)));
            }
            Change::Release(_) | Change::Spec { .. } | Change::Target(_) => {}
        }
    }
    facts
}

const fn step_of(event: &Event) -> Option<(Step, Option<StepResult>)> {
    match &event.kind {
        EventKind::Progress(Progress::StepStarted { step, .. }) => Some((*step, None)),
        EventKind::Progress(Progress::StepEnded { step, result, .. }) => {
            Some((*step, Some(*result)))
        }
        _ => None,
    }
}

/// Counts facts until `stop`.
pub(crate) async fn count(
    metrics: Metrics,
    mut heard: Heard,
    store: Arc<dyn Store>,
    stop: CancellationToken,
) {
    let mut steps = Steps::default();
    releases::begin(&metrics, &store).await;
    loop {
        let fact = tokio::select! {
            biased;
            fact = heard.recv() => fact,
            () = stop.cancelled() => None,
        };
        match fact {
            None => return,
            Some(Fact::Offered { kind, waited }) => {
                metrics.record_time(&names::DISPATCH_LATENCY, waited, &[("kind", kind)]);
            }
            Some(Fact::LeaseExpired) => metrics.add(&names::LEASES_EXPIRED, 1, &[]),
            Some(Fact::Step {
                job,
                step,
                at,
                ended,
            }) => {
                if let Some((took, result)) = steps.note(job, step, at, ended) {
                    let labels = [("step", step.as_str()), ("result", result.as_str())];
                    metrics.record_time(&names::STEP_DURATION, took, &labels);
                }
            }
            Some(Fact::RolledOut { verdict, took }) => {
                let labels = [("verdict", verdict.as_str())];
                metrics.record_time(&names::ROLLOUT_DURATION, took, &labels);
            }
            Some(Fact::JobEnded(job)) => steps.forget(job),
            Some(Fact::Begun(release)) => releases::known(&metrics, &release.app, &release.env),
            Some(Fact::Ended(release)) => releases::ended(&metrics, &release, &store).await,
        }
    }
}

/// Steps that are under way: one for each job. What was under way when the coordinator started is not timed.
#[derive(Debug, Default)]
struct Steps(HashMap<JobId, (Step, Timestamp)>);

impl Steps {
    fn note(
        &mut self,
        job: JobId,
        step: Step,
        at: Timestamp,
        ended: Option<StepResult>,
    ) -> Option<(Duration, StepResult)> {
        let Some(result) = ended else {
            if self.0.len() < STEPS {
                self.0.insert(job, (step, at));
            }
            return None;
        };
        let (begun, since) = self.0.remove(&job)?;
        (begun == step).then(|| (at.since(since), result))
    }

    fn forget(&mut self, job: JobId) {
        self.0.remove(&job);
    }
}

#[cfg(test)]
mod tests {
    use shipway_domain::ids::ReleaseId;

    use shipway_runtime::telemetry::TelemetryConfig;

    use super::*;

    #[test]
    fn a_step_takes_from_its_first_to_its_last_word() {
        let job = JobId {
            release: ReleaseId::from_number(1),
            index: 0,
        };
        let at = Timestamp::from_millis;
        let mut steps = Steps::default();
        // Of before the coordinator started.
        let unknown = steps.note(job, Step::Build, at(900), Some(StepResult::Done));
        assert_eq!(unknown, None);
        assert_eq!(steps.note(job, Step::Push, at(1_000), None), None);
        let took = steps.note(job, Step::Push, at(3_500), Some(StepResult::Done));
        assert_eq!(took, Some((Duration::from_millis(2_500), StepResult::Done)));
        steps.note(job, Step::Verify, at(4_000), None);
        steps.forget(job);
        assert!(steps.0.is_empty());
    }

    #[tokio::test]
    async fn facts_beyond_the_queue_are_counted_and_keep_nobody_waiting() {
        let metrics = Metrics::start(&"test".into(), &TelemetryConfig::default(), true);
        let (facts, heard) = Facts::channel(&metrics);
        for _ in 0..QUEUE + 3 {
            facts.tell(Fact::LeaseExpired);
        }
        let dropped = metrics
            .snapshot()
            .number(&names::DROPPED, &[("what", "facts")]);
        assert_eq!(dropped, Some(3.0));
        let stop = CancellationToken::new();
        stop.cancel();
        let store: Arc<dyn Store> = Arc::new(shipway_store::MemoryStore::new());
        // What was told is counted before it ends.
        count(metrics.clone(), heard.expect("measured"), store, stop).await;
        let counted = metrics.snapshot().number(&names::LEASES_EXPIRED, &[]);
        assert_eq!(counted, Some(shipway_runtime::metrics::float(QUEUE as u64)));
    }
}
