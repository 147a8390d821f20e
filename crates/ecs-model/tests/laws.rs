//! What holds for every rolling service, whatever happens to it.

mod common;

use std::collections::BTreeSet;

use common::draws::{apply, inputs, plans, rolling};
use common::{at, seconds};
use ecs_model::{Health, Scripted, Service, Standing, Status, StopCode, TaskStatus, Time};
use proptest::prelude::*;

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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_scheduler_keeps_its_bounds(
        plan in plans(),
        config in rolling(),
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
        config in rolling(),
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
                let current = service.current().expect("a deployment");
                let counts = service.counts(&service.primary().id);
                prop_assert_eq!(counts.running, service.desired());
                match current.status {
                    Status::Successful => prop_assert_eq!(&service.primary().id, "ecs-svc/last"),
                    // An alarm or a hook wanted it.
                    end => prop_assert!(end == Status::RollbackSuccessful, "{end:?}"),
                }
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
