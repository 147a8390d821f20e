//! Offers of an app with one service, whose image is made of files.

use std::time::Duration;

use shipway_domain::checkpoint::{Checkpoint, ScalingFlags};
use shipway_domain::gate::Gates;
use shipway_domain::ids::{
    AccountId, AppName, ClusterName, Digest, EnvName, Region, RepositoryName, ServiceName, Target,
};
use shipway_domain::job::BuiltImage;
use shipway_domain::spec::{
    Autoscaling, Breaker, BuildSettings, Builder, CopyFiles, ImageSettings, ImageTag, LayersBuild,
    Priority, ReleaseKind, ReleaseSpec, RolloutSettings, Source, TargetSpec,
};
use shipway_plugin::Place;
use shipway_proto::v1;

use super::Coordinator;

/// Account that owns the repository.
pub(crate) const OWNER: &str = "000000000000";
/// Account of the target.
pub(crate) const OTHER: &str = "111111111111";
pub(crate) const REPOSITORY: &str = "shop";
/// Where it is.
pub(crate) const URI: &str = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/shop";
/// Cluster and service.
pub(crate) const SERVICE: &str = "main/shop";
/// The container that gets the image.
const CONTAINER: &str = "app";

const DEFINITION: &str = r#"{"family":"shop","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","executionRoleArn":"arn:aws:iam::111111111111:role/tasks","containerDefinitions":[{"name":"app","image":"none","essential":true}]}"#;

pub(crate) fn place(account: &str) -> Place {
    Place {
        account: AccountId::new(account).expect("an account"),
        region: Region::new("eu-west-1").expect("a region"),
    }
}

pub(crate) fn target() -> Target {
    let place = place(OTHER);
    Target {
        account: place.account,
        region: place.region,
        cluster: ClusterName::new("main").expect("a cluster"),
        service: ServiceName::new("shop").expect("a service"),
    }
}

/// A reference to the image with this content.
pub(crate) fn image_at(content: &[u8]) -> String {
    format!("{URI}@{}", Digest::of(content))
}

/// An app, and what is offered of it.
pub(crate) struct App {
    pub(crate) spec: ReleaseSpec,
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) debt: Option<ScalingFlags>,
    context: Vec<u8>,
    release: u64,
    started: u64,
}

impl App {
    /// An app whose context has this content, kept at the coordinator.
    pub(crate) fn new(coordinator: &Coordinator, context: &[u8]) -> Self {
        let place = place(OWNER);
        let tag = |tag: &str, moving| ImageTag {
            tag: tag.to_owned(),
            moving,
        };
        let spec = ReleaseSpec {
            app: AppName::new("shop").expect("an app"),
            env: EnvName::new("prod").expect("an environment"),
            kind: ReleaseKind::Deploy,
            source: Source::Context {
                blob: coordinator.keep(context),
                revision: None,
            },
            build: Some(BuildSettings {
                builder: Builder::Layers(LayersBuild {
                    files: vec![CopyFiles {
                        from: "program".to_owned(),
                        to: "/program".to_owned(),
                    }],
                    ..LayersBuild::default()
                }),
                platforms: Vec::new(),
                secrets: Vec::new(),
            }),
            image: ImageSettings {
                account: place.account,
                region: place.region,
                repository: RepositoryName::new(REPOSITORY).expect("a repository"),
                tags: vec![tag("v1", false), tag("prod-latest", true)],
                create: None,
                set_policy: true,
            },
            task_definition: coordinator.keep(DEFINITION.as_bytes()),
            containers: vec![CONTAINER.to_owned()],
            targets: vec![TargetSpec {
                target: target(),
                wave: 0,
            }],
            rollout: RolloutSettings {
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                health_check_grace_period: None,
                breaker: Breaker::On,
                autoscaling: Autoscaling::Keep,
                timeout: Duration::from_secs(600),
                force: false,
                stop_early_after: 3,
                keep_revisions: None,
            },
            priority: Priority::default(),
            scan: None,
            gates: Gates::default(),
        };
        Self {
            spec,
            checkpoints: Vec::new(),
            debt: None,
            context: context.to_vec(),
            release: 7,
            started: 1_795_000_000_000,
        }
    }

    /// Another release of it.
    pub(crate) const fn release(mut self, number: u64) -> Self {
        self.release = number;
        self
    }

    /// The build of it.
    pub(crate) fn build(&self) -> v1::Offer {
        v1::Offer {
            image: None,
            target: None,
            ..self.offer("build", 0)
        }
    }

    /// The rollout of the image that its build gives.
    pub(crate) fn rollout(&self) -> v1::Offer {
        self.offer("rollout", 1)
    }

    /// The job that pays the debt of its target.
    pub(crate) fn settle(&self) -> v1::Offer {
        self.offer("settle", 0)
    }

    fn offer(&self, kind: &str, index: u32) -> v1::Offer {
        let digest = Digest::of(&self.context);
        let image = BuiltImage {
            name: URI.to_owned(),
            digest: digest.clone(),
            accepted: vec![digest],
            builder: "layers".to_owned(),
            tags: Vec::new(),
            bytes_pushed: 0,
            reused: false,
            scan: None,
        };
        v1::Offer {
            job: Some(v1::JobAttempt {
                release: self.release,
                index,
                attempt: 1,
            }),
            spec: Some((&self.spec).into()),
            kind: kind.to_owned(),
            target: Some((&target()).into()),
            checkpoints: self.checkpoints.iter().map(Into::into).collect(),
            image: Some((&image).into()),
            trace_parent: String::new(),
            submitter: "somebody".to_owned(),
            title: "a release".to_owned(),
            debt: self.debt.map(Into::into),
            stop: None,
            started_ms: self.started,
            proven: None,
            after: false,
            answers: Vec::new(),
        }
    }
}
