//! The members of CreateService and UpdateService: which there are, what they may be, what they mean.

use std::time::Duration;

use ecs_model::{BreakerConfig, Config, Percents, Strategy, Threshold};
use serde_json::{Map, Value, json};

use super::strategy;
use crate::choices::Choices;
use crate::ecs::Settings;
use crate::ecs::names::{check_providers, one_of, unsupported};
use crate::wire::{ApiError, Input};

/// Members that change what tasks are: an update that changes one starts a deployment (ecs-facts 3.5).
pub(super) const STARTS: [&str; 7] = [
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];
/// Members that do not.
const QUIET: [&str; 9] = [
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "availabilityZoneRebalancing",
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
];
/// Members of CreateService only.
const ONCE: [&str; 3] = ["launchType", "schedulingStrategy", "role"];

/// Reads the members that a service keeps. Those of `deploymentConfiguration` that are not sent stay.
pub(super) fn read(
    input: &Input<'_>,
    present: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, ApiError> {
    check(input)?;
    let once = if present.is_none() { &ONCE[..] } else { &[] };
    let mut members = present.cloned().unwrap_or_default();
    for name in STARTS.iter().chain(&QUIET).chain(once) {
        if let Some(value) = input.get(name) {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    let before = present.and_then(|members| members.get("deploymentConfiguration"));
    let deployment = deployment_configuration(input, before, &members)?;
    members.insert("deploymentConfiguration".to_owned(), deployment);
    if present.is_none() {
        for (name, usual) in [
            ("schedulingStrategy", json!("REPLICA")),
            ("enableECSManagedTags", json!(false)),
            ("enableExecuteCommand", json!(false)),
            ("propagateTags", json!("NONE")),
            ("availabilityZoneRebalancing", json!("ENABLED")),
        ] {
            members.entry(name).or_insert(usual);
        }
        let strategy = !input.list("capacityProviderStrategy")?.is_empty();
        if strategy && members.contains_key("launchType") {
            return Err(ApiError::invalid_parameter(
                "Specifying both a launch type and capacity provider strategy is not supported. Remove \
                 one and try again.",
            ));
        }
        if !strategy {
            members.entry("launchType").or_insert(json!("EC2"));
        }
        if members.get("launchType") == Some(&json!("FARGATE")) {
            members.entry("platformVersion").or_insert(json!("LATEST"));
        }
    }
    Ok(members)
}

fn check(input: &Input<'_>) -> Result<(), ApiError> {
    check_providers(input)?;
    let launch_types = ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"];
    one_of(input, "launchType", &launch_types)?;
    one_of(
        input,
        "propagateTags",
        &["TASK_DEFINITION", "SERVICE", "NONE"],
    )?;
    one_of(
        input,
        "availabilityZoneRebalancing",
        &["ENABLED", "DISABLED"],
    )?;
    if one_of(input, "schedulingStrategy", &["REPLICA", "DAEMON"])? == Some("DAEMON") {
        return Err(unsupported("The simulator has no DAEMON services."));
    }
    if let Some(controller) = input.structure("deploymentController")?
        && one_of(&controller, "type", &["ECS", "CODE_DEPLOY", "EXTERNAL"])? != Some("ECS")
    {
        return Err(unsupported(
            "The simulator has only the deployment controller ECS.",
        ));
    }
    for name in [
        "loadBalancers",
        "serviceRegistries",
        "placementConstraints",
        "placementStrategy",
    ] {
        input.structures(name)?;
    }
    input.structure("networkConfiguration")?;
    input.str("platformVersion")?;
    input.bool("enableExecuteCommand")?;
    input.bool("enableECSManagedTags")?;
    let grace = input.int("healthCheckGracePeriodSeconds")?;
    if grace.is_some_and(|seconds| !(0..=i64::from(i32::MAX)).contains(&seconds)) {
        return Err(ApiError::invalid_parameter(
            "healthCheckGracePeriodSeconds must be in 0..=2147483647.",
        ));
    }
    Ok(())
}

/// A desired count, when one is sent.
pub(super) fn desired(input: &Input<'_>, choices: &Choices) -> Result<Option<u32>, ApiError> {
    let Some(count) = input.int("desiredCount")? else {
        return Ok(None);
    };
    let most = choices.tasks_per_service;
    let count = u32::try_from(count).ok().filter(|count| *count <= most);
    count.map(Some).ok_or_else(|| {
        ApiError::invalid_parameter(format!("desiredCount must be between 0 and {most}."))
    })
}

fn deployment_configuration(
    input: &Input<'_>,
    before: Option<&Value>,
    members: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let mut all = before.cloned().unwrap_or_else(|| {
        json!({
            "deploymentCircuitBreaker": {"enable": false, "rollback": false},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        })
    });
    let Some(sent) = input.structure("deploymentConfiguration")? else {
        strategy::check_together(&all, members)?;
        return Ok(all);
    };
    if let Some(breaker) = sent.structure("deploymentCircuitBreaker")? {
        check_breaker(&breaker)?;
    }
    for name in sent.names() {
        if let Some(value) = sent.get(name) {
            all[name] = value.clone();
        }
    }
    check_percents(&sent, &all)?;
    strategy::check(&sent, &all, before, members)?;
    Ok(all)
}

fn check_breaker(breaker: &Input<'_>) -> Result<(), ApiError> {
    for name in ["enable", "rollback"] {
        breaker.bool(name)?.ok_or_else(|| breaker.required(name))?;
    }
    breaker.bool("resetOnHealthyTask")?;
    let Some(threshold) = breaker.structure("thresholdConfiguration")? else {
        return Ok(());
    };
    let kinds = ["BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT"];
    let kind = one_of(&threshold, "type", &kinds)?.unwrap_or("BOUNDED_PERCENT");
    let most = if kind == "COUNT" {
        i64::from(i32::MAX)
    } else {
        100
    };
    match threshold.int("value")?.unwrap_or(50) {
        value if (1..=most).contains(&value) => Ok(()),
        value => Err(ApiError::invalid_parameter(format!(
            "thresholdConfiguration.value must be in 1..={most} for {kind} but was {value}"
        ))),
    }
}

fn check_percents(sent: &Input<'_>, all: &Value) -> Result<(), ApiError> {
    for (name, most) in [
        ("maximumPercent", 10_000),
        ("minimumHealthyPercent", 10_000),
        ("bakeTimeInMinutes", 20_160),
    ] {
        let value = sent.int(name)?.unwrap_or_default();
        if !(0..=most).contains(&value) {
            return Err(ApiError::invalid_parameter(format!(
                "{name} must be in 0..={most} but was {value}"
            )));
        }
    }
    let (maximum, minimum) = (
        number(all, "maximumPercent"),
        number(all, "minimumHealthyPercent"),
    );
    if maximum == 100 && minimum == 100 {
        return Err(ApiError::invalid_parameter(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ));
    }
    if maximum < minimum || maximum == 0 {
        return Err(ApiError::invalid_parameter(
            "maximumPercent must be positive and not less than minimumHealthyPercent.",
        ));
    }
    Ok(())
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// The target group that tasks are registered in, when there is one.
pub(super) fn target_group(members: &Map<String, Value>) -> Option<&str> {
    let balancers = members.get("loadBalancers")?.as_array()?;
    let mut groups = balancers.iter();
    groups.find_map(|balancer| balancer.get("targetGroupArn")?.as_str())
}

/// The load balancer that has the target group.
pub(in crate::ecs) fn balancer(members: &Map<String, Value>) -> Option<&Value> {
    let balancers = members.get("loadBalancers")?.as_array()?;
    let mut groups = balancers.iter();
    groups.find(|balancer| balancer.get("targetGroupArn").is_some_and(Value::is_string))
}

/// What the members mean to the model.
pub(in crate::ecs) fn config(
    members: &Map<String, Value>,
    settings: &Settings,
    choices: &Choices,
) -> Config {
    let none = Value::Null;
    let deployment = members.get("deploymentConfiguration").unwrap_or(&none);
    let whole = |name: &str| u32::try_from(number(deployment, name)).unwrap_or(u32::MAX);
    let grace = members.get("healthCheckGracePeriodSeconds");
    let course = strategy::course(deployment, members, settings);
    Config {
        percents: Percents {
            minimum_healthy: whole("minimumHealthyPercent"),
            maximum: whole("maximumPercent"),
        },
        // The breaker is for rolling deployments only (ecs-facts 3.6).
        breaker: breaker(deployment).filter(|_| course.strategy == Strategy::Rolling),
        alarms: strategy::alarms(deployment, settings),
        early: strategy::early(deployment),
        course,
        grace: Duration::from_secs(grace.and_then(Value::as_u64).unwrap_or_default()),
        bake: Duration::from_secs(60 * number(deployment, "bakeTimeInMinutes")),
        target_group: target_group(members).map(str::to_owned),
        backoff: settings.backoff(),
        pace: settings.pace(),
        choices: choices.of_model(),
        reasons: choices.reasons.clone(),
    }
}

fn breaker(deployment: &Value) -> Option<BreakerConfig> {
    let breaker = deployment.get("deploymentCircuitBreaker")?;
    let flag = |name: &str| breaker.get(name).and_then(Value::as_bool);
    if flag("enable") != Some(true) {
        return None;
    }
    let threshold = breaker.get("thresholdConfiguration");
    let value = threshold.and_then(|threshold| threshold.get("value")?.as_u64());
    let value = u32::try_from(value.unwrap_or(50)).unwrap_or(u32::MAX);
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
