//! A coordinator and many agents as processes that are killed now and then, and AWS in this one.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use aws_sim::{Sim, SimConfig};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::Size;
use crate::field::{TOOLS, push, service};
use crate::vitals::resident;
use crate::wire::ecs;

/// Within which a process must be there again.
const START: Duration = Duration::from_secs(60);

/// AWS and Shipway.
pub struct Herd {
    sim: Sim,
    /// The existing image, by its digest.
    pub image: String,
    /// Where the coordinator listens, whichever process it is.
    pub url: String,
    folder: PathBuf,
    size: Size,
    coordinator: Mutex<Child>,
    agents: Mutex<Vec<Child>>,
    kills: AtomicUsize,
}

/// The account of this number.
pub fn account(number: usize) -> String {
    format!("1{number:011}")
}

impl Herd {
    /// Starts it all.
    pub async fn start(folder: &Path, size: Size) -> anyhow::Result<Self> {
        let sim = aws_sim::start(SimConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            time_scale: size.scale,
            data: Some(folder.join("aws")),
            ..SimConfig::default()
        })
        .await?;
        sim.seed(&aws_sim::seed::demo())?;
        let ids: Vec<String> = (0..size.accounts).map(account).collect();
        for id in &ids {
            let services: Vec<Value> = (0..size.targets).map(steady).collect();
            let cluster = json!({"name": "bench", "services": services});
            let region = json!({"name": "eu-west-1", "clusters": [cluster]});
            let role = json!({"name": "shipway-deploy", "trust": {"principals": [TOOLS]}});
            let seed = json!({"accounts": [{"id": id, "roles": [role], "regions": [region]}]});
            sim.seed(&serde_json::from_value(seed)?)?;
        }
        let readers: Vec<String> = ids
            .iter()
            .map(|id| format!("arn:aws:iam::{id}:root"))
            .collect();
        let image = push(&sim, &readers).await?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let coordinator = coordinator(folder, port)?;
        let herd = Self {
            sim,
            image,
            url,
            folder: folder.to_owned(),
            size,
            coordinator: Mutex::new(coordinator),
            agents: Mutex::default(),
            kills: AtomicUsize::new(0),
        };
        herd.listens().await?;
        for number in 0..size.accounts * size.agents {
            let agent = herd.agent(number)?;
            herd.agents().push(agent);
        }
        Ok(herd)
    }

    /// Kills the coordinator and agents, one of them at a time, and starts them again, for ever.
    ///
    /// # Errors
    /// A process that does not come back.
    pub async fn kill_now_and_then(self: Arc<Self>, size: Size) -> anyhow::Result<()> {
        let (mut last, mut next) = (Instant::now(), 0_usize);
        loop {
            tokio::time::sleep(size.kill_agent).await;
            // Steps through them in an order without a pattern.
            next = (next * 73 + 41) % (size.accounts * size.agents);
            let agent = self.agent(next);
            end(&mut self.agents()[next]);
            self.agents()[next] = agent?;
            self.kills.fetch_add(1, Ordering::Relaxed);
            if last.elapsed() >= size.kill_coordinator {
                last = Instant::now();
                end(&mut self.child());
                let port = self.url.rsplit(':').next().unwrap_or_default();
                *self.child() = coordinator(&self.folder, port.parse()?)?;
                self.kills.fetch_add(1, Ordering::Relaxed);
                self.listens().await?;
            }
        }
    }

    /// Processes killed so far.
    pub fn kills(&self) -> usize {
        self.kills.load(Ordering::Relaxed)
    }

    /// The coordinator's process and its folder.
    pub fn coordinator(&self) -> (u32, PathBuf) {
        (self.child().id(), self.folder.join("coordinator"))
    }

    /// Mean memory of an agent in KiB.
    pub fn agents_resident(&self) -> f64 {
        let agents = self.agents();
        let all: Vec<f64> = agents
            .iter()
            .filter_map(|agent| resident(agent.id()))
            .collect();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let count = all.len().max(1) as f64;
        all.iter().sum::<f64>() / count
    }

    /// Services that have had another number of deployments than of releases that changed something.
    pub async fn doubled(
        &self,
        rollouts: &BTreeMap<(usize, usize), usize>,
    ) -> anyhow::Result<Vec<String>> {
        let mut odd = Vec::new();
        for (&(number, target), &expected) in rollouts {
            let name = format!("svc-{target}");
            let input = json!({"cluster": "bench", "service": name, "maxResults": 100});
            let url = self.sim.url();
            let list = ecs(&url, &account(number), "ListServiceDeployments", &input).await?;
            let seen = list["serviceDeployments"].as_array().map_or(0, Vec::len);
            // The one that it was born with.
            if seen != expected + 1 {
                odd.push(format!("{}/{name}: {seen} for {expected}", account(number)));
            }
        }
        Ok(odd)
    }

    async fn listens(&self) -> anyhow::Result<()> {
        let (begin, address) = (Instant::now(), self.url.trim_start_matches("http://"));
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = self.child().try_wait()? {
                anyhow::bail!("the coordinator ended with {status}");
            }
            anyhow::ensure!(begin.elapsed() < START, "the coordinator is not there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn agent(&self, number: usize) -> anyhow::Result<Child> {
        let folder = self.folder.join(format!("agent-{number}"));
        std::fs::create_dir_all(&folder)?;
        let (server, aws, data) = (&self.url, self.sim.url(), folder.join("data"));
        let mut config = format!(
            "id = \"agent-{number}\"\nserver = {server:?}\ndata = {data:?}\ndocker = \"off\"\nlayers = false\n\
             [aws]\nendpoint_url = {aws:?}\npoll_min_ms = 500\npoll_max_ms = 2000\nbudget_share = 0\n\
             [telemetry]\nlog = \"warn\"\n"
        );
        for id in [TOOLS.to_owned(), account(number / self.size.agents)] {
            config.push_str(&format!(
                "[[accounts]]\nname = \"a{id}\"\nid = {id:?}\nregions = [\"eu-west-1\"]\n\
                 role_arn = \"arn:aws:iam::{id}:role/shipway-deploy\"\n"
            ));
        }
        let file = folder.join("agent.toml");
        std::fs::write(&file, config)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_shipway-multi"));
        command.args(["shipway-agent", "--config"]).arg(&file);
        command
            .env("AWS_ACCESS_KEY_ID", TOOLS)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_REGION", "eu-west-1")
            // Two hundred of them share the machine.
            .env("TOKIO_WORKER_THREADS", "1");
        spawn(&mut command, &folder.join("agent.log"))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        let child = self.coordinator.lock();
        child.unwrap_or_else(PoisonError::into_inner)
    }

    fn agents(&self) -> MutexGuard<'_, Vec<Child>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        end(&mut self.child());
        self.agents().iter_mut().for_each(end);
    }
}

/// A seeded service whose tasks run already.
fn steady(number: usize) -> Value {
    let mut service = service(number);
    service["steady"] = true.into();
    service
}

fn coordinator(folder: &Path, port: u16) -> anyhow::Result<Child> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shipway-multi"));
    command.args(["shipway-server", "--listen", &format!("127.0.0.1:{port}")]);
    command.arg("--data").arg(folder.join("coordinator"));
    spawn(&mut command, &folder.join("coordinator.log"))
}

fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Child> {
    let mut options = std::fs::OpenOptions::new();
    let log = options.create(true).append(true).open(log)?;
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    command
        .stderr(log)
        .spawn()
        .context("a process could not be started")
}

fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}
