//! What people do in a round: submit, watch, cancel; and what AWS does to them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shipway_cli::Io;
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::ids::ReleaseId;
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_runtime::Clock;
use tonic::transport::Channel;

use crate::app::App;
use crate::aws::Aws;

/// What comes over a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Nothing: it ends live.
    Deploy,
    /// Somebody cancels it in mid-rollout.
    Cancel,
    /// AWS does not let scaling be put back for a while.
    Debt,
    /// ECS pauses it until somebody approves.
    Approve,
}

impl Scenario {
    /// All, the one first that is most likely to come by this point.
    pub(crate) fn for_point(point: &str) -> [Self; 3] {
        if point.contains(".stop.") {
            [Self::Cancel, Self::Deploy, Self::Debt]
        } else if point.contains(".answer.") {
            // The service is set up to pause all the while.
            [Self::Approve; 3]
        } else if point.contains(".settle.") {
            [Self::Debt, Self::Deploy, Self::Cancel]
        } else {
            [Self::Deploy, Self::Cancel, Self::Debt]
        }
    }
}

/// Somebody who submits and watches, and what was seen.
pub(crate) struct People {
    grpc: String,
    aws: Aws,
    app: App,
    seen: Mutex<Seen>,
}

/// What was told to people, and seen by them.
#[derive(Default)]
pub(crate) struct Seen {
    /// Keys and the releases that answered.
    pub(crate) submitted: Vec<(String, ReleaseId)>,
    /// Events as the watcher got them.
    pub(crate) watched: Vec<(ReleaseId, u64)>,
    /// Verdicts at the end.
    pub(crate) verdicts: BTreeMap<ReleaseId, String>,
    /// Flags of auto scaling whenever they changed, and when that was seen.
    pub(crate) flags: Vec<(u64, ScalingFlags)>,
}

impl People {
    pub(crate) fn new(grpc: &str, aws: &Aws) -> Self {
        Self {
            grpc: grpc.to_owned(),
            aws: aws.clone(),
            app: App::new("first"),
            seen: Mutex::default(),
        }
    }

    /// Deploys once, and returns when all has come to rest.
    pub(crate) async fn play(&self, scenario: Scenario, key: &str) {
        self.app.release(key);
        let release = self.submit(key).await;
        let meddling = async {
            match scenario {
                Scenario::Deploy => {}
                Scenario::Cancel => {
                    self.under_way(release).await;
                    self.cancel(release).await;
                }
                Scenario::Debt => {
                    self.under_way(release).await;
                    let rule = json!({"service": "application-autoscaling",
                        "action": "RegisterScalableTarget", "kind": "http-500"});
                    self.aws.fault(rule).await;
                    self.until_settle(release).await;
                    self.aws.no_faults().await;
                }
                Scenario::Approve => self.approve(release).await,
            }
        };
        tokio::join!(self.watch(release), meddling);
        // The same submission once more is the same release.
        let again = self.submit(key).await;
        assert_eq!(again, release, "key {key} became two releases");
        self.settled().await;
    }

    /// Looks at the flags until it is dropped.
    pub(crate) async fn watch_flags(&self) {
        loop {
            self.look_at_flags().await;
            pause().await;
        }
    }

    /// Looks at the flags once: before anything is deployed, to know how they were.
    pub(crate) async fn look_at_flags(&self) {
        let flags = self.aws.flags().await;
        let now = Clock::system().millis();
        let mut seen = self.seen();
        if seen.flags.last().is_none_or(|(_, last)| *last != flags) {
            seen.flags.push((now, flags));
        }
    }

    pub(crate) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Submits by the command line, with this key, until an answer comes.
    async fn submit(&self, key: &str) -> ReleaseId {
        loop {
            let (io, captured) = Io::captured(self.app.folder());
            let mut io = io.var("SHIPWAY_SERVER", self.grpc.as_str());
            let args = [
                "shipway", "--json", "deploy", "staging", "--detach", "--key", key,
            ];
            let code = shipway_cli::run(args.map(Into::into), &mut io).await;
            let (out, err) = (captured.out.text(), captured.err.text());
            if code == 0 {
                let line = out.lines().last().expect("output");
                let said: Value = serde_json::from_str(line).expect("JSON");
                let release = said["release"].as_str().expect("a release");
                let release: ReleaseId = release.parse().expect("an id");
                self.seen().submitted.push((key.to_owned(), release));
                return release;
            }
            assert!(is_passing(&err), "deploy ended with {code}: {err}");
            pause().await;
        }
    }

    async fn client(&self) -> ShipwayClient<Channel> {
        loop {
            if let Ok(client) = ShipwayClient::connect(self.grpc.clone()).await {
                return client;
            }
            pause().await;
        }
    }

