//! The same requests give the same answers, ids included, with a paused clock and a seed.

mod support;

use std::time::Duration;

use aws_sim::clock::SimTime;
use aws_sim::seed::demo;
use aws_sim::{SimConfig, start};
use serde_json::{Value, json};
use support::{Answer, REGION, STAGING, TOOLS, World};

/// A simulated morning.
const START: SimTime = SimTime::from_micros(1_795_000_000_000_000);

async fn world(seed: u64) -> World {
    let sim = start(SimConfig {
        time_scale: 0.0,
        id_seed: Some(seed),
        start_at: Some(START),
        ..SimConfig::default()
    });
    let sim = sim.await.expect("it starts");
    sim.seed(&demo()).expect("seeded");
    World { sim }
}

/// What is heard of a world, without what the network adds.
struct Heard {
    lines: Vec<String>,
    /// Addresses of the registries: their ports are the machine's.
    hosts: Vec<String>,
}

impl Heard {
    fn hear(&mut self, what: &str, answer: &Answer) -> Value {
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != http::header::DATE)
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        let mut line = format!("{what} {} {headers:?} {}", answer.status, answer.text());
        for host in &self.hosts {
            line = line.replace(host.as_str(), "REGISTRY");
        }
        self.lines.push(line);
        serde_json::from_str(&answer.text()).unwrap_or_default()
    }
}

/// A rollout over a changed image, a task by hand, scaling, mistakes; with all that can be seen.
async fn play(world: &World) -> Vec<String> {
    let host = world.sim.registry(TOOLS, REGION).expect("a port");
    let (mut heard, hosts) = (Vec::new(), vec![host]);
    let mut heard = Heard {
        lines: std::mem::take(&mut heard),
        hosts,
    };
    let made = world.ecr(TOOLS, "CreateRepository", json!({"repositoryName": "app"}));
    heard.hear("CreateRepository", &made.await);
    let definition = json!({"family": "hello", "networkMode": "awsvpc", "cpu": "256",
        "memory": "512", "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": format!("arn:aws:iam::{STAGING}:role/execution"),
        "containerDefinitions": [{"name": "app", "image": "httpd:2", "essential": true}]});
    let service = json!({"cluster": "main", "service": "hello"});
    let mut update = service.clone();
    update["taskDefinition"] = "hello".into();
    let calls = [
        ("RegisterTaskDefinition", definition),
        ("UpdateService", update),
        (
            "RunTask",
            json!({"cluster": "main", "taskDefinition": "hello:1", "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}),
        ),
        (
            "UpdateService",
            json!({"cluster": "main", "service": "nobody"}),
        ),
        ("DescribeServices", json!({"services": 5})),
    ];
    for (action, input) in calls {
        heard.hear(action, &world.ecs(STAGING, action, input).await);
    }
    for _ in 0..16 {
        world.sim.clock().advance(Duration::from_secs(15));
        let input = json!({"cluster": "main", "services": ["hello"]});
        let answer = world.ecs(STAGING, "DescribeServices", input).await;
        heard.hear("DescribeServices", &answer);
        let listed = world
            .ecs(STAGING, "ListServiceDeployments", service.clone())
            .await;
        let listed = heard.hear("ListServiceDeployments", &listed);
        let arn = &listed["serviceDeployments"][0]["serviceDeploymentArn"];
        let input = json!({"serviceDeploymentArns": [arn]});
        let answer = world
            .ecs(STAGING, "DescribeServiceDeployments", input)
            .await;
        heard.hear("DescribeServiceDeployments", &answer);
        let tasks = world
            .ecs(STAGING, "ListTasks", json!({"cluster": "main"}))
            .await;
        let tasks = heard.hear("ListTasks", &tasks);
        let input = json!({"cluster": "main", "tasks": tasks["taskArns"]});
        let answer = world.ecs(STAGING, "DescribeTasks", input).await;
        heard.hear("DescribeTasks", &answer);
    }
    heard.lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_requests_give_the_same_answers_ids_included() {
    let (first, second) = (world(7).await, world(7).await);
    let (first, second) = (play(&first).await, play(&second).await);
    assert_eq!(first.len(), second.len());
    for (left, right) in first.iter().zip(&second) {
        assert_eq!(left, right);
    }
    let ended = first.iter().any(|line| line.contains("SUCCESSFUL"));
    assert!(ended, "the rollout came to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_seed_gives_other_ids() {
    let (first, second) = (world(7).await, world(8).await);
    let (first, second) = (play(&first).await, play(&second).await);
    assert_ne!(first[1], second[1]);
}
