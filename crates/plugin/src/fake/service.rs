//! A service that goes the way that a test wants: a step further with each look at it.

use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::document::Document;
use shipway_domain::ids::Digest;
use shipway_domain::observe::{
    BreakerSeen, ContainerSeen, DeploymentSeen, RevisionCounts, RevisionSeen, RollbackSeen,
    ScalingSeen, ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceEventSeen, ServiceSeen,
    TaskSeen,
};
use shipway_domain::time::Timestamp;

use super::World;
use crate::{Place, TaskDefinitionSeen, UpdateService};

/// How deployments of a service end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    #[default]
    Success,
    /// The circuit breaker rolls back.
    RolledBack,
    /// Not, until somebody stops them.
    Never,
}

/// A service, with all that belongs to it.
#[derive(Clone, Debug)]
pub struct FakeService {
    /// As DescribeServices shows it.
    pub seen: ServiceSeen,
    /// Its scalable target.
    pub scaling: Option<ScalingSeen>,
    /// How its next deployments end.
    pub ending: Ending,
    /// Service deployments, newest first.
    pub deployments: Vec<ServiceDeploymentSeen>,
    /// Service revisions.
    pub revisions: Vec<RevisionSeen>,
    /// Running tasks.
    pub tasks: Vec<TaskSeen>,
    name: String,
    number: u32,
    before: String,
}

impl FakeService {
    pub(super) fn new(
        world: &mut World,
        place: &Place,
        name: &str,
        desired: u32,
        image: &str,
    ) -> Self {
        let family = name.rsplit('/').next().unwrap_or(name);
        let json = format!(
            r#"{{"family":"{family}","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512","containerDefinitions":[{{"name":"app","image":"{image}","essential":true}}]}}"#
        );
        let arn = register(world, place, &json);
        let mut service = Self {
            seen: ServiceSeen {
                arn: format!(
                    "arn:aws:ecs:{}:{}:service/{name}",
                    place.region, place.account
                ),
                status: "ACTIVE".to_owned(),
                task_definition: arn.clone(),
                desired,
                running: desired,
                controller: "ECS".to_owned(),
                strategy: "ROLLING".to_owned(),
                deployment_configuration: "{}".to_owned(),
                minimum_healthy_percent: Some(100),
                maximum_percent: Some(200),
                breaker: Some(BreakerSeen {
                    enable: true,
                    rollback: true,
                }),
                ..ServiceSeen::default()
            },
            scaling: None,
            ending: Ending::default(),
            deployments: Vec::new(),
            revisions: Vec::new(),
            tasks: Vec::new(),
            name: name.to_owned(),
            number: 0,
            before: arn.clone(),
        };
        service.seen.deployments = vec![entry("ecs-svc/0", "COMPLETED", &arn, desired)];
        service.serve(world, &arn);
        service
    }

    /// Gives it a scalable target with these flags.
    pub const fn scalable(&mut self, suspended: ScalingFlags) {
        self.scaling = Some(ScalingSeen {
            min: 1,
            max: 9,
            suspended,
        });
    }

    /// UpdateService: a new deployment begins.
    pub(super) fn update(&mut self, world: &mut World, update: &UpdateService) {
        self.number += 1;
        let number = self.number;
        self.before = std::mem::replace(
            &mut self.seen.task_definition,
            update.task_definition.clone(),
        );
        let (desired, name) = (self.seen.desired, self.name.clone());
        let revision = format!("arn:aws:ecs:service-revision/{name}/{number}");
        self.revisions.push(RevisionSeen {
            arn: revision.clone(),
            task_definition: update.task_definition.clone(),
            images: Vec::new(),
        });
        let deployment = ServiceDeploymentSeen {
            arn: format!("arn:aws:ecs:service-deployment/{name}/{number}"),
            created_at: world.tick(),
            status: ServiceDeploymentStatus::Pending,
            status_reason: None,
            target_revision: counts(&revision, desired, 0),
            source_revisions: vec![counts(
                "arn:aws:ecs:service-revision/before",
                desired,
                desired,
            )],
            rollback: None,
            breaker: None,
            lifecycle_stage: None,
            triggered_alarms: Vec::new(),
        };
        self.seen.current_service_deployment = Some(deployment.arn.clone());
        self.deployments.insert(0, deployment);
        let id = format!("ecs-svc/{number}");
        let ours = entry(&id, "IN_PROGRESS", &update.task_definition, desired);
        for older in &mut self.seen.deployments {
            "ACTIVE".clone_into(&mut older.status);
        }
        self.seen.deployments.insert(0, ours);
    }

    /// StopServiceDeployment: it goes back, and is there at the next look.
    pub(super) fn stop(&mut self) {
        self.ending = Ending::RolledBack;
    }

