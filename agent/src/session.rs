//! The stream with the coordinator: kept up for ever, each time with all that is still held.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use shipway_domain::agent::{AgentDescription, Held};
use shipway_domain::ids::Incarnation;
use shipway_domain::time::Timestamp;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as Out;
use shipway_proto::v1::coordinator_message::Message as In;
use shipway_runtime::{Clock, Metrics, Random, failpoint};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::client::Client;
use crate::jobs::Jobs;
use crate::metrics;
use crate::running::Running;
use crate::wake::Bell;

/// First and longest wait before the next try to connect.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// A coordinator that takes the stream says welcome within this.
const WELCOME: Duration = Duration::from_secs(10);

/// What the coordinator wants done.
pub(crate) enum Order {
    /// Run this job.
    Run(Arc<Running>, Box<v1::Offer>),
    /// Look at something.
    Inspect(Box<v1::InspectOrder>),
}

/// Keeps the stream up.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) jobs: Jobs,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) agent: AgentDescription,
    pub(crate) predecessor: Option<Incarnation>,
    /// Jobs that it runs at once.
    pub(crate) capacity: usize,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) answers: mpsc::Receiver<v1::InspectAnswer>,
    /// What is reported of.
    pub(crate) metrics: Metrics,
    /// Cancelled when nothing new is to be taken.
    pub(crate) draining: CancellationToken,
    /// Cancelled when the agent leaves.
    pub(crate) leaving: CancellationToken,
}

/// Numbers of the lease, as the coordinator said them.
#[derive(Clone, Copy)]
struct Lease {
    length: Duration,
    renew: Duration,
    margin: Duration,
}

impl Session {
    /// Runs until the agent leaves.
    pub(crate) async fn run(mut self) {
        let (mut wait, mut longest) = (RETRY.0, RETRY.1);
        while !self.leaving.is_cancelled() {
            let began = self.clock.uptime();
            match self.converse(&mut longest).await {
                Ok(()) => tracing::info!("the coordinator closed the stream"),
                Err(status) => tracing::warn!(%status, "no connection to the coordinator"),
            }
            // A stream that held for a while starts the waits anew.
            if self.clock.uptime().saturating_sub(began) > RETRY.1 {
                wait = RETRY.0;
            }
            let jitter = wait.mul_f64(0.5 + share_of(self.random.number()) / 2.0);
            tokio::select! {
                biased;
                () = tokio::time::sleep(jitter) => {}
                () = self.leaving.cancelled() => {}
            }
            wait = (wait * 2).min(longest);
        }
    }

