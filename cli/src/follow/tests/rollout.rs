//! A rollout as people follow it: bars, states, the slowest phase, events in plain words, an estimated end.

use std::time::Duration;

use expect_test::expect;
use shipway_domain::event::{Phase, PhaseKind, Step, TaskCounts, TaskStates};

use super::scene::Scene;

const STARTED: &str = "(service web) has started 3 tasks: (task 8c1f0c2d9e6b4a178c1f0c2d9e6b4a17) (task 1a) (task 2b).";

fn counts([old_running, new_running, new_pending]: [u32; 3], waiting_for: &str) -> TaskCounts {
    TaskCounts {
        old_running,
        new_running,
        new_pending,
        desired: 3,
        upper: 6,
        waiting_for: waiting_for.to_owned(),
        ..TaskCounts::default()
    }
}

fn phase(
    scene: &Scene,
    kind: PhaseKind,
    tasks: u32,
    began: u64,
    at_most: Option<u64>,
) -> Option<Phase> {
    Some(Phase {
        kind,
        tasks,
        since: Some(scene.now().minus(Duration::from_secs(began))),
        at_most: at_most.map(Duration::from_secs),
    })
}

/// The first of the targets has its first tasks.
fn begun(waves: &[u32]) -> Scene {
    let mut scene = Scene::new(waves);
    scene
        .built()
        .granted(1, "agent-prod-1")
        .step(1, Step::Register, 1, "task definition web:42")
        .step(1, Step::Update, 0, "")
        .begins(1, Step::Follow)
        .says(1, STARTED);
    let pulling = TaskCounts {
        states: Some(TaskStates {
            pulling: 3,
            ..TaskStates::default()
        }),
        phase: phase(&scene, PhaseKind::Pulling, 3, 0, None),
        ..counts([3, 0, 3], "the image, which 3 tasks pull")
    };
    scene.counted(1, pulling);
    scene
}

/// Two of its tasks serve, and the load balancer has still to find out about the third.
fn in_the_middle(waves: &[u32]) -> Scene {
    let mut scene = begun(waves);
    scene.pass(27);
    let health = TaskCounts {
        states: Some(TaskStates {
            healthy: 2,
            checking: 1,
            draining: 1,
            ..TaskStates::default()
        }),
        phase: phase(&scene, PhaseKind::LoadBalancerHealth, 1, 0, Some(90)),
        ends_about: Some(scene.now().plus(Duration::from_secs(145))),
        ..counts([1, 3, 0], "load balancer health of 1 task")
    };
    scene
        .counted(1, health)
        .says(
            1,
            "(service web) registered 1 targets in (target-group arn:aws:web)",
        )
        .says(
            1,
            "(service web) has begun draining connections on 1 tasks.",
        )
        .says(1, "(service web) operations are being throttled on elb.")
        .pass(25);
    scene
}

#[test]
fn a_rollout_shows_bars_states_the_slowest_phase_and_what_was_said() {
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web  53 s of about 3 m   on agent-prod-1
             old ■□·          new ■■▓           total 4 of at most 6   task definition web:42
             old: 1 running, 1 draining   new: 2 healthy, 1 not healthy yet
             waiting for load balancer health of 1 task, 25 s of at most 90 s
             12:00:58 draining 1 task · 12:00:58 operations are being throttled on elb.

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&in_the_middle(&[0]).screen(100, 40));
    crate::text::shown_in_the_readme(&in_the_middle(&[0]).screen(100, 40));
}

#[test]
fn a_narrow_terminal_keeps_what_is_newest() {
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 ta…

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web  53 s of about 3 m   on agent-prod-1
             old ■□·          new ■■▓           total 4 of at most 6   …
             old: 1 running, 1 draining   new: 2 healthy, 1 not healthy…
             waiting for load balancer health of 1 task, 25 s of at mos…
             12:00:58 operations are being throttled on elb.

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&in_the_middle(&[0]).screen(64, 40));
}

