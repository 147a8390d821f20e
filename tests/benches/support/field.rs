//! A field to deploy on: AWS with many services and one image, and Shipway's processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_sim::{Sim, SimConfig};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::node::Node;
use crate::wire::{aws, ecs, send};

/// The account that all is deployed in.
pub const ACCOUNT: &str = "111111111111";
/// The account that owns the image.
pub const TOOLS: &str = "000000000000";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Seconds that the phases of a task take: a rollout is over after about 20 s, several times as
/// fast as on Fargate.
const PHASES: &str = r#"{"provisioning": 4, "pulling": 4, "activating": 1, "settling": 8,
    "terminating": 1, "deprovisioning": 1, "pending": 0, "requested": 0.2}"#;

/// AWS and Shipway.
pub struct Field {
    /// The simulator.
    pub sim: Sim,
    /// The coordinator.
    pub node: Node,
    /// The existing image, by its digest.
    pub image: String,
    agent: Child,
}

impl Field {
    /// Starts it all, with so many services, named `svc-0` and so on, in cluster `bench`.
    pub async fn start(folder: &Path, services: usize, poll: Duration) -> anyhow::Result<Self> {
        let sim = aws_sim::start(SimConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            time_scale: 1.0,
            data: Some(folder.join("aws")),
            ..SimConfig::default()
        })
        .await?;
        sim.seed(&aws_sim::seed::demo())?;
        let services: Vec<Value> = (0..services).map(service).collect();
        let cluster = json!({"name": "bench", "services": services});
        let region = json!({"name": "eu-west-1", "clusters": [cluster]});
        let seed = json!({"accounts": [{"id": ACCOUNT, "regions": [region]}]});
        sim.seed(&serde_json::from_value(seed)?)?;
        send(&sim.url(), "PUT /_sim/ecs/phases", &[], PHASES).await?;
        let image = push(&sim, &[ACCOUNT.to_owned()]).await?;
        let node = Node::start(&folder.join("coordinator"))?;
        let agent = agent(folder, &node.url, &sim.url(), poll)?;
        Ok(Self {
            sim,
            node,
            image,
            agent,
        })
    }

    /// Processor time that Shipway's processes have used.
    pub fn cpu(&self) -> anyhow::Result<f64> {
        Ok(cpu_of(self.node.id())? + cpu_of(self.agent.id())?)
    }

    /// The time of AWS, which is that of everybody here, in epoch seconds.
    pub fn now(&self) -> f64 {
        self.sim.clock().now().epoch_seconds()
    }

    /// When ECS was done with the latest deployment of a service.
    pub async fn done(&self, service: &str) -> anyhow::Result<f64> {
        let input = json!({"cluster": "bench", "service": service});
        let url = self.sim.url();
        let list = ecs(&url, ACCOUNT, "ListServiceDeployments", &input).await?;
        let latest = &list["serviceDeployments"][0];
        let successful = latest["status"] == "SUCCESSFUL";
        anyhow::ensure!(successful, "{service}: {latest}");
        latest["finishedAt"]
            .as_f64()
            .ok_or_else(|| anyhow::anyhow!("{service}: {latest}"))
    }

    /// Calls from the first UpdateService after `since` on that only read, by their names.
    pub fn polls(&self, since: f64, until: f64) -> BTreeMap<String, usize> {
        let mut calls = self.sim.calls(since);
        calls.retain(|call| {
            call.account.as_deref() == Some(ACCOUNT) && call.service == "ecs" && call.time <= until
        });
        let reads = |action: &str| {
            ["Describe", "List", "Get"]
                .iter()
                .any(|it| action.starts_with(it))
        };
        let mut polls = BTreeMap::new();
        let begun = calls
            .into_iter()
            .skip_while(|call| call.action != "UpdateService");
        for call in begun.filter(|call| reads(&call.action)) {
            *polls.entry(call.action).or_default() += 1;
        }
        polls
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        drop(self.agent.kill());
        drop(self.agent.wait());
    }
}

/// A task definition of a service: the same in all rounds but for a variable.
pub fn definition(service: &str, image: &str, round: &str) -> Value {
    json!({
        "family": service,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/execution"),
        "containerDefinitions": [{
            "name": "app",
            "image": image,
            "essential": true,
            "environment": [{"name": "ROUND", "value": round}],
        }],
    })
}

