//! The command line as a process that runs on while others are replaced.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use shipway_domain::ids::JobId;

use crate::facts;
use crate::world::{PATIENCE, World, text};

/// A process of `shipway --json`.
pub(crate) struct Cli {
    name: String,
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Cli {
    /// Starts it; `name` is that of the files that it writes to.
    pub(crate) fn start(world: &World, name: &str, args: &[&str]) -> Self {
        let at = |kind: &str| world.path().join(format!("{name}.{kind}"));
        let (out, err) = (at("out"), at("err"));
        let child = Command::new(env!("CARGO_BIN_EXE_shipway-multi"))
            .args(["shipway", "--json"])
            .args(args)
            .env("SHIPWAY_SERVER", &world.grpc)
            .stdin(Stdio::null())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Self {
            name: name.to_owned(),
            child,
            out,
            err,
        }
    }

    /// Deploys the app of this folder to `staging`.
    pub(crate) fn deploy(world: &World, name: &str, app: &crate::app::App) -> Self {
        let folder = text(app.folder());
        Self::start(world, name, &["-C", &folder, "deploy", "staging"])
    }

    /// What it has printed so far, but a line that is not whole.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let all = std::fs::read_to_string(&self.out).unwrap_or_default();
        let whole = all.rfind('\n').map_or("", |end| &all[..end]);
        let lines = whole.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// Who has the rollout, once somebody was granted it.
    pub(crate) fn rollout_on(&self) -> Option<String> {
        let lines = self.lines();
        // A build comes first.
        let granted = lines
            .iter()
            .rfind(|line| line["type"] == "granted" && line["job"] != 0);
        granted.and_then(|line| Some(line["agent"].as_str()?.to_owned()))
    }

    /// Whether a step of this name has begun.
    pub(crate) fn has_begun(&self, step: &str) -> bool {
        let begun = |line: &Value| line["type"] == "step-started" && line["step"] == step;
        self.lines().iter().any(begun)
    }

    /// Waits for its end: success, with every event once, in order, and a verdict that is final.
    pub(crate) async fn live(&mut self, world: &World) {
        let what = format!("the end of {}", self.name);
        until(world, &what, async || {
            self.child.try_wait().unwrap().is_some()
        })
        .await;
        let code = self.child.wait().unwrap().code();
        let said = std::fs::read_to_string(&self.err).unwrap_or_default();
        let lines = self.lines();
        let told = format!("{}: {lines:#?}\n{said}\n{}", self.name, world.logs());
        assert_eq!(code, Some(0), "{told}");
        let (last, events) = lines.split_last().expect("it printed something");
        assert_eq!(last["verdict"], "live", "{told}");
        assert_eq!(last["final"], true, "{told}");
        let numbers: Vec<u64> = events
            .iter()
            .filter_map(|event| event["seq"].as_u64())
            .collect();
        let all: Vec<u64> = (1..).take(events.len()).collect();
        assert_eq!(numbers, all, "{told}");
        assert_eq!(
            events.last().map(|event| &event["type"]),
            Some(&Value::from("ended")),
            "{told}"
        );
    }

    /// Whether it was told that the coordinator is away.
    pub(crate) fn noticed(&self) -> bool {
        let said = std::fs::read_to_string(&self.err).unwrap_or_default();
        said.contains("connection lost")
    }
}

impl Drop for Cli {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// How often each job has sent UpdateService.
pub(crate) async fn updates(world: &World) -> BTreeMap<JobId, usize> {
    let mut updates = BTreeMap::new();
    for call in world.aws.calls().await {
        let by = call["principal"].as_str().and_then(facts::held);
        if let Some(held) = by
            && call["action"] == "UpdateService"
        {
            *updates.entry(held.job).or_default() += 1;
        }
    }
    updates
}

/// Whether ECS was told to roll out on this service.
pub(crate) async fn rolls_out(world: &World, service: &str) -> bool {
    let of = format!("/{service}");
    world.aws.calls().await.iter().any(|call| {
        let ours = call["principal"].as_str().and_then(facts::held).is_some();
        let resource = call["resource"].as_str().unwrap_or_default();
        ours && call["action"] == "UpdateService" && resource.ends_with(&of)
    })
}

/// Waits until something is so, and not for ever.
pub(crate) async fn until(world: &World, what: &str, mut so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(2 * PATIENCE, wait).await.is_err() {
        panic!("waited in vain for {what}\n{}", world.logs());
    }
}
