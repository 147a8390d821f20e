//! A small ECS that follows a script: enough of it to walk a rollout from its beginning to its end.

use std::time::Duration;

use super::fixtures::{ACCOUNT, OLD, digest, new_definition, running_definition};
use crate::checkpoint::ScalingFlags;
use crate::hook::HookAction;
use crate::ids::Digest;
use crate::observe::{
    BreakerSeen, CallerSeen, ContainerSeen, DeploymentSeen, RevisionCounts, RevisionSeen,
    ScalingSeen, ServiceDeploymentSeen, ServiceDeploymentStatus as Status, ServiceSeen, TaskSeen,
};
use crate::revisions::TaggedRevision;
use crate::rollout::action::Update;
use crate::rollout::{Action, CallFailed, FailureKind, Saw};
use crate::surroundings::TargetHealth;
use crate::time::Timestamp;

/// Something that goes wrong with the next calls of a kind.
pub(super) struct Fault {
    /// Name of the action.
    pub(super) action: &'static str,
    pub(super) kind: FailureKind,
    /// How often.
    pub(super) times: u32,
    /// Whether the call happens all the same, and how much later.
    pub(super) lands: Option<Duration>,
}

/// What the world does by itself at the n-th poll.
pub(super) type Turn = (u32, fn(&mut World));

pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) account: String,
    pub(super) service: Option<ServiceSeen>,
    pub(super) running_definition: String,
    pub(super) running_tags: Vec<(String, String)>,
    pub(super) registered: Vec<String>,
    /// The whole family, newest first.
    pub(super) family: Vec<TaggedRevision>,
    pub(super) deregistered: Vec<String>,
    pub(super) scaling: Option<ScalingSeen>,
    /// Oldest first.
    pub(super) deployments: Vec<ServiceDeploymentSeen>,
    pub(super) revisions: Vec<RevisionSeen>,
    pub(super) tasks: Vec<TaskSeen>,
    pub(super) stopped: Vec<TaskSeen>,
    /// What a dead container has said.
    pub(super) lines: Vec<String>,
    /// What is in each of its target groups.
    pub(super) targets: Vec<TargetHealth>,
    pub(super) updates: Vec<Update>,
    pub(super) polls: u32,
    /// Statuses of a new deployment, one for each poll; the last one stays.
    pub(super) script: Vec<Status>,
    /// Statuses after somebody asked to stop it.
    pub(super) stop_script: Vec<Status>,
    /// Digest that new tasks report.
    pub(super) serves: Option<Digest>,
    pub(super) faults: Vec<Fault>,
    pub(super) turns: Vec<Turn>,
    /// Whether deployments have gone from what ECS shows.
    pub(super) vanished: bool,
    /// Every poll shows the service too, as it does when others of the place ask for theirs.
    pub(super) busy: bool,
    landing: Vec<(Timestamp, Update)>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            now: Timestamp::from_millis(1_000_000),
            account: ACCOUNT.to_owned(),
            service: Some(old_service()),
            running_definition: running_definition(),
            running_tags: Vec::new(),
            registered: Vec::new(),
            family: Vec::new(),
            deregistered: Vec::new(),
            scaling: Some(ScalingSeen {
                min: 1,
                max: 9,
                suspended: ScalingFlags::default(),
            }),
            deployments: Vec::new(),
            revisions: Vec::new(),
            tasks: vec![task("old-1", OLD, Some(digest("old")))],
            stopped: Vec::new(),
            lines: vec!["Error: DATABASE_URL is not set".to_owned()],
            targets: Vec::new(),
            updates: Vec::new(),
            polls: 0,
            script: vec![Status::Pending, Status::InProgress, Status::Successful],
            stop_script: vec![Status::RollbackInProgress, Status::RollbackSuccessful],
            serves: Some(digest("new")),
            faults: Vec::new(),
            turns: Vec::new(),
            vanished: false,
            busy: false,
            landing: Vec::new(),
        }
    }

    pub(super) fn fails(&mut self, action: &'static str, kind: FailureKind, times: u32) {
        self.faults.push(Fault {
            action,
            kind,
            times,
            lands: None,
        });
    }

    /// The next update gets no answer, and happens so much later.
    pub(super) fn update_lands(&mut self, after: Duration) {
        self.faults.push(Fault {
            action: "Update",
            kind: FailureKind::Uncertain,
            times: 1,
            lands: Some(after),
        });
    }

    pub(super) fn service_mut(&mut self) -> &mut ServiceSeen {
        self.service.as_mut().expect("the service exists")
    }

    /// The first deployment of this world: the one that the rollout starts.
    pub(super) fn first(&mut self) -> &mut ServiceDeploymentSeen {
        self.deployments.first_mut().expect("a deployment exists")
    }

    /// Carries an action out; calls that were on their way land when their time has come.
    pub(super) fn perform(&mut self, name: &str, action: &Action) -> Saw {
        self.pass(Duration::from_millis(100));
        let fault = self
            .faults
            .iter_mut()
            .find(|fault| fault.action == name && fault.times > 0);
        let Some(fault) = fault else {
            return self.answer(action);
        };
        fault.times -= 1;
        let (kind, lands) = (fault.kind, fault.lands);
        match (lands, action) {
            (Some(after), Action::Update(update)) => {
                self.landing.push((self.now.plus(after), update.clone()));
            }
            (Some(_), _) => drop(self.answer(action)),
            (None, _) => {}
        }
        Saw::Failed(CallFailed {
            call: format!("ecs:{name}"),
            kind,
            message: "as the script wants".to_owned(),
        })
    }

    pub(super) fn pass(&mut self, span: Duration) {
        self.pass_to(self.now.plus(span));
    }

    pub(super) fn pass_to(&mut self, until: Timestamp) {
        self.now = self.now.max(until);
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.landing)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.landing = later;
        for (_, update) in Vec::from_iter::<Vec<(Timestamp, Update)>>(due) {
            self.update(&update);
        }
    }

    fn answer(&mut self, action: &Action) -> Saw {
        match action {
            Action::CheckIdentity => Saw::Caller(CallerSeen {
                account: self.account.clone(),
                arn: format!("arn:aws:sts::{}:assumed-role/shipway/x", self.account),
            }),
            Action::DescribeService => Saw::Service(self.service.clone().map(Box::new)),
            Action::DescribeTaskDefinition { .. } => Saw::TaskDefinition {
                json: Some(self.running_definition.clone()),
                tags: self.running_tags.clone(),
            },
            Action::FindRevision { .. } => Saw::FoundRevision(self.registered.last().cloned()),
            Action::Register { .. } => {
                let arn = new_definition(self.registered.len());
                self.registered.push(arn.clone());
                Saw::Registered(arn)
            }
            Action::DescribeScaling { .. } => Saw::Scaling(self.scaling),
            Action::SetScaling { flags, .. } => {
                if let Some(scaling) = &mut self.scaling {
                    scaling.suspended = *flags;
                }
                Saw::ScalingSet(*flags)
            }
            Action::Update(update) => {
                self.update(update);
                Saw::Updated(Box::new(self.service_mut().clone()))
            }
            Action::ListDeployments { since } => Saw::Deployments(
                self.deployments
                    .iter()
                    .rev()
                    .filter(|known| known.created_at >= *since)
                    .cloned()
                    .collect(),
            ),
            Action::DescribeRevision { revision } => {
                let found = self.revisions.iter().find(|known| known.arn == *revision);
                Saw::Revision(found.cloned())
            }
            Action::Follow {
                service_deployment,
                with_service,
            } => self.poll(service_deployment.as_deref(), *with_service),
            Action::RunningTasks | Action::WatchTasks { leaving: false } => {
                Saw::RunningTasks(self.tasks.clone())
            }
            Action::StoppedTasks { .. } | Action::WatchTasks { leaving: true } => {
                Saw::StoppedTasks(self.stopped.clone())
            }
            Action::WatchTargets { groups } => {
                let targets = groups
                    .iter()
                    .map(|group| (group.clone(), self.targets.clone()));
                Saw::Targets(targets.collect())
            }
            Action::LastWords(_) => Saw::Lines(self.lines.clone()),
            Action::StopDeployment { .. } => self.stop(),
            Action::PutTags { .. } => Saw::Tagged(Vec::new()),
            Action::RunTask(_)
            | Action::FindTask { .. }
            | Action::DescribeTask { .. }
            | Action::StopTask { .. }
            | Action::ReadLog { .. } => panic!("a rollout runs no task: {action:?}"),
            Action::Continue { hook, action, .. } => self.continue_with(hook, *action),
            Action::FamilyRevisions { .. } => Saw::FamilyRevisions(self.family.clone()),
            Action::Deregister { task_definition } => {
                self.deregistered.push(task_definition.clone());
                Saw::Deregistered
            }
        }
    }

    fn update(&mut self, update: &Update) {
        self.updates.push(update.clone());
        let task_definition = update.task_definition.clone();
        self.deploy(&task_definition);
    }

    /// A deployment of this task definition begins, whoever asked for it.
    pub(super) fn deploy(&mut self, task_definition: &str) {
        let number = self.deployments.len();
        let revision = format!("revision-{number}");
        self.revisions.push(RevisionSeen {
            arn: revision.clone(),
            task_definition: task_definition.to_owned(),
            images: Vec::new(),
        });
        let arn = format!("deployment-{number}");
        self.deployments.push(ServiceDeploymentSeen {
            arn: arn.clone(),
            created_at: self.now,
            status: Status::Pending,
            status_reason: None,
            target_revision: RevisionCounts {
                arn: revision,
                requested: 2,
                ..RevisionCounts::default()
            },
            source_revisions: Vec::new(),
            rollback: None,
            breaker: None,
            lifecycle_stage: None,
            triggered_alarms: Vec::new(),
            hooks: Vec::new(),
        });
        let service = self.service_mut();
        service.task_definition = task_definition.to_owned();
        service.current_service_deployment = Some(arn);
        for entry in &mut service.deployments {
            entry.status = "ACTIVE".to_owned();
        }
        let primary = entry(&format!("ecs-svc/{}", number + 1), task_definition);
        service.deployments.insert(0, primary);
    }

    fn poll(&mut self, ours: Option<&str>, with_service: bool) -> Saw {
        self.polls += 1;
        self.pass(Duration::from_secs(5));
        for (at, turn) in self.turns.clone() {
            if at == self.polls {
                turn(self);
            }
        }
        let mut deployment = None;
        if let Some(arn) = ours
            && !self.vanished
        {
            self.move_on(arn);
            let found = self.deployments.iter().find(|known| known.arn == arn);
            deployment = found.cloned().map(Box::new);
        }
        let with_service = with_service || self.busy;
        let service = self.service.clone().filter(|_| with_service);
        Saw::Polled {
            deployment,
            service_missing: with_service && service.is_none(),
            service: service.map(Box::new),
        }
    }

    /// The next status of the script.
    fn move_on(&mut self, arn: &str) {
        let Some(known) = self.deployments.iter_mut().find(|known| known.arn == arn) else {
            return;
        };
        if known.status.is_terminal() {
            return;
        }
        known.status = if self.script.len() > 1 {
            self.script.remove(0)
        } else {
            self.script[0].clone()
        };
        let status = known.status.clone();
        let revision = known.target_revision.arn.clone();
        let of = self.revisions.iter().find(|known| known.arn == revision);
        let task_definition = of.map_or_else(String::new, |known| known.task_definition.clone());
        match status {
            Status::Successful => {
                self.tasks = vec![
                    task("new-1", &task_definition, self.serves.clone()),
                    task("new-2", &task_definition, self.serves.clone()),
                ];
            }
            Status::RollbackSuccessful => {
                let service = self.service_mut();
                OLD.clone_into(&mut service.task_definition);
                service.deployments = vec![entry("ecs-svc/9", OLD)];
            }
            _ => {}
        }
    }

    /// ContinueServiceDeployment: on to the end, or back.
    fn continue_with(&mut self, hook: &str, action: HookAction) -> Saw {
        let back = self.stop_script.clone();
        let mut hooks = self.first().hooks.iter_mut();
        let Some(hook) = hooks.find(|known| known.id == hook && known.awaits_action()) else {
            return Saw::Failed(CallFailed {
                call: "ecs:ContinueServiceDeployment".to_owned(),
                kind: FailureKind::Invalid,
                message: "no such hook awaits an action".to_owned(),
            });
        };
        let (status, script) = match action {
            HookAction::Continue => ("SUCCEEDED", vec![Status::InProgress, Status::Successful]),
            HookAction::Rollback => ("FAILED", back),
        };
        status.clone_into(&mut hook.status);
        self.script = script;
        Saw::Continued
    }

    fn stop(&mut self) -> Saw {
        if self.first().status.is_terminal() {
            return Saw::Failed(CallFailed {
                call: "ecs:StopServiceDeployment".to_owned(),
                kind: FailureKind::Conflict,
                message: "it has ended".to_owned(),
            });
        }
        self.script = self.stop_script.clone();
        Saw::StopAsked
    }
}

