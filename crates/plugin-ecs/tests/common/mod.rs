//! What the tests share: a platform on some endpoint, and a server that answers as told.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod push;
pub(crate) mod rollout;
pub(crate) mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use shipway_domain::ids::{
    AccountId, Attempt, ClusterName, JobId, Region, ReleaseId, RepositoryName, ServiceName,
};
use shipway_plugin::{Place, Platform, RegionApi, Secret, Session};
use shipway_plugin_ecs::{AccountConfig, BaseCredentials, EcsPlatform, PlatformConfig, Polling};
use tokio::task::JoinSet;

pub(crate) const STAGING: &str = "111111111111";
pub(crate) const PROD: &str = "222222222222";

pub(crate) fn place(account: &str) -> Place {
    Place {
        account: AccountId::new(account).expect("an account"),
        region: Region::new("eu-west-1").expect("a region"),
    }
}

pub(crate) fn job() -> Session {
    Session::Job {
        job: JobId {
            release: ReleaseId::from_number(0),
            index: 2,
        },
        attempt: Attempt(1),
    }
}

pub(crate) fn cluster() -> ClusterName {
    ClusterName::new("main").expect("a cluster")
}

pub(crate) fn service() -> ServiceName {
    ServiceName::new("hello").expect("a service")
}

pub(crate) fn repository() -> RepositoryName {
    RepositoryName::new("team/hello").expect("a repository")
}

/// Accounts staging (with a role and an external id) and prod (with a role), quick to poll.
pub(crate) fn config(url: &str) -> PlatformConfig {
    let account = |id: &str, external_id: Option<&str>| AccountConfig {
        id: AccountId::new(id).expect("an account"),
        name: id.to_owned(),
        regions: vec![Region::new("eu-west-1").expect("a region")],
        role_arn: Some(format!("arn:aws:iam::{id}:role/shipway-deploy")),
        external_id: external_id.map(str::to_owned),
    };
    PlatformConfig {
        endpoint_url: Some(url.to_owned()),
        credentials: BaseCredentials::Static {
            access_key_id: "000000000000".to_owned(),
            secret_access_key: Secret::new("any"),
        },
        polling: Polling {
            min: Duration::from_millis(20),
            max: Duration::from_millis(200),
            ..Polling::default()
        },
        ..PlatformConfig::new(
            "agent-a",
            vec![account(STAGING, Some("our-word")), account(PROD, None)],
        )
    }
}

pub(crate) async fn open(
    config: PlatformConfig,
    account: &str,
    session: &Session,
) -> Arc<dyn RegionApi> {
    let platform = EcsPlatform::new(config).expect("a platform");
    let handle = platform.open(&place(account), session).await;
    handle.expect("a handle")
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Operation, without its prefix.
    pub(crate) operation: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Status and body of an answer.
pub(crate) type Answer = (u16, String);

/// A server on a free port that notes requests and answers as told.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// `answer` gets the request and how many of its operation came before.
    pub(crate) async fn start(
        answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (noted, answer) = (Arc::clone(&asked), Arc::new(answer));
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
            async move {
                let target = headers
                    .get("x-amz-target")
                    .and_then(|value| value.to_str().ok());
                let request = Asked {
                    operation: target
                        .and_then(|t| t.rsplit('.').next())
                        .unwrap_or("")
                        .to_owned(),
                    body: String::from_utf8_lossy(&body).into_owned(),
                    headers,
                };
                let mut all = noted.lock().expect("unpoisoned");
                let same = all
                    .iter()
                    .filter(|other| other.operation == request.operation);
                let before = same.count();
                all.push(request.clone());
                drop(all);
                let (status, body) = answer(&request, before);
                (StatusCode::from_u16(status).expect("a status"), body)
            }
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            axum::serve(listener, router).await.expect("served");
        });
        Self {
            url,
            asked,
            _tasks: tasks,
        }
    }

    /// All requests of an operation.
    pub(crate) fn asked(&self, operation: &str) -> Vec<Asked> {
        let all = self.asked.lock().expect("unpoisoned");
        all.iter()
            .filter(|asked| asked.operation == operation)
            .cloned()
            .collect()
    }

    /// A handle that uses its base credentials as they are.
    pub(crate) async fn open(&self) -> Arc<dyn RegionApi> {
        self.open_platform().await.1
    }

    /// The same, with its platform.
    pub(crate) async fn open_platform(&self) -> (EcsPlatform, Arc<dyn RegionApi>) {
        let mut config = config(&self.url);
        for account in &mut config.accounts {
            account.role_arn = None;
        }
        let platform = EcsPlatform::new(config).expect("a platform");
        let handle = platform.open(&place(STAGING), &job()).await;
        (platform, handle.expect("a handle"))
    }
}
