//! The poller against sources that count their calls, in paused time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::ServiceDeploymentStatus;
use shipway_domain::time::Timestamp;
use shipway_plugin::ErrorKind;
use tokio::task::JoinSet;

use super::*;

/// A place of AWS: statuses of deployments by ARN, and how calls end.
#[derive(Default)]
struct World {
    statuses: Mutex<HashMap<String, ServiceDeploymentStatus>>,
    failing: Mutex<Option<ErrorKind>>,
    deployment_calls: AtomicUsize,
    service_calls: AtomicUsize,
}

impl World {
    fn set(&self, arn: &str, status: ServiceDeploymentStatus) {
        self.statuses
            .lock()
            .expect("unpoisoned")
            .insert(arn.to_owned(), status);
    }

    fn fail(&self, kind: Option<ErrorKind>) {
        *self.failing.lock().expect("unpoisoned") = kind;
    }

    fn outcome(&self) -> Result<(), PlatformError> {
        match *self.failing.lock().expect("unpoisoned") {
            None => Ok(()),
            Some(kind) => Err(PlatformError::new("ecs:Any", kind, "as told")),
        }
    }
}

struct Deployments(Arc<World>);
struct Services(Arc<World>);

#[async_trait]
impl Fetch for Deployments {
    type Key = String;
    type Value = ServiceDeploymentSeen;
    const MOST: usize = 20;

    async fn fetch(
        &self,
        keys: &[String],
    ) -> Result<HashMap<String, ServiceDeploymentSeen>, PlatformError> {
        self.0.deployment_calls.fetch_add(1, Ordering::Relaxed);
        self.0.outcome()?;
        let statuses = self.0.statuses.lock().expect("unpoisoned");
        let known = keys
            .iter()
            .filter_map(|arn| Some((arn, statuses.get(arn)?)));
        Ok(known
            .map(|(arn, status)| (arn.clone(), deployment(arn, status)))
            .collect())
    }
}

#[async_trait]
impl Fetch for Services {
    type Key = ServiceKey;
    type Value = ServiceSeen;
    const MOST: usize = 10;

    fn group(key: &ServiceKey) -> &str {
        key.0.as_str()
    }

    async fn fetch(
        &self,
        keys: &[ServiceKey],
    ) -> Result<HashMap<ServiceKey, ServiceSeen>, PlatformError> {
        self.0.service_calls.fetch_add(1, Ordering::Relaxed);
        self.0.outcome()?;
        let present = keys.iter().filter(|(_, name)| name.as_str() != "missing");
        Ok(present
            .map(|key| (key.clone(), ServiceSeen::default()))
            .collect())
    }
}

fn deployment(arn: &str, status: &ServiceDeploymentStatus) -> ServiceDeploymentSeen {
    ServiceDeploymentSeen {
        arn: arn.to_owned(),
        created_at: Timestamp::ZERO,
        status: status.clone(),
        status_reason: None,
        target_revision: Default::default(),
        source_revisions: Vec::new(),
        rollback: None,
        breaker: None,
        lifecycle_stage: None,
        triggered_alarms: Vec::new(),
        hooks: Vec::new(),
    }
}

fn watch(service: &str, deployment: Option<&str>) -> Watch {
    Watch {
        cluster: ClusterName::new("main").expect("a cluster"),
        service: ServiceName::new(service).expect("a service"),
        service_deployment: deployment.map(str::to_owned),
        with_service: false,
    }
}

type WorldPoller = Poller<Services, Deployments>;

fn poller() -> (Arc<World>, Arc<WorldPoller>) {
    let world = Arc::new(World::default());
    let (services, deployments) = (
        Services(Arc::clone(&world)),
        Deployments(Arc::clone(&world)),
    );
    let poller = Poller::new(services, deployments, Polling::default());
    (world, Arc::new(poller))
}

#[tokio::test(start_paused = true)]
async fn a_hundred_rollouts_cost_less_than_a_tenth_of_a_hundred_watchers() {
    let (world, poller) = poller();
    let mut rollouts = JoinSet::new();
    for n in 0..100 {
        let (poller, watch) = (
            Arc::clone(&poller),
            watch(&format!("s{n}"), Some(&format!("d{n}"))),
        );
        world.set(&format!("d{n}"), ServiceDeploymentStatus::InProgress);
        rollouts.spawn(async move {
            loop {
                let seen = poller.observe(&watch).await.expect("observed");
                let status = seen.service_deployment.expect("known").status;
                if status.is_terminal() {
                    return;
                }
            }
        });
    }
    // Something changes all the time, so that the pace stays at 1 s.
    let start = Instant::now();
    for n in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.set(
            &format!("d{n}"),
            ServiceDeploymentStatus::Other(format!("{n}")),
        );
    }
    for n in 0..100 {
        world.set(&format!("d{n}"), ServiceDeploymentStatus::Successful);
    }
    rollouts.join_all().await;
    let seconds = usize::try_from(start.elapsed().as_secs()).expect("few");
    let calls = world.deployment_calls.load(Ordering::Relaxed)
        + world.service_calls.load(Ordering::Relaxed);
    let watchers = 100 * seconds;
    assert!(
        seconds >= 60 && calls * 10 < watchers,
        "{calls} calls beside {watchers}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_ecs_does_not_know_is_none_and_no_error() {
    let (_, poller) = poller();
    let seen = poller
        .observe(&watch("web", Some("gone")))
        .await
        .expect("observed");
    assert_eq!(seen.service_deployment, None);
    assert!(!seen.service_missing, "it was not looked at");
}

