//! Builds whose image is held against a scan gate.

use expect_test::expect;
use shipway_domain::event::{EventKind, NoteLevel, Progress, Step, StepResult};
use shipway_domain::job::Outcome;
use shipway_domain::verdict::{Finding, Verdict};

use super::scene::Scene;

fn pushed() -> Scene {
    let mut scene = Scene::new(&[0]);
    scene
        .granted(0, "agent-tools-1")
        .step(0, Step::Build, 24, "docker, 11 of 14 layers cached")
        .step(0, Step::Push, 6, "18 MB new, 212 MB already there");
    scene
}

fn note(scene: &mut Scene, level: NoteLevel, text: &str) {
    let text = text.to_owned();
    scene.event(Some(0), EventKind::Progress(Progress::Note { level, text }));
}

#[test]
fn a_scan_under_way_says_what_it_waits_for_and_how_long_at_most() {
    let mut scene = pushed();
    scene.begins(0, Step::Scan);
    note(
        &mut scene,
        NoteLevel::Warning,
        "the scan exception for CVE-2026-1 ended on 2026-11-01 and counts no more (no way in)",
    );
    note(
        &mut scene,
        NoteLevel::Info,
        "waiting for ECR to scan (IN_PROGRESS), at most 10 m",
    );
    scene.pass(12);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ▸ scan             12 s   waiting for ECR to scan (IN_PROGRESS), at most 10 m
             the scan exception for CVE-2026-1 ended on 2026-11-01 and counts no more (no way in)
         · prod eu-west-1 main/web  waits 42 s: the build comes first

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]]
    .assert_eq(&scene.screen(100, 20));
}

#[test]
fn a_scan_that_passed_says_with_what() {
    let mut scene = pushed();
    scene.begins(0, Step::Scan);
    note(
        &mut scene,
        NoteLevel::Info,
        "waiting for ECR to begin to scan, at most 10 m",
    );
    scene.pass(9);
    let end = Progress::StepEnded {
        number: 1,
        step: Step::Scan,
        result: StepResult::Done,
        detail: "0 critical, 2 high (allowed until 2027-01-31)".to_owned(),
    };
    scene.event(Some(0), EventKind::Progress(end));
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ✓ scan              9 s   0 critical, 2 high (allowed until 2027-01-31)
         · prod eu-west-1 main/web  waits 39 s: the build comes first

        Ctrl-C leaves it running; come back with: shipway watch 1007

        12:00:00Z  web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave
        12:00:00Z  build: started on agent-tools-1
        12:00:00Z  build: build …
        12:00:24Z  build: build done in 24 s: docker, 11 of 14 layers cached
        12:00:24Z  build: push …
        12:00:30Z  build: push done in 6 s: 18 MB new, 212 MB already there
        12:00:30Z  build: scan …
        12:00:30Z  build: waiting for ECR to begin to scan, at most 10 m
        12:00:39Z  build: scan done in 9 s: 0 critical, 2 high (allowed until 2027-01-31)"#]]
    .assert_eq(&format!("{}\n\n{}", scene.screen(100, 20), scene.plain()));
}

#[test]
fn a_scan_that_does_not_pass_ends_the_build_with_cause_and_remedy() {
    let mut scene = pushed();
    scene.begins(0, Step::Scan).pass(9);
    let end = Progress::StepEnded {
        number: 1,
        step: Step::Scan,
        result: StepResult::Failed,
        detail: "1 critical, 2 high".to_owned(),
    };
    scene.event(Some(0), EventKind::Progress(end));
    let finding = Finding {
        code: "scan-gate".to_owned(),
        cause: "the image does not pass the scan gate (fail_on = \"critical\"): CVE-2026-1 (critical); \
                nothing was deployed"
            .to_owned(),
        evidence: vec!["CVE-2026-1 critical: openssl 3.0.1, fixed in 3.0.2".to_owned()],
        remedy: "rebuild with openssl >= 3.0.2; or except it until a day under [[scan.exceptions]] in \
                 shipway.toml"
            .to_owned(),
    };
    scene
        .ends(0, Outcome::Failed(finding))
        .verdict(Verdict::Failed);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         ✓ build            24 s   docker, 11 of 14 layers cached
         ✓ push              6 s   18 MB new, 212 MB already there
         ✗ scan              9 s   1 critical, 2 high

         ✗ build                    failed   the image does not pass the scan gate (fail_on = "critical"): CVE-2026-1 (critical); nothing was deployed   39 s

           Why      the image does not pass the scan gate (fail_on = "critical"): CVE-2026-1 (critical);
                    nothing was deployed [scan-gate]
           Evidence CVE-2026-1 critical: openssl 3.0.1, fixed in 3.0.2
           Remedy   rebuild with openssl >= 3.0.2; or except it until a day under [[scan.exceptions]] in
                    shipway.toml

         · prod eu-west-1 main/web  waits 39 s: the build comes first
        failed in 39 s   trace 0af7651916cd43dd8448eb211c80319c
        more: shipway logs 1007"#]].assert_eq(&scene.ending());
}
