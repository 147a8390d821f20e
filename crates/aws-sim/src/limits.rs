//! How many calls AWS takes: token buckets by account and region, which all callers share.
//!
//! Off unless asked for: at a high time scale a client makes many calls in a simulated second, and
//! buckets run on simulated time, as everything does.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::choices::{self, Choices};
use crate::clock::SimTime;

/// A bucket: how many calls at once, and how many more each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    burst: u32,
    refill: u32,
}

const fn rate(burst: u32, refill: u32) -> Rate {
    Rate { burst, refill }
}

/// Buckets of ECS (ecs-facts 5.2): a name, its rate, and the operations that share it.
const ECS: &[(&str, Rate, &[&str])] = &[
    (
        "service modify",
        rate(50, 5),
        &["CreateService", "UpdateService", "DeleteService"],
    ),
    (
        "service read",
        rate(100, 20),
        &["DescribeServices", "ListServices"],
    ),
    (
        "service deployments",
        rate(50, 20),
        &["DescribeServiceDeployments", "ListServiceDeployments"],
    ),
    (
        "service revisions",
        rate(50, 20),
        &["DescribeServiceRevisions"],
    ),
    (
        "cluster resource read",
        rate(100, 20),
        &["DescribeTasks", "ListTasks"],
    ),
    (
        "cluster resource modify",
        rate(100, 40),
        &["RunTask", "StopTask"],
    ),
    (
        "task definition modify",
        rate(20, 1),
        &["RegisterTaskDefinition", "DeregisterTaskDefinition"],
    ),
    (
        "task definition read",
        rate(50, 20),
        &[
            "DescribeTaskDefinition",
            "ListTaskDefinitions",
            "ListTaskDefinitionFamilies",
        ],
    ),
    (
        "task definition delete",
        rate(5, 1),
        &["DeleteTaskDefinitions"],
    ),
    (
        "cluster modify",
        rate(20, 1),
        &["CreateCluster", "DeleteCluster"],
    ),
    (
        "cluster read",
        rate(50, 20),
        &["DescribeClusters", "ListClusters"],
    ),
    (
        "tags modify",
        rate(20, 10),
        &["TagResource", "UntagResource"],
    ),
    ("tags read", rate(50, 20), &["ListTagsForResource"]),
];

/// Rates of ECR (ecs-facts 7.7): a second's worth at once.
const ECR: &[(&str, u32)] = &[
    ("GetAuthorizationToken", 500),
    ("BatchGetImage", 2000),
    ("GetDownloadUrlForLayer", 3000),
    ("BatchCheckLayerAvailability", 1000),
    ("InitiateLayerUpload", 100),
    ("UploadLayerPart", 500),
    ("CompleteLayerUpload", 100),
    ("PutImage", 10),
];

/// Operations of ECS whose bucket is documented nowhere (ecs-facts 13).
const STOPPING: [&str; 2] = ["StopServiceDeployment", "ContinueServiceDeployment"];

/// Rates that AWS does not document, as they were chosen.
#[derive(Clone, Copy, Debug, Default)]
struct Chosen {
    stopping: Option<choices::Rate>,
    autoscaling: Option<choices::Rate>,
}

/// The bucket of an operation; those without one are not limited.
fn bucket(chosen: Chosen, service: &str, action: &str) -> Option<(&'static str, Rate)> {
    let of = |name, chosen: Option<choices::Rate>| {
        chosen.map(|chosen| (name, rate(chosen.burst, chosen.refill)))
    };
    match service {
        "ecs" if STOPPING.contains(&action) => of("stop deployments", chosen.stopping),
        "application-autoscaling" => of("auto scaling", chosen.autoscaling),
        "ecs" => ECS
            .iter()
            .find(|(_, _, actions)| actions.contains(&action))
            .map(|(name, rate, _)| (*name, *rate)),
        "ecr" => ECR
            .iter()
            .find(|(name, _)| *name == action)
            .map(|(name, a_second)| (*name, rate(*a_second, *a_second))),
        _ => None,
    }
}

