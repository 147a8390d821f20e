//! The scenarios, and what is true at the end of each.

use serde_json::{Value, json};

/// A scenario.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// What is true at its end.
    pub(super) truth: &'static str,
    /// Whether the deploy has brought about what was asked for.
    pub(super) good: bool,
    /// What serves at the end, where that is one image: a part of its name.
    pub(super) serves: Option<&'static str>,
    pub(super) what: What,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Nothing,
    NoTasks,
    EarlySuccess,
    CrashLoop,
    NoImage,
    Alarm,
    Console,
    SomebodyElse,
    FirstDeployment,
    CrashLoopWithoutBreaker,
    Flapping,
    AnotherImage,
    Deadlock,
    Deleted,
}

/// What is deployed, whoever does it.
pub(super) const NEW: &str = "shop";
/// What runs before.
pub(super) const OLD: &str = "web:1";

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "nothing happens",
        truth: "the new revision serves",
        good: true,
        serves: Some(NEW),
        what: What::Nothing,
    },
    Row {
        name: "the desired count is 0",
        truth: "nothing runs, as wanted",
        good: true,
        serves: Some(NEW),
        what: What::NoTasks,
    },
    Row {
        name: "early success at half of the tasks",
        truth: "the new revision serves",
        good: true,
        serves: Some(NEW),
        what: What::EarlySuccess,
    },
    Row {
        name: "the container crashes, the breaker rolls back",
        truth: "the old revision serves again",
        good: false,
        serves: Some(OLD),
        what: What::CrashLoop,
    },
    Row {
        name: "the image is not there, the breaker rolls back",
        truth: "the old revision serves again",
        good: false,
        serves: Some(OLD),
        what: What::NoImage,
    },
    Row {
        name: "an alarm rolls back",
        truth: "the old revision serves again",
        good: false,
        serves: Some(OLD),
        what: What::Alarm,
    },
    Row {
        name: "somebody rolls back in the console",
        truth: "the old revision serves again",
        good: false,
        serves: Some(OLD),
        what: What::Console,
    },
    Row {
        name: "somebody else deploys meanwhile",
        truth: "theirs serves",
        good: false,
        serves: Some(OLD),
        what: What::SomebodyElse,
    },
    Row {
        name: "a first deployment fails, with nothing to go back to",
        truth: "nothing serves",
        good: false,
        serves: None,
        what: What::FirstDeployment,
    },
    Row {
        name: "the container crashes, there is no breaker",
        truth: "the new revision never serves",
        good: false,
        serves: None,
        what: What::CrashLoopWithoutBreaker,
    },
    Row {
        name: "the container crashes after 45 s, there is no health check",
        truth: "the new revision comes and goes",
        good: false,
        serves: None,
        what: What::Flapping,
    },
    Row {
        name: "the tasks run another image than the one named",
        truth: "another image serves",
        good: false,
        serves: None,
        what: What::AnotherImage,
    },
    Row {
        name: "the percentages let no task move",
        truth: "the old revision serves, for ever",
        good: false,
        serves: None,
        what: What::Deadlock,
    },
    Row {
        name: "the service is deleted meanwhile",
        truth: "the service is gone",
        good: false,
        serves: None,
        what: What::Deleted,
    },
];

impl What {
    /// `deploymentConfiguration` of the service.
    pub(super) fn configuration(self) -> Value {
        let breaker = !matches!(self, Self::CrashLoopWithoutBreaker | Self::Flapping);
        let (minimum, maximum) = self.percentages();
        let mut configuration = json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum,
            "deploymentCircuitBreaker": {"enable": breaker, "rollback": breaker}});
        match self {
            Self::EarlySuccess => {
                configuration["earlySuccessCriteria"] = json!({"enable": true, "healthyPercent": 50,
                    "sourceServiceRevisionCleanup": "DEFERRED"});
            }
            Self::Alarm => {
                configuration["alarms"] =
                    json!({"alarmNames": ["errors"], "enable": true, "rollback": true});
            }
            _ => {}
        }
        configuration
    }

    /// The same as lines of the manifest.
    pub(super) fn lines(self) -> String {
        let (minimum, maximum) = self.percentages();
        let off = match self {
            Self::CrashLoopWithoutBreaker | Self::Flapping => {
                "circuit_breaker = { enabled = false, reason = \"the scenario\" }\n"
            }
            _ => "",
        };
        format!("minimum_healthy_percent = {minimum}\nmaximum_percent = {maximum}\n{off}")
    }

    const fn percentages(self) -> (u32, u32) {
        match self {
            Self::EarlySuccess => (50, 100),
            Self::Deadlock => (75, 100),
            _ => (100, 200),
        }
    }

    /// What becomes of the new tasks, by a script; times for a pace of one tenth of AWS's if it is `quick`.
    pub(super) fn script(self, quick: bool) -> Option<Value> {
        let seconds = |usual: f64| if quick { usual / 10.0 } else { usual };
        let exits = |after: f64| json!({"match": NEW, "kind": "exit", "exit_code": 1, "after_seconds": seconds(after)});
        match self {
            Self::CrashLoop | Self::CrashLoopWithoutBreaker | Self::FirstDeployment => {
                Some(exits(0.0))
            }
            Self::Flapping => Some(exits(45.0)),
            Self::NoImage => Some(json!({"match": NEW, "kind": "cannot-pull"})),
            Self::AnotherImage => Some(json!({"match": NEW, "kind": "another-image"})),
            _ => None,
        }
    }
}
