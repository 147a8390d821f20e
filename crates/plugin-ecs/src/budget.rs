//! Token buckets, one per API bucket of ECS, so that we do not use up what others need too.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shipway_plugin::{BudgetLeft, Place};
use tokio::time::Instant;

use crate::usage::Ledger;

/// The API buckets that we draw from (ecs-facts 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucket {
    ServiceModify,
    ServiceRead,
    ServiceDeployments,
    ServiceRevisions,
    ClusterResourceRead,
    ClusterResourceModify,
    TaskDefinitionModify,
    TaskDefinitionRead,
}

impl Bucket {
    const ALL: [Self; 8] = [
        Self::ServiceModify,
        Self::ServiceRead,
        Self::ServiceDeployments,
        Self::ServiceRevisions,
        Self::ClusterResourceRead,
        Self::ClusterResourceModify,
        Self::TaskDefinitionModify,
        Self::TaskDefinitionRead,
    ];

    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ServiceModify => "service-modify",
            Self::ServiceRead => "service-read",
            Self::ServiceDeployments => "service-deployments",
            Self::ServiceRevisions => "service-revisions",
            Self::ClusterResourceRead => "cluster-resource-read",
            Self::ClusterResourceModify => "cluster-resource-modify",
            Self::TaskDefinitionModify => "task-definition-modify",
            Self::TaskDefinitionRead => "task-definition-read",
        }
    }

    /// Burst and refill per second, of all callers of an account and region together.
    const fn figures(self) -> (f64, f64) {
        match self {
            Self::ServiceModify => (50.0, 5.0),
            Self::ServiceRead | Self::ClusterResourceRead => (100.0, 20.0),
            Self::ClusterResourceModify => (100.0, 40.0),
            Self::ServiceDeployments | Self::ServiceRevisions | Self::TaskDefinitionRead => {
                (50.0, 20.0)
            }
            Self::TaskDefinitionModify => (20.0, 1.0),
        }
    }

    /// Whether the share applies: changes are few and wanted, so they may use all there is.
    const fn is_shared(self) -> bool {
        !matches!(self, Self::ServiceModify | Self::TaskDefinitionModify)
    }
}

/// What this process may call in one account and region.
#[derive(Debug)]
pub(crate) struct Budget {
    buckets: Option<[Mutex<Tokens>; Bucket::ALL.len()]>,
    /// What was called.
    pub(crate) ledger: Ledger,
}

impl Budget {
    /// A budget of this share (above 0, 1 is everything) of what AWS lets through; `None` is no
    /// budget at all.
    pub(crate) fn new(share: Option<f64>) -> Self {
        Self {
            buckets: share
                .map(|share| Bucket::ALL.map(|bucket| Mutex::new(Tokens::new(bucket, share)))),
            ledger: Ledger::default(),
        }
    }

    /// What is left in each bucket now; nothing without a budget.
    pub(crate) fn left(&self, place: &Place) -> Vec<BudgetLeft> {
        let now = Instant::now();
        let buckets = Bucket::ALL.iter().zip(self.buckets.iter().flatten());
        buckets
            .map(|(bucket, tokens)| BudgetLeft {
                place: place.clone(),
                bucket: bucket.as_str(),
                tokens: tokens
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .level_at(now),
            })
            .collect()
    }

    /// Takes a token, waiting for it as long as it takes; waiters are served in order.
    pub(crate) async fn take(&self, bucket: Bucket) {
        if let Ok(Some(wait)) = self.draw(bucket, Duration::MAX) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a token if it comes within `limit`.
    ///
    /// # Errors
    /// How long it would have taken.
    pub(crate) async fn take_within(
        &self,
        bucket: Bucket,
        limit: Duration,
    ) -> Result<(), Duration> {
        if let Some(wait) = self.draw(bucket, limit)? {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Changes the share of what AWS lets through; without effect when there is no budget.
    pub(crate) fn set_share(&self, share: f64) {
        for (bucket, tokens) in Bucket::ALL.iter().zip(self.buckets.iter().flatten()) {
            let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = Tokens::new(*bucket, share);
            tokens.level = tokens.level.min(fresh.burst);
            tokens.burst = fresh.burst;
            tokens.refill = fresh.refill;
        }
    }

    fn draw(&self, bucket: Bucket, limit: Duration) -> Result<Option<Duration>, Duration> {
        let Some(buckets) = &self.buckets else {
            return Ok(None);
        };
        buckets[bucket as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .draw(Instant::now(), limit)
    }
}

/// A bucket whose level may fall below zero: then tokens are promised, in order of asking.
#[derive(Debug)]
struct Tokens {
    burst: f64,
    refill: f64,
    level: f64,
    at: Option<Instant>,
}

impl Tokens {
    fn new(bucket: Bucket, share: f64) -> Self {
        let (burst, refill) = bucket.figures();
        let share = if bucket.is_shared() { share } else { 1.0 };
        let burst = (burst * share).max(1.0);
        Self {
            burst,
            refill: refill * share,
            level: burst,
            at: None,
        }
    }

    fn level_at(&self, now: Instant) -> f64 {
        let passed = self.at.map_or(Duration::ZERO, |at| now - at);
        (self.level + passed.as_secs_f64() * self.refill).min(self.burst)
    }

    fn draw(&mut self, now: Instant, limit: Duration) -> Result<Option<Duration>, Duration> {
        self.level = self.level_at(now);
        self.at = Some(now);
        let missing = 1.0 - self.level;
        if missing <= 0.0 {
            self.level -= 1.0;
            return Ok(None);
        }
        let wait = Duration::from_secs_f64(missing / self.refill);
        if wait > limit {
            return Err(wait);
        }
        self.level -= 1.0;
        Ok(Some(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_burst_is_free_and_then_the_refill_sets_the_pace() {
        let budget = Budget::new(Some(0.5));
        let start = Instant::now();
        for _ in 0..25 {
            budget.take(Bucket::ServiceDeployments).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            budget.take(Bucket::ServiceDeployments).await;
        }
        // Half of 20 a second.
        let took = start.elapsed();
        assert!((0.99..1.02).contains(&took.as_secs_f64()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_not_kept_waiting_past_its_limit() {
        let budget = Budget::new(Some(0.1));
        for _ in 0..20 {
            budget.take(Bucket::TaskDefinitionModify).await;
        }
        let limit = Duration::from_secs(2);
        assert_eq!(
            budget
                .take_within(Bucket::TaskDefinitionModify, limit)
                .await,
            Ok(())
        );
        budget
            .draw(Bucket::TaskDefinitionModify, Duration::MAX)
            .expect("promised");
        budget
            .draw(Bucket::TaskDefinitionModify, Duration::MAX)
            .expect("promised");
        let refused = budget
            .take_within(Bucket::TaskDefinitionModify, limit)
            .await;
        assert_eq!(refused, Err(Duration::from_secs(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_budget_nothing_waits() {
        let budget = Budget::new(None);
        let start = Instant::now();
        for _ in 0..1000 {
            budget.take(Bucket::ServiceRead).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_smaller_share_counts_at_once() {
        let budget = Budget::new(Some(1.0));
        budget.set_share(0.1);
        for _ in 0..10 {
            budget.take(Bucket::ServiceRead).await;
        }
        let start = Instant::now();
        budget.take(Bucket::ServiceRead).await;
        assert_eq!(start.elapsed().as_millis(), 500);
    }
}
