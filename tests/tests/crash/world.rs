//! A simulator, a coordinator and two agents that can do the same, each a process that may be killed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use shipway_runtime::Clock;
use tempfile::TempDir;

use crate::aws::Aws;
use crate::machine::{Death, Machine};

pub(crate) const TOOLS: &str = "000000000000";
pub(crate) const ACCOUNT: &str = "111111111111";
/// Seconds after which an agent that leaves hands its jobs over.
const HAND_OVER: u64 = 1;
/// Longest time that a start may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Leases in seconds: how long, how often renewed, how long before their end nothing is changed any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) length: u64,
    pub(crate) renew: u64,
    pub(crate) margin: u64,
}

impl Lease {
    /// The shortest that is allowed.
    pub(crate) const SHORT: Self = Self {
        length: 6,
        renew: 2,
        margin: 2,
    };
    /// Long enough for a coordinator to be away in, and for a rollout to end meanwhile; renewed often, so
    /// that most of it is left whenever the coordinator goes.
    pub(crate) const ROOMY: Self = Self {
        length: 45,
        renew: 2,
        margin: 5,
    };
    /// As it comes.
    pub(crate) const USUAL: Self = Self {
        length: 60,
        renew: 20,
        margin: 15,
    };
}

/// The processes, and what became of them.
pub(crate) struct World {
    folder: TempDir,
    sim: Machine,
    pub(crate) server: Machine,
    pub(crate) agents: [Machine; 2],
    pub(crate) grpc: String,
    pub(crate) aws: Aws,
    pub(crate) lease: Lease,
    pub(crate) deaths: Vec<Death>,
    ready: PathBuf,
    /// Where the first of them dies by itself.
    point: Option<String>,
}

impl World {
    /// Starts them; those that pass `failpoint` will die there.
    pub(crate) fn start(lease: Lease, scale: u32, failpoint: Option<&str>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path();
        let at = |name: &str| text(&path.join(name));
        let sim_ready = path.join("sim.json");
        let args = [
            "--listen",
            "127.0.0.1:0",
            "--seed-demo",
            "--time-scale",
            &scale.to_string(),
            "--ready-file",
            &at("sim.json"),
        ];
        let mut sim = Machine::new("aws-sim", "aws-sim", strings(&args), path);
        sim.start(None);
        let endpoint = ready(&sim_ready, "aws", &sim);
        let aws = Aws::new(&endpoint);
        let server_ready = path.join("server.json");
        // The same place each time that it comes back: the agents look for it there.
        write_server(path, &place(), lease);
        let args = [
            "--config",
            &at("server.toml"),
            "--ready-file",
            &at("server.json"),
        ];
        let mut server = Machine::new("server", "shipway-server", strings(&args), path);
        server.start(failpoint);
        let grpc = ready(&server_ready, "grpc", &server);
        let agents = ["agent-a", "agent-b"].map(|name| {
            let mut agent = agent(path, name, name, &grpc, &endpoint, HAND_OVER);
            agent.start(failpoint);
            agent
        });
        Self {
            folder,
            sim,
            server,
            agents,
            grpc,
            aws,
            lease,
            deaths: Vec::new(),
            ready: server_ready,
            point: failpoint.map(str::to_owned),
        }
    }

    /// One more agent of this id, on a folder of its own.
    pub(crate) fn another(&self, name: &'static str, id: &str) -> Machine {
        agent(self.path(), name, id, &self.grpc, self.aws.url(), HAND_OVER)
    }

