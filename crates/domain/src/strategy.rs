//! How a service is set up to bring a new revision, by its `deploymentConfiguration` (ecs-facts 3.6).

use std::time::Duration;

use crate::document::Document;
use crate::hook::{HookAction, Weight};

/// ECS's word for replacing tasks bit by bit.
const ROLLING: &str = "ROLLING";
/// How long a pause lasts at most where its hook does not say it.
const USUAL_PAUSE: u64 = 1440;

/// A strategy with its bake times and hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strategy {
    /// ECS's word: `ROLLING`, `BLUE_GREEN`, `LINEAR`, `CANARY`, or one of later.
    pub name: String,
    /// How long all is watched once all traffic has moved, when that is set.
    pub bake: Option<Duration>,
    /// The steps in which traffic moves, where it does not move at once.
    pub step: Option<Step>,
    /// Hooks that pause the deployment or call a function.
    pub hooks: Vec<SetHook>,
}

/// A step of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How much moves with it; a canary has one such step, and then all the rest.
    pub share: Weight,
    /// How long it is watched.
    pub bake: Duration,
}

/// A lifecycle hook as it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetHook {
    /// `PAUSE` or `AWS_LAMBDA`.
    pub target_type: String,
    /// Stages at which it runs.
    pub stages: Vec<String>,
    /// How long a pause lasts at most; `None` for what is no pause.
    pub timeout: Option<Duration>,
    /// What ECS does then.
    pub on_timeout: HookAction,
}

/// Whether tasks are replaced bit by bit: percentages and circuit breaker mean something then, and only then.
#[must_use]
pub fn is_rolling(name: &str) -> bool {
    name.is_empty() || name == ROLLING
}

impl Strategy {
    /// By `deploymentConfiguration` as JSON; rolling where it does not say another.
    #[must_use]
    pub fn of(configuration: &str) -> Self {
        let configuration = Document::parse(configuration).unwrap_or(Document::Null);
        let name = configuration.get("strategy").and_then(Document::as_str);
        let name = name.unwrap_or(ROLLING).to_owned();
        let step = |of: &str, share: &str, usual: u32, bake: &str, minutes: u64| {
            let of = configuration.get(of).unwrap_or(&Document::Null);
            Step {
                share: weight(of, share).unwrap_or(Weight(usual)),
                bake: self::minutes(of, bake).unwrap_or_else(|| Duration::from_secs(60 * minutes)),
            }
        };
        let hooks = configuration.get("lifecycleHooks");
        Self {
            step: match name.as_str() {
                "CANARY" => Some(step(
                    "canaryConfiguration",
                    "canaryPercent",
                    50,
                    "canaryBakeTimeInMinutes",
                    10,
                )),
                "LINEAR" => Some(step(
                    "linearConfiguration",
                    "stepPercent",
                    100,
                    "stepBakeTimeInMinutes",
                    6,
                )),
                _ => None,
            },
            bake: minutes(&configuration, "bakeTimeInMinutes").filter(|bake| !bake.is_zero()),
            hooks: hooks
                .map_or(&[][..], Document::items)
                .iter()
                .map(SetHook::of)
                .collect(),
            name,
        }
    }

    /// Whether tasks are replaced bit by bit.
    #[must_use]
    pub fn is_rolling(&self) -> bool {
        is_rolling(&self.name)
    }
}

impl SetHook {
    fn of(hook: &Document) -> Self {
        let text = |of: &Document, name: &str| of.get(name)?.as_str().map(ToOwned::to_owned);
        let target_type = text(hook, "targetType").unwrap_or_else(|| "AWS_LAMBDA".to_owned());
        let timeout = hook.get("timeoutConfiguration").unwrap_or(&Document::Null);
        let stages = hook.get("lifecycleStages");
        let stages = stages.map_or(&[][..], Document::items).iter();
        let usual = Duration::from_secs(60 * USUAL_PAUSE);
        Self {
            timeout: (target_type == "PAUSE")
                .then(|| minutes(timeout, "timeoutInMinutes").unwrap_or(usual)),
            on_timeout: text(timeout, "action")
                .and_then(|word| HookAction::parse(&word))
                .unwrap_or(HookAction::Rollback),
            stages: stages
                .filter_map(Document::as_str)
                .map(ToOwned::to_owned)
                .collect(),
            target_type,
        }
    }
}

