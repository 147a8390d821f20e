//! AWS's side of a run, read from the model itself.

use std::collections::BTreeMap;

use shipway_domain::agent::Held;
use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::ids::{Digest, Target};
use shipway_domain::observe::ServiceDeploymentStatus;
use shipway_domain::promise::{DeploymentShown, Fact, FlagsShown, Mutation, Operation};
use shipway_domain::time::Timestamp;
use shipway_plugin::Session;
use shipway_plugin_model::{Asks, Call, Landed, ModelPlatform};

use crate::aws;
use crate::diary::Diary;
use crate::facts::Facts;

/// Tells what is seen of AWS.
pub(crate) struct AwsWatch {
    platform: ModelPlatform,
    diary: Diary,
    facts: Facts,
    made: usize,
    landed: usize,
    statuses: BTreeMap<String, ServiceDeploymentStatus>,
}

impl AwsWatch {
    /// Tells first how things stand before anything is changed.
    pub(crate) fn new(
        platform: ModelPlatform,
        diary: Diary,
        facts: Facts,
        flags: &[Option<ScalingFlags>; 3],
    ) -> Self {
        for (target, flags) in aws::targets().into_iter().zip(flags) {
            if let Some(flags) = *flags {
                let at = Timestamp::from_millis(diary.millis());
                let by = None;
                facts.tell(Fact::Flags(FlagsShown {
                    at,
                    target,
                    flags,
                    by,
                }));
            }
        }
        let mut watch = Self {
            platform,
            diary,
            facts,
            made: 0,
            landed: 0,
            statuses: BTreeMap::new(),
        };
        watch.deployments();
        watch
    }

    /// Calls that changed something since the last time; says whether there were any.
    pub(crate) fn calls(&mut self) -> bool {
        let made = self.platform.calls_since(self.made);
        self.made += made.len();
        for call in made.iter().filter(|call| aws::changes(call)) {
            if let Session::Job { job, attempt } = &call.session {
                let name = &call.name;
                self.facts.acts(*job, *attempt, name);
            }
        }
        let landed = self.platform.landed_since(self.landed);
        self.landed += landed.len();
        for landed in &landed {
            self.tell(landed);
        }
        !landed.is_empty()
    }

    fn tell(&self, Landed { at, call }: &Landed) {
        let (who, name, about) = (aws::who(call), &call.name, &call.about);
        let late = at.since(call.at).as_millis();
        self.diary.note(
            "aws",
            format_args!(
                "{name} of {who} on {about} asks {:?}, after {late} ms",
                call.asks
            ),
        );
        let by = match &call.session {
            Session::Agent => None,
            Session::Job { job, attempt } => Some(Held {
                job: *job,
                attempt: *attempt,
            }),
        };
        let target = target(call);
        let operation = match (name.as_str(), &call.asks) {
            ("ecr:CreateRepository", _) => Operation::CreateRepository,
            ("ecs:RegisterTaskDefinition", _) => Operation::RegisterTaskDefinition,
            ("ecs:StopServiceDeployment", _) => Operation::StopServiceDeployment,
            ("ecs:ContinueServiceDeployment", _) => Operation::ContinueServiceDeployment,
            (_, Asks::Flags(flags)) => Operation::SetScaling {
                flags: Some(*flags),
            },
            (_, Asks::TaskDefinition(arn)) => Operation::UpdateService {
                task_definition: Some(arn.clone()),
            },
            (name, Asks::Plain) => Operation::Other(name.to_owned()),
        };
        if let (Asks::Flags(flags), Some(target)) = (&call.asks, &target) {
            self.facts.tell(Fact::Flags(FlagsShown {
                at: *at,
                target: target.clone(),
                flags: *flags,
                by,
            }));
        }
        self.facts.tell(Fact::Mutated(Mutation {
            at: *at,
            target,
            operation,
            by,
        }));
    }

    /// No job has started two tasks.
    pub(crate) fn tasks(&self) {
        let mut started: Vec<String> = self.platform.tasks_started();
        // The name ends with the revision: another one of the same job would be another task.
        for name in &mut started {
            let job = name.rfind("-r").unwrap_or(name.len());
            name.truncate(job);
        }
        started.sort();
        for pair in started.windows(2).filter(|pair| pair[0] == pair[1]) {
            self.facts
                .broken(format!("{} was started a second time", pair[0]));
        }
    }

    /// Service deployments whose status is another than the last time.
    pub(crate) fn deployments(&mut self) {
        let now = Timestamp::from_millis(self.diary.millis());
        for target in aws::targets() {
            let (place, name) = aws::at(&target);
            let mut all = self.platform.deployments(&place, &name);
            all.reverse();
            for seen in all {
                if self.statuses.get(&seen.arn) == Some(&seen.status) {
                    continue;
                }
                self.statuses.insert(seen.arn.clone(), seen.status.clone());
                let revision = self.platform.revision(&place, &seen.target_revision.arn);
                let task_definition = revision
                    .map(|seen| seen.task_definition)
                    .unwrap_or_default();
                let tasks = self.platform.tasks(&place, &name).into_iter();
                let digests = tasks
                    .filter(|task| task.task_definition == task_definition)
                    .filter(|task| task.last_status == "RUNNING")
                    .flat_map(|task| task.containers)
                    .filter_map(|container| container.image_digest)
                    .filter_map(|digest| digest.to_string().parse::<Digest>().ok());
                let digests: Vec<Digest> = digests.collect();
                self.diary.note(
                    "aws",
                    format_args!("{} is {:?} with {task_definition}", seen.arn, seen.status),
                );
                self.facts.tell(Fact::Deployment(DeploymentShown {
                    at: now,
                    target: target.clone(),
                    arn: seen.arn,
                    created_at: seen.created_at,
                    task_definition,
                    digests,
                    status: seen.status,
                }));
            }
        }
    }

    /// Whether every service deployment has come to its end.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.statuses
            .values()
            .all(ServiceDeploymentStatus::is_terminal)
    }
}

/// The service that a call changes.
fn target(call: &Call) -> Option<Target> {
    let service = match call.name.as_str() {
        "ecs:UpdateService" | "application-autoscaling:RegisterScalableTarget" => &call.about,
        "ecs:StopServiceDeployment" | "ecs:ContinueServiceDeployment" => {
            call.about.rsplit('/').nth(1)?
        }
        _ => return None,
    };
    aws::targets()
        .into_iter()
        .find(|target| target.account == call.place.account && target.service.as_str() == service)
}
