//! Deployments with stages: traffic that moves by steps, hooks that pause, ways back.

mod common;

use common::{at, guarded, no_pause, plan, seconds, steady};
use ecs_model::{
    Config, ContinueRefused, Course, Hook, HookAction, HookStatus, Lifecycle, Percents, Scripted,
    Service, ServiceDeployment, Stage, Status, Strategy,
};

const MINUTE: u64 = 60;

fn config(strategy: Strategy, hooks: Vec<Hook>) -> Config {
    Config {
        course: Course {
            strategy,
            hooks,
            shift: seconds(10),
            tests: true,
        },
        bake: seconds(5 * MINUTE),
        pace: no_pause(),
        ..Config::default()
    }
}

fn pause(stage: Stage, on_timeout: HookAction) -> Hook {
    Hook {
        stages: vec![stage],
        timeout: seconds(60 * MINUTE),
        on_timeout,
    }
}

struct World {
    service: Service,
    outside: Scripted,
    now: u64,
}

impl World {
    /// Two steady tasks, and an update that starts at 0.
    fn updating(config: Config) -> Self {
        let mut outside = Scripted::new(plan(30));
        let mut service = steady(config, 2, &mut outside);
        service.update("ecs-svc/new", at(0), &mut outside);
        service.advance(at(0), &mut outside);
        Self {
            service,
            outside,
            now: 0,
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += seconds;
        self.service.advance(at(self.now), &mut self.outside);
    }

    fn current(&self) -> &ServiceDeployment {
        self.service.current().expect("a deployment")
    }

    fn lifecycle(&self) -> &Lifecycle {
        self.current().lifecycle.as_ref().expect("stages")
    }

    fn running(&self) -> (u32, u32) {
        let running = |id| self.service.counts(id).running;
        (running("ecs-svc/old"), running("ecs-svc/new"))
    }

    fn answer(&mut self, action: HookAction) -> Result<(), ContinueRefused> {
        let id = self.current().id.clone();
        let mut all = self.lifecycle().pauses().iter();
        let waiting = all.find(|pause| pause.status == HookStatus::AwaitingAction);
        let hook = waiting.map_or_else(|| "none".to_owned(), |pause| pause.id.clone());
        let now = at(self.now);
        let answered = self
            .service
            .continue_deployment(&id, &hook, action, now, &mut self.outside);
        self.service.advance(now, &mut self.outside);
        answered
    }

    /// Second by second until it ends: each change of stage and weights.
    fn story(&mut self) -> Vec<(u64, Stage, f64)> {
        let mut story = Vec::new();
        while !self.current().status.is_terminal() && self.now < 24 * 3600 {
            let (production, _) = self.lifecycle().weights().unwrap_or_default();
            let line = (self.lifecycle().stage(), production);
            if story.last().is_none_or(|(_, s, p)| (*s, *p) != line) {
                story.push((self.now, line.0, line.1));
            }
            self.wait(1);
        }
        story
    }
}

/// Desired 2; 30 s from launch to RUNNING, 30 s until healthy, 10 s for each shift, 5 minutes of bake time.
#[test]
fn a_blue_green_deployment_goes_through_its_stages() {
    let mut world = World::updating(config(Strategy::BlueGreen, Vec::new()));
    assert_eq!(
        world.story(),
        [
            (0, Stage::ScaleUp, 0.0),
            (60, Stage::TestTrafficShift, 0.0),
            (70, Stage::ProductionTrafficShift, 100.0),
            (80, Stage::BakeTime, 100.0),
        ]
    );
    assert_eq!(world.current().status, Status::Successful);
    assert_eq!(world.running(), (0, 2));
    assert_eq!(world.lifecycle().weights(), Some((100.0, 100.0)));
}

#[test]
fn both_revisions_of_a_blue_green_deployment_run_until_the_clean_up() {
    let narrow = Percents {
        minimum_healthy: 100,
        maximum: 100,
    };
    let mut world = World::updating(Config {
        percents: narrow,
        ..config(Strategy::BlueGreen, Vec::new())
    });
    for _ in 0..380 {
        assert_eq!(world.running().0, 2, "at {}", world.now);
        world.wait(1);
    }
    assert_eq!(world.running(), (0, 2));
}

#[test]
fn a_canary_takes_its_share_bakes_and_takes_the_rest() {
    let canary = Strategy::Canary {
        share: 55,
        bake: seconds(10 * MINUTE),
    };
    let mut world = World::updating(config(canary, Vec::new()));
    assert_eq!(
        world.story()[2..],
        [
            (70, Stage::ProductionTrafficShift, 5.5),
            (680, Stage::ProductionTrafficShift, 100.0),
            (690, Stage::BakeTime, 100.0),
        ]
    );
}

#[test]
fn a_linear_deployment_moves_in_equal_steps_and_does_not_bake_the_last() {
    let linear = Strategy::Linear {
        step: 400,
        bake: seconds(6 * MINUTE),
    };
    let mut world = World::updating(config(linear, Vec::new()));
    assert_eq!(
        world.story()[2..],
        [
            (70, Stage::ProductionTrafficShift, 40.0),
            (440, Stage::ProductionTrafficShift, 80.0),
            (810, Stage::ProductionTrafficShift, 100.0),
            (820, Stage::BakeTime, 100.0),
        ]
    );
}

#[test]
fn each_step_of_a_linear_deployment_asks_again_with_another_hook_id() {
    let linear = Strategy::Linear {
        step: 500,
        bake: seconds(MINUTE),
    };
    let hook = pause(Stage::PreProductionTrafficShift, HookAction::Rollback);
    let mut world = World::updating(config(linear, vec![hook]));
    world.wait(70);
    assert_eq!(world.answer(HookAction::Continue), Ok(()));
    world.wait(70);
    assert_eq!(world.answer(HookAction::Continue), Ok(()));
    let ids: Vec<&str> = world
        .lifecycle()
        .pauses()
        .iter()
        .map(|p| p.id.as_str())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    world.story();
    assert_eq!(world.current().status, Status::Successful);
}

#[test]
fn any_stage_can_be_rolled_back_by_its_hook() {
    for stage in [
        Stage::ReconcileService,
        Stage::PreScaleUp,
        Stage::PostScaleUp,
        Stage::PostTestTrafficShift,
        Stage::PreProductionTrafficShift,
        Stage::PostProductionTrafficShift,
    ] {
        let hook = pause(stage, HookAction::Continue);
        let mut world = World::updating(config(Strategy::BlueGreen, vec![hook]));
        world.wait(10 * MINUTE);
        assert_eq!(world.lifecycle().stage(), stage);
        assert_eq!(world.answer(HookAction::Rollback), Ok(()));
        assert_eq!(world.lifecycle().weights(), Some((0.0, 0.0)));
        world.wait(10 * MINUTE);
        assert_eq!(
            world.current().status,
            Status::RollbackSuccessful,
            "{stage:?}"
        );
        assert_eq!(world.running(), (2, 0));
    }
}

#[test]
fn any_moment_can_be_rolled_back_by_a_person() {
    for moment in [0, 30, 65, 75, 85, 200] {
        let mut world = World::updating(config(Strategy::BlueGreen, Vec::new()));
        world.wait(moment);
        let id = world.current().id.clone();
        let asked = world
            .service
            .stop_deployment(&id, at(moment), &mut world.outside);
        assert_eq!(asked, Ok(()));
        world.wait(10 * MINUTE);
        assert_eq!(
            world.current().status,
            Status::RollbackSuccessful,
            "{moment}"
        );
        assert_eq!(world.running(), (2, 0));
    }
}

#[test]
fn a_hook_that_nobody_answers_does_what_its_timeout_says() {
    for (on_timeout, end) in [
        (HookAction::Continue, Status::Successful),
        (HookAction::Rollback, Status::RollbackSuccessful),
    ] {
        let hook = pause(Stage::PreScaleUp, on_timeout);
        let mut world = World::updating(config(Strategy::Rolling, vec![hook]));
        world.wait(60 * MINUTE - 1);
        assert_eq!(world.running(), (2, 0));
        world.wait(1);
        assert_eq!(world.lifecycle().pauses()[0].status, HookStatus::TimedOut);
        world.wait(20 * MINUTE);
        assert_eq!(world.current().status, end);
    }
}

#[test]
fn a_hook_is_answered_once_and_only_while_it_waits() {
    let hook = pause(Stage::PostScaleUp, HookAction::Rollback);
    let mut world = World::updating(config(Strategy::Rolling, vec![hook]));
    assert_eq!(
        world.answer(HookAction::Continue),
        Err(ContinueRefused::NothingWaits)
    );
    world.wait(5 * MINUTE);
    assert_eq!(world.answer(HookAction::Continue), Ok(()));
    assert_eq!(
        world.answer(HookAction::Continue),
        Err(ContinueRefused::NothingWaits)
    );
    let unknown = world.service.continue_deployment(
        "deployment-none",
        "hook",
        HookAction::Continue,
        at(world.now),
        &mut world.outside,
    );
    assert_eq!(unknown, Err(ContinueRefused::Unknown));
}

#[test]
fn a_rolling_deployment_without_hooks_has_no_stages() {
    let world = World::updating(guarded());
    assert_eq!(world.current().lifecycle, None);
}

#[test]
fn new_tasks_that_never_settle_end_the_scale_up_after_a_day() {
    let mut world = World::updating(config(Strategy::BlueGreen, Vec::new()));
    world
        .outside
        .script("ecs-svc/worse", vec![common::cannot_pull()]);
    world
        .service
        .update("ecs-svc/worse", at(0), &mut world.outside);
    world.wait(24 * 3600 - 1);
    assert_eq!(world.current().status, Status::InProgress);
    world.wait(3600);
    // The revision that was superseded never completed: the way back leads to the one before.
    assert_eq!(world.current().status, Status::RollbackSuccessful);
    assert_eq!(world.running(), (2, 0));
}

/// 60 s until both new tasks are healthy, 20 s of shifts, 5 minutes of bake time: CLEAN_UP begins at 380.
#[test]
fn a_rollback_from_the_clean_up_moves_traffic_when_old_tasks_are_back() {
    let mut world = World::updating(config(Strategy::BlueGreen, Vec::new()));
    world.outside = Scripted::new(ecs_model::Plan {
        phases: ecs_model::Phases {
            terminating: seconds(100),
            stop_timeout: seconds(120),
            ..plan(30).phases
        },
        ..plan(30)
    });
    let mut slow = World {
        service: steady(
            config(Strategy::BlueGreen, Vec::new()),
            2,
            &mut world.outside,
        ),
        outside: world.outside,
        now: 0,
    };
    slow.service.update("ecs-svc/new", at(0), &mut slow.outside);
    slow.wait(385);
    assert_eq!(slow.lifecycle().stage(), Stage::CleanUp);
    assert_eq!(slow.running(), (0, 2), "old tasks are stopping");
    let id = slow.current().id.clone();
    let asked = slow
        .service
        .stop_deployment(&id, at(385), &mut slow.outside);
    assert_eq!(asked, Ok(()));
    while slow.lifecycle().weights() == Some((100.0, 0.0)) || slow.now == 385 {
        assert_eq!(slow.running().1, 2, "all traffic is there at {}", slow.now);
        slow.wait(1);
    }
    assert_eq!(slow.running().0, 2);
    assert_eq!(slow.lifecycle().weights(), Some((0.0, 0.0)));
    slow.wait(10 * MINUTE);
    assert_eq!(slow.current().status, Status::RollbackSuccessful);
}

#[test]
fn a_superseded_revision_with_all_traffic_keeps_its_tasks_until_traffic_moves_on() {
    let none_needed = Percents {
        minimum_healthy: 0,
        maximum: 200,
    };
    let mut world = World::updating(Config {
        percents: none_needed,
        ..config(Strategy::BlueGreen, Vec::new())
    });
    world.wait(200);
    assert_eq!(world.lifecycle().stage(), Stage::BakeTime);
    world
        .service
        .update("ecs-svc/newer", at(200), &mut world.outside);
    world.wait(0);
    assert_eq!(world.current().serving.as_deref(), Some("ecs-svc/new"));
    while world.lifecycle().stage() < Stage::CleanUp && !world.current().status.is_terminal() {
        assert_eq!(world.running().1, 2, "at {}", world.now);
        world.wait(1);
    }
    world.wait(10 * MINUTE);
    assert_eq!(world.current().status, Status::Successful);
    assert_eq!(world.service.counts("ecs-svc/newer").running, 2);
    assert_eq!(world.running(), (0, 0));
}

#[test]
fn a_service_that_shrinks_before_its_traffic_moves_makes_room_for_new_tasks() {
    let hook = pause(Stage::PreScaleUp, HookAction::Rollback);
    let mut world = World::updating(config(Strategy::BlueGreen, vec![hook]));
    world.service.set_desired(6, at(0), &mut world.outside);
    world.wait(30);
    world.service.set_desired(1, at(30), &mut world.outside);
    assert_eq!(world.answer(HookAction::Continue), Ok(()));
    world.story();
    assert_eq!(world.current().status, Status::Successful);
    assert_eq!(world.running(), (0, 1));
}

/// 34 steps of 3 percent, each looked at for a day.
#[test]
fn a_deployment_with_stages_is_rolled_back_after_thirty_days() {
    let linear = Strategy::Linear {
        step: 30,
        bake: seconds(24 * 3600),
    };
    let mut world = World::updating(config(linear, Vec::new()));
    let limit = 30 * 24 * 3600;
    world.wait(limit - 1);
    assert_eq!(world.current().status, Status::InProgress);
    assert_eq!(world.running(), (2, 2));
    world.wait(1);
    let rollback = world.current().rollback.as_ref().expect("a rollback");
    assert!(rollback.reason.contains("30 days"), "{}", rollback.reason);
    world.wait(MINUTE);
    assert_eq!(world.current().status, Status::RollbackSuccessful);
    assert_eq!(world.running(), (2, 0));
}

#[test]
fn a_clean_up_that_does_not_end_in_a_day_is_rolled_back() {
    let mut world = World::updating(config(Strategy::BlueGreen, Vec::new()));
    world.wait(200);
    // More tasks are wanted, and the new revision gets none that stays.
    world
        .outside
        .script("ecs-svc/new", vec![common::cannot_pull()]);
    world.service.set_desired(3, at(200), &mut world.outside);
    world.wait(200);
    assert_eq!(world.lifecycle().stage(), Stage::CleanUp);
    world.wait(24 * 3600 - 100);
    assert_eq!(world.current().status, Status::InProgress);
    world.wait(3600);
    assert_eq!(world.current().status, Status::RollbackSuccessful);
    assert_eq!(world.running(), (3, 0));
}

#[test]
fn a_rollback_that_does_not_end_in_a_day_has_failed() {
    let mut world = World::updating(config(Strategy::BlueGreen, Vec::new()));
    world.wait(200);
    world
        .outside
        .script("ecs-svc/old", vec![common::cannot_pull()]);
    let old = world.service.tasks()[0].id().to_owned();
    world
        .service
        .stop_task(&old, "by hand", at(200), &mut world.outside);
    let id = world.current().id.clone();
    let asked = world
        .service
        .stop_deployment(&id, at(200), &mut world.outside);
    assert_eq!(asked, Ok(()));
    world.wait(24 * 3600 - 1);
    assert_eq!(world.current().status, Status::RollbackInProgress);
    world.wait(1);
    assert_eq!(world.current().status, Status::RollbackFailed);
}
