//! Scan gates: an image is deployed once its scans let it pass, and not before.

use std::time::Duration;

use shipway_domain::day::Day;
use shipway_domain::event::{NoteLevel, Progress, Step, StepResult};
use shipway_domain::ids::Digest;
use shipway_domain::job::{Outcome, StopReason};
use shipway_domain::scan::{
    Fix, ScanException, ScanGate, ScanResult, ScanSeen, Severity, Vulnerability,
};
use shipway_domain::spec::Source;
use shipway_plugin::{ImageFacts, Platform, ScanStart, Session};
use shipway_proto::v1;
use shipway_proto::v1::coordinator_message::Message as Out;

use crate::support::{App, OWNER, Peer, REPOSITORY, Scene, URI, Walked, place};

fn gate() -> ScanGate {
    ScanGate {
        fail_on: Severity::High,
        only_fixable: false,
        timeout: ScanGate::TIMEOUT,
        exceptions: Vec::new(),
    }
}

fn app(scene: &Scene, gate: ScanGate) -> App {
    let mut app = App::new(&scene.coordinator, b"context");
    app.spec.scan = Some(gate);
    app
}

fn ended(id: &str, severity: Severity) -> ScanSeen {
    ScanSeen::Ended(ScanResult {
        ended_at: None,
        found: vec![Vulnerability {
            id: id.to_owned(),
            severity,
            packages: Vec::new(),
            fix: Fix::NotSaid,
            link: String::new(),
        }],
        unlisted: Vec::new(),
    })
}

fn under_way() -> ScanSeen {
    ScanSeen::UnderWay {
        status: "IN_PROGRESS".to_owned(),
    }
}

fn show(scene: &Scene, content: &[u8], seen: ScanSeen) {
    let digest = Digest::of(content);
    scene
        .platform
        .show_scan(&place(OWNER), REPOSITORY, &digest, seen);
}

async fn offered(scene: &mut Scene, app: &App) -> Peer {
    let peer = scene.coordinator.welcome().await;
    peer.say(Out::Offer(app.build())).await;
    peer
}

/// How the step ended last, and what it gave.
fn step(walked: &Walked) -> Option<(StepResult, &str)> {
    walked.progress.iter().rev().find_map(|item| match item {
        Progress::StepEnded {
            step: Step::Scan,
            result,
            detail,
            ..
        } => Some((*result, detail.as_str())),
        _ => None,
    })
}

#[tokio::test]
async fn an_image_that_passes_says_with_what_and_gets_its_tags_afterwards() {
    let mut scene = Scene::new().await;
    show(&scene, b"context", ended("CVE-1", Severity::High));
    let exception = |id: &str, until: &str| ScanException {
        id: id.to_owned(),
        until: Day::parse(until).expect("a day"),
        reason: "not reachable".to_owned(),
    };
    let exceptions = vec![
        exception("CVE-1", "2027-01-31"),
        exception("CVE-2", "2020-01-31"),
    ];
    let app = app(
        &scene,
        ScanGate {
            exceptions,
            ..gate()
        },
    );
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    let Outcome::Built(image) = &walked.outcome else {
        panic!("{:?}", walked.outcome);
    };
    let text = "0 critical, 1 high (allowed until 2027-01-31)";
    assert_eq!(image.scan.as_deref(), Some(text));
    assert_eq!(step(&walked), Some((StepResult::Done, text)));
    let steps = walked.steps();
    assert_eq!(
        steps[steps.len() - 3..],
        [Step::CheckImage, Step::Scan, Step::Tags]
    );
    assert_eq!(
        scene.platform.count("ecr:StartImageScan"),
        1,
        "nothing scans on push"
    );
    let expired = |item: &Progress| {
        matches!(item, Progress::Note { level: NoteLevel::Warning, text }
            if text.contains("CVE-2 ended on 2020-01-31 and counts no more"))
    };
    assert!(walked.progress.iter().any(expired), "{:?}", walked.progress);
    scene.end(agent).await;
}

#[tokio::test]
async fn an_image_that_does_not_pass_gets_no_tag() {
    let mut scene = Scene::new().await;
    show(&scene, b"context", ended("CVE-1", Severity::Critical));
    let app = app(&scene, gate());
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert_eq!(walked.failed_with(), "scan-gate");
    assert_eq!(
        step(&walked),
        Some((StepResult::Failed, "1 critical, 0 high"))
    );
    assert_eq!(scene.tag("v1"), None);
    scene.end(agent).await;
}

#[tokio::test]
async fn an_image_that_is_there_already_is_held_against_the_gate_as_well() {
    let mut scene = Scene::new().await;
    let before = App::new(&scene.coordinator, b"context");
    let agent = scene.start();
    let mut peer = offered(&mut scene, &before).await;
    drop(peer.finished().await);
    assert_eq!(
        scene.platform.count("ecr:DescribeImageScanFindings"),
        0,
        "no gate"
    );
    show(&scene, b"context", ended("CVE-1", Severity::Critical));
    let gated = app(&scene, gate()).release(8);
    peer.say(Out::Offer(gated.build())).await;
    assert_eq!(peer.finished().await.failed_with(), "scan-gate");
    let mut found = app(&scene, gate()).release(9);
    let reference = format!("{URI}@{}", Digest::of(b"context"));
    found.spec.source = Source::Image { reference };
    found.spec.build = None;
    peer.say(Out::Offer(found.build())).await;
    assert_eq!(peer.finished().await.failed_with(), "scan-gate");
    assert_eq!(scene.builder.orders().len(), 1);
    scene.end(agent).await;
}

