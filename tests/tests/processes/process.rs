//! Child processes that end with the test, and the files that they are given.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use shipway_tests::missing::{Demand, skip};

const PATIENCE: Duration = Duration::from_secs(60);
/// What a whole command may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(600);
/// The secret part of the AWS credentials that every process has.
pub(crate) const AWS_SECRET: &str = "wJalrXUtnFEMI-of-nobody-K7MDENG";

/// What a command said, once it has ended.
fn ended(child: Child, args: &[&str]) -> Output {
    let id = child.id().to_string();
    let (done, ends) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    ends.recv_timeout(LONGEST)
        .unwrap_or_else(|_| {
            Command::new("kill").args(["-9", &id]).status().ok();
            panic!("{args:?} does not end")
        })
        .unwrap()
}

/// A folder with all that the processes need, and the processes.
pub(crate) struct World {
    folder: tempfile::TempDir,
    children: Vec<(&'static str, Child)>,
    pub(crate) grpc: String,
    pub(crate) aws: String,
    /// Given to every process.
    env: Vec<(String, String)>,
    /// Whose clocks are wrong.
    clocks: Vec<Clock>,
}

impl World {
    /// Starts the simulator, the coordinator, an agent that builds and one that deploys.
    pub(crate) fn start(docker: &str, env: &[(&str, &str)]) -> Self {
        Self::start_at("30", docker, env)
    }

    /// The same with so many simulated seconds a second.
    pub(crate) fn start_at(scale: &str, docker: &str, env: &[(&str, &str)]) -> Self {
        Self::start_all(scale, docker, env, Vec::new())
    }

    /// The same with processes whose clocks are wrong.
    pub(crate) fn start_off(env: &[(&str, &str)], clocks: Vec<Clock>) -> Self {
        Self::start_all("30", "off", env, clocks)
    }

    fn start_all(scale: &str, docker: &str, env: &[(&str, &str)], clocks: Vec<Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = env
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let (grpc, aws) = (String::new(), String::new());
        let mut world = Self {
            folder,
            children: Vec::new(),
            grpc,
            aws,
            env,
            clocks,
        };
        let sim = world.path("sim.json");
        let flags = [
            "--listen",
            "127.0.0.1:0",
            "--time-scale",
            scale,
            "--seed-demo",
            "--ready-file",
        ];
        world.spawn("aws-sim", &[&flags[..], &[text(&sim)]].concat());
        world.aws = ready(&sim, "aws");
        world.coordinator("127.0.0.1:0");
        world.agent("agent-tools", &["tools"], docker);
        world.agent("agent-deploy", &["tools", "staging", "prod"], "off");
        world.wait_for("both agents", |world| {
            let agents: Value = world.json(&["agents", "--json"]);
            agents.to_string().matches("\"connected\"").count() >= 2
        });
        world
    }

    /// Starts a coordinator at this address, and waits until it answers.
    fn coordinator(&mut self, listen: &str) {
        let ready_file = self.path("server.json");
        std::fs::remove_file(&ready_file).ok();
        let data = self.path("coordinator");
        let flags = [
            "--listen",
            listen,
            "--data",
            text(&data),
            "--ready-file",
            text(&ready_file),
        ];
        self.spawn("shipway-server", &flags);
        self.grpc = ready(&ready_file, "grpc");
    }

    /// Kills the coordinator and starts it again where it was.
    pub(crate) fn kill_coordinator(&mut self) {
        self.kill(|name| name == "shipway-server");
        let listen = self.grpc.trim_start_matches("http://").to_owned();
        self.coordinator(&listen);
    }

    /// Kills an agent, and starts it again as it was.
    pub(crate) fn kill_agent(&mut self, id: &'static str) {
        let file = self.path(&format!("{id}.toml"));
        self.kill(|name| name == id);
        self.spawn_as(id, "shipway-agent", &["--config", text(&file)]);
    }

