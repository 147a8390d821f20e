//! People: they submit, ask again, cancel, roll back, and watch to the end, over connections that break.

use std::future::Future;
use std::time::Duration;

use prost::Message as _;
use shipway_domain::gate::{Gates, TaskGate};
use shipway_domain::ids::{AppName, Digest, EnvName, RepositoryName};
use shipway_domain::spec::{
    Autoscaling, Breaker, ImageSettings, ImageTag, Priority, ReleaseKind, ReleaseSpec,
    RolloutSettings, Source, TargetSpec,
};
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::diary::Diary;
use crate::facts::Facts;
use crate::lots::Lots;
use crate::plan::{Cancel, Want, Wish};
use crate::{aws, net};

/// The apps: name, environment, and the targets by wave.
const APPS: [(&str, &str, &[usize]); 3] = [
    ("shop", "prod", &[0, 1]),
    ("cart", "prod", &[2]),
    // Another app on a target of the first.
    ("cart", "beta", &[0]),
];
/// Looks at a release that rests before it is cancelled.
const PATIENCE: u32 = 4;
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Those who use it.
#[derive(Clone)]
pub(crate) struct People {
    pub(crate) client: ShipwayClient<Channel>,
    pub(crate) diary: Diary,
    pub(crate) facts: Facts,
    pub(crate) lots: Lots,
    manner: Manner,
}

/// How people deploy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Deployments wait for them.
    pub(crate) staged: bool,
    /// There is a task before and after each rollout.
    pub(crate) tasks: bool,
}

impl People {
    pub(crate) fn new(diary: Diary, facts: Facts, lots: Lots, manner: Manner) -> Self {
        let endpoint = Endpoint::from_static(net::SERVER)
            .connect_timeout(Duration::from_secs(5))
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        Self {
            client: ShipwayClient::new(net::connect(&endpoint)),
            diary,
            facts,
            lots,
            manner,
        }
    }

    /// All of them, until each has seen the end of what it asked for.
    pub(crate) async fn run(self, wishes: Vec<Wish>) -> turmoil::Result {
        let mut all = tokio::task::JoinSet::new();
        for (number, wish) in wishes.into_iter().enumerate() {
            let person = Self {
                lots: self.lots.apart(),
                ..self.clone()
            };
            all.spawn_local(person.live(number, wish));
        }
        while let Some(ended) = all.join_next().await {
            ended?;
        }
        Ok(())
    }

    async fn live(self, number: usize, wish: Wish) {
        let name = format!("person{number}");
        tokio::time::sleep(wish.at).await;
        let key = format!("key-{number}");
        let Some(release) = self.ask(&name, &key, &wish).await else {
            return;
        };
        let again = async {
            if let Some(after) = wish.again {
                tokio::time::sleep(after).await;
                self.ask(&name, &key, &wish).await;
            }
        };
        let cancel = async {
            match wish.cancel {
                None => return,
                Some(Cancel::After(after)) => tokio::time::sleep(after).await,
                Some(Cancel::OnceUpdated(after)) => {
                    if !self.sees_its_update(release).await {
                        return;
                    }
                    tokio::time::sleep(after).await;
                }
            }
            self.cancel(&name, release).await;
        };
        let answer = self.answer(&name, number, release);
        tokio::join!(again, cancel, answer, self.watch(&name, release));
    }

    /// Answers whatever waits: some approve, some reject, and some say nothing.
    async fn answer(&self, name: &str, number: usize, release: u64) {
        let action = match number % 4 {
            _ if !self.manner.staged => return,
            0 | 1 => v1::HookAction::Continue,
            2 => v1::HookAction::Rollback,
            _ => return,
        };
        while !self.facts.has_ended(release) {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let request = v1::AnswerHookRequest {
                release,
                action: action.into(),
                reason: "as I see it".to_owned(),
                ..v1::AnswerHookRequest::default()
            };
            let mut client = self.client.clone();
            if let Ok(reply) = self.call(client.answer_hook(request)).await {
                let hooks: Vec<&str> = reply.hooks.iter().map(|hook| hook.id.as_str()).collect();
                self.diary.note(
                    name,
                    format_args!("answered {hooks:?} of {release}: {action:?}"),
                );
            }
        }
    }

