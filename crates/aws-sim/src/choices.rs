//! Where the documents of AWS are silent or disagree (ecs-facts 13): one answer each, and a switch for the other.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::control::{Answer, Verb, parse, show};
use crate::ecs;
use crate::shared::Shared;

/// The methods of `/_sim/choices`.
pub(crate) const CHOICES: &[Verb] = &[
    Verb::plain("GET", |shared, _| show(&shared.world().choices)),
    Verb::with_body("PUT", |shared, asked| set(shared, &asked.body)),
];

/// A simulator has every task in memory.
const MOST_TASKS: u32 = 20_000;

/// All choices. What a body does not name has its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Choices {
    /// Tasks that are stopping count against `maximumPercent`.
    pub(crate) stopping_tasks_count: bool,
    /// A task without a health check that exits after RUNNING, before it counted as healthy, is a failure for the breaker.
    pub(crate) early_exits_count: bool,
    /// The texts of reasons.
    pub(crate) reasons: ecs_model::Reasons,
    /// The digits of a service revision's ARN.
    pub(crate) revision_digits: RevisionDigits,
    /// `stopType` ABORT of StopServiceDeployment.
    pub(crate) stop_abort: StopAbort,
    /// The bucket that StopServiceDeployment and ContinueServiceDeployment share; none is not limited.
    pub(crate) stop_deployment_rate: Option<Rate>,
    /// The bucket that all calls of Application Auto Scaling share; none is not limited.
    pub(crate) autoscaling_rate: Option<Rate>,
    /// A flag missing in `SuspendedState`.
    pub(crate) missing_flags: MissingFlags,
    /// For so many simulated seconds after a change of `SuspendedState`, scaling acts as before it.
    pub(crate) suspension_delay: f64,
    /// The status of a PATCH of an upload: 202 as the protocol has it, or 201 as it was seen.
    pub(crate) upload_chunk_status: u16,
    /// A GET of a blob is sent to where its bytes are, as ECR does; else it gets them.
    pub(crate) layer_redirects: bool,
    /// DELETE of manifests and tags at the registry; else it is UNSUPPORTED.
    pub(crate) registry_delete: bool,
    /// `GET /v2/_catalog`; else it is UNSUPPORTED.
    pub(crate) registry_catalog: bool,
    /// How long a registry token is good for that a role session has asked for.
    pub(crate) session_tokens: SessionTokens,
    /// Quota of services in a cluster; none for no limit. Accounts differ.
    pub(crate) services_per_cluster: Option<u32>,
    /// Quota of tasks that a service may want, at most [`MOST_TASKS`]. Accounts differ.
    pub(crate) tasks_per_service: u32,
}

impl Default for Choices {
    fn default() -> Self {
        let model = ecs_model::Choices::default();
        Self {
            stopping_tasks_count: model.stopping_counts,
            early_exits_count: model.early_exits_count,
            reasons: ecs_model::Reasons::default(),
            revision_digits: RevisionDigits::default(),
            stop_abort: StopAbort::default(),
            stop_deployment_rate: None,
            autoscaling_rate: None,
            missing_flags: MissingFlags::default(),
            suspension_delay: 0.0,
            upload_chunk_status: 202,
            layer_redirects: true,
            registry_delete: false,
            registry_catalog: false,
            session_tokens: SessionTokens::default(),
            services_per_cluster: Some(5_000),
            tasks_per_service: 5_000,
        }
    }
}

/// The digits of a service revision's ARN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RevisionDigits {
    /// Those of the deployment id.
    #[default]
    OfTheDeployment,
    /// Others.
    Own,
}

/// What `stopType` ABORT does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StopAbort {
    /// InvalidParameterException.
    #[default]
    Refused,
    /// The service deployment stops where it stands.
    Stops,
}

/// What a flag missing in `SuspendedState` means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum MissingFlags {
    /// It is false.
    #[default]
    False,
    /// It stays what it was.
    Kept,
}

/// How long the registry token of a role session is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SessionTokens {
    /// Twelve hours, as any token.
    #[default]
    TwelveHours,
    /// At most until the session ends.
    EndWithTheSession,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// Calls at once.
    pub(crate) burst: u32,
    /// Calls more with each simulated second.
    pub(crate) refill: u32,
}

impl Choices {
    /// Refuses what cannot be meant.
    fn check(&self) -> Result<(), String> {
        if !matches!(self.upload_chunk_status, 201 | 202) {
            return Err(format!(
                "upload_chunk_status {} is neither 201 nor 202",
                self.upload_chunk_status
            ));
        }
        if !(0.0..=86_400.0).contains(&self.suspension_delay) {
            return Err(format!(
                "suspension_delay {} is not in 0..=86400 seconds",
                self.suspension_delay
            ));
        }
        if self.tasks_per_service > MOST_TASKS {
            return Err(format!(
                "tasks_per_service {} is more than {MOST_TASKS}",
                self.tasks_per_service
            ));
        }
        let rates = [
            ("stop_deployment_rate", self.stop_deployment_rate),
            ("autoscaling_rate", self.autoscaling_rate),
        ];
        match rates
            .iter()
            .find(|(_, rate)| rate.is_some_and(|rate| rate.burst == 0))
        {
            Some((name, _)) => Err(format!("{name} with a burst of 0 would take no call, ever")),
            None => Ok(()),
        }
    }

    /// What they mean to the model of a service.
    pub(crate) const fn of_model(&self) -> ecs_model::Choices {
        ecs_model::Choices {
            stopping_counts: self.stopping_tasks_count,
            early_exits_count: self.early_exits_count,
        }
    }

    /// For how long a change of `SuspendedState` is not felt.
    pub(crate) fn suspension_delay(&self) -> Duration {
        Duration::try_from_secs_f64(self.suspension_delay).unwrap_or_default()
    }
}

fn set(shared: &Shared, body: &[u8]) -> Answer {
    let choices: Choices = parse(body)?;
    choices.check()?;
    shared.limits.choose(&choices);
    {
        let mut world = shared.world();
        let now = shared.clock.now();
        world.catch_up(now);
        world.choices = choices.clone();
        ecs::choose(&mut world, now);
        world.wake = Some(now);
    }
    shared.changed();
    show(&choices)
}
