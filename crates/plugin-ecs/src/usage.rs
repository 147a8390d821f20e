//! Counts calls, by service, API bucket and outcome.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use shipway_plugin::{CallOutcome, Calls, ErrorKind, Place, PlatformError, Usage};

use crate::budget::{Bucket, Budget};
use crate::operation::Operation;

type Kind = (&'static str, &'static str, CallOutcome);

/// The calls of one account and region since the start.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    calls: BTreeMap<Kind, u64>,
    throttles: BTreeMap<&'static str, u64>,
}

impl Ledger {
    /// Counts a call that ended, and how often it was throttled on its way.
    pub(crate) fn count<T>(
        &self,
        operation: &Operation,
        result: &Result<T, PlatformError>,
        throttled: u32,
    ) {
        let outcome = match result {
            Ok(_) => CallOutcome::Done,
            Err(error) if operation.is_answered_by(error) => CallOutcome::Done,
            Err(error) if error.kind == ErrorKind::Throttled => CallOutcome::Throttled,
            Err(_) => CallOutcome::Failed,
        };
        let bucket = operation.bucket.map_or("none", Bucket::as_str);
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counted
            .calls
            .entry((operation.service, bucket, outcome))
            .or_default() += 1;
        if throttled > 0 {
            *counted.throttles.entry(bucket).or_default() += u64::from(throttled);
        }
    }
}

/// What all places together have called, and what is left in each.
pub(crate) fn of<'a>(places: impl Iterator<Item = (&'a Place, &'a Budget)>) -> Usage {
    let mut sum = Counted::default();
    let mut usage = Usage::default();
    for (place, budget) in places {
        let counted = budget.ledger.0.lock();
        let counted = counted.unwrap_or_else(PoisonError::into_inner);
        for (kind, calls) in &counted.calls {
            *sum.calls.entry(*kind).or_default() += calls;
        }
        for (bucket, throttles) in &counted.throttles {
            *sum.throttles.entry(bucket).or_default() += throttles;
        }
        usage.budgets.extend(budget.left(place));
    }
    let calls = sum.calls.into_iter();
    usage.calls = calls
        .map(|((service, bucket, outcome), calls)| Calls {
            service,
            bucket,
            outcome,
            calls,
        })
        .collect();
    usage.throttles = sum.throttles.into_iter().collect();
    usage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{DESCRIBE_SERVICES, GET_CALLER_IDENTITY};

    fn place(region: &str) -> Place {
        Place {
            account: "111111111111".parse().expect("an account"),
            region: region.parse().expect("a region"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_of_all_places_are_added_up_and_budgets_are_told_apart() {
        let (first, second) = (Budget::new(Some(1.0)), Budget::new(None));
        first.take(Bucket::ServiceRead).await;
        let slower = PlatformError::new("t", ErrorKind::Throttled, "slower");
        first.ledger.count(&DESCRIBE_SERVICES, &Ok(()), 2);
        second.ledger.count(&DESCRIBE_SERVICES, &Ok(()), 0);
        first
            .ledger
            .count::<()>(&DESCRIBE_SERVICES, &Err(slower), 1);
        second.ledger.count(&GET_CALLER_IDENTITY, &Ok(()), 0);
        let places = [place("eu-west-1"), place("eu-central-1")];
        let usage = of([(&places[0], &first), (&places[1], &second)].into_iter());
        let calls: Vec<_> = usage
            .calls
            .iter()
            .map(|it| (it.service, it.bucket, it.outcome.as_str(), it.calls))
            .collect();
        assert_eq!(
            calls,
            [
                ("ecs", "service-read", "ok", 2),
                ("ecs", "service-read", "throttled", 1),
                ("sts", "none", "ok", 1),
            ]
        );
        assert_eq!(usage.throttles, [("service-read", 3)]);
        let of_reads: Vec<_> = usage
            .budgets
            .iter()
            .filter(|left| left.bucket == "service-read")
            .map(|left| (left.place.region.as_str(), left.tokens))
            .collect();
        assert_eq!(of_reads, [("eu-west-1", 99.0)]);
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let later = of([(&places[0], &first)].into_iter());
        assert!(later.budgets.iter().all(|left| left.tokens >= 20.0));
        let full = later
            .budgets
            .iter()
            .find(|left| left.bucket == "service-read");
        assert_eq!(full.map(|left| left.tokens), Some(100.0));
    }
}
