//! What holds for every service deployment, whatever its strategy, its hooks, its alarms, and whoever
//! stops it in the middle.

mod common;

use common::{at, cannot_pull, plan, seconds};
use ecs_model::{
    AlarmConfig, BreakerConfig, Config, Course, EarlySuccess, Hook, HookAction, HookStatus,
    Outcome, Pace, Percents, Scripted, Service, ServiceDeployment, Stage, Standing, Status,
    Strategy as Way, Time,
};
use proptest::prelude::*;

const ALARM: &str = "errors";
/// Longer than any stage lasts (24 h), and its hooks.
const IN_THE_END: u64 = 30 * 3600;

#[derive(Debug, Clone)]
enum Input {
    Update(Outcome),
    Desired(u32),
    Stop,
    Answer(HookAction),
    Alarm(bool),
}

fn inputs() -> impl Strategy<Value = (u64, Input)> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Runs),
        1 => Just(cannot_pull()),
        // Seldom enough for a day and more of it.
        1 => Just(Outcome::Exits { code: 1, after: seconds(900) }),
    ];
    let action = prop_oneof![Just(HookAction::Continue), Just(HookAction::Rollback)];
    let input = prop_oneof![
        3 => outcome.prop_map(Input::Update),
        1 => (0..4_u32).prop_map(Input::Desired),
        1 => Just(Input::Stop),
        3 => action.prop_map(Input::Answer),
        1 => any::<bool>().prop_map(Input::Alarm),
    ];
    (0..900_u64, input)
}

fn strategies() -> impl Strategy<Value = Way> {
    let bake = || (0..600_u64).prop_map(seconds);
    prop_oneof![
        Just(Way::Rolling),
        Just(Way::BlueGreen),
        (30..1000_u32, bake()).prop_map(|(step, bake)| Way::Linear { step, bake }),
        (1..1000_u32, bake()).prop_map(|(share, bake)| Way::Canary { share, bake }),
    ]
}

/// Where a rolling deployment can be paused (ecs-facts 3.6), and where all can.
fn hooks(rolling: bool) -> impl Strategy<Value = Vec<Hook>> {
    let stages = if rolling {
        vec![
            Stage::ReconcileService,
            Stage::PreScaleUp,
            Stage::PostScaleUp,
        ]
    } else {
        Stage::ALL.to_vec()
    };
    let hook = (
        prop::sample::subsequence(stages, 1..3),
        60..3600_u64,
        prop_oneof![Just(HookAction::Continue), Just(HookAction::Rollback)],
    );
    let hook = hook.prop_map(|(stages, timeout, on_timeout)| Hook {
        stages,
        timeout: seconds(timeout),
        on_timeout,
    });
    prop::collection::vec(hook, 0..3)
}

fn configs() -> impl Strategy<Value = Config> {
    let course = strategies().prop_flat_map(|strategy| {
        let hooks = hooks(strategy == Way::Rolling);
        (Just(strategy), hooks, 0..60_u64, any::<bool>()).prop_map(
            |(strategy, hooks, shift, tests)| Course {
                strategy,
                hooks,
                shift: seconds(shift),
                tests,
            },
        )
    });
    let alarms = any::<bool>().prop_map(|rollback| AlarmConfig {
        names: vec![ALARM.to_owned()],
        rollback,
        ..AlarmConfig::default()
    });
    let early = (1..101_u32, any::<bool>()).prop_map(|(healthy_percent, deferred)| EarlySuccess {
        healthy_percent,
        deferred,
    });
    let breaker = any::<bool>().prop_map(|rollback| BreakerConfig {
        rollback,
        ..BreakerConfig::default()
    });
    let watch = (
        prop::option::of(alarms),
        prop::option::of(early),
        prop::option::of(breaker),
    );
    (
        course,
        watch,
        0..600_u64,
        0..10_u64,
        prop_oneof![Just((100, 200)), Just((50, 150)), Just((0, 100))],
    )
        .prop_map(
            |(course, (alarms, early, breaker), bake, pace, percents)| Config {
                percents: Percents {
                    minimum_healthy: percents.0,
                    maximum: percents.1,
                },
                alarms,
                early,
                breaker,
                course,
                bake: seconds(bake),
                pace: Pace {
                    pending: seconds(pace),
                    requested: seconds(pace),
                },
                ..Config::default()
            },
        )
}

