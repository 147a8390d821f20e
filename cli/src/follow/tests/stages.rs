//! A deployment by stages: its traffic, its bake times, and what waits for a person.

use std::time::Duration;

use expect_test::expect;
use shipway_domain::event::{EventKind, Phase, PhaseKind, Stage, Step, TaskCounts};
use shipway_domain::hook::{Hook, HookAction, HookAnswer, Weight};

use super::scene::Scene;

fn counts(name: &str, percent: f64, kind: PhaseKind, most: Option<u64>, text: &str) -> TaskCounts {
    TaskCounts {
        old_running: 3,
        new_running: 3,
        desired: 3,
        upper: 6,
        waiting_for: text.to_owned(),
        phase: Some(Phase {
            kind,
            tasks: 0,
            since: None,
            at_most: most.map(Duration::from_secs),
        }),
        stage: Some(Stage {
            name: name.to_owned(),
            production: Some(Weight::of_percent(percent)),
            test: None,
            hooks: Vec::new(),
        }),
        ..TaskCounts::default()
    }
}

fn begun() -> Scene {
    let mut scene = Scene::new(&[0]);
    scene
        .built()
        .granted(1, "agent-prod-1")
        .step(1, Step::Register, 1, "task definition web:42")
        .step(1, Step::Update, 0, "")
        .begins(1, Step::Follow);
    scene
}

/// It waits for an answer since two minutes.
fn paused() -> Scene {
    let mut scene = begun();
    let mut counts = counts(
        "POST_SCALE_UP",
        0.0,
        PhaseKind::Approval,
        None,
        "approval at POST_SCALE_UP (hook 5c1f): shipway approve 1007; without an answer by \
         2026-01-01T13:00:00Z ECS rolls back",
    );
    if let Some(stage) = &mut counts.stage {
        stage.hooks.push(Hook {
            id: "5c1f".to_owned(),
            stage: "POST_SCALE_UP".to_owned(),
            expires_at: Some(scene.now()),
            on_timeout: Some(HookAction::Rollback),
            answer: None,
        });
    }
    scene.counted(1, counts).pass(120);
    scene
}

fn rollout(plain: &str) -> &str {
    let from = plain.find("prod eu-west-1 main/web: tasks");
    plain
        .get(from.expect("the rollout") - 11..)
        .expect("a line")
}

#[test]
fn a_canary_shows_its_stage_its_traffic_and_how_long_it_bakes() {
    let mut scene = begun();
    let text = "the canary to bake: 12.5 % of production traffic is at the new tasks";
    let stage = "PRODUCTION_TRAFFIC_SHIFT";
    let canary = counts(stage, 12.5, PhaseKind::TrafficShift, Some(600), text);
    scene.counted(1, canary).pass(240);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web  4 m 1 s   on agent-prod-1
             old ■■■          new ■■■           total 6 of at most 6   task definition web:42
             stage PRODUCTION_TRAFFIC_SHIFT, 12.5 % of production traffic at the new tasks
             waiting for the canary to bake: 12.5 % of production traffic is at the new tasks, 4 m of at most 10 m

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]].assert_eq(&scene.screen(110, 40));
    expect!["12:00:31Z  prod eu-west-1 main/web: tasks: old 3, new 3, total 6 of at most 6; stage PRODUCTION_TRAFFIC_SHIFT, 12.5 % of production traffic at the new tasks; waiting for the canary to bake: 12.5 % of production traffic is at the new tasks, at most 10 m"].assert_eq(rollout(&scene.plain()));
}

#[test]
fn what_to_do_about_a_pause_is_seen_whole_however_narrow_the_terminal() {
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web  2 m 1 s   on agent-prod-1
             old ■■■          new ■■■           total 6 of at most 6   task definition web:42
             stage POST_SCALE_UP, 0 % of production traffic at the new tasks
             waiting for approval at POST_SCALE_UP (hook 5c1f): shipway approve 1007; without an answer by
                         2026-01-01T13:00:00Z ECS rolls back, 2 m

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]].assert_eq(&paused().screen(100, 40));
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   …

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ prod eu-west-1 main/web  2 m 1 s   on agent-prod-1
             old ■■■          new ■■■           total 6 of at most …
             stage POST_SCALE_UP, 0 % of production traffic at the …
             waiting for approval at POST_SCALE_UP (hook 5c1f):
                         shipway approve 1007; without an answer by
                         2026-01-01T13:00:00Z ECS rolls back, 2 m

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&paused().screen(60, 40));
    expect!["12:00:31Z  prod eu-west-1 main/web: tasks: old 3, new 3, total 6 of at most 6; stage POST_SCALE_UP, 0 % of production traffic at the new tasks; waiting for approval at POST_SCALE_UP (hook 5c1f): shipway approve 1007; without an answer by 2026-01-01T13:00:00Z ECS rolls back"].assert_eq(rollout(&paused().plain()));
}

#[test]
fn who_answered_and_why_is_told() {
    let mut scene = paused();
    let answer = HookAnswer {
        hook: "5c1f".to_owned(),
        action: HookAction::Continue,
        by: "ann".to_owned(),
        reason: "error rate is flat".to_owned(),
        at: scene.now(),
    };
    let stage = "POST_SCALE_UP".to_owned();
    scene.event(Some(1), EventKind::HookAnswered { stage, answer });
    let plain = scene.plain();
    expect!["12:02:31Z  prod eu-west-1 main/web: ann approved it at POST_SCALE_UP (hook 5c1f): error rate is flat"].assert_eq(plain.lines().last().expect("a line"));
    let json = scene.json();
    let told = json.lines().find(|line| line.contains("hook-answered"));
    expect![[r#"{"seq":17,"time":"2026-01-01T12:02:31.000Z","job":1,"type":"hook-answered","hook":"5c1f","stage":"POST_SCALE_UP","action":"continue","by":"ann","reason":"error rate is flat"}"#]].assert_eq(told.expect("an event"));
}
