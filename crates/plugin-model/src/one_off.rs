//! Tasks beside services: what RunTask starts. They run for a while, end with an exit code, and are shown for an hour
//! more (ecs-facts 1.4). A client token is known for a day (ecs-facts 3.5).

use std::time::Duration;

use shipway_domain::observe::{ContainerSeen, TaskSeen};
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, Place, PlatformError, RunTask, TaskStarted};

use crate::names::arn;
use crate::repository::refused;
use crate::world::World;

/// So long a stopped task is shown.
const SHOWN: Duration = Duration::from_secs(3600);
/// So long a token is known.
const TOKEN: Duration = Duration::from_secs(24 * 3600);
/// What kills gives a container that does not heed SIGTERM.
const KILLED: i32 = 137;

/// How tasks beside services go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneOffs {
    /// Until they run.
    pub start: Duration,
    /// From their end to STOPPED.
    pub end: Duration,
    /// How long they run.
    pub run: Duration,
    /// Their exit code.
    pub exit: i32,
}

impl Default for OneOffs {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(2),
            end: Duration::from_secs(1),
            run: Duration::from_secs(5),
            exit: 0,
        }
    }
}

/// A task beside services.
#[derive(Clone, Debug)]
pub(crate) struct OneOff {
    place: Place,
    arn: String,
    asked: RunTask,
    at: Timestamp,
    ends: OneOffs,
    /// When it was told to stop, and why.
    stopped: Option<(Timestamp, String)>,
}

impl OneOff {
    pub(crate) fn started_by(&self) -> &str {
        &self.asked.token
    }

    /// When its container ends.
    fn ended_at(&self) -> Timestamp {
        let by_itself = self.at.plus(self.ends.start).plus(self.ends.run);
        let told = self.stopped.as_ref().map(|(at, _)| *at);
        told.map_or(by_itself, |told| told.min(by_itself))
    }

    fn is_stopped(&self) -> bool {
        let by_itself = self.at.plus(self.ends.start).plus(self.ends.run);
        self.stopped.as_ref().is_some_and(|(at, _)| *at < by_itself)
    }

    fn seen(&self, now: Timestamp) -> TaskSeen {
        let started =
            Some(self.at.plus(self.ends.start)).filter(|at| *at <= now.min(self.ended_at()));
        let ended = Some(self.ended_at()).filter(|at| *at <= now);
        let stopped = ended
            .map(|at| at.plus(self.ends.end))
            .filter(|at| *at <= now);
        let status = match (started, ended, stopped) {
            (_, _, Some(_)) => "STOPPED",
            (_, Some(_), None) => "DEPROVISIONING",
            (Some(_), None, None) => "RUNNING",
            (None, None, None) => "PENDING",
        };
        let (code, reason) = match &self.stopped {
            Some((_, reason)) if self.is_stopped() => ("UserInitiated", reason.clone()),
            _ => (
                "EssentialContainerExited",
                "Essential container in task exited".to_owned(),
            ),
        };
        let exit = if self.is_stopped() {
            KILLED
        } else {
            self.ends.exit
        };
        TaskSeen {
            arn: self.arn.clone(),
            task_definition: self.asked.task_definition.clone(),
            started_by: self.asked.token.clone(),
            last_status: status.to_owned(),
            desired_status: if ended.is_some() {
                "STOPPED"
            } else {
                "RUNNING"
            }
            .to_owned(),
            health: "UNKNOWN".to_owned(),
            stop_code: ended.map(|_| code.to_owned()),
            stopped_reason: ended.map(|_| reason),
            created_at: Some(self.at),
            started_at: started,
            stopping_at: ended,
            execution_stopped_at: ended,
            stopped_at: stopped,
            containers: vec![ContainerSeen {
                name: self.asked.container.clone(),
                exit_code: ended.and(started).map(|_| exit),
                ..ContainerSeen::default()
            }],
            ..TaskSeen::default()
        }
    }
}

impl World {
    /// RunTask.
    pub(crate) fn run_task(
        &mut self,
        place: &Place,
        asked: RunTask,
        now: Timestamp,
    ) -> Result<TaskStarted, PlatformError> {
        let call = "ecs:RunTask";
        if self
            .definitions
            .find(place, &asked.task_definition)
            .is_none()
        {
            let message = "TaskDefinition not found.";
            return Err(refused(
                call,
                ErrorKind::Invalid,
                "ClientException",
                message,
            ));
        }
        let known = self.one_offs.iter().find(|known| {
            known.place == *place && known.asked.token == asked.token && now < known.at.plus(TOKEN)
        });
        if let Some(known) = known {
            if known.asked != asked {
                let code = "ConflictException";
                let message = "The client token was used with other parameters.";
                return Err(refused(call, ErrorKind::Conflict, code, message));
            }
            return Ok(TaskStarted {
                task: Some(known.arn.clone()),
                refused: Vec::new(),
            });
        }
        let id = self.ids.hex();
        let arn = arn(place, &format!("task/{}/{id}", asked.cluster));
        self.one_offs.push(OneOff {
            place: place.clone(),
            arn: arn.clone(),
            asked,
            at: now,
            ends: self.settings.one_offs,
            stopped: None,
        });
        Ok(TaskStarted {
            task: Some(arn),
            refused: Vec::new(),
        })
    }

    /// What DescribeTasks shows of the tasks beside services.
    pub(crate) fn one_off(
        &self,
        place: &Place,
        now: Timestamp,
        wanted: impl Fn(&TaskSeen) -> bool,
    ) -> Option<TaskSeen> {
        let here = self.one_offs.iter().filter(|known| known.place == *place);
        let seen = here.map(|known| known.seen(now));
        let shown = |task: &TaskSeen| task.stopped_at.is_none_or(|at| now < at.plus(SHOWN));
        seen.filter(shown).find(wanted)
    }

    /// StopTask.
    pub(crate) fn stop_one_off(&mut self, arn: &str, reason: &str, now: Timestamp) {
        let found = self.one_offs.iter_mut().find(|known| known.arn == arn);
        if let Some(task) = found {
            task.stopped.get_or_insert_with(|| (now, reason.to_owned()));
        }
    }
}