#[tokio::test(start_paused = true)]
async fn without_a_deployment_the_service_is_looked_at() {
    let (world, poller) = poller();
    let (there, missing) = (watch("web", None), watch("missing", None));
    let (there, missing) = tokio::join!(poller.observe(&there), poller.observe(&missing));
    assert!(there.expect("observed").service.is_some());
    assert!(missing.expect("observed").service_missing);
    assert_eq!(world.service_calls.load(Ordering::Relaxed), 1);
    assert_eq!(world.deployment_calls.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn the_service_of_a_followed_deployment_is_seen_after_five_polls_and_ten_seconds() {
    let (world, poller) = poller();
    let mut looks = vec![(0, None::<Instant>)];
    for poll in 1..=60 {
        // What changes keeps the poll fast, what does not slows it down.
        if poll < 40 {
            let status = ServiceDeploymentStatus::Other(format!("{poll}"));
            world.set("d", status);
        }
        let watch = watch("web", Some("d"));
        let seen = poller.observe(&watch).await.expect("observed");
        if seen.service.is_some() {
            looks.push((poll, Some(Instant::now())));
        }
    }
    assert_eq!(looks[1].0, 5, "{looks:?}");
    for pair in looks[1..].windows(2) {
        let (polls, span) = (pair[1].0 - pair[0].0, pair[1].1.zip(pair[0].1));
        let span = span
            .map(|(later, earlier)| later - earlier)
            .expect("two looks");
        let seconds = Duration::from_secs;
        assert!(polls >= 5 && span >= seconds(10), "{looks:?}");
        // The first poll for which both hold.
        assert!(polls == 5 || span < seconds(14), "{looks:?}");
    }
    assert!(looks.len() >= 6, "{looks:?}");
    let calls = world.service_calls.load(Ordering::Relaxed);
    assert_eq!(calls, looks.len() - 1);
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_the_poll_and_fails_nobody() {
    let (world, poller) = poller();
    world.set("d", ServiceDeploymentStatus::InProgress);
    let watch = watch("web", Some("d"));
    poller.observe(&watch).await.expect("observed");
    world.fail(Some(ErrorKind::Throttled));
    let (seen, ()) = tokio::join!(poller.observe(&watch), async {
        tokio::time::sleep(Duration::from_secs(200)).await;
        world.fail(None);
    });
    let seen = seen.expect("throttling is no error");
    assert!(seen.service_deployment.is_some());
    assert_eq!(seen.pace, Duration::from_secs(10));
    // 1 poll, then 2, 4, 8, 10, 10, ... s apart.
    let calls = world.deployment_calls.load(Ordering::Relaxed);
    assert!((20..=26).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn unanswered_polls_are_borne_for_a_while() {
    let (world, poller) = poller();
    world.fail(Some(ErrorKind::Unreachable));
    let start = Instant::now();
    let error = poller
        .observe(&watch("web", Some("d")))
        .await
        .expect_err("told at last");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(
        start.elapsed() >= Polling::default().patience,
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_at_once() {
    let (world, poller) = poller();
    world.fail(Some(ErrorKind::Denied));
    let start = Instant::now();
    let error = poller
        .observe(&watch("web", Some("d")))
        .await
        .expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_poller_rests_when_nobody_watches_and_goes_on_at_its_pace() {
    let (world, poller) = poller();
    world.set("d", ServiceDeploymentStatus::InProgress);
    let watch = watch("web", Some("d"));
    for _ in 0..60 {
        poller.observe(&watch).await.expect("observed");
    }
    let calls = world.deployment_calls.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(world.deployment_calls.load(Ordering::Relaxed), calls);
    let seen = poller.observe(&watch).await.expect("observed");
    assert_eq!(
        seen.pace,
        Duration::from_secs(10),
        "nothing has moved meanwhile"
    );
    poller.hurry();
    let start = Instant::now();
    poller.observe(&watch).await.expect("observed");
    assert!(
        start.elapsed() <= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn those_who_left_are_not_polled_for() {
    let (world, poller) = poller();
    world.set("d", ServiceDeploymentStatus::InProgress);
    let watch = watch("web", Some("d"));
    poller.observe(&watch).await.expect("observed");
    let left = tokio::time::timeout(Duration::from_millis(100), poller.observe(&watch)).await;
    assert!(left.is_err(), "the next poll is a second away");
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(world.deployment_calls.load(Ordering::Relaxed), 1);
}
