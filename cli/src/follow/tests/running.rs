//! A deploy that goes well, in two waves.

use expect_test::expect;
use shipway_domain::event::Step;
use shipway_domain::job::Outcome;
use shipway_domain::verdict::Verdict;

use super::scene::{Scene, report, wait};

fn in_the_middle(waves: &[u32]) -> Scene {
    let mut scene = Scene::new(waves);
    scene.built();
    for job in 2..=waves.len() {
        scene.stands(job, |view| {
            view.wait = Some(wait(
                "slot",
                "slot held by release 100s (token ci-web), then next",
            ));
        });
    }
    scene
        .granted(1, "agent-prod-1")
        .step(1, Step::Register, 1, "task definition web:42")
        .step(1, Step::Update, 0, "")
        .begins(1, Step::Follow)
        .tasks(1, [3, 0, 3], "3 tasks to start")
        .says(1, "(service web) has started 3 tasks")
        .pass(27)
        .tasks(1, [2, 3, 1], "load balancer health of 1 task")
        .says(1, "(service web) has begun draining connections on 1 task")
        .pass(25);
    scene
}

#[test]
fn a_running_deploy_shows_steps_tasks_and_waits() {
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   2 targets, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web  53 s   on agent-prod-1
             old ■■·          new ■■■▒          total 6 of at most 6   task definition web:42
             waiting for load balancer health of 1 task, 25 s
             12:00:31 started 3 tasks · 12:00:58 draining 1 task
         · prod us-east-1 main/web  waits 53 s: slot held by release 100s (token ci-web), then next

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&in_the_middle(&[0, 0]).screen(100, 40));
}

#[test]
fn two_waves_are_told_apart() {
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   2 targets, 2 waves

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         wave 1 of 2
         ▸ prod eu-west-1 main/web  53 s   on agent-prod-1
             old ■■·          new ■■■▒          total 6 of at most 6   task definition web:42
             waiting for load balancer health of 1 task, 25 s
             12:00:31 started 3 tasks · 12:00:58 draining 1 task
         wave 2 of 2
         · prod us-east-1 main/web  waits 53 s: slot held by release 100s (token ci-web), then next

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&in_the_middle(&[0, 1]).screen(100, 40));
}

#[test]
fn a_small_terminal_shows_less_and_never_more_than_its_rows() {
    let scene = in_the_middle(&[0, 0]);
    for height in 3..20 {
        assert!(
            scene.screen(60, height).lines().count() <= height,
            "{height} rows"
        );
    }
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   …

         ✓ build                    pushed tools/web@sha256:9a41…e2…
         ▸ prod eu-west-1 main/web  53 s   ■■· ■■■▒   load balancer…
         · prod us-east-1 main/web  waits 53 s: slot held by releas…

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&scene.screen(60, 8));
}

#[test]
fn a_live_release_ends_with_a_line_per_target() {
    let mut scene = in_the_middle(&[0]);
    let report = report(Verdict::Live, "3 of 3 tasks serve sha256:9a41…e2");
    scene
        .pass(20)
        .ends(1, Outcome::RolledOut(report))
        .verdict(Verdict::Live);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there

         ✓ prod eu-west-1 main/web  live   3 of 3 tasks serve sha256:9a41…e2   1 m 13 s
        live in 1 m 43 s   trace 0af7651916cd43dd8448eb211c80319c"#]]
    .assert_eq(&scene.ending());
}