fn minutes(of: &Document, name: &str) -> Option<Duration> {
    let minutes = u64::try_from(of.get(name)?.as_i64()?).ok()?;
    Some(Duration::from_secs(minutes.saturating_mul(60)))
}

fn weight(of: &Document, name: &str) -> Option<Weight> {
    match of.get(name)? {
        Document::Number(number) => Some(Weight::of_percent(number.as_str().parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_read_with_what_ecs_does_where_nothing_is_set() {
        let of = |text: &str| {
            let strategy = Strategy::of(text);
            let step = strategy
                .step
                .map(|step| (step.share.to_string(), step.bake.as_secs() / 60));
            let bake = strategy.bake.map(|bake| bake.as_secs() / 60);
            (strategy.name, bake, step)
        };
        let table = [
            ("{}", ("ROLLING", None, None)),
            ("no JSON", ("ROLLING", None, None)),
            (
                r#"{"strategy":"BLUE_GREEN","bakeTimeInMinutes":5}"#,
                ("BLUE_GREEN", Some(5), None),
            ),
            (
                r#"{"strategy":"CANARY"}"#,
                ("CANARY", None, Some(("5 %", 10))),
            ),
            (
                r#"{"strategy":"CANARY","canaryConfiguration":{"canaryPercent":12.5,"canaryBakeTimeInMinutes":3}}"#,
                ("CANARY", None, Some(("12.5 %", 3))),
            ),
            (
                r#"{"strategy":"LINEAR"}"#,
                ("LINEAR", None, Some(("10 %", 6))),
            ),
            (
                r#"{"strategy":"LINEAR","bakeTimeInMinutes":0,
                    "linearConfiguration":{"stepPercent":25.0,"stepBakeTimeInMinutes":0}}"#,
                ("LINEAR", None, Some(("25 %", 0))),
            ),
            (r#"{"strategy":"TIDAL"}"#, ("TIDAL", None, None)),
        ];
        for (text, (name, bake, step)) in table {
            let step = step.map(|(share, bake)| (share.to_owned(), bake));
            assert_eq!(of(text), (name.to_owned(), bake, step), "{text}");
        }
        assert!(Strategy::of("{}").is_rolling());
        assert!(!Strategy::of(r#"{"strategy":"BLUE_GREEN"}"#).is_rolling());
    }

    #[test]
    fn hooks_are_read_with_their_time_and_what_follows_it() {
        let strategy = Strategy::of(
            r#"{"lifecycleHooks":[
                {"targetType":"PAUSE","lifecycleStages":["POST_SCALE_UP","PRE_SCALE_UP"],
                 "timeoutConfiguration":{"timeoutInMinutes":30,"action":"CONTINUE"}},
                {"targetType":"PAUSE","lifecycleStages":["PRE_SCALE_UP"]},
                {"hookTargetArn":"arn:aws:lambda:f","lifecycleStages":["PRE_SCALE_UP"]}]}"#,
        );
        let [first, second, third] = &strategy.hooks[..] else {
            panic!("three hooks: {:?}", strategy.hooks);
        };
        assert_eq!(first.stages, ["POST_SCALE_UP", "PRE_SCALE_UP"]);
        assert_eq!(first.timeout, Some(Duration::from_secs(1800)));
        assert_eq!(first.on_timeout, HookAction::Continue);
        assert_eq!(second.timeout, Some(Duration::from_secs(86_400)));
        assert_eq!(second.on_timeout, HookAction::Rollback);
        assert_eq!(
            (third.target_type.as_str(), third.timeout),
            ("AWS_LAMBDA", None)
        );
    }
}