    /// One stream. From its welcome it says how long the wait for the next one may be at the longest: an agent
    /// that waits longer than it renews may come back to a lease that has ended.
    async fn converse(&mut self, longest: &mut Duration) -> Result<(), Status> {
        let (outbox, messages) = mpsc::channel(64);
        let hello = v1::Hello {
            agent: Some((&self.agent).into()),
            holds: self.jobs.held().into_iter().map(Into::into).collect(),
            predecessor: self.predecessor.map_or(0, |life| life.0),
        };
        send(&outbox, Out::Hello(hello)).await?;
        let asked = self.clock.uptime();
        let mut inbound = self.client.session(ReceiverStream::new(messages)).await?;
        let first = tokio::time::timeout(WELCOME, inbound.message())
            .await
            .map_err(|_| Status::deadline_exceeded("the coordinator said no welcome"))?;
        let Some(In::Welcome(welcome)) = first?.and_then(|m| m.message) else {
            return Err(Status::internal("the first message was not a welcome"));
        };
        self.jobs.time.said(&self.clock, asked, welcome.now_ms);
        // From now on the coordinator knows this life.
        self.predecessor = None;
        let lease = self.welcomed(&welcome);
        *longest = RETRY.1.min(lease.renew).max(RETRY.0);
        tracing::info!(agent.id = %self.agent.id, "connected to the coordinator");
        let mut renewals: VecDeque<Duration> = VecDeque::new();
        let mut renew = tokio::time::interval(lease.renew);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let first = tokio::time::Instant::now() + metrics::EVERY;
        let mut report = tokio::time::interval_at(first, metrics::EVERY);
        report.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut bell = Bell::of(self.jobs.wake.clone());
        let draining = self.draining.clone();
        let mut told_draining = false;
        loop {
            tokio::select! {
                // Renewals and what jobs have to say come first: what is heard may never end.
                biased;
                () = self.leaving.cancelled() => {
                    // Nobody says more any more: all of it goes, in as many messages as it takes.
                    self.say(&outbox).await?;
                    while self.jobs.all().iter().any(|running| running.has_more()) {
                        self.say(&outbox).await?;
                    }
                    send(&outbox, Out::Goodbye(v1::Goodbye {})).await?;
                    drop(outbox);
                    // Until the coordinator has read the goodbye and closed its side.
                    while inbound.message().await?.is_some() {}
                    return Ok(());
                }
                () = draining.cancelled(), if !told_draining => {
                    told_draining = true;
                    send(&outbox, Out::Draining(v1::Draining {})).await?;
                }
                _ = renew.tick() => {
                    renewals.push_back(self.clock.uptime());
                    let jobs = self.jobs.held().into_iter().map(Into::into).collect();
                    send(&outbox, Out::Renew(v1::Renew { jobs })).await?;
                }
                () = bell.rings() => self.say(&outbox).await?,
                message = inbound.message() => {
                    let Some(message) = message? else { return Ok(()) };
                    match message.message {
                        // Of a newer coordinator: the stream must outlive a rolling restart.
                        None => tracing::info!("a message of an unknown kind is passed over"),
                        Some(In::Offer(offer)) if told_draining => {
                            send(&outbox, decline(&offer, "it is draining")).await?;
                        }
                        Some(In::Offer(offer)) if self.is_full(&offer) => {
                            send(&outbox, decline(&offer, "it has no free place")).await?;
                        }
                        Some(In::Offer(offer)) => {
                            self.take(offer).await;
                            // The lease is known to stand once it was renewed.
                            renew.reset_immediately();
                        }
                        Some(message) => self.hear(message, lease, &mut renewals).await,
                    }
                }
                Some(answer) = self.answers.recv() => {
                    send(&outbox, Out::InspectAnswer(answer)).await?;
                }
                _ = report.tick(), if self.metrics.is_on() => {
                    let measured = metrics::message(&self.metrics.snapshot());
                    send(&outbox, Out::Metrics(measured)).await?;
                }
            }
        }
    }

    fn welcomed(&self, welcome: &v1::Welcome) -> Lease {
        let keep: Vec<Held> = welcome.keep.iter().copied().map(Held::from).collect();
        for running in self.jobs.all() {
            if keep.contains(&running.held()) {
                running.say_again();
            } else {
                self.give_up(running.held(), "the coordinator gave it to another attempt");
            }
        }
        self.jobs.wake.now();
        Lease {
            length: Duration::from_millis(welcome.lease_ms),
            renew: Duration::from_millis(welcome.renew_ms.max(1)),
            margin: Duration::from_millis(welcome.margin_ms),
        }
    }

    fn give_up(&self, held: Held, reason: &str) {
        if let Some(running) = self.jobs.get(held) {
            tracing::warn!(job = %held.job, attempt = %held.attempt, reason, "job given up");
            running.end();
            self.jobs.remove(held);
        }
    }

    async fn hear(&self, message: In, lease: Lease, renewals: &mut VecDeque<Duration>) {
        match message {
            In::Renewed(renewed) => {
                // Counted from when the renewal was sent: the coordinator counts from later.
                let Some(sent) = renewals.pop_front() else {
                    return;
                };
                let until = (sent + lease.length).saturating_sub(lease.margin);
                for held in renewed.jobs {
                    if let Some(running) = self.jobs.get(held.into()) {
                        running.renewed(until);
                    }
                }
            }
            In::CheckpointKept(kept) => {
                if let Some(running) = kept.job.and_then(|job| self.jobs.get(job.into())) {
                    running.kept(kept.number);
                }
            }
            In::FinishedKept(kept) => {
                if let Some(job) = kept.job {
                    failpoint::hit(|| "agent.finish.after");
                    self.jobs.remove(job.into());
                }
            }
            In::Stop(stop) => {
                let reason = stop.reason.and_then(|reason| reason.try_into().ok());
                let running = stop.job.and_then(|job| self.jobs.get(job.into()));
                if let (Some(running), Some(reason)) = (running, reason) {
                    running.ask_to_stop(reason);
                }
            }
            In::Answer(answer) => {
                let running = answer.job.and_then(|job| self.jobs.get(job.into()));
                let answer = answer.answer.and_then(|answer| answer.try_into().ok());
                if let (Some(running), Some(answer)) = (running, answer) {
                    running.answer(answer);
                }
            }
            In::Gone(gone) => {
                if let Some(job) = gone.job {
                    self.give_up(job.into(), &gone.reason);
                }
            }
            In::Inspect(order) => self.order(Order::Inspect(Box::new(order))).await,
            In::Drain(_) => self.draining.cancel(),
            In::Offer(_) | In::Welcome(_) => {}
        }
    }