#[tokio::test]
async fn what_is_not_known_in_time_does_not_pass() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let mut peer = scene.coordinator.welcome().await;
    let failed = ScanSeen::Without {
        status: "FAILED".to_owned(),
    };
    for (release, content, seen, said) in [
        (
            7,
            &b"slow"[..],
            under_way(),
            "the scan did not end within 1 s",
        ),
        (8, b"broken", failed, "the scan has no result"),
    ] {
        show(&scene, content, seen);
        let mut app = App::new(&scene.coordinator, content).release(release);
        app.spec.scan = Some(ScanGate {
            timeout: Duration::from_secs(1),
            ..gate()
        });
        peer.say(Out::Offer(app.build())).await;
        let walked = peer.finished().await;
        assert_eq!(walked.failed_with(), "scan-unknown");
        assert_eq!(step(&walked), Some((StepResult::Failed, said)));
    }
    scene.end(agent).await;
}

#[tokio::test]
async fn the_wait_says_its_reason_ends_with_the_scan_and_at_once_with_a_stop() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    show(&scene, b"context", under_way());
    let first = app(&scene, gate());
    let mut peer = offered(&mut scene, &first).await;
    peer.until_note("waiting for ECR to scan (IN_PROGRESS), at most 10 m")
        .await;
    show(&scene, b"context", ended("CVE-1", Severity::Medium));
    let walked = peer.finished().await;
    assert!(
        matches!(walked.outcome, Outcome::Built(_)),
        "{:?}",
        walked.outcome
    );

    show(&scene, b"context", under_way());
    let second = app(&scene, gate()).release(8);
    peer.say(Out::Offer(second.build())).await;
    peer.until_note("waiting for ECR to scan").await;
    let reason = v1::StopReason {
        reason: Some(v1::stop_reason::Reason::FoldedBy(9)),
    };
    let job = second.build().job;
    let reason = Some(reason);
    peer.say(Out::Stop(v1::Stop { job, reason })).await;
    let stopped = peer.finished().await;
    assert!(
        matches!(stopped.outcome, Outcome::Stopped(StopReason::Folded { .. })),
        "{:?}",
        stopped.outcome
    );
    scene.end(agent).await;
}

#[tokio::test]
async fn every_platform_of_an_image_is_looked_at() {
    let mut scene = Scene::new().await;
    let child = |name: &str| Digest::of(name.as_bytes());
    let index = ImageFacts {
        digest: Digest::of(b"index"),
        manifests: vec![
            ("linux/amd64".to_owned(), child("amd64")),
            ("linux/arm64".to_owned(), child("arm64")),
        ],
        complete: true,
        size: 1,
    };
    scene
        .platform
        .push(&place(OWNER), REPOSITORY, &["multi"], index)
        .expect("pushed");
    show(&scene, b"amd64", ended("CVE-1", Severity::Medium));
    show(&scene, b"arm64", ended("CVE-2", Severity::High));
    let mut app = app(&scene, gate());
    app.spec.source = Source::Image {
        reference: format!("{URI}:multi"),
    };
    app.spec.build = None;
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    let Outcome::Failed(finding) = &walked.outcome else {
        panic!("{:?}", walked.outcome);
    };
    assert_eq!(finding.code, "scan-gate");
    assert!(finding.evidence[0].starts_with("CVE-2 high"), "{finding:?}");
    assert_eq!(
        scene.platform.count("ecr:StartImageScan"),
        2,
        "the index has no scan"
    );
    scene.end(agent).await;
}

#[tokio::test]
async fn a_result_of_days_ago_is_renewed_before_it_counts() {
    let (mut scene, hand) = Scene::by_hand().await;
    scene.push(b"old", &["old"], true);
    let session = Session::Agent;
    let region = scene.platform.open(&place(OWNER), &session).await;
    let registry = region.expect("opened").registry();
    let name = REPOSITORY.parse().expect("a repository");
    let begun = registry.start_scan(&name, &Digest::of(b"old")).await;
    assert_eq!(begun.expect("asked"), ScanStart::Started);
    let days = Duration::from_secs(3 * 86_400);
    hand.advance(days);
    scene
        .clock
        .jump(i64::try_from(days.as_millis()).expect("not so long"));
    let mut app = app(&scene, gate());
    app.spec.source = Source::Image {
        reference: format!("{URI}:old"),
    };
    app.spec.build = None;
    let agent = scene.start();
    let mut peer = offered(&mut scene, &app).await;
    peer.until_note("waiting for ECR to scan (IN_PROGRESS)")
        .await;
    hand.advance(Duration::from_secs(20));
    let walked = peer.finished().await;
    assert!(
        matches!(walked.outcome, Outcome::Built(_)),
        "{:?}",
        walked.outcome
    );
    scene.end(agent).await;
}

#[tokio::test]
async fn an_image_of_another_registry_is_refused_because_its_scan_cannot_be_seen() {
    let mut scene = Scene::new().await;
    let mut app = app(&scene, gate());
    app.spec.source = Source::Image {
        reference: format!("other.example/app@{}", Digest::of(b"other")),
    };
    app.spec.build = None;
    let agent = scene.start();
    let walked = offered(&mut scene, &app).await.finished().await;
    assert_eq!(walked.failed_with(), "scan-not-possible");
    scene.end(agent).await;
}