/// Account, region and name of a bucket.
type Whose = (String, String, &'static str);

#[derive(Debug)]
struct Level {
    tokens: f64,
    at: SimTime,
}

/// The limits of one simulator. They are not saved.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    enabled: bool,
    chosen: Chosen,
    levels: HashMap<Whose, Level>,
}

impl Limits {
    /// Switches them on, with full buckets, or off.
    pub(crate) fn enable(&self, enabled: bool) {
        let mut state = self.lock();
        state.enabled = enabled;
        state.levels.clear();
    }

    /// Sets the rates that AWS does not document.
    pub(crate) fn choose(&self, choices: &Choices) {
        let mut state = self.lock();
        state.chosen = Chosen {
            stopping: choices.stop_deployment_rate,
            autoscaling: choices.autoscaling_rate,
        };
        state.levels.clear();
    }

    /// Whether they are on.
    pub(crate) fn enabled(&self) -> bool {
        self.lock().enabled
    }

    /// Whether a call is taken; it then draws on its bucket.
    pub(crate) fn take(
        &self,
        (account, region): (&str, &str),
        (service, action): (&str, &str),
        now: SimTime,
    ) -> bool {
        let mut state = self.lock();
        if !state.enabled {
            return true;
        }
        let Some((name, rate)) = bucket(state.chosen, service, action) else {
            return true;
        };
        let whose = (account.to_owned(), region.to_owned(), name);
        let full = f64::from(rate.burst);
        let level = state.levels.entry(whose).or_insert(Level {
            tokens: full,
            at: now,
        });
        let refilled = now.since(level.at).as_secs_f64() * f64::from(rate.refill);
        level.tokens = (level.tokens + refilled).min(full);
        level.at = now;
        if level.tokens < 1.0 {
            return false;
        }
        level.tokens -= 1.0;
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HERE: (&str, &str) = ("111111111111", "eu-west-1");
    const UPDATE: (&str, &str) = ("ecs", "UpdateService");

    fn taken(limits: &Limits, call: (&str, &str), now: SimTime) -> u32 {
        let mut count = 0;
        while count < 10_000 && limits.take(HERE, call, now) {
            count += 1;
        }
        count
    }

    #[test]
    fn a_bucket_takes_its_burst_and_then_its_refill() {
        let (limits, start) = (Limits::default(), SimTime::from_micros(1));
        limits.enable(true);
        assert_eq!(taken(&limits, UPDATE, start), 50);
        let later = start + Duration::from_secs(3);
        assert_eq!(taken(&limits, UPDATE, later), 15);
        let much_later = later + Duration::from_secs(3600);
        assert_eq!(taken(&limits, UPDATE, much_later), 50);
    }

    #[test]
    fn operations_of_one_bucket_share_it_and_no_other_place_does() {
        let (limits, now) = (Limits::default(), SimTime::from_micros(1));
        limits.enable(true);
        assert_eq!(taken(&limits, ("ecs", "RegisterTaskDefinition"), now), 20);
        assert!(!limits.take(HERE, ("ecs", "DeregisterTaskDefinition"), now));
        assert!(limits.take(HERE, ("ecs", "DescribeTaskDefinition"), now));
        let register = ("ecs", "RegisterTaskDefinition");
        assert!(limits.take(("222222222222", "eu-west-1"), register, now));
        assert!(limits.take(("111111111111", "us-east-1"), register, now));
    }

    #[test]
    fn nothing_is_limited_before_it_is_switched_on_and_what_has_no_bucket_never() {
        let (limits, now) = (Limits::default(), SimTime::from_micros(1));
        assert_eq!(taken(&limits, ("ecr", "PutImage"), now), 10_000);
        limits.enable(true);
        assert_eq!(taken(&limits, ("ecr", "PutImage"), now), 10);
        assert_eq!(taken(&limits, ("sts", "AssumeRole"), now), 10_000);
    }
}
