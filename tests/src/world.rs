//! The whole system in one process, and the hands and eyes of a user.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sim::{Call, Tasks as TaskKind};
use serde_json::Value;
use shipway_agent::config::{AccountSettings, AwsSettings};
use shipway_agent::{Agent, AgentConfig};
use shipway_cli::Io;
use shipway_dev::{REGION, Stack, StackConfig, TOOLS};
use shipway_domain::ids::ReleaseId;
use shipway_plugin_ecs::{BaseCredentials, EcsPlatform};
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_runtime::{Clock, Tasks};
use shipway_server::config::LeaseConfig;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::app::App;
use crate::aws::Aws;

/// Longest time that anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How fast the time of AWS runs.
#[derive(Clone, Copy, Debug)]
pub enum Scaled {
    /// A rollout takes a few seconds: there is time to meddle.
    Slow,
    /// A rollout is over in a moment.
    Fast,
    /// As fast as ours.
    Real,
}

/// Waits for something, and not for ever.
pub async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(PATIENCE, work).await;
    ended.unwrap_or_else(|_| panic!("{what}: not within {} s", PATIENCE.as_secs()))
}

/// The id of a release as people write it.
#[must_use]
pub fn id(release: u64) -> String {
    ReleaseId::from_number(release).to_string()
}

/// What a run of the CLI gave.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit code.
    pub code: u8,
    /// Its stdout.
    pub out: String,
    /// Its stderr.
    pub err: String,
}

impl Ran {
    /// The last line of its output as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let line = self.out.lines().last();
        let line = line.unwrap_or_else(|| panic!("no output; stderr: {}", self.err));
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The one target of its release.
    #[must_use]
    pub fn target(&self) -> Value {
        self.json()["targets"][0].clone()
    }

    /// The same, its exit code checked.
    #[must_use]
    pub fn expect(self, code: u8) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.out, self.err
        );
        self
    }

    /// The number of its release.
    #[must_use]
    pub fn release(&self) -> u64 {
        let text = self.json()["release"]
            .as_str()
            .expect("a release")
            .to_owned();
        let id: ReleaseId = text.parse().expect("an id");
        id.number()
    }
}

/// Coordinator, two agents and AWS.
#[derive(Debug)]
pub struct World {
    /// All of it.
    pub stack: Stack,
    data: TempDir,
}

impl World {
    /// Starts it all.
    pub async fn start(scaled: Scaled) -> Self {
        let lease = LeaseConfig {
            rest_seconds: 1,
            ..LeaseConfig::default()
        };
        Self::start_with(scaled, lease).await
    }

    /// Starts it all, with these leases.
    pub async fn start_with(scaled: Scaled, lease: LeaseConfig) -> Self {
        let scale = match scaled {
            Scaled::Slow => 40.0,
            Scaled::Fast => 400.0,
            Scaled::Real => 1.0,
        };
        Self::start_so(scale, lease, TaskKind::Modelled).await
    }

    /// Starts it all with tasks that are containers, so many simulated seconds in one.
    pub async fn start_with_containers(scale: f64) -> Self {
        Self::start_so(scale, LeaseConfig::default(), TaskKind::Docker).await
    }

    async fn start_so(time_scale: f64, lease: LeaseConfig, tasks: TaskKind) -> Self {
        let data = TempDir::new().expect("a folder");
        let free = ([127, 0, 0, 1], 0).into();
        let config = StackConfig {
            grpc: free,
            aws: free,
            time_scale,
            data: data.path().to_owned(),
            docker: "off".to_owned(),
            tasks,
            lease,
        };
        let stack = patiently("the start", Stack::start(config)).await;
        let stack = stack.expect("everything starts");
        Self { stack, data }
    }

    /// Ends it all; everything ends in good order.
    pub async fn stop(self) {
        let ended = patiently("the stop", self.stack.stop()).await;
        ended.expect("everything ends well");
    }

    /// Runs the CLI in the app's folder.
    pub async fn cli(&self, app: &App, args: &[&str]) -> Ran {
        let args = [&["--json"], args].concat();
        self.cli_at(app, Clock::system(), &args).await
    }

    /// The same for people, on a machine with this clock.
    pub async fn cli_at(&self, app: &App, clock: Clock, args: &[&str]) -> Ran {
        let (io, captured) = Io::captured(app.folder());
        let mut io = io.var("SHIPWAY_SERVER", self.stack.grpc.clone());
        io.clock = clock;
        let args = ["shipway"].iter().chain(args).map(Into::into);
        let code = patiently("the command", shipway_cli::run(args, &mut io)).await;
        Ran {
            code,
            out: captured.out.text(),
            err: captured.err.text(),
        }
    }

    /// A client of the coordinator.
    pub async fn client(&self) -> ShipwayClient<Channel> {
        let client = ShipwayClient::connect(self.stack.grpc.clone()).await;
        client.expect("the coordinator answers")
    }

    /// Somebody else in `account`.
    #[must_use]
    pub fn aws(&self, account: &str) -> Aws {
        Aws::new(&self.stack.aws, account)
    }

    /// Calls that AWS has got for `account`.
    #[must_use]
    pub fn calls(&self, account: &str, action: &str) -> Vec<Call> {
        let calls = self.stack.sim().calls(0.0).into_iter();
        calls
            .filter(|call| call.account.as_deref() == Some(account) && call.action == action)
            .collect()
    }

