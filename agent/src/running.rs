//! A job that this agent holds: what its walker tells, and what the session tells it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shipway_domain::agent::Held;
use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{NoteLevel, Progress, TaskLife, Told};
use shipway_domain::hook::HookAnswer;
use shipway_domain::job::{Outcome, StopReason};
use shipway_domain::planted::{self, Bug};
use shipway_domain::size;
use shipway_proto::v1;
use shipway_runtime::Clock;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::coordinator_time::CoordinatorTime;
use crate::wake::Wake;

/// Output of one message at most (engineering-facts section 5: few large frames).
const LOG_AT_ONCE: usize = 256 * 1024;
/// Output that waits for the session at most; what comes beyond is dropped, and that is said.
const LOG_WAITING: usize = 8 << 20;

/// Entries of progress that wait for the session at most: without a coordinator a job goes on for hours.
const PROGRESS_WAITING: usize = 4 * size::PROGRESS;

/// Spans that wait for the session at most, and those of one message.
const SPANS: (usize, usize) = (4096, 256);

/// The attempt does not stand any more: nothing may be changed or told for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// A job that this agent holds.
#[derive(Debug)]
pub(crate) struct Running {
    held: Held,
    clock: Clock,
    time: CoordinatorTime,
    /// Wakes the session when there is something to send.
    wake: Wake,
    gone: CancellationToken,
    stop: watch::Sender<Option<StopReason>>,
    /// What people answered to hooks of the job's deployment.
    answers: watch::Sender<Vec<HookAnswer>>,
    /// Uptime until which AWS may be changed.
    deadline: watch::Sender<Duration>,
    outbox: Mutex<Outbox>,
}

/// What waits to be sent, or to be acknowledged.
#[derive(Debug, Default)]
struct Outbox {
    accepted: bool,
    progress: Vec<Told>,
    /// What was done, for the trace of the release.
    spans: Vec<v1::TraceSpan>,
    /// Entries of progress that found no room.
    progress_dropped: usize,
    log: Vec<u8>,
    log_dropped: bool,
    next_number: u64,
    checkpoints: BTreeMap<u64, Waiting>,
    finished: Option<(Outcome, bool)>,
}

#[derive(Debug)]
struct Waiting {
    checkpoint: Checkpoint,
    sent: bool,
    kept: Option<oneshot::Sender<()>>,
}

/// What a job has to say, in the order in which it must be said.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) accept: bool,
    pub(crate) progress: Vec<Told>,
    pub(crate) spans: Vec<v1::TraceSpan>,
    pub(crate) log: Vec<u8>,
    pub(crate) checkpoints: Vec<(u64, Checkpoint)>,
    pub(crate) finished: Option<Outcome>,
}

impl Running {
    pub(crate) fn new(
        held: Held,
        clock: Clock,
        time: CoordinatorTime,
        wake: Wake,
        stop: Option<StopReason>,
    ) -> Self {
        Self {
            held,
            clock,
            time,
            wake,
            gone: CancellationToken::new(),
            stop: watch::Sender::new(stop),
            answers: watch::Sender::new(Vec::new()),
            // Nothing is changed before the first renewal: an offer may have been long on its way.
            deadline: watch::Sender::new(Duration::ZERO),
            outbox: Mutex::default(),
        }
    }

    /// Job and attempt.
    pub(crate) const fn held(&self) -> Held {
        self.held
    }

    /// Cancelled when the attempt does not stand any more.
    pub(crate) const fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    /// Why the job must not run on, as soon as somebody says so.
    pub(crate) fn stop(&self) -> watch::Receiver<Option<StopReason>> {
        self.stop.subscribe()
    }