    /// A step further.
    pub(super) fn advance(&mut self, world: &mut World) {
        use ServiceDeploymentStatus as Status;
        let desired = self.seen.desired;
        let Some(newest) = self.deployments.first_mut() else {
            return;
        };
        let new = &mut newest.target_revision;
        match (&newest.status, self.ending) {
            (Status::Pending, _) => {
                newest.status = Status::InProgress;
                new.pending = desired;
                let at = world.tick();
                self.say(at, "has started tasks");
            }
            (Status::InProgress, Ending::Never) => {}
            (Status::InProgress, Ending::Success) if new.running < desired => {
                (new.running, new.pending) = (desired, 0);
            }
            (Status::InProgress, Ending::Success) => {
                newest.status = Status::Successful;
                newest.source_revisions.clear();
                let arn = self.seen.task_definition.clone();
                self.settle(world, &arn);
            }
            (Status::InProgress, Ending::RolledBack) => {
                newest.status = Status::RollbackInProgress;
                newest.rollback = Some(RollbackSeen {
                    reason: "as the test wishes".to_owned(),
                    revision: None,
                });
            }
            (Status::RollbackInProgress, _) => {
                newest.status = Status::RollbackSuccessful;
                let before = self.before.clone();
                self.settle(world, &before);
            }
            _ => {}
        }
    }

    fn settle(&mut self, world: &mut World, arn: &str) {
        arn.clone_into(&mut self.seen.task_definition);
        let id = format!("ecs-svc/{}", self.number);
        self.seen.deployments = vec![entry(&id, "COMPLETED", arn, self.seen.desired)];
        self.serve(world, arn);
        let at = world.tick();
        self.say(at, "has reached a steady state.");
    }

    /// Tasks of this definition run, with the digests that its images name.
    fn serve(&mut self, world: &World, arn: &str) {
        let json = world.definitions.get(arn).map(|found| found.json.as_str());
        let document = json.and_then(|json| Document::parse(json).ok());
        let containers: Vec<ContainerSeen> = document
            .iter()
            .filter_map(|document| match document.get("containerDefinitions") {
                Some(Document::Array(containers)) => Some(containers.clone()),
                _ => None,
            })
            .flatten()
            .map(|container| {
                let text = |name: &str| {
                    let value = container.get(name).and_then(Document::as_str);
                    value.unwrap_or_default().to_owned()
                };
                let image = text("image");
                let digest = image.split_once('@').map(|(_, digest)| digest);
                ContainerSeen {
                    name: text("name"),
                    image_digest: digest.and_then(|digest| Digest::new(digest).ok()),
                    image,
                    ..ContainerSeen::default()
                }
            })
            .collect();
        let task = |number: u32| TaskSeen {
            arn: format!("arn:aws:ecs:task/{}/{}{number:07}", self.name, self.number),
            task_definition: arn.to_owned(),
            last_status: "RUNNING".to_owned(),
            desired_status: "RUNNING".to_owned(),
            containers: containers.clone(),
            ..TaskSeen::default()
        };
        self.tasks = (0..self.seen.desired).map(task).collect();
        self.seen.running = self.seen.desired;
    }

    fn say(&mut self, at: Timestamp, message: &str) {
        let event = ServiceEventSeen {
            id: format!("event-{}", at.millis()),
            at,
            message: format!("(service {}) {message}", self.name),
        };
        self.seen.events.insert(0, event);
    }
}

/// Registers a definition: the next revision of its family.
pub(super) fn register(world: &mut World, place: &Place, json: &str) -> String {
    let document = Document::parse(json).unwrap_or(Document::Null);
    let family = document
        .get("family")
        .and_then(Document::as_str)
        .unwrap_or_default();
    let start = format!(
        "arn:aws:ecs:{}:{}:task-definition/{family}:",
        place.region, place.account
    );
    let number = world
        .definitions
        .keys()
        .filter(|arn| arn.starts_with(&start))
        .count()
        + 1;
    let arn = format!("{start}{number}");
    let tags = match document.get("tags") {
        Some(Document::Array(tags)) => tags.iter().filter_map(pair).collect(),
        _ => Vec::new(),
    };
    let seen = TaskDefinitionSeen {
        arn: arn.clone(),
        status: "ACTIVE".to_owned(),
        json: json.to_owned(),
        tags,
    };
    world.definitions.insert(arn.clone(), seen);
    arn
}

fn pair(tag: &Document) -> Option<(String, String)> {
    let text = |name: &str| tag.get(name)?.as_str().map(str::to_owned);
    Some((text("key")?, text("value")?))
}

fn entry(id: &str, state: &str, arn: &str, desired: u32) -> DeploymentSeen {
    DeploymentSeen {
        id: id.to_owned(),
        status: "PRIMARY".to_owned(),
        task_definition: arn.to_owned(),
        desired,
        running: desired,
        rollout_state: Some(state.to_owned()),
        ..DeploymentSeen::default()
    }
}

fn counts(arn: &str, requested: u32, running: u32) -> RevisionCounts {
    RevisionCounts {
        arn: arn.to_owned(),
        requested,
        running,
        pending: 0,
    }
}