    fn is_full(&self, offer: &v1::Offer) -> bool {
        let job = offer.job.map(Held::from);
        job.is_some_and(|held| self.jobs.busy_beside(held.job) >= self.capacity)
    }

    async fn take(&self, offer: v1::Offer) {
        let Some(job) = offer.job else { return };
        failpoint::hit(|| "agent.accept.before");
        let held = Held::from(job);
        let stop = offer.stop.clone().and_then(|reason| reason.try_into().ok());
        let (wake, time) = (self.jobs.wake.clone(), self.jobs.time.clone());
        let clock = self.clock.clone();
        let running = Arc::new(Running::new(held, clock, time, wake, stop));
        let answers = offer.answers.iter().cloned();
        for answer in answers.filter_map(|answer| answer.try_into().ok()) {
            running.answer(answer);
        }
        self.jobs.add(Arc::clone(&running));
        self.jobs.wake.now();
        self.order(Order::Run(running, Box::new(offer))).await;
    }

    async fn order(&self, order: Order) {
        if self.orders.send(order).await.is_err() {
            tracing::error!("the agent does not take orders any more");
        }
    }

    /// Sends what the jobs have to say, each job's words in their order.
    async fn say(&self, outbox: &mpsc::Sender<v1::AgentMessage>) -> Result<(), Status> {
        for running in self.jobs.all() {
            let job = Some(v1::JobAttempt::from(running.held()));
            let out = running.outgoing();
            if out.accept {
                send(outbox, Out::Accept(v1::Accept { job })).await?;
                failpoint::hit(|| "agent.accept.after");
            }
            if !out.progress.is_empty() || !out.log.is_empty() || !out.spans.is_empty() {
                let progress = out.progress.iter().map(|told| (&told.what).into());
                let times = out.progress.iter().map(|told| told.at);
                let at_ms = times.map(|at| at.map_or(0, Timestamp::millis));
                send(
                    outbox,
                    Out::Progress(v1::ProgressBatch {
                        job,
                        progress: progress.collect(),
                        log: out.log,
                        at_ms: at_ms.collect(),
                        spans: out.spans,
                    }),
                )
                .await?;
            }
            for (number, checkpoint) in &out.checkpoints {
                let checkpoint = Some(checkpoint.into());
                send(
                    outbox,
                    Out::Checkpoint(v1::CheckpointNote {
                        job,
                        number: *number,
                        checkpoint,
                    }),
                )
                .await?;
            }
            if let Some(outcome) = &out.finished {
                send(
                    outbox,
                    Out::Finished(v1::Finished {
                        job,
                        outcome: Some(outcome.into()),
                    }),
                )
                .await?;
            }
        }
        Ok(())
    }
}

fn decline(offer: &v1::Offer, reason: &str) -> Out {
    Out::Decline(v1::Decline {
        job: offer.job,
        reason: reason.to_owned(),
    })
}

async fn send(outbox: &mpsc::Sender<v1::AgentMessage>, message: Out) -> Result<(), Status> {
    let message = v1::AgentMessage {
        message: Some(message),
    };
    outbox
        .send(message)
        .await
        .map_err(|_| Status::unavailable("the stream broke off"))
}

/// A random number as a share of one.
#[expect(clippy::cast_precision_loss, reason = "a jitter needs no precision")]
fn share_of(number: u64) -> f64 {
    number as f64 / u64::MAX as f64
}
