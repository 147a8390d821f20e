//! One scenario under way.

use std::cell::Cell;

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_proto::v1;
use shipway_tests::{App, Aws, Ran, Scaled, World, id};

pub(crate) const STAGING: &str = ACCOUNTS[1].1;
/// A service that is made by a scenario, and its environment.
const FRESH: &str = "fresh";

/// An app with one environment, of one service of two tasks.
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) app: App,
    /// The release, when it was begun before the scenario goes on.
    release: Cell<Option<u64>>,
    /// The service, which has an environment of its own.
    service: Cell<&'static str>,
}

/// How a release ended.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) code: u8,
    pub(crate) verdict: String,
    /// Code of the first finding.
    pub(crate) finding: Option<String>,
    /// All that was said.
    json: Value,
}

impl Case {
    /// With more lines for the environment.
    pub(crate) async fn start(scaled: Scaled, environment: &str) -> Self {
        let world = World::start(scaled).await;
        let app = App::new("shop")
            .env("staging", STAGING, environment)
            .env_on(FRESH, STAGING, FRESH, environment);
        leave_out(&app, environment);
        Self {
            world,
            app,
            release: Cell::default(),
            service: Cell::new("hello"),
        }
    }

    /// Somebody else in the account.
    pub(crate) fn aws(&self) -> Aws {
        self.world.aws(STAGING)
    }

    /// A release that is proven live before.
    pub(crate) async fn live_before(&self) -> Ran {
        self.world
            .cli(&self.app, &["deploy", "staging"])
            .await
            .expect(0)
    }

    /// What becomes of the app's tasks from now on.
    pub(crate) fn tasks(&self, kind: &str, more: Value) {
        let mut script = json!({"match": "shop", "kind": kind});
        if let (Some(script), Value::Object(more)) = (script.as_object_mut(), more) {
            script.extend(more);
        }
        let script = serde_json::from_value(script).expect("a script");
        self.world.stack.sim().add_script(script);
    }

    /// Calls that fail.
    pub(crate) async fn fault(&self, rule: Value) {
        self.aws().control("POST", "/_sim/faults", &rule).await;
    }

    /// Submits, and waits until tasks of it run or are about to.
    pub(crate) async fn under_way(&self) {
        self.begun().await;
        self.world
            .under_way(self.release.get().expect("it was begun"))
            .await;
    }

    /// Submits.
    pub(crate) async fn begun(&self) {
        let deploy = ["deploy", self.environment(), "--detach"];
        let ran = self.world.cli(&self.app, &deploy).await;
        self.release.set(Some(ran.expect(0).release()));
    }