/// A service, and what was seen of it in the moment before.
struct Watched {
    service: Service,
    outside: Scripted,
    before: Vec<ServiceDeployment>,
}

impl Watched {
    fn new(config: Config, desired: u32) -> Self {
        let mut outside = Scripted::new(plan(30));
        let service = common::steady(config, desired, &mut outside);
        let before = service.service_deployments().to_vec();
        Self {
            service,
            outside,
            before,
        }
    }

    fn look(&mut self) {
        if self.before == self.service.service_deployments() {
            return;
        }
        for now in self.service.service_deployments() {
            let was = self.before.iter().find(|before| before.id == now.id);
            if let Some(was) = was {
                lawful_steps(was, now);
            }
            lawful_stand(now);
        }
        let under_way = self.service.service_deployments().iter();
        // One that was superseded takes a moment to stop.
        let under_way = under_way
            .filter(|one| !one.status.is_terminal() && one.status != Status::StopRequested)
            .count();
        assert!(under_way <= 1, "{under_way} service deployments at once");
        self.before = self.service.service_deployments().to_vec();
    }

    fn advance(&mut self, to: Time) {
        let mut last = None;
        while let Some(next) = self.service.next_wakeup().filter(|next| *next < to) {
            assert!(last.is_none_or(|last| last < next), "it wakes for nothing");
            last = Some(next);
            self.service.advance(next, &mut self.outside);
            self.look();
        }
        self.service.advance(to, &mut self.outside);
        self.look();
    }

    fn apply(&mut self, number: usize, input: &Input, now: Time) {
        let current = self.service.current().map(|current| current.id.clone());
        let current = current.unwrap_or_default();
        match input {
            Input::Update(outcome) => {
                let id = format!("ecs-svc/{number}");
                self.outside.script(&id, vec![outcome.clone()]);
                self.service.update(id, now, &mut self.outside);
            }
            Input::Desired(desired) => {
                self.service.set_desired(*desired, now, &mut self.outside);
            }
            Input::Stop => {
                // A refusal is as good as a success here.
                let _answer = self
                    .service
                    .stop_deployment(&current, now, &mut self.outside);
            }
            Input::Answer(action) => {
                let pauses = self
                    .service
                    .current()
                    .and_then(|current| current.lifecycle.as_ref())
                    .map_or(&[][..], |lifecycle| lifecycle.pauses());
                let waiting = pauses
                    .iter()
                    .find(|pause| pause.status == HookStatus::AwaitingAction);
                let hook = waiting.map(|pause| pause.id.clone()).unwrap_or_default();
                let _answer = self.service.continue_deployment(
                    &current,
                    &hook,
                    *action,
                    now,
                    &mut self.outside,
                );
            }
            Input::Alarm(on) => {
                if *on {
                    self.outside.alarms.insert(ALARM.to_owned());
                } else {
                    self.outside.alarms.remove(ALARM);
                }
            }
        }
        self.look();
    }
}

/// From one moment to the next: what has ended stays as it is, and nothing goes backwards unless it is
/// rolled back.
fn lawful_steps(was: &ServiceDeployment, now: &ServiceDeployment) {
    assert_eq!((&was.target, was.created_at), (&now.target, now.created_at));
    if was.status.is_terminal() {
        assert_eq!(was.status, now.status, "{}: it came back to life", now.id);
        assert_eq!(was.finished_at, now.finished_at);
    }
    let returns = [
        Status::RollbackRequested,
        Status::RollbackInProgress,
        Status::RollbackSuccessful,
        Status::RollbackFailed,
    ];
    if returns[1..].contains(&was.status) {
        assert!(returns.contains(&now.status), "{:?} {was:?}", now.status);
    }
    if let (Some(before), Some(after)) = (&was.lifecycle, &now.lifecycle)
        && now.rollback.is_none()
        && !now.status.is_terminal()
    {
        // Production traffic moves by steps, and each has its stage before it.
        let next_step = before.stage() == Stage::ProductionTrafficShift
            && after.stage() == Stage::PreProductionTrafficShift;
        let forward = before.stage() <= after.stage() || next_step;
        assert!(forward, "{before:?} {after:?}");
        if let (Some(before), Some(after)) = (before.weights(), after.weights()) {
            assert!(
                before.0 <= after.0,
                "traffic went back: {before:?} {after:?}"
            );
        }
    }
    if let (Some(before), Some(after)) = (&was.lifecycle, &now.lifecycle) {
        for (before, after) in before.pauses().iter().zip(after.pauses()) {
            assert_eq!(before.id, after.id, "a run of a hook is never forgotten");
            if before.status != HookStatus::AwaitingAction {
                assert_eq!(before.status, after.status, "a hook was answered twice");
            }
        }
    }
}

