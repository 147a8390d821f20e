//! `deploymentConfiguration` beyond percentages and breaker: strategies, hooks, alarms, early success (ecs-facts 3.6).

use std::time::Duration;

use ecs_model::{AlarmConfig, Course, EarlySuccess, Hook, HookAction, Stage, Strategy};
use serde_json::{Map, Value};

use crate::ecs::Settings;
use crate::ecs::names::{one_of, unsupported};
use crate::wire::{ApiError, Input};

/// Most hooks of type PAUSE.
const MOST_HOOKS: usize = 10;
/// Where a rolling deployment can be paused: it moves no traffic by itself.
const ROLLING_HOOKS: [Stage; 3] = [
    Stage::ReconcileService,
    Stage::PreScaleUp,
    Stage::PostScaleUp,
];

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::invalid_parameter(message.into())
}

/// Checks what was sent; `all` is what the configuration will be, `before` what it was.
pub(super) fn check(
    sent: &Input<'_>,
    all: &Value,
    before: Option<&Value>,
    members: &Map<String, Value>,
) -> Result<(), ApiError> {
    let strategies = ["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"];
    one_of(sent, "strategy", &strategies)?;
    let strategy = all.get("strategy").and_then(Value::as_str);
    if let Some(linear) = sent.structure("linearConfiguration")? {
        tenths(&linear, "stepPercent", 30)?;
        within(&linear, "stepBakeTimeInMinutes", 0, 1440)?;
    }
    if let Some(canary) = sent.structure("canaryConfiguration")? {
        tenths(&canary, "canaryPercent", 1)?;
        within(&canary, "canaryBakeTimeInMinutes", 0, 1440)?;
    }
    let was = before.and_then(|before| before.get("strategy")?.as_str());
    if strategy == Some("BLUE_GREEN") && was != strategy && sent.get("bakeTimeInMinutes").is_none()
    {
        return Err(refused(
            "bakeTimeInMinutes is required with the deployment strategy BLUE_GREEN.",
        ));
    }
    check_hooks(sent)?;
    if let Some(alarms) = sent.structure("alarms")? {
        let enabled = alarms.bool("enable")?;
        let enabled = enabled.ok_or_else(|| alarms.required("enable"))?;
        alarms
            .bool("rollback")?
            .ok_or_else(|| alarms.required("rollback"))?;
        let names = alarms.strings("alarmNames")?;
        if alarms.get("alarmNames").is_none() {
            return Err(alarms.required("alarmNames"));
        }
        if enabled && names.is_empty() {
            return Err(refused(
                "alarmNames must name an alarm when alarms are enabled.",
            ));
        }
    }
    if let Some(early) = sent.structure("earlySuccessCriteria")? {
        early
            .bool("enable")?
            .ok_or_else(|| early.required("enable"))?;
        within(&early, "healthyPercent", 0, 100)?;
        let cleanups = ["BLOCKING", "DEFERRED"];
        one_of(&early, "sourceServiceRevisionCleanup", &cleanups)?;
    }
    check_together(all, members)
}

/// What must fit together, whenever each of it was sent.
pub(super) fn check_together(all: &Value, members: &Map<String, Value>) -> Result<(), ApiError> {
    let strategy = all.get("strategy").and_then(Value::as_str);
    let rolling = strategy.is_none_or(|strategy| strategy == "ROLLING");
    if let Some(early) = early(all) {
        let minimum = all.get("minimumHealthyPercent").and_then(Value::as_u64);
        if !rolling {
            return Err(refused(
                "earlySuccessCriteria is only for the deployment strategy ROLLING.",
            ));
        }
        if u64::from(early.healthy_percent) < minimum.unwrap_or(100) {
            return Err(refused(
                "earlySuccessCriteria.healthyPercent must not be less than minimumHealthyPercent.",
            ));
        }
    }
    if rolling {
        let elsewhere = hooks(all)
            .into_iter()
            .flat_map(|hook| hook.stages)
            .find(|stage| !ROLLING_HOOKS.contains(stage));
        return elsewhere.map_or(Ok(()), |stage| {
            Err(refused(format!(
                "A ROLLING deployment has no lifecycle stage {} to pause at.",
                stage.as_str()
            )))
        });
    }
    check_traffic(members)
}