#[test]
fn each_of_many_targets_keeps_its_bars_and_its_phase_as_the_terminal_gets_lower() {
    let mut scene = in_the_middle(&[0, 0, 0]);
    for job in 2..4 {
        let health = TaskCounts {
            phase: phase(&scene, PhaseKind::LoadBalancerHealth, 3, 12, Some(90)),
            ..counts([3, 3, 0], "load balancer health of 3 tasks")
        };
        scene
            .granted(job, "agent-prod-1")
            .begins(job, Step::Follow)
            .counted(job, health);
    }
    scene.pass(8);
    for height in 3..30 {
        let lines = scene.screen(100, height);
        assert!(lines.lines().count() <= height, "{height} rows");
    }
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   3 targets, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web   1 m 1 s of about 3 m   on agent-prod-1
             old ■□·          new ■■▓           total 4 of at most 6   task definition web:42
             old: 1 running, 1 draining   new: 2 healthy, 1 not healthy yet
             waiting for load balancer health of 1 task, 33 s of at most 90 s
             12:00:58 draining 1 task · 12:00:58 operations are being throttled on elb.
         ▸ prod us-east-1 main/web   8 s   on agent-prod-1
             old ■■■          new ■■■           total 6 of at most 6
             waiting for load balancer health of 3 tasks, 20 s of at most 90 s
         ▸ prod ap-south-1 main/web  8 s   on agent-prod-1
             old ■■■          new ■■■           total 6 of at most 6
             waiting for load balancer health of 3 tasks, 20 s of at most 90 s

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&scene.screen(100, 17));
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   3 targets, 1 wave

         ✓ build                     pushed tools/web@sha256:9a41…e2   30 s
         ▸ prod eu-west-1 main/web   1 m 1 s of about 3 m   ■□· ■■▓   load balancer health of 1 task, 33 s …
         ▸ prod us-east-1 main/web   8 s   ■■■ ■■■   load balancer health of 3 tasks, 20 s of at most 90 s
         ▸ prod ap-south-1 main/web  8 s   ■■■ ■■■   load balancer health of 3 tasks, 20 s of at most 90 s

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]].assert_eq(&scene.screen(100, 10));
}

#[test]
fn old_tasks_that_drain_and_a_desired_count_that_changed_are_shown() {
    let mut scene = in_the_middle(&[0]);
    let draining = TaskCounts {
        states: Some(TaskStates {
            healthy: 5,
            draining: 2,
            stopping: 1,
            ..TaskStates::default()
        }),
        phase: phase(&scene, PhaseKind::Draining, 2, 40, None),
        desired: 5,
        upper: 10,
        desired_before: Some(3),
        ends_about: Some(scene.now().minus(Duration::from_secs(5))),
        ..counts([0, 5, 0], "draining of 2 old tasks")
    };
    scene.counted(1, draining);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web  53 s, about 50 s were expected   on agent-prod-1
             old □□□          new ■■■■■         total 5 of at most 10, desired 5 (was 3)   task definition …
             old: 2 draining, 1 stopping   new: 5 healthy
             waiting for draining of 2 old tasks, 40 s; 300 s unless its target group says otherwise
             12:00:58 operations are being throttled on elb. · 12:01:23 5 of 5 healthy

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]].assert_eq(&scene.screen(100, 40));
}

#[test]
fn plain_lines_tell_states_limits_and_the_end() {
    let scene = in_the_middle(&[0]);
    let lines = scene.plain();
    let from = lines
        .find("12:00:31Z  prod eu-west-1 main/web: ecs")
        .expect("the rollout");
    expect![[r#"
        12:00:31Z  prod eu-west-1 main/web: ecs: started 3 tasks
        12:00:31Z  prod eu-west-1 main/web: tasks: old 3, new 0 + 3 starting, total 6 of at most 6; waiting for the image, which 3 tasks pull
        12:00:58Z  prod eu-west-1 main/web: tasks: old 1, new 3 (2 healthy), total 4 of at most 6; waiting for load balancer health of 1 task, at most 1 m 30 s; done about 12:03:23Z
        12:00:58Z  prod eu-west-1 main/web: ecs: 1 task at the load balancer
        12:00:58Z  prod eu-west-1 main/web: ecs: draining 1 task
        12:00:58Z  prod eu-west-1 main/web: ecs: (service web) operations are being throttled on elb."#]].assert_eq(&lines[from..]);
}

#[test]
fn an_estimate_alone_is_no_line() {
    let mut first = counts([3, 0, 3], "3 tasks to start");
    let told = super::told(&first);
    first.ends_about = Some(Scene::new(&[0]).now());
    assert_eq!(super::told(&first), told);
    first.new_running = 1;
    assert_ne!(super::told(&first), told);
}