    /// One of the agents. The next process that bears its id lets its jobs end for so many seconds.
    pub(crate) fn agent(&mut self, name: &str, drain: u64) -> &mut Machine {
        let found = self.agents.iter_mut().find(|agent| agent.name == name);
        let found = found.expect("an agent");
        write_agent(
            self.folder.path(),
            found.name,
            found.name,
            &self.grpc,
            self.aws.url(),
            drain,
        );
        found
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Kills one of them; it is started again after `wait`, if that is given.
    pub(crate) fn kill(&mut self, name: &str, wait: Option<Duration>) {
        let Some(machine) = self.machines().into_iter().find(|m| m.name == name) else {
            panic!("there is no {name}");
        };
        let Some(death) = machine.kill() else { return };
        if let Some(wait) = wait {
            machine.start_after(wait);
        }
        self.deaths.push(death);
    }

    /// Notices who died at a point, and starts again who is due. What dies by itself is started again
    /// after `wait`. Once somebody died at the point, nobody new does.
    pub(crate) fn tend(&mut self, wait: Duration) {
        let mut died = Vec::new();
        for machine in self.machines() {
            if let Some(death) = machine.look() {
                machine.start_after(wait);
                died.push(death);
            }
        }
        self.deaths.extend(died);
        let armed = self.point.clone().filter(|_| !self.point_reached());
        let mut back = Vec::new();
        for machine in self.machines() {
            if machine.is_due() {
                machine.start(armed.as_deref());
                back.push(machine.name);
            }
        }
        let now = Clock::system().millis();
        for death in &mut self.deaths {
            if death.back.is_none() && back.contains(&death.name) {
                death.back = Some(now);
            }
        }
    }

    /// Whether somebody died at a point.
    pub(crate) fn point_reached(&self) -> bool {
        self.deaths.iter().any(|death| death.at_point)
    }

    /// Kills coordinator and agents for good, as a power cut would.
    pub(crate) fn power_cut(&mut self) {
        for machine in self.machines() {
            machine.kill();
        }
        std::fs::remove_file(&self.ready).ok();
    }

    /// What they all said, for a round that failed.
    pub(crate) fn logs(&self) -> String {
        let all = [&self.server, &self.agents[0], &self.agents[1], &self.sim];
        all.map(|machine| format!("--- {}\n{}\n", machine.name, machine.said()))
            .concat()
    }

    fn machines(&mut self) -> [&mut Machine; 3] {
        let [a, b] = &mut self.agents;
        [&mut self.server, a, b]
    }
}

fn agent(
    folder: &Path,
    name: &'static str,
    id: &str,
    grpc: &str,
    aws: &str,
    drain: u64,
) -> Machine {
    let config = write_agent(folder, name, id, grpc, aws, drain);
    let args = strings(&["--config", &text(&config)]);
    Machine::new(name, "shipway-agent", args, folder)
}

fn write_agent(folder: &Path, name: &str, id: &str, grpc: &str, aws: &str, drain: u64) -> PathBuf {
    let mut config = format!(
        "id = {id:?}\nserver = {grpc:?}\ndata = {:?}\ndocker = \"off\"\ndrain_seconds = {drain}\n\
         telemetry = {{ log = \"info,shipway_agent=debug\" }}\n\
         [aws]\nendpoint_url = {aws:?}\npoll_min_ms = 100\npoll_max_ms = 500\nbudget_share = 0.0\n",
        folder.join(name),
    );
    for (name, number) in [("tools", TOOLS), ("staging", ACCOUNT)] {
        config.push_str(&format!(
            "[[accounts]]\nname = {name:?}\nid = {number:?}\nregions = [\"eu-west-1\"]\n\
             role_arn = \"arn:aws:iam::{number}:role/shipway-deploy\"\n"
        ));
    }
    let file = folder.join(format!("{name}.toml"));
    std::fs::write(&file, config).unwrap();
    file
}

fn write_server(folder: &Path, listen: &str, lease: Lease) {
    let Lease {
        length,
        renew,
        margin,
    } = lease;
    let config = format!(
        "listen = {listen:?}\ndata = {:?}\n[lease]\nseconds = {length}\nrenew_seconds = {renew}\n\
         margin_seconds = {margin}\nrest_seconds = 1\n",
        folder.join("coordinator"),
    );
    std::fs::write(folder.join("server.toml"), config).unwrap();
}

/// An address below those that the system gives to connections, so that nobody takes it while the
/// coordinator is dead.
fn place() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number =
            std::process::id().wrapping_mul(131) % 12_000 + NEXT.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.0.0.1:{}", 20_000 + number % 12_000);
        if std::net::TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// What a ready file says, as soon as it is there.
fn ready(file: &Path, key: &str, machine: &Machine) -> String {
    let start = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(file) {
            let json: Value = serde_json::from_str(&text).unwrap();
            return json[key].as_str().unwrap().to_owned();
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{} never answered\n{}",
            machine.name,
            machine.said()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
