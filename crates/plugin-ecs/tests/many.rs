//! A hundred rollouts at once share their polls.

mod common;

use std::sync::Arc;
use std::time::Duration;

use aws_sim::Sim;
use aws_sim::seed::{ServiceSeed, demo};
use common::rollout::{follow, newest, simulator, update};
use common::{STAGING, cluster, config, job, open};
use shipway_domain::ids::ServiceName;
use shipway_domain::observe::ServiceDeploymentStatus;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ObserveTasks, RegionApi};
use tokio::task::JoinSet;

/// The demo service a hundred times.
async fn hundred(time_scale: f64) -> (Sim, Vec<ServiceName>) {
    let sim = simulator(time_scale).await;
    let mut seed = demo();
    seed.accounts.retain(|account| account.id == STAGING);
    let services = &mut seed.accounts[0].regions[0].clusters[0].services;
    let hello = services.remove(0);
    let names: Vec<_> = (0..100).map(|n| format!("s{n}")).collect();
    services.extend(names.iter().map(|name| {
        let ServiceSeed {
            mut task_definition,
            mut service,
            steady,
        } = hello.clone();
        service["serviceName"] = name.as_str().into();
        task_definition["family"] = name.as_str().into();
        ServiceSeed {
            task_definition,
            service,
            steady,
        }
    }));
    sim.seed(&seed).expect("seeded");
    let names = names
        .into_iter()
        .map(|name| ServiceName::new(name).expect("a name"));
    (sim, names.collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_rollouts_poll_less_than_a_tenth_of_a_hundred_watchers() {
    let (sim, names) = hundred(30.0).await;
    let mut settings = config(&sim.url());
    settings.budget_share = None;
    settings.polling.min = Duration::from_millis(200);
    settings.polling.max = Duration::from_secs(1);
    let region: Arc<dyn RegionApi> = open(settings, STAGING, &job()).await;
    let mut rollouts = JoinSet::new();
    for name in names {
        let region = Arc::clone(&region);
        rollouts.spawn(async move {
            let seen = region
                .service(&cluster(), &name)
                .await
                .expect("asked")
                .expect("exists");
            let since = Timestamp::from_millis(
                seen.events.first().map_or(0, |event| event.at.millis()) + 1,
            );
            update(&*region, &name, &seen.task_definition).await;
            let arn = newest(&*region, &name, since).await;
            let ended = follow(&*region, &name, &arn).await;
            assert_eq!(ended.status, ServiceDeploymentStatus::Successful);
            let tasks = region.tasks(&cluster(), &name, ObserveTasks::Running).await;
            assert_eq!(tasks.expect("tasks").len(), 2);
        });
    }
    rollouts.join_all().await;
    let calls = sim.calls(0.0);
    let count = |action: &str| calls.iter().filter(|call| call.action == action).count();
    let deployments = count("DescribeServiceDeployments");
    let polling = deployments + count("DescribeServices");
    // Each poll of a hundred deployments takes five calls; a watcher would take one each.
    let watchers = 100 * deployments.div_ceil(5);
    assert!(polling * 10 < watchers, "{polling} calls beside {watchers}");
    assert!(count("DescribeTasks") <= 100, "{}", count("DescribeTasks"));
}
