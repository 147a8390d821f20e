//! Those who release, again and again, and see each release to its end whatever dies meanwhile.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use shipway_proto::v1;
use tokio::task::JoinSet;
use tokio::time::Interval;

use crate::Size;
use crate::client::{self, Client};
use crate::field::{TOOLS, definition};
use crate::herd::{Herd, account};

/// After so long a release has been lost.
const PATIENCE: Duration = Duration::from_secs(600);

/// What came of it all.
#[derive(Debug, Default)]
pub struct Outcome {
    /// From the call to the answer, where the first call was answered.
    pub submits: Vec<Duration>,
    /// How many releases ended how.
    pub verdicts: BTreeMap<String, usize>,
    /// Releases by account and target.
    pub rollouts: BTreeMap<(usize, usize), usize>,
}

/// Everybody.
pub struct People {
    herd: Arc<Herd>,
    size: Size,
    /// Targets that nobody deploys to now.
    free: Mutex<VecDeque<(usize, usize)>>,
    begun: AtomicUsize,
    turn: tokio::sync::Mutex<Interval>,
    done: AtomicUsize,
}

impl People {
    /// Nobody has done anything yet.
    pub fn new(herd: Arc<Herd>, size: Size) -> Self {
        let targets = (0..size.targets).flat_map(|t| (0..size.accounts).map(move |a| (a, t)));
        Self {
            herd,
            size,
            free: Mutex::new(targets.collect()),
            begun: AtomicUsize::new(0),
            turn: tokio::sync::Mutex::new(tokio::time::interval(size.pace)),
            done: AtomicUsize::new(0),
        }
    }

    /// Releases that have ended.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Makes all releases.
    ///
    /// # Errors
    /// One that does not end.
    pub async fn work(self: Arc<Self>) -> anyhow::Result<Outcome> {
        let mut running = JoinSet::new();
        for _ in 0..self.size.at_once {
            running.spawn(Arc::clone(&self).person());
        }
        let mut whole = Outcome::default();
        while let Some(ended) = running.join_next().await {
            let part = ended??;
            whole.submits.extend(part.submits);
            for (verdict, count) in part.verdicts {
                *whole.verdicts.entry(verdict).or_default() += count;
            }
            for (target, count) in part.rollouts {
                *whole.rollouts.entry(target).or_default() += count;
            }
        }
        Ok(whole)
    }

    async fn person(self: Arc<Self>) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut client = Client::new(
            tonic::transport::Endpoint::from_shared(self.herd.url.clone())?
                .tcp_nodelay(true)
                .connect_lazy(),
        );
        loop {
            let number = self.begun.fetch_add(1, Ordering::Relaxed);
            if number >= self.size.releases {
                return Ok(outcome);
            }
            self.turn.lock().await.tick().await;
            let target = self.lock().pop_front();
            let (of, service) = target.ok_or_else(|| anyhow::anyhow!("no free target"))?;
            let release = self.submit(&mut client, number, (of, service), &mut outcome);
            let release = release.await?;
            let verdict = end(&mut client, release).await?;
            *outcome.verdicts.entry(verdict).or_default() += 1;
            *outcome.rollouts.entry((of, service)).or_default() += 1;
            self.done.fetch_add(1, Ordering::Relaxed);
            self.lock().push_back((of, service));
        }
    }

    /// Submits, with the same key until it is answered.
    async fn submit(
        &self,
        client: &mut Client,
        number: usize,
        (of, service): (usize, usize),
        outcome: &mut Outcome,
    ) -> anyhow::Result<u64> {
        let name = format!("svc-{service}");
        let task = definition(&name, "replaced", &format!("r{number}")).to_string();
        let mut request = client::request(&account(of), &name);
        request.key = format!("soak-{number}");
        if let Some(spec) = &mut request.spec {
            spec.app = format!("app-{of}-{service}");
            let reference = self.herd.image.clone();
            let image = v1::source::Source::Image(v1::source::Image { reference });
            spec.source = Some(v1::Source {
                source: Some(image),
            });
            if let Some(image) = &mut spec.image {
                image.account = TOOLS.to_owned();
                image.repository = "app".to_owned();
            }
            if let Some(target) = &mut spec.targets[0].target {
                target.cluster = "bench".to_owned();
            }
            let kept = patient(|| {
                let (mut client, task) = (client.clone(), task.clone());
                async move { client::keep(&mut client, task.as_bytes()).await }
            });
            spec.task_definition = kept.await?.0;
        }
        let begin = Instant::now();
        let (reply, tries) = patient(|| {
            let (mut client, request) = (client.clone(), request.clone());
            async move { anyhow::Ok(client.submit(request).await?.into_inner()) }
        })
        .await?;
        if tries == 1 {
            outcome.submits.push(begin.elapsed());
        }
        Ok(reply.release)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(usize, usize)>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does something until it succeeds; gives how often it was tried.
async fn patient<T, F: Future<Output = anyhow::Result<T>>>(
    mut deed: impl FnMut() -> F,
) -> anyhow::Result<(T, u32)> {
    let begin = Instant::now();
    for tries in 1.. {
        match deed().await {
            Ok(done) => return Ok((done, tries)),
            Err(error) if begin.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    anyhow::bail!("never tried")
}

/// Watches a release to its end; gives its verdict.
async fn end(client: &mut Client, release: u64) -> anyhow::Result<String> {
    let begin = Instant::now();
    let mut after = 0;
    loop {
        let request = v1::WatchRequest {
            release,
            after,
            until_rest: false,
        };
        let mut verdict = None;
        if let Ok(stream) = client.watch(request).await {
            let mut stream = stream.into_inner();
            while let Ok(Some(reply)) = stream.message().await {
                for event in reply.events {
                    anyhow::ensure!(event.seq == after + 1, "a gap in the events of {release}");
                    after = event.seq;
                    if let Some(v1::event::Kind::Ended(ended)) = event.kind {
                        verdict = Some(ended.verdict().as_str_name().to_owned());
                    }
                }
            }
        }
        if let Some(verdict) = verdict {
            return Ok(verdict);
        }
        anyhow::ensure!(begin.elapsed() < PATIENCE, "release {release} does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
