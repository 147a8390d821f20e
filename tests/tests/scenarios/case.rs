//! One scenario under way.

use std::cell::Cell;

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Aws, Ran, Scaled, World, id};

pub(crate) const STAGING: &str = ACCOUNTS[1].1;

/// An app with one environment, of one service of two tasks.
pub(crate) struct Case {
    pub(crate) world: World,
    pub(crate) app: App,
    /// The release, when it was begun before the scenario goes on.
    release: Cell<Option<u64>>,
}

impl Case {
    /// With more lines for the environment.
    pub(crate) async fn start(scaled: Scaled, environment: &str) -> Self {
        let world = World::start(scaled).await;
        let app = App::new("shop").env("staging", STAGING, environment);
        leave_out(&app, environment);
        Self {
            world,
            app,
            release: Cell::default(),
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
        let ran = self
            .world
            .cli(&self.app, &["deploy", "staging", "--detach"])
            .await;
        self.release.set(Some(ran.expect(0).release()));
    }

    /// The service deployment that is under way.
    pub(crate) async fn deployment(&self) -> Value {
        self.aws().hello().await["currentServiceDeployment"].clone()
    }

    /// Changes the service by somebody else's hand.
    pub(crate) async fn update(&self, mut input: Value) {
        input["cluster"] = json!("main");
        input["service"] = json!("hello");
        self.aws().ecs("UpdateService", input).await;
    }

    /// Runs a command on the release that was begun.
    pub(crate) async fn about(&self, command: &str) -> Ran {
        let release = id(self.release.get().expect("it was begun"));
        self.world.cli(&self.app, &[command, &release]).await
    }

    /// That the release ends so: with this finding first, or with none.
    pub(crate) async fn ends(self, code: u8, verdict: &str, finding: Option<&str>) {
        let ran = match self.release.get() {
            Some(_) => self.about("watch").await,
            None => self.world.cli(&self.app, &["deploy", "staging"]).await,
        };
        let ran = ran.expect(code);
        assert_eq!(ran.json()["verdict"], verdict, "{:#}", ran.json());
        let findings = match ran.target()["findings"].as_array() {
            Some(findings) if !findings.is_empty() => findings.clone(),
            // What fails before a rollout is told of the release.
            _ => ran.json()["findings"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
        };
        let first = findings.first().map(|finding| finding["code"].clone());
        assert_eq!(first, finding.map(|code| json!(code)), "{:#}", ran.json());
        if let Some(first) = findings.first() {
            assert_ne!(first["cause"], "", "a cause in plain words");
            assert_ne!(first["remedy"], "", "a next step");
        }
        self.world.stop().await;
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
