//! What the laws draw: how tasks go, how services are set up, what happens to them.
#![allow(dead_code, reason = "each test uses its part")]

use ecs_model::{
    AlarmConfig, BreakerConfig, Check, Checks, Config, Course, EarlySuccess, Hook, HookAction,
    HookStatus, Outcome, Pace, Percents, Phases, Plan, Scripted, Service, Stage, Strategy as Way,
    Threshold, Time, Until,
};
use proptest::prelude::*;

use crate::common::{cannot_pull, exits_at_once, seconds};

/// The alarms that services are set up with.
const ALARMS: [&str; 2] = ["errors", "latency"];

/// What happens to a service.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    Update(Vec<Outcome>),
    Desired(u32),
    Percents(u32, u32),
    StopDeployment,
    StopTask(usize),
    /// The oldest hook that waits is answered.
    Answer(HookAction),
    Alarm(usize, bool),
}

pub(crate) fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        5 => Just(Outcome::Runs),
        1 => Just(cannot_pull()),
        1 => Just(exits_at_once()),
        1 => Just(Outcome::NoPlace { reason: "no capacity".to_owned() }),
        1 => Just(Outcome::CannotStart { until: Until::Activating, reason: "no".to_owned() }),
        1 => (0..200_u64).prop_map(|after| Outcome::Exits { code: 0, after: seconds(after) }),
        1 => (0..200_u64).prop_map(|after| Outcome::Unhealthy {
            check: Check::Target,
            after: seconds(after),
            reason: "timeout".to_owned(),
        }),
    ]
}

fn actions() -> impl Strategy<Value = HookAction> {
    prop_oneof![Just(HookAction::Continue), Just(HookAction::Rollback)]
}

/// An input, and how many seconds after the one before it comes.
pub(crate) fn inputs() -> impl Strategy<Value = (u64, Input)> {
    let input = prop_oneof![
        4 => prop::collection::vec(outcomes(), 1..4).prop_map(Input::Update),
        2 => (0..8_u32).prop_map(Input::Desired),
        1 => (0..120_u32, 80..250_u32).prop_map(|(min, max)| Input::Percents(min, max)),
        1 => Just(Input::StopDeployment),
        1 => (0..10_usize).prop_map(Input::StopTask),
        2 => actions().prop_map(Input::Answer),
        2 => (0..2_usize, any::<bool>()).prop_map(|(name, on)| Input::Alarm(name, on)),
    ];
    (0..300_u64, input)
}

/// Inputs that harm no task: updates that run, other counts, stops of deployments, answers, alarms.
pub(crate) fn harmless() -> impl Strategy<Value = (u64, Input)> {
    let input = prop_oneof![
        4 => Just(Input::Update(vec![Outcome::Runs])),
        1 => (1..6_u32).prop_map(Input::Desired),
        1 => Just(Input::StopDeployment),
        2 => actions().prop_map(Input::Answer),
        1 => (0..2_usize, any::<bool>()).prop_map(|(name, on)| Input::Alarm(name, on)),
    ];
    (0..600_u64, input)
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let span = || (0..40_u64).prop_map(seconds);
    // Tasks that end at once are launched again each second, not each millisecond.
    let pulling = (1..40_u64).prop_map(seconds);
    (pulling, span(), span(), span(), any::<bool>()).prop_map(
        |(pulling, passing, draining, terminating, target)| Plan {
            phases: Phases {
                pulling,
                settling: passing,
                target_passing: passing,
                target_failing: passing,
                draining,
                terminating,
                ..Phases::instant()
            },
            checks: Checks {
                container: false,
                target,
            },
            outcome: Outcome::Runs,
        },
    )
}

/// Settings of a service that is rolling: with and without breaker, alarms, hooks, early success.
pub(crate) fn rolling() -> impl Strategy<Value = Config> {
    let breaker =
        (any::<bool>(), any::<bool>(), 1..6_u32).prop_map(|(rollback, reset_on_healthy, count)| {
            BreakerConfig {
                rollback,
                reset_on_healthy,
                threshold: Threshold::Count(count),
            }
        });
    let early = (0..101_u32, any::<bool>()).prop_map(|(healthy_percent, deferred)| EarlySuccess {
        healthy_percent,
        deferred,
    });
    let where_to = [
        Stage::ReconcileService,
        Stage::PreScaleUp,
        Stage::PostScaleUp,
    ];
    (
        common(&where_to),
        prop::option::of(breaker),
        prop::option::of(early),
    )
        .prop_map(|(config, breaker, early)| Config {
            breaker,
            early,
            ..config
        })
}