/// Traffic moves by a load balancer with two target groups, or by Service Connect.
fn check_traffic(members: &Map<String, Value>) -> Result<(), ApiError> {
    let balancers = members.get("loadBalancers").and_then(Value::as_array);
    let balancers = balancers.map_or(&[][..], Vec::as_slice);
    let connected = members
        .get("serviceConnectConfiguration")
        .and_then(|connect| connect.get("enabled")?.as_bool());
    if balancers.is_empty() && connected != Some(true) {
        return Err(refused(
            "The deployment strategy needs loadBalancers with an advancedConfiguration, or Service Connect.",
        ));
    }
    for balancer in balancers {
        let advanced = balancer.get("advancedConfiguration");
        for name in [
            "alternateTargetGroupArn",
            "productionListenerRule",
            "roleArn",
        ] {
            let text = advanced.and_then(|advanced| advanced.get(name)?.as_str());
            if text.is_none_or(str::is_empty) {
                return Err(refused(format!(
                    "The deployment strategy needs advancedConfiguration.{name} in each of loadBalancers."
                )));
            }
        }
    }
    Ok(())
}

fn check_hooks(sent: &Input<'_>) -> Result<(), ApiError> {
    let hooks = sent.structures("lifecycleHooks")?;
    if hooks.len() > MOST_HOOKS {
        return Err(refused(format!(
            "lifecycleHooks must have at most {MOST_HOOKS} hooks of type PAUSE."
        )));
    }
    for hook in hooks {
        if one_of(&hook, "targetType", &["AWS_LAMBDA", "PAUSE"])? != Some("PAUSE") {
            return Err(unsupported(
                "The simulator has no Lambda: lifecycle hooks must be of type PAUSE.",
            ));
        }
        let stages = hook.strings("lifecycleStages")?;
        if stages.is_empty() {
            return Err(refused("lifecycleStages must name a stage."));
        }
        for stage in stages {
            let known = Stage::ALL.iter().find(|known| known.as_str() == stage);
            match known {
                None | Some(Stage::ScaleUp | Stage::BakeTime | Stage::CleanUp) => {
                    return Err(refused(format!(
                        "Value '{stage}' at 'lifecycleStages' is no stage of a lifecycle hook."
                    )));
                }
                Some(Stage::TestTrafficShift | Stage::ProductionTrafficShift) => {
                    return Err(refused(format!(
                        "A hook of type PAUSE is not allowed at the stage {stage}."
                    )));
                }
                Some(_) => {}
            }
        }
        if let Some(timeout) = hook.structure("timeoutConfiguration")? {
            within(&timeout, "timeoutInMinutes", 1, 20_160)?;
            one_of(&timeout, "action", &["ROLLBACK", "CONTINUE"])?;
        }
    }
    Ok(())
}

fn within(input: &Input<'_>, name: &str, least: i64, most: i64) -> Result<(), ApiError> {
    match input.int(name)? {
        Some(value) if !(least..=most).contains(&value) => Err(refused(format!(
            "{name} must be in {least}..={most} but was {value}"
        ))),
        _ => Ok(()),
    }
}

/// A percentage in steps of a tenth.
fn tenths(input: &Input<'_>, name: &str, least: u32) -> Result<(), ApiError> {
    let Some(value) = input.get(name) else {
        return Ok(());
    };
    let lowest = f64::from(least) / 10.0;
    let fits = value.as_f64().is_some_and(|percent| {
        (lowest..=100.0).contains(&percent)
            && (percent * 10.0 - (percent * 10.0).round()).abs() < 1e-6
    });
    if fits {
        Ok(())
    } else {
        Err(refused(format!(
            "{name} must be in {lowest:.1}..=100.0 in steps of 0.1 but was {value}"
        )))
    }
}

