//! Tasks before and after rollouts.

use expect_test::expect;
use shipway_domain::event::{EventKind, NoteLevel, Progress, Step};
use shipway_domain::ids::{JobId, ReleaseId};
use shipway_domain::job::{Outcome, TaskRun};
use shipway_domain::verdict::{Finding, Verdict};
use shipway_proto::v1;

use super::scene::{Scene, digest, report, wait};

const TASK: &str = "arn:aws:ecs:eu-west-1:222222222222:task/main/8c1f0123456789abcdef0123456789ab";

/// A release with a task before its rollout, and one after it.
fn gated() -> Scene {
    let mut scene = Scene::new(&[0]);
    let rollout = scene.view.jobs.pop().expect("a rollout");
    let task = |index: u32, when: &str, needs: &str| v1::JobView {
        index,
        kind: "task".to_owned(),
        when: when.to_owned(),
        wait: Some(wait("needs", needs)),
        ..rollout.clone()
    };
    let rollout = v1::JobView {
        index: 2,
        wait: Some(wait("needs", "needs the task before the rollout")),
        ..rollout.clone()
    };
    let tasks = (
        task(1, "before", "needs the image"),
        task(3, "after", "needs the rollout"),
    );
    scene.view.jobs.extend([tasks.0, rollout, tasks.1]);
    scene.told_anew();
    scene.built();
    scene
}

fn runs(scene: &mut Scene) {
    scene
        .granted(1, "agent-prod-1")
        .begins(1, Step::RunTask)
        .pass(42);
    let text = "waits: task 8c1f0123 to end, at most 600 s".to_owned();
    let level = NoteLevel::Info;
    scene.event(Some(1), EventKind::Progress(Progress::Note { level, text }));
    for line in ["migrating 20260101_cart", "migrating 20260102_prices"] {
        scene.state.jobs.get_mut(&1).expect("a job").output(line);
    }
}

fn ran(millis: u64) -> Outcome {
    Outcome::Ran(TaskRun {
        task: TASK.to_owned(),
        task_definition: "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:42".to_owned(),
        image_digest: digest(),
        millis,
    })
}

#[test]
fn a_task_that_runs_shows_what_it_prints() {
    let mut scene = gated();
    runs(&mut scene);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ task before prod eu-west-1 main/web  42 s   on agent-prod-1
             ▸ run-task 42 s
             | migrating 20260101_cart
             | migrating 20260102_prices
         · prod eu-west-1 main/web              waits 1 m 12 s: needs the task before the rollout
         · task after prod eu-west-1 main/web   waits 1 m 12 s: needs the rollout

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&scene.screen(100, 40));
}

#[test]
fn tasks_that_have_done_their_work_are_done_and_not_live() {
    let mut scene = gated();
    runs(&mut scene);
    scene
        .ends(1, ran(41_000))
        .granted(2, "agent-prod-1")
        .pass(100)
        .ends(
            2,
            Outcome::RolledOut(report(Verdict::Live, "3 of 3 tasks serve sha256:9a41…e2")),
        )
        .granted(3, "agent-prod-1")
        .pass(9)
        .ends(3, ran(4_000))
        .verdict(Verdict::Live);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there

         ✓ task before prod eu-west-1 main/web  task 8c1f0123 ran 41 s, exit 0   42 s
         ✓ prod eu-west-1 main/web              live   3 of 3 tasks serve sha256:9a41…e2   1 m 40 s
         ✓ task after prod eu-west-1 main/web   task 8c1f0123 ran 4 s, exit 0   9 s
        live in 3 m 1 s   trace 0af7651916cd43dd8448eb211c80319c"#]]
    .assert_eq(&scene.ending());
    expect![[r#"
        12:00:00Z  web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave
        12:00:00Z  release 1007: submitted by ci-web
        12:00:00Z  build: started on agent-tools-1
        12:00:00Z  build: build …
        12:00:24Z  build: build done in 24 s: docker, 11 of 14 layers cached
        12:00:24Z  build: push …
        12:00:30Z  build: push done in 6 s: 18 MB new, 212 MB already there
        12:00:30Z  build: pushed tools/web@sha256:9a41…e2 (30 s)
        12:00:30Z  task before prod eu-west-1 main/web: started on agent-prod-1
        12:00:30Z  task before prod eu-west-1 main/web: run-task …
        12:01:12Z  task before prod eu-west-1 main/web: waits: task 8c1f0123 to end, at most 600 s
        12:01:12Z  task before prod eu-west-1 main/web: task 8c1f0123 ran 41 s, exit 0 (42 s)
        12:01:12Z  prod eu-west-1 main/web: started on agent-prod-1
        12:02:52Z  prod eu-west-1 main/web: live: 3 of 3 tasks serve sha256:9a41…e2 (1 m 40 s)
        12:02:52Z  task after prod eu-west-1 main/web: started on agent-prod-1
        12:03:01Z  task after prod eu-west-1 main/web: task 8c1f0123 ran 4 s, exit 0 (9 s)
        12:03:01Z  release 1007: live in 3 m 1 s"#]]
    .assert_eq(&scene.plain());
}

#[test]
fn a_task_that_fails_says_why_and_that_nothing_was_rolled_out() {
    let mut scene = gated();
    runs(&mut scene);
    scene.ends(
        1,
        Outcome::Failed(Finding {
            code: "container-exits".to_owned(),
            cause: "the task before the rollout: the new container exits with code 1".to_owned(),
            evidence: vec![
                "task 8c1f0123, container web, exit 1 about 41 s after it started".to_owned(),
                "| ERROR: column price does not exist".to_owned(),
            ],
            remedy:
                "read the container's first lines of output: configuration, environment, migrations"
                    .to_owned(),
        }),
    );
    let needed = |index| JobId {
        release: ReleaseId::from_number(7),
        index,
    };
    scene
        .ends(2, Outcome::Skipped { needed: needed(1) })
        .ends(3, Outcome::Skipped { needed: needed(2) })
        .verdict(Verdict::Failed);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there

         ✗ task before prod eu-west-1 main/web  failed   the task before the rollout: the new container exits with code 1   42 s

           Why      the task before the rollout: the new container exits with code 1 [container-exits]
           Evidence task 8c1f0123, container web, exit 1 about 41 s after it started
                    | ERROR: column price does not exist
           Remedy   read the container's first lines of output: configuration, environment, migrations

         · prod eu-west-1 main/web              not started: task before prod eu-west-1 main/web did not succeed
         · task after prod eu-west-1 main/web   not started: prod eu-west-1 main/web did not succeed
        failed in 1 m 12 s   trace 0af7651916cd43dd8448eb211c80319c
        more: shipway logs 1007"#]].assert_eq(&scene.ending());
    let json = scene.json();
    let last = json.lines().last().expect("the release");
    let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(last["targets"].as_array().map(Vec::len), Some(1));
    assert_eq!(last["tasks"][0]["when"], "before");
    assert_eq!(last["tasks"][0]["verdict"], "failed");
    assert_eq!(last["tasks"][1]["verdict"], serde_json::Value::Null);
}
