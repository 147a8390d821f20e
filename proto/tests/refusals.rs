//! What cannot be translated is refused with its place, its fault, and what would be right.

use shipway_domain::event::Event;
use shipway_domain::job::{Job, Outcome};
use shipway_domain::spec::ReleaseSpec;
use shipway_proto::v1::{self, event, outcome, progress};
use shipway_proto::{Problem, store};

fn spec() -> v1::ReleaseSpec {
    let digest = format!("sha256:{}", "0".repeat(64));
    v1::ReleaseSpec {
        app: "shop".into(),
        env: "prod".into(),
        kind: Some(v1::ReleaseKind {
            kind: Some(v1::release_kind::Kind::Deploy(v1::release_kind::Deploy {})),
        }),
        source: Some(v1::Source {
            source: Some(v1::source::Source::Image(v1::source::Image {
                reference: "nginx:1".into(),
            })),
        }),
        build: None,
        image: Some(v1::ImageSettings {
            account: "000000000000".into(),
            region: "eu-west-1".into(),
            repository: "shop".into(),
            ..Default::default()
        }),
        task_definition: digest,
        containers: vec!["web".into()],
        targets: vec![v1::TargetSpec {
            target: Some(v1::Target {
                account: "111111111111".into(),
                region: "eu-west-1".into(),
                cluster: "main".into(),
                service: "shop".into(),
            }),
            wave: 0,
        }],
        rollout: Some(v1::RolloutSettings::default()),
        priority: 50,
        scan: None,
        before: None,
        after: None,
    }
}

/// The words of the refusal after one change of a good specification.
fn refusal(change: impl FnOnce(&mut v1::ReleaseSpec)) -> String {
    let mut message = spec();
    ReleaseSpec::try_from(message.clone()).expect("good before the change");
    change(&mut message);
    ReleaseSpec::try_from(message)
        .expect_err("refused after the change")
        .to_string()
}

#[test]
fn a_missing_message_is_named() {
    assert_eq!(refusal(|s| s.rollout = None), "rollout: must be set");
}

#[test]
fn a_bad_name_is_refused_with_its_path_and_its_rule() {
    let said = refusal(|s| {
        s.targets[0].target.as_mut().expect("set above").account = "12".into();
    });
    assert_eq!(
        said,
        "targets[0].target.account: \"12\" is not a valid account id: it must be exactly 12 digits"
    );
}

#[test]
fn a_number_out_of_range_is_refused_with_its_range() {
    assert_eq!(
        refusal(|s| s.priority = 300),
        "priority: is 300: it must be 0 to 100"
    );
}

#[test]
fn an_unknown_alternative_points_to_a_newer_version() {
    let said = refusal(|s| s.source = Some(v1::Source { source: None }));
    assert!(said.starts_with("source: must hold one of"), "{said}");
    assert!(said.ends_with("newer version?"), "{said}");
}

#[test]
fn mutable_tags_of_a_mutable_repository_are_refused() {
    let said = refusal(|s| {
        s.image.as_mut().expect("set above").create = Some(v1::RepositorySettings {
            mutable_tags: vec!["*-latest".into()],
            ..Default::default()
        });
    });
    assert_eq!(
        said,
        "image.create.mutable_tags: contradicts another field: it must be empty unless immutable is set"
    );
}

#[test]
fn an_unknown_verdict_is_refused_with_its_number() {
    let error = Outcome::try_from(v1::Outcome {
        outcome: Some(outcome::Outcome::RolledOut(v1::RolloutReport {
            verdict: 99,
            ..Default::default()
        })),
    })
    .expect_err("99 is no verdict");
    assert_eq!(error.path, "rolled_out.verdict");
    assert_eq!(error.problem, Problem::UnknownNumber(99));
}

#[test]
fn an_unset_verdict_is_refused_as_missing() {
    let error = Event::try_from(v1::Event {
        kind: Some(event::Kind::Ended(event::Ended { verdict: 0 })),
        ..Default::default()
    })
    .expect_err("unspecified is no verdict");
    assert_eq!(error.to_string(), "ended.verdict: must be set");
}

#[test]
fn an_unknown_step_is_refused_with_its_word() {
    let started = progress::StepStarted {
        step: "teleport".into(),
        number: 1,
    };
    let error = Event::try_from(v1::Event {
        kind: Some(event::Kind::Progress(v1::Progress {
            progress: Some(progress::Progress::StepStarted(started)),
        })),
        ..Default::default()
    })
    .expect_err("not a step");
    assert_eq!(error.path, "progress.step_started.step");
    assert!(error.to_string().contains("\"teleport\""), "{error}");
}

#[test]
fn a_record_without_its_state_is_refused() {
    let record = store::v1::JobRecord {
        id: Some(v1::JobRef::default()),
        kind: Some(store::v1::JobKind {
            kind: Some(store::v1::job_kind::Kind::Build(
                store::v1::job_kind::Build {},
            )),
        }),
        ..Default::default()
    };
    let error = Job::try_from(record).expect_err("no state");
    assert_eq!(error.to_string(), "state: must be set");
}
