//! A service: the model of it, and what the API keeps beside.

use std::time::Duration;

use ecs_model::{
    BreakerConfig, Config, ContinueRefused, Course, Hook, Percents, Stage, StopRefused, Strategy,
    Threshold, Time,
};
use shipway_domain::document::Document;
use shipway_domain::hook::HookAction;
use shipway_domain::strategy;
use shipway_domain::time::Timestamp;
use shipway_plugin::{ErrorKind, PlatformError, UpdateService};

use crate::definition::Definition;
use crate::ids::Ids;
use crate::images::Images;
use crate::names::{DEPLOYMENT, ServiceKey};
use crate::outside::{Hands, Records, Revision};
use crate::repository::refused;
use crate::settings::Settings;

/// A service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) key: ServiceKey,
    pub(crate) model: ecs_model::Service,
    pub(crate) records: Records,
    /// `deploymentConfiguration`.
    pub(crate) configuration: Document,
    pub(crate) grace: Option<Duration>,
}

/// What is around a service while its model moves.
pub(crate) struct Around<'a> {
    pub(crate) ids: &'a mut Ids,
    pub(crate) images: &'a Images,
    pub(crate) settings: &'a Settings,
}

pub(crate) const fn model_time(at: Timestamp) -> Time {
    Time::from_millis(at.millis())
}

pub(crate) const fn time_of(at: Time) -> Timestamp {
    Timestamp::from_millis(at.as_millis())
}

impl Service {
    /// One that has been steady for a while, with bounds 100 and 200 and the breaker on.
    pub(crate) fn steady(
        key: ServiceKey,
        desired: u32,
        definition: &Definition,
        now: Timestamp,
        around: &mut Around<'_>,
    ) -> Self {
        let mut breaker = Document::object();
        breaker.set("enable", true);
        breaker.set("rollback", true);
        let mut configuration = Document::object();
        configuration.set("deploymentCircuitBreaker", breaker);
        configuration.set("maximumPercent", 200);
        configuration.set("minimumHealthyPercent", 100);
        configuration.set("strategy", "ROLLING");
        configuration.set("bakeTimeInMinutes", 0);
        let config = config(&configuration, None, around.settings);
        let id = format!("{DEPLOYMENT}{}", around.ids.digits());
        let mut records = Records::default();
        let revision = Revision::new(definition.spec.clone());
        records.revisions.insert(id.clone(), revision);
        let mut hands = around.hands(&mut records);
        let model = ecs_model::Service::steady(
            key.service.clone(),
            config,
            desired,
            id,
            model_time(now),
            &mut hands,
        );
        Self {
            key,
            model,
            records,
            configuration,
            grace: None,
        }
    }

    /// Everything that is due happens.
    pub(crate) fn advance(&mut self, now: Timestamp, around: &mut Around<'_>) {
        let due = self.model.next_wakeup();
        if due.is_some_and(|due| due <= model_time(now)) {
            self.with(around, |model, hands| model.advance(model_time(now), hands));
        }
    }

    /// UpdateService.
    pub(crate) fn update(
        &mut self,
        update: &UpdateService,
        wanted: &Definition,
        now: Timestamp,
        around: &mut Around<'_>,
    ) -> Result<(), PlatformError> {
        let configuration = self.configured(update)?;
        let grace = update.health_check_grace_period.or(self.grace);
        let config = config(&configuration, grace, around.settings);
        let present = self.records.revisions.get(&self.model.primary().id);
        let differs = present.is_none_or(|present| present.spec.definition != wanted.arn);
        (self.configuration, self.grace) = (configuration, grace);
        let id = (update.force || differs).then(|| format!("{DEPLOYMENT}{}", around.ids.digits()));
        if let Some(id) = &id {
            let revision = Revision::new(wanted.spec.clone());
            self.records.revisions.insert(id.clone(), revision);
        }
        let now = model_time(now);
        self.with(around, |model, hands| {
            if *model.config() != config {
                model.set_config(config, now, hands);
            }
            if let Some(id) = id {
                model.update(id, now, hands);
            }
        });
        Ok(())
    }

    /// The configuration after an update: what it does not name stays (ecs-facts 3.6).
    fn configured(&self, update: &UpdateService) -> Result<Document, PlatformError> {
        if update.keeps_configuration {
            return Ok(self.configuration.clone());
        }
        let invalid = |message: &str| {
            let code = "InvalidParameterException";
            refused("ecs:UpdateService", ErrorKind::Invalid, code, message)
        };
        let base = match update.base_configuration.as_str() {
            "" => Ok(Document::object()),
            text => Document::parse(text),
        };
        let base = base.ok().filter(Document::is_object);
        let base = base.ok_or_else(|| invalid("deploymentConfiguration is no JSON object"))?;
        let (least, most) = (update.minimum_healthy_percent, update.maximum_percent);
        if (least, most) == (100, 100) {
            return Err(invalid(
                "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block \
                 deployments.",
            ));
        }
        if most == 0 || most < least {
            return Err(invalid(
                "maximumPercent must be positive and not less than minimumHealthyPercent.",
            ));
        }
        let mut all = self.configuration.clone();
        for (name, value) in base.members() {
            all.set(name, value.clone());
        }
        all.set("minimumHealthyPercent", i64::from(least));
        all.set("maximumPercent", i64::from(most));
        let breaker = all.remove("deploymentCircuitBreaker");
        let mut breaker = breaker.unwrap_or_else(Document::object);
        breaker.set("enable", update.breaker.enable);
        breaker.set("rollback", update.breaker.rollback);
        all.set("deploymentCircuitBreaker", breaker);
        Ok(all)
    }

