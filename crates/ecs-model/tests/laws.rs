//! What holds for every service, whatever happens to it.

mod common;

use std::collections::BTreeSet;

use common::{at, cannot_pull, exits_at_once, seconds};
use ecs_model::{
    BreakerConfig, Check, Checks, Config, Health, Outcome, Percents, Phases, Plan, Scripted,
    Service, Standing, StopCode, TaskStatus, Threshold, Time, Until,
};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Input {
    Update(Vec<Outcome>),
    Desired(u32),
    Percents(u32, u32),
    StopDeployment,
    StopTask(usize),
}

fn outcomes() -> impl Strategy<Value = Outcome> {
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

fn inputs() -> impl Strategy<Value = (u64, Input)> {
    let input = prop_oneof![
        4 => prop::collection::vec(outcomes(), 1..4).prop_map(Input::Update),
        2 => (0..8_u32).prop_map(Input::Desired),
        1 => (0..120_u32, 80..250_u32).prop_map(|(min, max)| Input::Percents(min, max)),
        1 => Just(Input::StopDeployment),
        1 => (0..10_usize).prop_map(Input::StopTask),
    ];
    (0..300_u64, input)
}

fn plans() -> impl Strategy<Value = Plan> {
    let span = || (0..40_u64).prop_map(seconds);
    (span(), span(), span(), span(), any::<bool>()).prop_map(
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

fn configs() -> impl Strategy<Value = Config> {
    let breaker =
        (any::<bool>(), any::<bool>(), 1..6_u32).prop_map(|(rollback, reset_on_healthy, count)| {
            BreakerConfig {
                rollback,
                reset_on_healthy,
                threshold: Threshold::Count(count),
            }
        });
    (0..120_u32, 80..250_u32, prop::option::of(breaker)).prop_map(
        |(minimum_healthy, maximum, breaker)| Config {
            percents: Percents {
                minimum_healthy,
                maximum,
            },
            breaker,
            ..Config::default()
        },
    )
}

fn healthy(service: &Service) -> u32 {
    let all = service.tasks().iter();
    let healthy = all.filter(|task| task.is_wanted() && task.health() == Health::Healthy);
    u32::try_from(healthy.count()).expect("few tasks")
}

fn occupying(service: &Service) -> u32 {
    let all = service.tasks().iter();
    let present = all.filter(|task| task.is_wanted() || task.status() < TaskStatus::Deprovisioning);
    u32::try_from(present.count()).expect("few tasks")
}

fn scaled_away(service: &Service) -> BTreeSet<String> {
    let all = service.tasks().iter();
    all.filter(|task| {
        task.was_healthy()
            && task.health() == Health::Healthy
            && task
                .stop_cause()
                .is_some_and(|stop| stop.code == StopCode::ServiceSchedulerInitiated)
    })
    .map(|task| task.id().to_owned())
    .collect()
}

/// One moment: whatever the scheduler chose in it kept to the bounds of that moment.
fn advance_lawfully(service: &mut Service, to: Time, outside: &mut Scripted) {
    let stopped_before = scaled_away(service);
    let launched_before: BTreeSet<String> =
        service.tasks().iter().map(|t| t.id().to_owned()).collect();
    service.advance(to, outside);
    let bounds = service.bounds();
    if scaled_away(service)
        .difference(&stopped_before)
        .next()
        .is_some()
    {
        assert!(
            healthy(service) >= bounds.lower,
            "stopped a healthy task with {} of {} healthy ones left",
            healthy(service),
            bounds.lower
        );
    }
    let started = service
        .tasks()
        .iter()
        .any(|task| !launched_before.contains(task.id()));
    if started {
        assert!(
            occupying(service) <= bounds.upper,
            "started a task, now there are {} of at most {}",
            occupying(service),
            bounds.upper
        );
    }
}

fn apply(service: &mut Service, number: usize, input: &Input, now: Time, outside: &mut Scripted) {
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
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_scheduler_keeps_its_bounds(
        plan in plans(),
        config in configs(),
        desired in 0..8_u32,
        inputs in prop::collection::vec(inputs(), 1..6),
    ) {
        let mut outside = Scripted::new(plan);
        let mut service = common::steady(config, desired, &mut outside);
        let mut now = at(0);
        for (number, (wait, input)) in inputs.iter().enumerate() {
            let until = now + seconds(*wait);
            while let Some(next) = service.next_wakeup().filter(|next| *next < until) {
                advance_lawfully(&mut service, next, &mut outside);
            }
            now = until;
            apply(&mut service, number, input, now, &mut outside);
            advance_lawfully(&mut service, now, &mut outside);
        }
    }

    #[test]
    fn a_healthy_revision_ends_steady_or_in_a_documented_stall(
        plan in plans(),
        config in configs(),
        desired in 0..8_u32,
        inputs in prop::collection::vec(inputs(), 0..4),
    ) {
        let mut outside = Scripted::new(plan);
        let mut service = common::steady(config, desired, &mut outside);
        let mut now = at(0);
        for (number, (wait, input)) in inputs.iter().enumerate() {
            now = now + seconds(*wait);
            apply(&mut service, number, input, now, &mut outside);
        }
        // Whatever came before: a last update that runs.
        service.update("ecs-svc/last", now, &mut outside);
        let standing = common::run(&mut service, &mut outside);
        match standing {
            Standing::Steady => {
                prop_assert_eq!(&service.primary().id, "ecs-svc/last");
                prop_assert_eq!(service.counts("ecs-svc/last").running, service.desired());
            }
            Standing::Stalled(_) => {}
            // A minimum above 100 % cannot be met by the new revision alone: old tasks stay for ever,
            // and those that keep dying are replaced for ever.
            Standing::Moving => prop_assert!(
                service.bounds().lower > service.desired(),
                "it never ends: {:?}",
                service.deployments()
            ),
        }
    }
}