/// A service of two tasks, as a seed has it.
pub fn service(number: usize) -> Value {
    let name = format!("svc-{number}");
    let image = "public.ecr.aws/docker/library/httpd:latest";
    json!({
        "task_definition": definition(&name, image, "none"),
        "service": {
            "serviceName": name,
            "desiredCount": 2,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {
                "subnets": ["subnet-0a1b2c3d4e5f60718"],
                "securityGroups": ["sg-0a1b2c3d4e5f60718"],
                "assignPublicIp": "DISABLED",
            }},
            "deploymentConfiguration": {
                "minimumHealthyPercent": 100,
                "maximumPercent": 200,
                "deploymentCircuitBreaker": {"enable": true, "rollback": true},
            },
        },
    })
}

/// Pushes an image of one layer, which these accounts may pull; gives its reference.
pub async fn push(sim: &Sim, readers: &[String]) -> anyhow::Result<String> {
    let url = sim.url();
    let ecr = async |action: &str, input: Value| {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{action}");
        aws(&url, TOOLS, &target, &input).await
    };
    let made = ecr("CreateRepository", json!({"repositoryName": "app"})).await?;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": readers},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]}]});
    let input = json!({"repositoryName": "app", "policyText": policy.to_string()});
    ecr("SetRepositoryPolicy", input).await?;
    let token = ecr("GetAuthorizationToken", json!({})).await?;
    let token = token["authorizationData"][0]["authorizationToken"].as_str();
    let basic = format!("Basic {}", token.unwrap_or_default());
    let registry = sim.registry(TOOLS, "eu-west-1")?;
    let config = r#"{"os":"linux","architecture":"amd64"}"#;
    let mut parts = Vec::new();
    for blob in [config, "layer"] {
        let digest = digest(blob);
        let line = format!("POST /v2/app/blobs/uploads/?digest={digest}");
        send(&registry, &line, &[("Authorization", &basic)], blob).await?;
        parts.push(json!({"digest": digest, "size": blob.len()}));
    }
    parts[0]["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
    parts[1]["mediaType"] = "application/vnd.oci.image.layer.v1.tar".into();
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0],
        "layers": [parts[1]]})
    .to_string();
    let headers = [
        ("Authorization", basic.as_str()),
        ("Content-Type", MANIFEST),
    ];
    send(&registry, "PUT /v2/app/manifests/v1", &headers, &manifest).await?;
    let repository = made["repository"]["repositoryUri"].as_str();
    Ok(format!(
        "{}@{}",
        repository.unwrap_or_default(),
        digest(&manifest)
    ))
}

fn digest(text: &str) -> String {
    let sum = Sha256::digest(text.as_bytes());
    let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn agent(folder: &Path, server: &str, aws: &str, poll: Duration) -> anyhow::Result<Child> {
    let millis = poll.as_millis();
    let data = folder.join("agent");
    // No limits of its own: the simulator has none, and nothing paces the others.
    let mut config = format!(
        "id = \"bench\"\nserver = {server:?}\ndata = {data:?}\ndocker = \"off\"\ncapacity = 128\n\
         [aws]\nendpoint_url = {aws:?}\npoll_min_ms = {millis}\npoll_max_ms = {millis}\n\
         budget_share = 0\n"
    );
    for (name, id) in [("tools", TOOLS), ("staging", ACCOUNT)] {
        config.push_str(&format!(
            "[[accounts]]\nname = {name:?}\nid = {id:?}\nregions = [\"eu-west-1\"]\n\
             role_arn = \"arn:aws:iam::{id}:role/shipway-deploy\"\n"
        ));
    }
    let file = folder.join("agent.toml");
    std::fs::write(&file, config)?;
    let log = std::fs::File::create(folder.join("agent.log"))?;
    Ok(Command::new(env!("CARGO_BIN_EXE_shipway-multi"))
        .args(["shipway-agent", "--config"])
        .arg(&file)
        .env("AWS_ACCESS_KEY_ID", TOOLS)
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_REGION", "eu-west-1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?)
}

/// Seconds of processor time that a process has used.
fn cpu_of(process: u32) -> anyhow::Result<f64> {
    ticks(&format!("/proc/{process}/stat"), 11)
}

/// Seconds of processor time of this program's children that have ended.
pub fn cpu_of_children() -> anyhow::Result<f64> {
    ticks("/proc/self/stat", 13)
}

/// Two fields of a stat file in seconds: Linux counts hundredths there.
fn ticks(file: &str, first: usize) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(file)?;
    // The name of the program may have spaces; it ends with the last bracket.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = fields.split_whitespace().skip(first).take(2);
    let hundredths: Result<Vec<f64>, _> = fields.map(str::parse).collect();
    Ok(hundredths?.into_iter().sum::<f64>() / 100.0)
}