    /// Watches to the end, from where it was each time that the stream breaks off.
    async fn watch(&self, release: ReleaseId) {
        let mut after = 0;
        loop {
            let request = v1::WatchRequest {
                release: release.number(),
                after,
                until_rest: false,
            };
            let mut client = self.client().await;
            let Ok(stream) = client.watch(request).await else {
                pause().await;
                continue;
            };
            let mut stream = stream.into_inner();
            while let Ok(Some(reply)) = stream.message().await {
                for event in reply.events {
                    after = event.seq;
                    self.seen().watched.push((release, event.seq));
                    if let Some(v1::event::Kind::Ended(ended)) = event.kind {
                        let verdict = ended.verdict().as_str_name().to_owned();
                        self.seen().verdicts.insert(release, verdict);
                        return;
                    }
                }
            }
            pause().await;
        }
    }

    /// The id of an agent that has a job.
    pub(crate) async fn busy_agent(&self) -> String {
        loop {
            for agent in self.agents().await {
                if !agent.running.is_empty() {
                    return agent.description.expect("it said who it is").id;
                }
            }
            pause().await;
        }
    }

    /// Agents as the coordinator sees them; none when it cannot be asked.
    pub(crate) async fn agents(&self) -> Vec<v1::AgentView> {
        let answer = self.client().await.agents(v1::AgentsRequest {}).await;
        answer.map_or_else(|_| Vec::new(), |answer| answer.into_inner().agents)
    }

    /// Waits until the agents are as wanted.
    pub(crate) async fn until_agents(&self, wanted: impl Fn(&[v1::AgentView]) -> bool) {
        while !wanted(&self.agents().await) {
            pause().await;
        }
    }

    /// The newest release of an app, if the coordinator can be asked and knows one.
    pub(crate) async fn newest(&self, app: &str) -> Option<ReleaseId> {
        let request = v1::ListReleasesRequest {
            app: app.to_owned(),
            limit: 1,
            ..v1::ListReleasesRequest::default()
        };
        let answer = self.client().await.list_releases(request).await.ok()?;
        let newest = answer.into_inner().releases.into_iter().next()?;
        Some(ReleaseId::from_number(newest.id))
    }

    async fn view(&self, release: ReleaseId) -> Option<v1::ReleaseView> {
        let request = v1::GetReleaseRequest {
            release: release.number(),
        };
        let answer = self.client().await.get_release(request).await;
        answer.ok().map(tonic::Response::into_inner)
    }

    /// Until a rollout of the release has sent its update: ECS is at work. Or until it has ended.
    async fn under_way(&self, release: ReleaseId) {
        loop {
            let input = json!({"cluster": "main", "services": ["hello"]});
            let service = self.aws.ecs("DescribeServices", input).await;
            let deployments = service["services"][0]["deployments"].as_array();
            let moving = deployments.is_some_and(|all| all.len() > 1);
            let ended = self.seen().verdicts.contains_key(&release);
            if moving || ended {
                return;
            }
            pause().await;
        }
    }

    async fn cancel(&self, release: ReleaseId) {
        loop {
            let request = v1::CancelRequest {
                release: release.number(),
                reason: "the round wants it".to_owned(),
            };
            if self.client().await.cancel(request).await.is_ok() {
                return;
            }
            pause().await;
        }
    }

    /// Approves whatever waits, until that is taken or the release has ended.
    async fn approve(&self, release: ReleaseId) {
        while !self.seen().verdicts.contains_key(&release) {
            let request = v1::AnswerHookRequest {
                release: release.number(),
                action: v1::HookAction::Continue.into(),
                reason: "the round wants it".to_owned(),
                ..v1::AnswerHookRequest::default()
            };
            match self.client().await.answer_hook(request).await {
                Ok(_) => return,
                // The answer was kept, and the coordinator died before it could say so.
                Err(status) if status.message().contains("was answered already") => return,
                Err(_) => pause().await,
            }
        }
    }

    /// Until the debt of the release was left to a job of its own, which has begun.
    async fn until_settle(&self, release: ReleaseId) {
        loop {
            let view = self.view(release).await;
            let jobs = view.into_iter().flat_map(|view| view.jobs);
            let settles = jobs.filter(|job| job.kind == "settle" && job.attempt > 0);
            if settles.count() > 0 || self.seen().verdicts.contains_key(&release) {
                return;
            }
            pause().await;
        }
    }

    /// Until the target is held by nobody and owed nothing.
    async fn settled(&self) {
        loop {
            let request = v1::StatusRequest::default();
            if let Ok(status) = self.client().await.status(request).await {
                let targets = status.into_inner().targets;
                if targets.iter().all(|t| t.held_by.is_none() && !t.debt) {
                    return;
                }
            }
            pause().await;
        }
    }
}

/// Whether the coordinator was just not there.
fn is_passing(err: &str) -> bool {
    [
        "connection",
        "unavailable",
        "broken",
        "broke off",
        "transport",
    ]
    .iter()
    .any(|word| err.contains(word))
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
