//! The agent: takes orders from its session, runs each job in a task of its own, drains at the end.

use std::sync::Arc;
use std::time::Duration;

use shipway_domain::job::{Outcome, StopReason};
use shipway_domain::spec::{BuildSettings, ReleaseSpec};
use shipway_domain::time::Timestamp;
use shipway_plugin::{Builder, Platform};
use shipway_proto::v1;
use shipway_runtime::telemetry::{LOG_ONLY, divert};
use shipway_runtime::{Clock, Metrics, Random, Tasks};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;
use tracing::Instrument as _;

use crate::client::{Client, Connect};
use crate::config::AgentConfig;
use crate::identity::Identity;
use crate::inspect;
use crate::job::{self, Work, bad_offer};
use crate::jobs::Jobs;
use crate::metrics;
use crate::running::{Gone, Running};
use crate::session::{Order, Session};
use crate::steps::Steps;

/// Orders that wait at most.
const ORDERS: usize = 64;
/// How long walkers may take to come to a safe point: a call that changes AWS, and a little.
const HAND_OVER: Duration = Duration::from_secs(15);

/// An agent with its plugins.
pub struct Agent {
    config: AgentConfig,
    platform: Arc<dyn Platform>,
    builders: Vec<Arc<dyn Builder>>,
    clock: Clock,
    random: Random,
    connect: Connect,
    measures: bool,
}

impl Agent {
    /// An agent with these plugins.
    #[must_use]
    pub const fn new(
        config: AgentConfig,
        platform: Arc<dyn Platform>,
        builders: Vec<Arc<dyn Builder>>,
        clock: Clock,
    ) -> Self {
        Self {
            config,
            platform,
            builders,
            clock,
            random: Random::system(),
            connect: Endpoint::connect_lazy,
            measures: true,
        }
    }

    /// The same with chance and a network of its own, as a simulation has them, and without metrics.
    #[must_use]
    pub fn simulated(self, random: Random, connect: Connect) -> Self {
        Self {
            random,
            connect,
            measures: false,
            ..self
        }
    }