    /// Waits until ECS has taken an update of the release; says whether that ever happened.
    async fn sees_its_update(&self, release: u64) -> bool {
        while !self.facts.is_updated(release) {
            if self.facts.has_ended(release) {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        true
    }

    /// Asks until there is an answer, always with the same key; none when it was refused.
    async fn ask(&self, name: &str, key: &str, wish: &Wish) -> Option<u64> {
        loop {
            let mut client = self.client.clone();
            let (answer, content) = match &wish.want {
                Want::Deploy { .. } => {
                    let spec = v1::ReleaseSpec::from(&spec(wish, self.manner.tasks));
                    let content = Digest::of(&spec.encode_to_vec());
                    let request = v1::SubmitRequest {
                        spec: Some(spec),
                        key: key.to_owned(),
                        title: format!("{name}'s"),
                    };
                    (self.call(client.submit(traced(request))).await, content)
                }
                Want::Rollback => {
                    let (app, env, _) = APPS[wish.app];
                    let request = v1::RollbackRequest {
                        app: app.to_owned(),
                        env: env.to_owned(),
                        to: None,
                        key: key.to_owned(),
                    };
                    let content = Digest::of(&request.encode_to_vec());
                    (self.call(client.rollback(traced(request))).await, content)
                }
            };
            match answer {
                Ok(reply) => {
                    let (release, existed) = (reply.release, reply.existed);
                    self.diary.note(
                        name,
                        format_args!("has release {release} for {key}, known before: {existed}"),
                    );
                    self.facts.acknowledged(key, content, release);
                    return Some(release);
                }
                Err(status) if is_refusal(&status) => {
                    self.diary
                        .note(name, format_args!("is refused: {}", status.message()));
                    return None;
                }
                Err(status) => {
                    self.diary
                        .note(name, format_args!("asks again: {:?}", status.code()));
                    tokio::time::sleep(self.lots.millis(500, 5_000)).await;
                }
            }
        }
    }

    async fn cancel(&self, name: &str, release: u64) {
        loop {
            let request = v1::CancelRequest {
                release,
                reason: "changed my mind".to_owned(),
            };
            let mut client = self.client.clone();
            match self.call(client.cancel(request)).await {
                Ok(reply) => {
                    let late = reply.already_ended;
                    self.diary
                        .note(name, format_args!("cancelled {release}, too late: {late}"));
                    return;
                }
                Err(status) if is_refusal(&status) => {
                    self.facts.broken(format!(
                        "release {release} was acknowledged, but it cannot be cancelled: {}",
                        status.message()
                    ));
                    return;
                }
                Err(_) => tokio::time::sleep(self.lots.millis(500, 5_000)).await,
            }
        }
    }

    /// Watches to the end, from where the stream before broke off.
    async fn watch(&self, name: &str, release: u64) {
        let mut seen = 0;
        let mut rests = 0;
        loop {
            match self.look(name, release, &mut seen).await {
                Ok(Some(view)) if view.ended_ms.is_some() && seen >= view.last_seq => {
                    self.diary.note(
                        name,
                        format_args!("saw {release} end: {:?}", view.verdict()),
                    );
                    return;
                }
                // A person is needed, and here is one: some rollouts would go on for ever.
                Ok(Some(view)) if view.ended_ms.is_none() && view.verdict.is_some() => {
                    rests += 1;
                    if rests % PATIENCE == 0 {
                        self.cancel(name, release).await;
                    }
                    tokio::time::sleep(Duration::from_secs(20)).await;
                }
                Ok(_) => {}
                Err(status) if status.code() == Code::NotFound => {
                    self.facts.broken(format!(
                        "release {release} was acknowledged, and is not known any more"
                    ));
                    return;
                }
                Err(_) => tokio::time::sleep(self.lots.millis(200, 3_000)).await,
            }
        }
    }

    /// One stream, as long as it stands or the person stays; gives the last view.
    async fn look(
        &self,
        name: &str,
        release: u64,
        seen: &mut u64,
    ) -> Result<Option<v1::ReleaseView>, Status> {
        let request = v1::WatchRequest {
            release,
            after: *seen,
            until_rest: true,
        };
        let mut client = self.client.clone();
        let mut stream = self.call(client.watch(request)).await?;
        let leaves = tokio::time::sleep(self.lots.millis(5_000, 120_000));
        tokio::pin!(leaves);
        let mut last = None;
        loop {
            let reply = tokio::select! {
                biased;
                () = &mut leaves => return Ok(last),
                reply = stream.message() => reply?,
            };
            let Some(reply) = reply else {
                return Ok(last);
            };
            for event in &reply.events {
                self.facts.watched(name, release, event.seq);
                *seen = event.seq;
            }
            if let Some(view) = reply.release {
                self.facts.viewed(&view);
                last = Some(view);
            }
        }
    }

    /// A call, given up after a while.
    async fn call<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    ) -> Result<T, Status> {
        let patience = self.lots.millis(3_000, 20_000);
        let answer = tokio::time::timeout(patience, call).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer")));
        answer.map(tonic::Response::into_inner)
    }
}

/// Whether asking again would give the same.
fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists | Code::NotFound
    )
}

