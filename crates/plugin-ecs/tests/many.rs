//! A hundred rollouts at once share their polls.

mod common;

use std::sync::Arc;
use std::time::Duration;

use aws_sim::Sim;
use aws_sim::seed::{ServiceSeed, demo};
use common::rollout::{follow, newest, simulator, update};
use common::{STAGING, Server, cluster, config, job, open};
use serde_json::{Value, json};
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
    // They end within a few polls, and those that end in one are listed and described together.
    let tasks = count("ListTasks") + count("DescribeTasks");
    assert!(tasks < 60, "{tasks} calls for tasks");
}

#[tokio::test]
async fn a_cluster_much_bigger_than_what_is_asked_for_is_not_listed_through() {
    let server = Server::start(|asked, _| {
        let order: Value = serde_json::from_str(&asked.body).expect("JSON");
        let body = match (asked.operation.as_str(), order["serviceName"].as_str()) {
            ("DescribeTasks", _) => {
                let arns = order["tasks"].as_array().expect("tasks").iter();
                let tasks = arns.map(|arn| {
                    let name = arn
                        .as_str()
                        .expect("an ARN")
                        .replace("task-of-", "service:");
                    json!({"taskArn": arn, "group": name})
                });
                json!({"tasks": tasks.collect::<Vec<_>>()})
            }
            (_, Some(name)) => json!({"taskArns": [format!("task-of-{name}")]}),
            (_, None) => json!({"taskArns": ["task-of-others"], "nextToken": "more"}),
        };
        (200, body.to_string())
    })
    .await;
    let region = server.open().await;
    let names: Vec<_> = (0..10)
        .map(|n| ServiceName::new(format!("s{n}")).expect("a name"))
        .collect();
    let cluster = cluster();
    for listed in [5 + 10, 5 + 10 + 10] {
        let asks = names
            .iter()
            .map(|name| region.tasks(&cluster, name, ObserveTasks::Running));
        for (name, tasks) in names.iter().zip(futures::future::join_all(asks).await) {
            let arns: Vec<_> = tasks
                .expect("tasks")
                .into_iter()
                .map(|task| task.arn)
                .collect();
            assert_eq!(arns, [format!("task-of-{name}")]);
        }
        // Five pages of the cluster the first time; then it is known to be too big.
        assert_eq!(server.asked("ListTasks").len(), listed);
    }
    assert_eq!(server.asked("DescribeTasks").len(), 2);
}