    fn environment(&self) -> &'static str {
        match self.service.get() {
            FRESH => FRESH,
            _ => "staging",
        }
    }

    /// From now on it is about a service of which no deployment has ever completed: its image comes for a day.
    pub(crate) async fn never_deployed(&self) {
        self.phases(json!({"pulling": 86_400})).await;
        let container = json!({"name": "app", "image": FRESH, "essential": true});
        let definition = json!({"family": FRESH, "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [container]});
        self.aws().ecs("RegisterTaskDefinition", definition).await;
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
        let service = json!({"cluster": "main", "serviceName": FRESH, "taskDefinition": FRESH, "desiredCount": 2,
            "launchType": "FARGATE", "networkConfiguration": network});
        self.aws().ecs("CreateService", service).await;
        self.service.set(FRESH);
        let begun = async {
            while self.service().await["pendingCount"] != 2 {
                tokio::task::yield_now().await;
            }
        };
        shipway_tests::patiently("its first tasks", begun).await;
        self.phases(json!({})).await;
    }

    /// From now on a new task takes some ten seconds to come: time to meddle, however busy the machine is.
    pub(crate) async fn slowly(&self) {
        self.phases(json!({"pulling": 400})).await;
    }

    async fn phases(&self, phases: Value) {
        self.aws().control("PUT", "/_sim/ecs/phases", &phases).await;
    }

    /// The service as it is.
    async fn service(&self) -> Value {
        let input = json!({"cluster": "main", "services": [self.service.get()]});
        self.aws().ecs("DescribeServices", input).await["services"][0].clone()
    }

    /// The service deployment that is under way.
    pub(crate) async fn deployment(&self) -> Value {
        self.service().await["currentServiceDeployment"].clone()
    }

    /// Changes the task definition of the app.
    pub(crate) fn definition(&self, change: impl FnOnce(&mut Value)) {
        let path = self.app.folder().join("task-definition.json");
        let text = std::fs::read_to_string(&path).expect("the task definition");
        let mut definition = serde_json::from_str(&text).expect("JSON");
        change(&mut definition);
        std::fs::write(path, definition.to_string()).expect("written");
    }

    /// Waits until so many tasks of the app have ended, once all that run are launched anew.
    pub(crate) async fn restarted(&self, times: usize) {
        let running = json!({"cluster": "main", "serviceName": "hello"});
        let tasks = self.aws().ecs("ListTasks", running).await["taskArns"].clone();
        for task in tasks.as_array().expect("tasks") {
            let stop = json!({"cluster": "main", "task": task});
            self.aws().ecs("StopTask", stop).await;
        }
        let stopped =
            json!({"cluster": "main", "serviceName": "hello", "desiredStatus": "STOPPED"});
        let ended = async {
            loop {
                let listed = self.aws().ecs("ListTasks", stopped.clone()).await;
                let tasks = json!({"cluster": "main", "tasks": listed["taskArns"]});
                let shown = self.aws().ecs("DescribeTasks", tasks).await["tasks"].to_string();
                if shown.matches("EssentialContainerExited").count() >= times {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        shipway_tests::patiently("tasks that end", ended).await;
    }

    /// Moves every tag of the app's image to another image.
    pub(crate) async fn move_tags(&self) {
        let tools = self.world.aws(shipway_dev::TOOLS);
        let listed = tools
            .ecr("DescribeImages", json!({"repositoryName": "shop"}))
            .await;
        let image = listed["imageDetails"][0].clone();
        let by_digest =
            json!({"repositoryName": "shop", "imageIds": [{"imageDigest": image["imageDigest"]}]});
        let got = tools.ecr("BatchGetImage", by_digest).await;
        let manifest = got["images"][0]["imageManifest"]
            .as_str()
            .expect("a manifest");
        for tag in image["imageTags"].as_array().expect("tags") {
            // The same layers in other words are another image.
            let put = json!({"repositoryName": "shop", "imageManifest": format!("{manifest}\n"), "imageTag": tag});
            tools.ecr("PutImage", put).await;
        }
    }

    /// Changes the service by somebody else's hand.
    pub(crate) async fn update(&self, mut input: Value) {
        input["cluster"] = json!("main");
        input["service"] = json!("hello");
        self.aws().ecs("UpdateService", input).await;
    }

    /// Rejects the release that was begun, as soon as it waits for that.
    pub(crate) async fn reject(&self, reason: &str) {
        let release = self.release.get().expect("it was begun");
        let waits = |event: &v1::Event| {
            let Some(v1::event::Kind::Progress(progress)) = &event.kind else {
                return false;
            };
            matches!(&progress.progress, Some(v1::progress::Progress::Tasks(tasks))
                if tasks.stage.as_ref().is_some_and(|stage| !stage.hooks.is_empty()))
        };
        drop(self.world.event(release, waits).await);
        let args = ["reject", &id(release), "--reason", reason];
        drop(self.world.cli(&self.app, &args).await.expect(0));
    }

    /// Runs a command on the release that was begun.
    pub(crate) async fn about(&self, command: &str) -> Ran {
        let release = id(self.release.get().expect("it was begun"));
        self.world.cli(&self.app, &[command, &release]).await
    }

    /// The end of the release, which is begun now if it was not before.
    pub(crate) async fn end(self) -> Found {
        let ran = match self.release.get() {
            Some(_) => self.about("watch").await,
            None => {
                let deploy = ["deploy", self.environment()];
                self.world.cli(&self.app, &deploy).await
            }
        };
        let json = ran.json();
        let findings = match ran.target()["findings"].as_array() {
            Some(findings) if !findings.is_empty() => findings.clone(),
            // What fails before a rollout is told of the release.
            _ => json["findings"].as_array().cloned().unwrap_or_default(),
        };
        let first = findings.first();
        if let Some(first) = first {
            assert_ne!(first["cause"], "", "a cause in plain words");
            assert_ne!(first["remedy"], "", "a next step");
        }
        let found = Found {
            code: ran.code,
            verdict: json["verdict"].as_str().unwrap_or_default().to_owned(),
            finding: first.and_then(|first| first["code"].as_str().map(str::to_owned)),
            json,
        };
        self.world.stop().await;
        found
    }
}

impl Found {
    /// That it is so: with this finding first, or with none.
    pub(crate) fn expect(&self, code: u8, verdict: &str, finding: Option<&str>) {
        let expected = (code, verdict, finding);
        let found = (self.code, &*self.verdict, self.finding.as_deref());
        assert_eq!(found, expected, "{:#}", self.json);
    }
}

/// Takes out of the manifest what the environment says itself.
fn leave_out(app: &App, environment: &str) {
    let path = app.folder().join("shipway.toml");
    let text = std::fs::read_to_string(&path).expect("the manifest");
    let usual = [
        ("timeout", "timeout = \"20m\"\n"),
        ("percent", "strategy = \"balanced\"\n"),
    ];
    let mut kept = text;
    for (word, line) in usual {
        if environment.contains(word) {
            kept = kept.replace(line, "");
        }
    }
    std::fs::write(path, kept).expect("written");
}