pub(super) fn task(id: &str, task_definition: &str, digest: Option<Digest>) -> TaskSeen {
    TaskSeen {
        arn: format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:task/main/{id}"),
        task_definition: task_definition.to_owned(),
        last_status: "RUNNING".to_owned(),
        containers: vec![ContainerSeen {
            name: "app".to_owned(),
            image_digest: digest,
            ..ContainerSeen::default()
        }],
        ..TaskSeen::default()
    }
}

fn entry(id: &str, task_definition: &str) -> DeploymentSeen {
    DeploymentSeen {
        id: id.to_owned(),
        status: "PRIMARY".to_owned(),
        task_definition: task_definition.to_owned(),
        rollout_state: Some("COMPLETED".to_owned()),
        ..DeploymentSeen::default()
    }
}

fn old_service() -> ServiceSeen {
    ServiceSeen {
        arn: format!("arn:aws:ecs:eu-west-1:{ACCOUNT}:service/main/web"),
        status: "ACTIVE".to_owned(),
        task_definition: OLD.to_owned(),
        desired: 2,
        running: 2,
        controller: "ECS".to_owned(),
        strategy: "ROLLING".to_owned(),
        managed_by: "CUSTOMER".to_owned(),
        deployment_configuration: "{}".to_owned(),
        minimum_healthy_percent: Some(100),
        maximum_percent: Some(200),
        breaker: Some(BreakerSeen {
            enable: true,
            rollback: true,
        }),
        deployments: vec![entry("ecs-svc/0", OLD)],
        current_service_deployment: Some("deployment-before".to_owned()),
        ..ServiceSeen::default()
    }
}