    pub(crate) fn ask_to_stop(&self, reason: StopReason) {
        self.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            stop.get_or_insert(reason);
            first
        });
    }

    /// What people answered to hooks, as soon as somebody does.
    pub(crate) fn answers(&self) -> watch::Receiver<Vec<HookAnswer>> {
        self.answers.subscribe()
    }

    pub(crate) fn answer(&self, answer: HookAnswer) {
        self.answers.send_modify(|answers| answers.push(answer));
    }

    /// Tells people something.
    pub(crate) fn progress(&self, item: Progress) {
        let item = Told {
            at: self.time.now(&self.clock),
            what: size::fit_progress(item),
        };
        let mut outbox = self.lock();
        // Of the counts only the newest matter.
        if matches!(item.what, Progress::Tasks(_)) {
            outbox
                .progress
                .retain(|waiting| !matches!(waiting.what, Progress::Tasks(_)));
        }
        if outbox.progress.len() < PROGRESS_WAITING {
            outbox.progress.push(item);
        } else {
            outbox.progress_dropped += 1;
        }
        drop(outbox);
        self.wake.soon();
    }

    /// Tells what is known of the life of a task. A coordinator that does not say its time does not know of lives.
    pub(crate) fn life(&self, life: TaskLife) {
        if self.time.now(&self.clock).is_some() {
            self.progress(Progress::Task(Box::new(life)));
        }
    }

    /// Adds a span to the trace of the release. Of too many the newest are left out.
    pub(crate) fn span(&self, span: v1::TraceSpan) {
        let mut outbox = self.lock();
        if outbox.spans.len() < SPANS.0 && self.time.now(&self.clock).is_some() {
            outbox.spans.push(span);
            drop(outbox);
            self.wake.soon();
        }
    }

    /// How far the coordinator's time is ahead of ours, in milliseconds.
    pub(crate) fn behind_coordinator(&self) -> i64 {
        self.time.ahead(&self.clock)
    }

    /// Adds a line of output.
    pub(crate) fn log(&self, line: &str) {
        let mut outbox = self.lock();
        if outbox.log.len() + line.len() > LOG_WAITING {
            outbox.log_dropped = true;
            return;
        }
        if std::mem::take(&mut outbox.log_dropped) {
            outbox
                .log
                .extend_from_slice(b"... some lines were dropped: they came too fast\n");
        }
        outbox.log.extend_from_slice(line.as_bytes());
        outbox.log.push(b'\n');
        drop(outbox);
        self.wake.soon();
    }

    /// Makes a note durable at the coordinator, however long that takes.
    pub(crate) async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), Gone> {
        let (kept, wait) = oneshot::channel();
        {
            let mut outbox = self.lock();
            outbox.next_number += 1;
            let number = outbox.next_number;
            let waiting = Waiting {
                checkpoint,
                sent: false,
                kept: Some(kept),
            };
            outbox.checkpoints.insert(number, waiting);
        }
        self.wake.now();
        tokio::select! {
            biased;
            () = self.gone.cancelled() => Err(Gone),
            kept = wait => kept.map_err(|_| Gone),
        }
    }

    /// Hands in the outcome; it is kept until the coordinator has it.
    pub(crate) fn finish(&self, outcome: Outcome) {
        shipway_runtime::failpoint::hit(|| "agent.finish.before");
        // A message of any size would be resent for ever: the coordinator hears none above its limit.
        self.lock().finished = Some((size::fit(outcome), false));
        self.wake.now();
    }

    /// Whether there is more to say than went into the last messages.
    pub(crate) fn has_more(&self) -> bool {
        let outbox = self.lock();
        !(outbox.log.is_empty() && outbox.progress.is_empty() && outbox.spans.is_empty())
    }

    /// Whether its walker has handed in the outcome.
    pub(crate) fn is_finished(&self) -> bool {
        self.lock().finished.is_some()
    }

    /// Whether AWS may be changed right now.
    pub(crate) fn is_clear(&self) -> bool {
        if planted::has(Bug::ActsWithoutLease) {
            return true;
        }
        !self.gone.is_cancelled() && self.clock.uptime() < *self.deadline.borrow()
    }

    /// Returns when AWS may be changed: the lease stands, with its margin (design.md section 6),
    /// on a clock that counts suspension.
    pub(crate) async fn clearance(&self) -> Result<(), Gone> {
        let mut deadline = self.deadline.subscribe();
        loop {
            if self.gone.is_cancelled() {
                return Err(Gone);
            }
            if self.clock.uptime() < *deadline.borrow_and_update() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = self.gone.cancelled() => return Err(Gone),
                changed = deadline.changed() => changed.map_err(|_| Gone)?,
            }
        }
    }

    /// The lease was renewed: AWS may be changed until then.
    pub(crate) fn renewed(&self, until: Duration) {
        self.deadline
            .send_modify(|deadline| *deadline = until.max(*deadline));
    }

    /// The coordinator says that this attempt is over.
    pub(crate) fn end(&self) {
        self.gone.cancel();
    }

    pub(crate) fn kept(&self, number: u64) {
        if let Some(waiting) = self.lock().checkpoints.remove(&number)
            && let Some(kept) = waiting.kept
        {
            // A walker that is gone does not wait any more.
            kept.send(()).ok();
        }
    }

    /// After a new connection everything that is not acknowledged is said again.
    pub(crate) fn say_again(&self) {
        let mut outbox = self.lock();
        for waiting in outbox.checkpoints.values_mut() {
            waiting.sent = false;
        }
        if let Some((_, sent)) = &mut outbox.finished {
            *sent = false;
        }
    }

    /// Takes what is to be sent now.
    pub(crate) fn outgoing(&self) -> Outgoing {
        let mut outbox = self.lock();
        let accept = !std::mem::replace(&mut outbox.accepted, true);
        let progress = outbox.take_progress();
        let log = take_lines(&mut outbox.log);
        let most = outbox.spans.len().min(SPANS.1);
        let spans = outbox.spans.drain(..most).collect();
        let all_said =
            outbox.log.is_empty() && outbox.progress.is_empty() && outbox.spans.is_empty();
        if !all_said {
            self.wake.now();
        }
        let unsent = outbox
            .checkpoints
            .iter_mut()
            .filter(|(_, waiting)| !waiting.sent);
        let checkpoints = unsent
            .map(|(number, waiting)| {
                waiting.sent = true;
                (*number, waiting.checkpoint.clone())
            })
            .collect();
        let finished = match &mut outbox.finished {
            Some((outcome, sent @ false)) if all_said => {
                *sent = true;
                Some(outcome.clone())
            }
            _ => None,
        };
        Outgoing {
            accept,
            progress,
            spans,
            log,
            checkpoints,
            finished,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox {
    /// Progress for one message; after the last of it, what was dropped.
    fn take_progress(&mut self) -> Vec<Told> {
        // One place is left for what was dropped.
        let most = self.progress.len().min(size::PROGRESS - 1);
        let mut items: Vec<Told> = self.progress.drain(..most).collect();
        if self.progress.is_empty() && self.progress_dropped > 0 {
            let dropped = std::mem::take(&mut self.progress_dropped);
            let note = Progress::Note {
                level: NoteLevel::Warning,
                text: format!(
                    "{dropped} entries of progress were dropped: the coordinator was away too long"
                ),
            };
            items.push(note.into());
        }
        items
    }
}

/// Whole lines from the front, at most one message full.
fn take_lines(log: &mut Vec<u8>) -> Vec<u8> {
    if log.len() <= LOG_AT_ONCE {
        return std::mem::take(log);
    }
    let end = log[..LOG_AT_ONCE].iter().rposition(|byte| *byte == b'\n');
    let rest = log.split_off(end.map_or(LOG_AT_ONCE, |end| end + 1));
    std::mem::replace(log, rest)
}

#[cfg(test)]
mod tests {
    use shipway_domain::event::Step;
    use shipway_domain::ids::{Attempt, JobId, ReleaseId};

    use super::*;

    fn running() -> Running {
        let job = JobId {
            release: ReleaseId::from_number(0),
            index: 0,
        };
        let held = Held {
            job,
            attempt: Attempt(1),
        };
        let time = CoordinatorTime::default();
        Running::new(held, Clock::system(), time, Wake::default(), None)
    }

    #[test]
    fn progress_waits_within_bounds_and_what_was_dropped_is_told_before_the_end() {
        let running = running();
        let item = Progress::StepStarted {
            step: Step::Build,
            number: 1,
        };
        for _ in 0..PROGRESS_WAITING + 5 {
            running.progress(item.clone());
        }
        let outcome = Outcome::Settled {
            what: String::new(),
        };
        running.finish(outcome.clone());
        let (mut all, mut messages) = (Vec::new(), 0);
        loop {
            let out = running.outgoing();
            messages += 1;
            assert!(out.progress.len() <= size::PROGRESS, "a message has room");
            all.extend(out.progress);
            if let Some(told) = out.finished {
                assert_eq!(told, outcome);
                break;
            }
        }
        assert_eq!(messages, 5);
        assert_eq!(all.len(), PROGRESS_WAITING + 1);
        assert!(
            matches!(all.last().map(|told| &told.what), Some(Progress::Note { text, .. }) if text.starts_with("5 entries")),
            "{:?}",
            all.last()
        );
        assert_eq!(running.outgoing().progress, [], "told once");
    }
}
