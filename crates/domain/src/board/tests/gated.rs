//! Releases with a scan gate: what is refused at once, and what an agent must say.

use super::*;
use crate::scan::{ScanGate, Severity};

fn gated() -> ReleaseSpec {
    ReleaseSpec {
        scan: Some(ScanGate {
            fail_on: Severity::High,
            only_fixable: false,
            timeout: ScanGate::TIMEOUT,
            exceptions: Vec::new(),
        }),
        ..spec("web", &[&["web"]])
    }
}

fn of(reference: &str) -> ReleaseSpec {
    let mut spec = gated();
    spec.image.repository = "team/web".parse().unwrap();
    spec.source = Source::Image {
        reference: reference.to_owned(),
    };
    spec
}

fn scanned(text: Option<&str>) -> Outcome {
    let Outcome::Built(image) = built() else {
        panic!("it is an image");
    };
    Outcome::Built(BuiltImage {
        scan: text.map(str::to_owned),
        ..image
    })
}

#[test]
fn an_image_whose_scan_nobody_could_see_is_refused_at_once() {
    for (reference, taken) in [
        (
            "000000000000.dkr.ecr.eu-west-1.amazonaws.com/team/web:1",
            true,
        ),
        ("team/web@sha256:0", true),
        ("web:1", true),
        ("docker.io/library/web:1", false),
        ("registry:5000/myteam/web:1", false),
        ("eb:1", false),
        ("ghcr.io/other/team/web:1", true),
    ] {
        let mut world = Fixture::with_agent(1);
        let submitted = world.submit_with("key", of(reference));
        if taken {
            assert!(submitted.is_ok(), "{reference}: {submitted:?}");
            continue;
        }
        let Err(Refusal::BadSpec { problem }) = submitted else {
            panic!("{reference}: {submitted:?}");
        };
        assert!(
            problem.contains("is not in the repository team/web"),
            "{problem}"
        );
    }
}

#[test]
fn a_gate_that_means_nothing_is_refused_at_once() {
    let mut spec = gated();
    let gate = spec.scan.as_mut().unwrap();
    gate.timeout = Duration::ZERO;
    let refused = Fixture::with_agent(1).submit_with("key", spec).unwrap_err();
    assert!(matches!(refused, Refusal::BadSpec { .. }), "{refused:?}");
}

#[test]
fn an_image_without_a_word_about_its_scan_is_not_deployed() {
    for (gate, text, verdict) in [
        (true, None, Some(Verdict::Failed)),
        (true, Some("0 critical, 0 high"), None),
        (false, None, None),
    ] {
        let mut world = Fixture::with_agent(1);
        let mut spec = gated();
        spec.scan = spec.scan.filter(|_| gate);
        let release = world.submit(spec);
        world.finish(release, 0, scanned(text));
        assert_eq!(world.verdict(release), verdict, "{gate} {text:?}");
        let rollout = JobId { release, index: 1 };
        assert_eq!(world.granted().contains(&rollout), verdict.is_none());
    }
}