    /// Somebody changes members of its `deploymentConfiguration`: that starts no deployment.
    pub(crate) fn configure(
        &mut self,
        members: &Document,
        now: Timestamp,
        around: &mut Around<'_>,
    ) {
        for (name, value) in members.members() {
            self.configuration.set(name, value.clone());
        }
        let config = config(&self.configuration, self.grace, around.settings);
        self.with(around, |model, hands| {
            model.set_config(config, model_time(now), hands);
        });
    }

    /// StopServiceDeployment with ROLLBACK.
    pub(crate) fn stop(
        &mut self,
        id: &str,
        now: Timestamp,
        around: &mut Around<'_>,
    ) -> Result<(), StopRefused> {
        self.with(around, |model, hands| {
            model.stop_deployment(id, model_time(now), hands)
        })
    }

    /// ContinueServiceDeployment.
    pub(crate) fn answer(
        &mut self,
        id: &str,
        hook: &str,
        action: HookAction,
        now: Timestamp,
        around: &mut Around<'_>,
    ) -> Result<(), ContinueRefused> {
        let action = answer_of(action);
        self.with(around, |model, hands| {
            model.continue_deployment(id, hook, action, model_time(now), hands)
        })
    }

    /// Lets the model do something.
    pub(crate) fn with<R>(
        &mut self,
        around: &mut Around<'_>,
        work: impl FnOnce(&mut ecs_model::Service, &mut Hands<'_>) -> R,
    ) -> R {
        let result = work(&mut self.model, &mut around.hands(&mut self.records));
        if self.records.tasks.len() > self.model.tasks().len() {
            let known: std::collections::BTreeSet<&str> =
                self.model.tasks().iter().map(ecs_model::Task::id).collect();
            self.records
                .tasks
                .retain(|id, _| known.contains(id.as_str()));
        }
        result
    }
}

impl Around<'_> {
    fn hands<'a>(&'a mut self, records: &'a mut Records) -> Hands<'a> {
        Hands {
            ids: self.ids,
            images: self.images,
            phases: self.settings.phases,
            records,
        }
    }
}

/// What the members of a service mean to its model.
fn config(configuration: &Document, grace: Option<Duration>, settings: &Settings) -> Config {
    let whole = |name: &str| whole(configuration, name);
    Config {
        percents: Percents {
            minimum_healthy: whole("minimumHealthyPercent").unwrap_or(100),
            maximum: whole("maximumPercent").unwrap_or(200),
        },
        // It is for rolling deployments only (ecs-facts 3.6).
        breaker: breaker(configuration).filter(|_| is_rolling(configuration)),
        grace: grace.unwrap_or_default(),
        bake: Duration::from_secs(60) * whole("bakeTimeInMinutes").unwrap_or_default(),
        backoff: settings.backoff,
        pace: settings.pace,
        course: course(configuration),
        ..Config::default()
    }
}

/// The strategy and the hooks. There is no load balancer here: that traffic moves is only told.
fn course(configuration: &Document) -> Course {
    let strategy = strategy::Strategy::of(&configuration.to_string());
    let step = strategy.step.map(|step| (step.share.0, step.bake));
    Course {
        strategy: match (strategy.name.as_str(), step) {
            ("BLUE_GREEN", _) => Strategy::BlueGreen,
            ("CANARY", Some((share, bake))) => Strategy::Canary { share, bake },
            ("LINEAR", Some((step, bake))) => Strategy::Linear { step, bake },
            _ => Strategy::Rolling,
        },
        hooks: strategy
            .hooks
            .iter()
            .filter_map(|hook| {
                let stages = Stage::ALL.into_iter();
                Some(Hook {
                    stages: stages
                        .filter(|stage| hook.stages.iter().any(|name| name == stage.as_str()))
                        .collect(),
                    timeout: hook.timeout?,
                    on_timeout: answer_of(hook.on_timeout),
                })
            })
            .collect(),
        ..Course::default()
    }
}

const fn answer_of(action: HookAction) -> ecs_model::HookAction {
    match action {
        HookAction::Continue => ecs_model::HookAction::Continue,
        HookAction::Rollback => ecs_model::HookAction::Rollback,
    }
}

fn is_rolling(configuration: &Document) -> bool {
    let name = configuration.get("strategy").and_then(Document::as_str);
    strategy::is_rolling(name.unwrap_or_default())
}

fn whole(from: &Document, name: &str) -> Option<u32> {
    u32::try_from(from.get(name)?.as_i64()?).ok()
}

fn breaker(configuration: &Document) -> Option<BreakerConfig> {
    let breaker = configuration.get("deploymentCircuitBreaker")?;
    let flag = |name: &str| breaker.get(name).and_then(Document::as_bool);
    if flag("enable") != Some(true) {
        return None;
    }
    let threshold = breaker.get("thresholdConfiguration");
    let value = threshold.and_then(|threshold| whole(threshold, "value"));
    let value = value.unwrap_or(50);
    let kind = threshold.and_then(|threshold| threshold.get("type")?.as_str());
    Some(BreakerConfig {
        rollback: flag("rollback").unwrap_or_default(),
        reset_on_healthy: flag("resetOnHealthyTask").unwrap_or(true),
        threshold: match kind {
            Some("COUNT") => Threshold::Count(value),
            Some("UNBOUNDED_PERCENT") => Threshold::UnboundedPercent(value),
            _ => Threshold::BoundedPercent(value),
        },
    })
}