/// At any moment: what is told fits together.
fn lawful_stand(now: &ServiceDeployment) {
    let ended = now.status.is_terminal();
    assert_eq!(ended, now.finished_at.is_some(), "{now:?}");
    let back = matches!(
        now.status,
        Status::RollbackInProgress | Status::RollbackSuccessful | Status::RollbackFailed
    );
    assert!(!back || now.rollback.is_some(), "{now:?}");
    let Some(lifecycle) = &now.lifecycle else {
        return;
    };
    let waiting = lifecycle.pauses().iter();
    let waiting = waiting.filter(|pause| pause.status == HookStatus::AwaitingAction);
    assert!(!ended || waiting.count() == 0, "nobody can answer: {now:?}");
    if let Some((production, test)) = lifecycle.weights() {
        assert!((0.0..=100.0).contains(&production) && (0.0..=100.0).contains(&test));
        if now.rollback.is_some() {
            assert_eq!((production, test), (0.0, 0.0), "{now:?}");
        } else if now.status == Status::Successful {
            assert_eq!(production, 100.0, "{now:?}");
        } else if lifecycle.stage() < Stage::ProductionTrafficShift {
            assert_eq!(production, 0.0, "{now:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_service_deployment_goes_forward_or_back_as_one_and_ends_once(
        config in configs(),
        desired in 0..4_u32,
        inputs in prop::collection::vec(inputs(), 1..8),
    ) {
        let mut watched = Watched::new(config, desired);
        let mut now = 0;
        for (number, (wait, input)) in inputs.iter().enumerate() {
            now += wait;
            watched.advance(at(now));
            watched.apply(number, input, at(now));
        }
        watched.advance(at(now + 3600));
    }

    #[test]
    fn a_revision_that_runs_comes_to_its_end_whatever_its_strategy(
        config in configs(),
        desired in 0..4_u32,
        inputs in prop::collection::vec(inputs(), 0..5),
    ) {
        let mut watched = Watched::new(config, desired);
        let mut now = 0;
        for (number, (wait, input)) in inputs.iter().enumerate() {
            now += wait;
            watched.advance(at(now));
            watched.apply(number, input, at(now));
        }
        // Whatever came before: a last update that runs, and nothing that alarms.
        watched.outside.alarms.clear();
        watched.service.update("ecs-svc/last", at(now), &mut watched.outside);
        let id = watched.service.current().map(|current| current.id.clone());
        watched.advance(at(now + IN_THE_END));
        let all = watched.service.service_deployments().iter();
        let last = all.clone().find(|one| Some(&one.id) == id.as_ref()).expect("it is kept");
        let timed_out = last.lifecycle.as_ref().is_some_and(|lifecycle| {
            lifecycle.pauses().iter().any(|pause| {
                pause.status == HookStatus::TimedOut && pause.on_timeout == HookAction::Rollback
            })
        });
        match last.status {
            Status::Successful => {
                prop_assert_eq!(watched.service.standing(), Standing::Steady);
                prop_assert_eq!(&watched.service.primary().id, "ecs-svc/last");
            }
            // Nobody answered its hook; or the percentages permit neither a start nor a stop.
            Status::RollbackSuccessful | Status::RollbackFailed | Status::Stopped => {
                let bounds = watched.service.bounds();
                prop_assert!(timed_out || bounds.lower >= bounds.upper, "{last:?}");
            }
            // Back to a revision that does not run, or without one to go back to.
            Status::RollbackInProgress | Status::InProgress => prop_assert!(
                timed_out || matches!(watched.service.standing(), Standing::Stalled(_)),
                "{last:?}"
            ),
            status => prop_assert!(false, "in the end {status:?}: {last:?}"),
        }
    }
}