    /// A submission of the app, its task definition uploaded.
    pub async fn submission(
        &self,
        app: &App,
        env: &str,
        image: &str,
        key: &str,
    ) -> v1::SubmitRequest {
        let resolved = app.resolve(env, image);
        let digest = resolved.spec.task_definition.to_string();
        let part = |part| v1::PutBlobRequest { part: Some(part) };
        let parts = [
            part(v1::put_blob_request::Part::Digest(digest)),
            part(v1::put_blob_request::Part::Data(
                resolved.task_definition.into_bytes(),
            )),
        ];
        let put = self
            .client()
            .await
            .put_blob(tokio_stream::iter(parts))
            .await;
        drop(put.expect("the task definition is taken in"));
        v1::SubmitRequest {
            spec: Some((&resolved.spec).into()),
            key: key.to_owned(),
            title: String::new(),
        }
    }

    /// Waits until an event of the release is as wanted, and answers with it.
    pub async fn event(&self, release: u64, wanted: impl Fn(&v1::Event) -> bool) -> v1::Event {
        let request = v1::WatchRequest {
            release,
            after: 0,
            until_rest: false,
        };
        let stream = self.client().await.watch(request).await;
        let mut stream = stream.expect("the release is known").into_inner();
        let search = async {
            loop {
                let reply = stream.message().await.expect("the watch goes on");
                let reply = reply.expect("the release ended without the event");
                if let Some(found) = reply.events.into_iter().find(&wanted) {
                    return found;
                }
            }
        };
        patiently("the event", search).await
    }

    /// Waits until the rollout of the release is under way: a new task runs or is about to.
    pub async fn under_way(&self, release: u64) {
        let moving = |event: &v1::Event| match &event.kind {
            Some(v1::event::Kind::Progress(progress)) => match &progress.progress {
                Some(v1::progress::Progress::Tasks(tasks)) => {
                    tasks.new_pending + tasks.new_running > 0
                }
                _ => false,
            },
            _ => false,
        };
        drop(self.event(release, moving).await);
    }

    /// The release, once it has ended.
    pub async fn ended(&self, release: u64) -> v1::ReleaseView {
        let mut client = self.client().await;
        let request = v1::WatchRequest {
            release,
            after: 0,
            until_rest: false,
        };
        let stream = client.watch(request).await.expect("the release is known");
        let mut stream = stream.into_inner();
        let end = async { while stream.message().await.expect("the watch goes on").is_some() {} };
        patiently("the end", end).await;
        let view = client.get_release(v1::GetReleaseRequest { release }).await;
        view.expect("the release is known").into_inner()
    }

    /// Starts one more agent, with folder, endpoint and pace filled in.
    pub async fn agent(&self, config: AgentConfig) -> Extra {
        let config = AgentConfig {
            server: self.stack.grpc.clone(),
            data: self.data.path().join(&config.id),
            aws: AwsSettings {
                endpoint_url: Some(self.stack.aws.clone()),
                poll_min_ms: 100,
                poll_max_ms: 500,
                budget_share: 0.0,
            },
            ..config
        };
        let mut platform = config.platform().expect("the settings are right");
        platform.credentials = BaseCredentials::Static {
            access_key_id: TOOLS.to_owned(),
            secret_access_key: shipway_plugin::Secret::new("simulated"),
        };
        let platform = EcsPlatform::new(platform).expect("the settings are right");
        let id = config.id.clone();
        let agent = Agent::new(config, Arc::new(platform), Vec::new(), Clock::system());
        let stop = CancellationToken::new();
        let running = Tasks::new().spawn("agent", agent.run(stop.clone()));
        let here = self.until_agent(&id, |agent| agent.connected);
        patiently("the agent", here).await;
        Extra { stop, running }
    }

    /// Waits until the agent of this id is as wanted.
    pub async fn until_agent(&self, id: &str, wanted: impl Fn(&v1::AgentView) -> bool) {
        let mut client = self.client().await;
        loop {
            let agents = client.agents(v1::AgentsRequest {}).await.expect("agents");
            let mut agents = agents.into_inner().agents.into_iter();
            let named = |agent: &v1::AgentView| {
                agent.description.as_ref().is_some_and(|it| it.id == id) && wanted(agent)
            };
            if agents.any(|agent| named(&agent)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where data is kept.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }
}

/// An agent beside the two of the stack.
#[derive(Debug)]
pub struct Extra {
    /// Tells it to end.
    pub stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Extra {
    /// Waits for its end.
    pub async fn ended(self) {
        let ended = patiently("the agent's end", self.running).await;
        ended.expect("no panic").expect("it ends well");
    }
}

/// Settings of an agent that acts in one account by its role `shipway-deploy`.
#[must_use]
pub fn agent_in(id: &str, account: &str) -> AgentConfig {
    AgentConfig {
        id: id.to_owned(),
        accounts: vec![AccountSettings {
            name: "extra".to_owned(),
            id: account.to_owned(),
            regions: vec![REGION.to_owned()],
            role_arn: Some(format!("arn:aws:iam::{account}:role/shipway-deploy")),
            external_id: None,
        }],
        docker: "off".to_owned(),
        drain_seconds: 1,
        ..AgentConfig::default()
    }
}