    /// Runs until `stop` is cancelled, then takes nothing new, lets running jobs end within the
    /// configured time, hands the rest over, and leaves.
    ///
    /// # Errors
    /// When the settings or the folder cannot be used.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let identity = Identity::take(&self.config.data, &self.random)?;
        let mut plugins: Vec<String> = self
            .builders
            .iter()
            .map(|builder| builder.name().to_owned())
            .collect();
        plugins.push("ecs".to_owned());
        let description = self.config.describe(identity.incarnation, plugins)?;
        let client = Client::new(&self.config, self.connect)?;
        let (orders, mut inbox) = mpsc::channel(ORDERS);
        let (answers, outbox) = mpsc::channel(ORDERS);
        let draining = stop.child_token();
        let leaving = CancellationToken::new();
        let jobs = Jobs::default();
        let metrics = if self.measures {
            metrics::start(&self.config, &self.platform)
        } else {
            Metrics::default()
        };
        let (tasks, walkers) = (Tasks::new(), Tasks::new());
        let session = Session {
            client: client.clone(),
            jobs: jobs.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            agent: description,
            predecessor: identity.predecessor,
            capacity: self.config.capacity as usize,
            orders,
            answers: outbox,
            metrics: metrics.clone(),
            draining: draining.clone(),
            leaving: leaving.clone(),
        };
        let session = tasks.spawn("session", session.run());
        let drain = self.drain(jobs.clone(), draining);
        tokio::pin!(drain);
        loop {
            tokio::select! {
                biased;
                () = &mut drain => break,
                order = inbox.recv() => match order {
                    Some(Order::Run(running, offer)) => {
                        self.start(&walkers, &jobs, &client, &metrics, running, *offer);
                    }
                    Some(Order::Inspect(order)) => {
                        let (platform, answers) = (Arc::clone(&self.platform), answers.clone());
                        let now = Timestamp::from_millis(self.clock.millis());
                        tasks.spawn("inspect", async move {
                            // The session may have ended meanwhile.
                            let answer = inspect::answer(platform, *order, now).await;
                            drop(answers.send(answer).await);
                        });
                    }
                    None => break,
                },
            }
        }
        // What is left is handed over; what changes AWS at this moment is not cut off.
        for running in jobs.all() {
            running.end();
        }
        if !walkers.wait(HAND_OVER).await {
            tracing::warn!("a job did not let go in time");
        }
        leaving.cancel();
        if tokio::time::timeout(Duration::from_secs(10), session)
            .await
            .is_err()
        {
            tracing::warn!("the coordinator did not hear the goodbye; leases will run out");
        }
        tasks.wait(Duration::from_secs(5)).await;
        metrics.end().await;
        Ok(())
    }

    /// Returns when the agent may leave: asked to, and nothing runs any more or time is up.
    async fn drain(&self, jobs: Jobs, draining: CancellationToken) {
        draining.cancelled().await;
        tracing::info!(running = jobs.count(), "draining: nothing new is taken");
        let all_ended = async {
            loop {
                let left = jobs.left.notified();
                if jobs.count() == 0 {
                    return;
                }
                left.await;
            }
        };
        let limit = Duration::from_secs(self.config.drain_seconds);
        if tokio::time::timeout(limit, all_ended).await.is_err() {
            tracing::warn!(
                running = jobs.count(),
                "jobs still run; they are handed over"
            );
        }
    }

    fn start(
        &self,
        walkers: &Tasks,
        jobs: &Jobs,
        client: &Client,
        metrics: &Metrics,
        running: Arc<Running>,
        offer: v1::Offer,
    ) {
        let held = running.held();
        let span = tracing::info_span!(
            target: LOG_ONLY,
            "job",
            shipway.job.kind = offer.kind,
            shipway.job.id = %held.job,
            shipway.job.attempt = %held.attempt,
            shipway.agent.id = self.config.id,
        );
        let spec = offer.spec.clone().map(ReleaseSpec::try_from);
        let (client, platform) = (client.clone(), Arc::clone(&self.platform));
        let (builders, clock) = (self.builders.clone(), self.clock.clone());
        let metrics = metrics.clone();
        let walked = Walked(jobs.clone(), Arc::clone(&running));
        let steps = Steps::new(Arc::clone(&running), &offer.trace_parent);
        let diverted = steps
            .attempt()
            .map(|(trace, attempt)| divert(trace.trace.0, attempt.0, Arc::new(steps.clone())));
        let job = async move {
            let _walked = walked;
            tracing::info!("job taken");
            let spec = match spec {
                Some(Ok(spec)) => spec,
                Some(Err(error)) => {
                    running.finish(Outcome::Failed(bad_offer(&error)));
                    return;
                }
                None => {
                    running.finish(Outcome::Failed(bad_offer(&"spec is not set")));
                    return;
                }
            };
            let kind = offer.kind.clone();
            let builder = spec.build.as_ref().map(BuildSettings::builder_name);
            let work = Work {
                running: Arc::clone(&running),
                steps,
                client,
                platform,
                metrics: metrics.clone(),
                steady: clock.steady(),
                clock,
                spec,
                offer,
            };
            match walk(&kind, work, &builders).await {
                Ok(outcome) => {
                    if kind == "build" {
                        metrics::built(&metrics, builder, &outcome);
                    }
                    tracing::info!(verdict = %outcome.verdict(), "job ended");
                    running.finish(outcome);
                }
                Err(Gone) => tracing::warn!("job given up: another attempt has it"),
            }
        };
        // On the heap: a walker's future is large.
        let job = Box::pin(job.instrument(span));
        walkers.spawn("job", async move {
            match diverted {
                // Until its end, what is done for it is told with its reports.
                Some(diverted) => diverted.around(job).await,
                None => job.await,
            }
        });
    }
}

/// Lets go of a job whose walker ended without an outcome, be it by a panic: its lease then runs
/// out, and another attempt looks at what was done.
struct Walked(Jobs, Arc<Running>);

impl Drop for Walked {
    fn drop(&mut self) {
        let Self(jobs, running) = self;
        if !running.is_finished() && !running.gone().is_cancelled() {
            tracing::error!(job = %running.held().job, "the job's walker broke off");
            jobs.remove(running.held());
        }
    }
}

async fn walk(kind: &str, work: Work, builders: &[Arc<dyn Builder>]) -> Result<Outcome, Gone> {
    // A build that was folded or cancelled before it was ever begun.
    let stop = work.running.stop().borrow().clone();
    match (kind, stop) {
        ("build", Some(reason @ (StopReason::Cancelled { .. } | StopReason::Folded { .. }))) => {
            Ok(Outcome::Stopped(reason))
        }
        ("build", _) => job::build::run(work, builders).await,
        ("rollout", _) => job::rollout::run(work).await,
        ("settle", _) => job::settle::run(work).await,
        ("task", _) => job::task::run(work).await,
        (other, _) => Ok(Outcome::Failed(bad_offer(&format!(
            "jobs of kind {other} are not known"
        )))),
    }
}