/// Settings of a service whose traffic moves. The breaker is for rolling deployments only.
pub(crate) fn shifting() -> impl Strategy<Value = Config> {
    let bake = || (0..200_u64).prop_map(seconds);
    let way = prop_oneof![
        Just(Way::BlueGreen),
        (30..1001_u32, bake()).prop_map(|(step, bake)| Way::Linear { step, bake }),
        (1..1001_u32, bake()).prop_map(|(share, bake)| Way::Canary { share, bake }),
    ];
    let where_to = [
        Stage::ReconcileService,
        Stage::PreScaleUp,
        Stage::PostScaleUp,
        Stage::PostTestTrafficShift,
        Stage::PreProductionTrafficShift,
        Stage::PostProductionTrafficShift,
    ];
    (common(&where_to), way, any::<bool>()).prop_map(|(config, strategy, tests)| Config {
        course: Course {
            strategy,
            tests,
            ..config.course
        },
        ..config
    })
}

/// Any strategy.
pub(crate) fn configs() -> impl Strategy<Value = Config> {
    prop_oneof![rolling(), shifting()]
}

fn common(stages: &[Stage]) -> impl Strategy<Value = Config> + use<> {
    let span = |most: u64| (0..most).prop_map(seconds);
    let alarms = (any::<bool>(), span(180)).prop_map(|(rollback, computed_bake)| AlarmConfig {
        names: ALARMS.map(str::to_owned).to_vec(),
        rollback,
        computed_bake,
    });
    let hook = (
        prop::sample::subsequence(stages.to_vec(), 1..=2),
        60..600_u64,
        actions(),
    )
        .prop_map(|(stages, timeout, on_timeout)| Hook {
            stages,
            timeout: seconds(timeout),
            on_timeout,
        });
    (
        (0..120_u32, 80..250_u32),
        prop::option::of(alarms),
        prop::collection::vec(hook, 0..3),
        (span(20), span(120)),
        (span(3), span(5)),
    )
        .prop_map(
            |((minimum_healthy, maximum), alarms, hooks, (shift, bake), (pending, requested))| {
                Config {
                    percents: Percents {
                        minimum_healthy,
                        maximum,
                    },
                    alarms,
                    course: Course {
                        strategy: Way::Rolling,
                        hooks,
                        shift,
                        tests: false,
                    },
                    bake,
                    pace: Pace { pending, requested },
                    ..Config::default()
                }
            },
        )
}

/// Lets it happen. The deployment that update number `number` starts is `ecs-svc/<number>`.
pub(crate) fn apply(
    service: &mut Service,
    number: usize,
    input: &Input,
    now: Time,
    outside: &mut Scripted,
) {
    match input {
        Input::Update(script) => {
            let id = format!("ecs-svc/{number}");
            outside.script(&id, script.clone());
            service.update(id, now, outside);
        }
        Input::Desired(desired) => service.set_desired(*desired, now, outside),
        Input::Percents(minimum_healthy, maximum) => {
            let percents = Percents {
                minimum_healthy: *minimum_healthy,
                maximum: *maximum,
            };
            let config = Config {
                percents,
                ..service.config().clone()
            };
            service.set_config(config, now, outside);
        }
        Input::StopDeployment => {
            let current = service.current().map(|current| current.id.clone());
            // A refusal is as good as a success here.
            let _answer = service.stop_deployment(&current.unwrap_or_default(), now, outside);
        }
        Input::StopTask(index) => {
            let task = service.tasks().get(*index).map(|task| task.id().to_owned());
            service.stop_task(&task.unwrap_or_default(), "by hand", now, outside);
        }
        Input::Answer(action) => {
            let current = service.current();
            let id = current.map(|current| current.id.clone());
            let mut pauses = current
                .and_then(|current| current.lifecycle.as_ref())
                .into_iter()
                .flat_map(|lifecycle| lifecycle.pauses());
            let waiting = pauses.find(|pause| pause.status == HookStatus::AwaitingAction);
            let hook = waiting.map(|pause| pause.id.clone()).unwrap_or_default();
            let _answer =
                service.continue_deployment(&id.unwrap_or_default(), &hook, *action, now, outside);
        }
        Input::Alarm(index, on) => {
            let name = ALARMS[*index].to_owned();
            if *on {
                outside.alarms.insert(name);
            } else {
                outside.alarms.remove(&name);
            }
        }
    }
}