fn number(from: Option<&Value>, name: &str, usual: u64) -> u64 {
    let given = from.and_then(|from| from.get(name)?.as_u64());
    given.unwrap_or(usual)
}

fn minutes(from: Option<&Value>, name: &str, usual: u64) -> Duration {
    Duration::from_secs(number(from, name, usual).min(20_160) * 60)
}

/// Tenths of a percent; what was kept has been checked.
fn share(from: Option<&Value>, name: &str, usual: u32) -> u32 {
    let given = from.and_then(|from| from.get(name)?.as_f64());
    let tenths = given.and_then(|percent| format!("{:.0}", percent * 10.0).parse().ok());
    tenths.unwrap_or(usual)
}

/// The strategy and the hooks.
pub(super) fn course(
    deployment: &Value,
    members: &Map<String, Value>,
    settings: &Settings,
) -> Course {
    let linear = deployment.get("linearConfiguration");
    let canary = deployment.get("canaryConfiguration");
    let balancers = members.get("loadBalancers").and_then(Value::as_array);
    let tested = |balancer: &Value| {
        let rule = balancer
            .get("advancedConfiguration")
            .and_then(|advanced| advanced.get("testListenerRule")?.as_str());
        rule.is_some_and(|rule| !rule.is_empty())
    };
    Course {
        strategy: match deployment.get("strategy").and_then(Value::as_str) {
            Some("BLUE_GREEN") => Strategy::BlueGreen,
            Some("LINEAR") => Strategy::Linear {
                step: share(linear, "stepPercent", 100),
                bake: minutes(linear, "stepBakeTimeInMinutes", 6),
            },
            Some("CANARY") => Strategy::Canary {
                share: share(canary, "canaryPercent", 50),
                bake: minutes(canary, "canaryBakeTimeInMinutes", 10),
            },
            _ => Strategy::Rolling,
        },
        hooks: hooks(deployment),
        shift: settings.traffic_shift(),
        tests: balancers.is_some_and(|balancers| balancers.iter().any(tested)),
    }
}

fn hooks(deployment: &Value) -> Vec<Hook> {
    let hooks = deployment.get("lifecycleHooks").and_then(Value::as_array);
    let read = |hook: &Value| {
        let timeout = hook.get("timeoutConfiguration");
        let action = timeout.and_then(|timeout| timeout.get("action")?.as_str());
        let stages = hook.get("lifecycleStages").and_then(Value::as_array);
        let named = stages.into_iter().flatten().filter_map(Value::as_str);
        Hook {
            stages: named
                .filter_map(|name| Stage::ALL.into_iter().find(|stage| stage.as_str() == name))
                .collect(),
            timeout: minutes(timeout, "timeoutInMinutes", 1440),
            on_timeout: if action == Some("CONTINUE") {
                HookAction::Continue
            } else {
                HookAction::Rollback
            },
        }
    };
    hooks.into_iter().flatten().map(read).collect()
}

/// The alarms, when they are enabled.
pub(super) fn alarms(deployment: &Value, settings: &Settings) -> Option<AlarmConfig> {
    let alarms = deployment.get("alarms")?;
    let flag = |name: &str| alarms.get(name).and_then(Value::as_bool);
    let names = alarms.get("alarmNames").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let usual = AlarmConfig::default();
    (flag("enable") == Some(true)).then(|| AlarmConfig {
        names: names.map(str::to_owned).collect(),
        rollback: flag("rollback").unwrap_or_default(),
        computed_bake: settings.computed_bake(usual.computed_bake),
    })
}

/// Early success, when it is enabled.
pub(super) fn early(deployment: &Value) -> Option<EarlySuccess> {
    let early = deployment.get("earlySuccessCriteria")?;
    let cleanup = early.get("sourceServiceRevisionCleanup");
    (early.get("enable") == Some(&Value::Bool(true))).then(|| EarlySuccess {
        healthy_percent: u32::try_from(number(Some(early), "healthyPercent", 100)).unwrap_or(100),
        deferred: cleanup.and_then(Value::as_str) == Some("DEFERRED"),
    })
}