    fn kill(&mut self, which: impl Fn(&str) -> bool) {
        let place = self.children.iter().position(|(name, _)| which(name));
        let (_, mut child) = self.children.remove(place.expect("it runs"));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn agent(&mut self, id: &'static str, accounts: &[&str], docker: &str) {
        let mut config = format!(
            "id = {id:?}\nserver = {:?}\ndata = {:?}\ndocker = {docker:?}\ndrain_seconds = 5\n\
             [aws]\nendpoint_url = {:?}\npoll_min_ms = 100\npoll_max_ms = 500\nbudget_share = 0.0\n",
            self.grpc,
            self.path(id),
            self.aws,
        );
        for name in accounts {
            let number = match *name {
                "tools" => "000000000000",
                "staging" => "111111111111",
                _ => "222222222222",
            };
            config.push_str(&format!(
                "[[accounts]]\nname = {name:?}\nid = {number:?}\nregions = [\"eu-west-1\"]\n\
                 role_arn = \"arn:aws:iam::{number}:role/shipway-deploy\"\n"
            ));
        }
        let file = self.path(&format!("{id}.toml"));
        std::fs::write(&file, config).unwrap();
        self.spawn_as(id, "shipway-agent", &["--config", text(&file)]);
    }

    fn command(&self, name: &str, program: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shipway-multi"));
        for clock in self.clocks.iter().filter(|clock| clock.of == name) {
            clock.set(&mut command);
        }
        command
            .arg(program)
            .envs(self.env.iter().map(|(k, v)| (k, v)));
        command
            .env("AWS_ACCESS_KEY_ID", "000000000000")
            .env("AWS_SECRET_ACCESS_KEY", AWS_SECRET);
        command.env("AWS_REGION", "eu-west-1").stdin(Stdio::null());
        command
    }

    fn spawn(&mut self, program: &'static str, args: &[&str]) {
        self.spawn_as(program, program, args);
    }

    fn spawn_as(&mut self, name: &'static str, program: &str, args: &[&str]) {
        // One that is started again writes on.
        let log = self.path(&format!("{name}.log"));
        let log = std::fs::File::options().create(true).append(true).open(log);
        let log = log.unwrap();
        let child = self
            .command(name, program)
            .args(args)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.children.push((name, child.unwrap()));
    }

    /// Asks the simulator something, or tells it: its own interface, not AWS's.
    pub(crate) fn sim(&self, method: &str, path: &str, body: &str) -> Value {
        let host = self.aws.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");
        serde_json::from_str(body).unwrap()
    }

    /// Runs the CLI to its end.
    pub(crate) fn cli(&self, args: &[&str]) -> Output {
        self.cli_with_all(args, &[])
    }

    /// The same with a variable of its environment.
    pub(crate) fn cli_with(&self, args: &[&str], var: (&str, &str)) -> Output {
        self.cli_with_all(args, &[var])
    }

    /// The same with more than one.
    pub(crate) fn cli_with_all(&self, args: &[&str], vars: &[(&str, &str)]) -> Output {
        let mut command = self.command("shipway", "shipway");
        let child = command
            .env("SHIPWAY_SERVER", &self.grpc)
            .envs(vars.iter().copied())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        ended(child, args)
    }

    /// The last JSON document that a command of the CLI prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.cli(args);
        let out = String::from_utf8(output.stdout).unwrap();
        let last = out.trim().lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .or_else(|_| serde_json::from_str(&out))
            .unwrap_or_else(|error| {
                panic!(
                    "{args:?}: {error}\n{out}\n{}",
                    String::from_utf8_lossy(&output.stderr)
                )
            })
    }

    pub(crate) fn wait_for(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for {what}\n{}",
                self.logs()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks every process to end, agents first, and waits until it has.
    pub(crate) fn end(mut self) {
        while let Some((program, mut child)) = self.children.pop() {
            let id = child.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-TERM", &id])
                    .status()
                    .unwrap()
                    .success()
            );
            let start = Instant::now();
            let status = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                assert!(
                    start.elapsed() < PATIENCE,
                    "{program} does not end\n{}",
                    self.logs()
                );
                std::thread::sleep(Duration::from_millis(20));
            };
            assert!(
                status.success(),
                "{program} ended with {status}\n{}",
                self.logs()
            );
        }
    }

    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let log = std::fs::read_to_string(&path).unwrap_or_default();
                text.push_str(&format!("--- {}\n{log}\n", path.display()));
            }
        }
        text
    }
}

/// A clock that is wrong, as libfaketime shows it: of wall time only, uptime goes on as it does.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    of: &'static str,
    by: &'static str,
    library: PathBuf,
}

impl Clock {
    /// Clocks of these processes, off by so much (such as `+90s`). `None`, loudly, where there is no libfaketime.
    pub(crate) fn off(whose: &[(&'static str, &'static str)]) -> Option<Vec<Self>> {
        const NAME: &str = "faketime/libfaketimeMT.so.1";
        let folders = std::fs::read_dir("/usr/lib").into_iter().flatten();
        let mut found = folders.flatten().map(|folder| folder.path().join(NAME));
        let Some(library) = found.find(|library| library.exists()) else {
            let advice = "there is no libfaketime (on Debian: apt-get install faketime)";
            skip(Demand::Clients, "clocks that are wrong", advice);
            return None;
        };
        let all = whose.iter().map(|&(of, by)| Self {
            of,
            by,
            library: library.clone(),
        });
        Some(all.collect())
    }

    fn set(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME", self.by)
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for (_, child) in &mut self.children {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a ready file says, as soon as it is there.
pub(crate) fn ready(file: &Path, key: &str) -> String {
    let start = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(file) {
            let json: Value = serde_json::from_str(&text).unwrap();
            return json[key].as_str().unwrap().to_owned();
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{} was never written",
            file.display()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