#[test]
fn without_a_terminal_there_is_one_line_per_change() {
    let mut scene = in_the_middle(&[0]);
    let report = report(Verdict::Live, "3 of 3 tasks serve sha256:9a41…e2");
    scene
        .pass(20)
        .ends(1, Outcome::RolledOut(report))
        .verdict(Verdict::Live);
    expect![[r#"
        12:00:00Z  web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave
        12:00:00Z  release 1007: submitted by ci-web
        12:00:00Z  build: started on agent-tools-1
        12:00:00Z  build: build …
        12:00:24Z  build: build done in 24 s: docker, 11 of 14 layers cached
        12:00:24Z  build: push …
        12:00:30Z  build: push done in 6 s: 18 MB new, 212 MB already there
        12:00:30Z  build: pushed tools/web@sha256:9a41…e2 (30 s)
        12:00:30Z  prod eu-west-1 main/web: started on agent-prod-1
        12:00:31Z  prod eu-west-1 main/web: register done in 1 s: task definition web:42
        12:00:31Z  prod eu-west-1 main/web: follow …
        12:00:31Z  prod eu-west-1 main/web: tasks: old 3, new 0 + 3 starting, total 6 of at most 6; waiting for 3 tasks to start
        12:00:31Z  prod eu-west-1 main/web: ecs: started 3 tasks
        12:00:58Z  prod eu-west-1 main/web: tasks: old 2, new 3 + 1 starting, total 6 of at most 6; waiting for load balancer health of 1 task
        12:00:58Z  prod eu-west-1 main/web: ecs: draining 1 task
        12:01:43Z  prod eu-west-1 main/web: live: 3 of 3 tasks serve sha256:9a41…e2 (1 m 13 s)
        12:01:43Z  release 1007: live in 1 m 43 s"#]].assert_eq(&scene.plain());
}

#[test]
fn json_has_one_event_per_line_and_the_release_last() {
    let mut scene = in_the_middle(&[0]);
    let report = report(Verdict::Live, "3 of 3 tasks serve sha256:9a41…e2");
    scene
        .pass(20)
        .ends(1, Outcome::RolledOut(report))
        .verdict(Verdict::Live);
    expect![[r#"
        {"seq":1,"time":"2026-01-01T12:00:00.000Z","job":null,"type":"submitted","by":"ci-web"}
        {"seq":2,"time":"2026-01-01T12:00:00.000Z","job":0,"type":"granted","agent":"agent-tools-1","attempt":1}
        {"seq":3,"time":"2026-01-01T12:00:00.000Z","job":0,"type":"step-started","step":"account"}
        {"seq":4,"time":"2026-01-01T12:00:00.000Z","job":0,"type":"step-ended","step":"account","result":"done","detail":""}
        {"seq":5,"time":"2026-01-01T12:00:00.000Z","job":0,"type":"step-started","step":"build"}
        {"seq":6,"time":"2026-01-01T12:00:24.000Z","job":0,"type":"step-ended","step":"build","result":"done","detail":"docker, 11 of 14 layers cached"}
        {"seq":7,"time":"2026-01-01T12:00:24.000Z","job":0,"type":"step-started","step":"push"}
        {"seq":8,"time":"2026-01-01T12:00:30.000Z","job":0,"type":"step-ended","step":"push","result":"done","detail":"18 MB new, 212 MB already there"}
        {"seq":9,"time":"2026-01-01T12:00:30.000Z","job":0,"type":"job-ended","outcome":"built","image":{"reference":"000000000000.dkr.ecr.eu-west-1.amazonaws.com/tools/web@sha256:9a410000000000000000000000000000000000000000000000000000000000e2","digest":"sha256:9a410000000000000000000000000000000000000000000000000000000000e2","builder":"docker","tags":["4f1c2d9"],"bytes_pushed":18000000,"reused":false,"scan":null}}
        {"seq":10,"time":"2026-01-01T12:00:30.000Z","job":1,"type":"granted","agent":"agent-prod-1","attempt":1}
        {"seq":11,"time":"2026-01-01T12:00:30.000Z","job":1,"type":"step-started","step":"register"}
        {"seq":12,"time":"2026-01-01T12:00:31.000Z","job":1,"type":"step-ended","step":"register","result":"done","detail":"task definition web:42"}
        {"seq":13,"time":"2026-01-01T12:00:31.000Z","job":1,"type":"step-started","step":"update"}
        {"seq":14,"time":"2026-01-01T12:00:31.000Z","job":1,"type":"step-ended","step":"update","result":"done","detail":""}
        {"seq":15,"time":"2026-01-01T12:00:31.000Z","job":1,"type":"step-started","step":"follow"}
        {"seq":16,"time":"2026-01-01T12:00:31.000Z","job":1,"type":"tasks","old_running":3,"new_running":0,"new_pending":3,"failed":0,"desired":3,"upper":6,"waiting_for":"3 tasks to start","states":null,"phase":null,"ends_about":null,"desired_before":null,"stage":null}
        {"seq":17,"time":"2026-01-01T12:00:31.000Z","job":1,"type":"service-event","at":"2026-01-01T12:00:31.000Z","message":"(service web) has started 3 tasks","text":"started 3 tasks"}
        {"seq":18,"time":"2026-01-01T12:00:58.000Z","job":1,"type":"tasks","old_running":2,"new_running":3,"new_pending":1,"failed":0,"desired":3,"upper":6,"waiting_for":"load balancer health of 1 task","states":null,"phase":null,"ends_about":null,"desired_before":null,"stage":null}
        {"seq":19,"time":"2026-01-01T12:00:58.000Z","job":1,"type":"service-event","at":"2026-01-01T12:00:58.000Z","message":"(service web) has begun draining connections on 1 task","text":"draining 1 task"}
        {"seq":20,"time":"2026-01-01T12:01:43.000Z","job":1,"type":"job-ended","outcome":"rolled-out","verdict":"live","final":true,"unchanged":false,"summary":"3 of 3 tasks serve sha256:9a41…e2","image_digest":"sha256:9a410000000000000000000000000000000000000000000000000000000000e2","task_definition":"arn:aws:ecs:eu-west-1:222222222222:task-definition/web:42","serving":"arn:aws:ecs:eu-west-1:222222222222:task-definition/web:42","service_deployment":null,"running":3,"desired":3,"findings":[]}
        {"seq":21,"time":"2026-01-01T12:01:43.000Z","job":null,"type":"ended","verdict":"live","final":true}
        {"version":1,"release":"1007","app":"web","env":"prod","kind":"deploy","undoes":null,"to":null,"title":"commit 4f1c2d9 \"Faster cart\"","submitter":"ci-web","submitted":"2026-01-01T12:00:00.000Z","ended":"2026-01-01T12:01:43.000Z","trace":"0af7651916cd43dd8448eb211c80319c","verdict":"live","final":true,"image":{"reference":"000000000000.dkr.ecr.eu-west-1.amazonaws.com/tools/web@sha256:9a410000000000000000000000000000000000000000000000000000000000e2","digest":"sha256:9a410000000000000000000000000000000000000000000000000000000000e2","builder":"docker","tags":["4f1c2d9"],"bytes_pushed":18000000,"reused":false,"scan":null},"findings":[],"targets":[{"account":"222222222222","region":"eu-west-1","cluster":"main","service":"web","job":1,"kind":"rollout","wave":0,"phase":"ended","verdict":"live","unchanged":false,"summary":"3 of 3 tasks serve sha256:9a41…e2","image_digest":"sha256:9a410000000000000000000000000000000000000000000000000000000000e2","task_definition":"arn:aws:ecs:eu-west-1:222222222222:task-definition/web:42","serving":"arn:aws:ecs:eu-west-1:222222222222:task-definition/web:42","running":3,"desired":3,"findings":[]}],"tasks":[]}"#]].assert_eq(&scene.json());
}