/// A call of a trace, so that none is made by chance.
fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let trace = trace.parse().expect("plain text");
    request.metadata_mut().insert("traceparent", trace);
    request
}

fn spec(wish: &Wish, tasks: bool) -> ReleaseSpec {
    let Want::Deploy {
        image,
        suspend,
        force,
        breaker,
        priority,
        timeout,
    } = &wish.want
    else {
        unreachable!("a rollback has no spec");
    };
    let (app, env, targets) = APPS[wish.app];
    let owner = aws::place(aws::ACCOUNTS[0]);
    let all = aws::targets();
    let targets = targets.iter().zip(0..).map(|(target, wave)| TargetSpec {
        target: all[*target].clone(),
        wave,
    });
    ReleaseSpec {
        app: AppName::new(app).expect("an app"),
        env: EnvName::new(env).expect("an environment"),
        kind: ReleaseKind::Deploy,
        source: Source::Image {
            reference: aws::image_at(image),
        },
        build: None,
        image: ImageSettings {
            account: owner.account,
            region: owner.region,
            repository: RepositoryName::new(aws::REPOSITORY).expect("a repository"),
            tags: vec![ImageTag {
                tag: format!("{app}-{env}"),
                moving: true,
            }],
            create: None,
            set_policy: true,
        },
        task_definition: Digest::of(aws::DEFINITION.as_bytes()),
        containers: vec!["app".to_owned()],
        targets: targets.collect(),
        rollout: RolloutSettings {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            health_check_grace_period: None,
            breaker: if *breaker {
                Breaker::On
            } else {
                Breaker::Off {
                    reason: "to see what happens".to_owned(),
                }
            },
            autoscaling: if *suspend {
                Autoscaling::Suspend
            } else {
                Autoscaling::Keep
            },
            timeout: *timeout,
            force: *force,
            stop_early_after: 3,
            keep_revisions: None,
        },
        priority: Priority::new(*priority).expect("a priority"),
        scan: None,
        gates: if tasks {
            let task = || {
                Some(TaskGate {
                    container: "app".to_owned(),
                    command: vec!["./migrate".to_owned()],
                    environment: Vec::new(),
                    timeout: *timeout,
                })
            };
            Gates {
                before: task(),
                after: task(),
            }
        } else {
            Gates::default()
        },
    }
}
