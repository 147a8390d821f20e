//! What a plan says of what is wanted and what is there.

mod around;
mod questions;
mod staged;

use std::time::Duration;

use super::{CourseEnd, Extra, Point};
use super::{Facts, Pace, Wish, course, target};
use crate::document::Document;
use crate::observe::{BreakerSeen, DeploymentSeen, ScalingSeen, ServiceSeen, TaskSeen};
use crate::scan::{ScanGate, Severity};
use crate::spec::{Autoscaling, Breaker, RolloutSettings};
use crate::surroundings::Surroundings;
use crate::time::Timestamp;

const IMAGE: &str =
    "example/web@sha256:40310000000000000000000000000000000000000000000000000000000000aa";

fn definition(more: &str, environment: &str) -> Document {
    let text = format!(
        r#"{{"family":"web","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
        "executionRoleArn":"arn:aws:iam::111122223333:role/x",
        "containerDefinitions":[{{"name":"web","image":"{IMAGE}","environment":[{environment}]{more}}}]}}"#
    );
    Document::parse(&text).expect("a document")
}

fn settings() -> RolloutSettings {
    RolloutSettings {
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        health_check_grace_period: None,
        breaker: Breaker::On,
        autoscaling: Autoscaling::Keep,
        timeout: Duration::from_secs(1200),
        force: false,
        stop_early_after: 3,
        keep_revisions: None,
    }
}

fn wish(definition: Document) -> Wish {
    Wish {
        definition,
        containers: vec!["web".to_owned()],
        image: Some(IMAGE.to_owned()),
        settings: settings(),
        home: None,
        gate: None,
    }
}

fn gate() -> ScanGate {
    ScanGate {
        fail_on: Severity::High,
        only_fixable: false,
        timeout: Duration::from_secs(600),
        exceptions: Vec::new(),
    }
}

fn started(after: u64) -> TaskSeen {
    TaskSeen {
        created_at: Some(Timestamp::from_millis(1_000_000)),
        started_at: Some(Timestamp::from_millis(1_000_000 + after * 1000)),
        ..TaskSeen::default()
    }
}

fn facts(running: Document) -> Facts {
    Facts {
        service: ServiceSeen {
            status: "ACTIVE".to_owned(),
            task_definition: "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:41".to_owned(),
            desired: 3,
            minimum_healthy_percent: Some(100),
            maximum_percent: Some(200),
            breaker: Some(BreakerSeen {
                enable: true,
                rollback: true,
            }),
            health_check_grace_period: Some(Duration::from_secs(60)),
            target_groups: vec!["arn:aws:elasticloadbalancing:x".to_owned()],
            deployments: vec![DeploymentSeen {
                rollout_state: Some("COMPLETED".to_owned()),
                ..DeploymentSeen::default()
            }],
            ..ServiceSeen::default()
        },
        running,
        tasks: vec![started(20), started(30), started(28)],
        scaling: None,
        around: Surroundings::default(),
    }
}

fn usual() -> (Wish, Facts) {
    (wish(definition("", "")), facts(definition("", "")))
}

/// Codes of the warnings, with those of a course in which as many new tasks run beside the old ones.
fn codes(wish: &Wish, facts: &Facts) -> Vec<String> {
    let peak = Point {
        at: Duration::ZERO,
        old: facts.service.desired,
        new: facts.service.desired,
    };
    let course = course(wish, facts, vec![peak], CourseEnd::Open, None);
    let plan = target(wish, facts).expect("a plan");
    plan.with(course, facts)
        .warnings
        .into_iter()
        .map(|warning| warning.code)
        .collect()
}

#[test]
fn what_is_there_already_changes_nothing_and_warns_of_nothing() {
    let (wish, facts) = usual();
    let plan = target(&wish, &facts).expect("a plan");
    assert!(!plan.changes(), "{plan:?}");
    assert_eq!(plan.warnings, []);
}

#[test]
fn an_image_that_is_yet_to_be_built_is_not_compared_and_may_change_something() {
    let (mut wish, facts) = usual();
    wish.image = None;
    let plan = target(&wish, &facts).expect("a plan");
    assert!(plan.changes() && plan.definition.is_empty(), "{plan:?}");
}

#[test]
fn differences_are_told_one_by_one_and_secrets_are_hidden() {
    let before = definition(
        "",
        r#"{"name":"OLD","value":"1"},{"name":"API_TOKEN","value":"aaa"}"#,
    );
    let after = definition(
        r#","secrets":[{"name":"DB_PASSWORD","valueFrom":"arn:aws:ssm:x"}]"#,
        r#"{"name":"API_TOKEN","value":"bbb"},{"name":"DB","value":"pg://u:hunter2@db/x"}"#,
    );
    let plan = target(&wish(after), &facts(before)).expect("a plan");
    assert!(plan.changes(), "the definition alone");
    let told: Vec<String> = plan
        .definition
        .iter()
        .map(|change| format!("{} {:?} {:?}", change.path, change.before, change.after))
        .collect();
    assert_eq!(
        told,
        [
            r#"containers.web.environment.API_TOKEN Some("(hidden)") Some("(hidden)")"#,
            r#"containers.web.environment.DB None Some("pg://u:(hidden)@db/x")"#,
            r#"containers.web.environment.OLD Some("1") None"#,
            r#"containers.web.secrets.DB_PASSWORD None Some("arn:aws:ssm:x")"#,
        ]
    );
}

#[test]
fn a_container_that_is_new_is_told_member_by_member_without_its_secrets() {
    let before = definition("", "");
    let mut after = before.clone();
    let sidecar =
        r#"{"name":"proxy","image":"envoy@sha256:aa","environment":[{"name":"KEY","value":"v"}]}"#;
    let mut containers = after
        .get("containerDefinitions")
        .map(Document::items)
        .unwrap_or_default()
        .to_vec();
    containers.push(Document::parse(sidecar).expect("a container"));
    after.set("containerDefinitions", Document::Array(containers));
    let plan = target(&wish(after), &facts(before)).expect("a plan");
    let told = format!("{:?}", plan.definition);
    assert!(
        told.contains("containers.proxy.environment.KEY") && told.contains("(hidden)"),
        "{told}"
    );
    assert!(!told.contains(r#"Some("v")"#), "{told}");
}

#[test]
fn a_container_that_goes_is_told_member_by_member_and_its_name_hides_nothing() {
    let after = definition("", "");
    let mut before = after.clone();
    let containers = r#"[{"name":"web","image":"x"},{"name":"auth-proxy","image":"envoy:v1",
        "environment":[{"name":"PORT","value":"80"},{"name":"KEY","value":"v"}]}]"#;
    before.set(
        "containerDefinitions",
        Document::parse(containers).expect("containers"),
    );
    let plan = target(&wish(after), &facts(before)).expect("a plan");
    let told: Vec<String> = plan
        .definition
        .iter()
        .filter(|change| change.path.contains("proxy.environment"))
        .map(|change| format!("{} {:?} {:?}", change.path, change.before, change.after))
        .collect();
    assert_eq!(
        told,
        [
            r#"containers.auth-proxy.environment.KEY Some("(hidden)") None"#,
            r#"containers.auth-proxy.environment.PORT Some("80") None"#,
        ]
    );
}

#[test]
fn settings_that_the_update_changes_are_told_with_their_units() {
    let (mut wish, facts) = usual();
    wish.settings.maximum_percent = 150;
    wish.settings.health_check_grace_period = Some(Duration::from_secs(90));
    wish.settings.breaker = Breaker::Off {
        reason: "a reason".to_owned(),
    };
    let plan = target(&wish, &facts).expect("a plan");
    assert!(plan.changes(), "the settings alone");
    let told: Vec<String> = plan
        .settings
        .iter()
        .map(|c| {
            format!(
                "{} {} {}",
                c.path,
                c.before.clone().unwrap_or_default(),
                c.after.clone().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "maximum_percent 200% 150%",
            "circuit_breaker on, with rollback off",
            "health_check_grace_period 60 s 90 s",
        ]
    );
}

#[test]
fn a_definition_that_ecs_would_refuse_is_no_plan() {
    let (mut wish, facts) = usual();
    wish.definition.set("cpu", "300".to_owned());
    let finding = target(&wish, &facts).expect_err("no plan");
    assert_eq!(finding.code, "task-definition-invalid");
    assert!(finding.evidence[0].contains("cpu"), "{finding:?}");
    wish.containers = vec!["other".to_owned()];
    assert!(target(&wish, &facts).is_err());
}

#[test]
fn what_is_asked_for_against_a_warning_silences_it() {
    let (mut wish, mut facts) = usual();
    facts.scaling = Some(ScalingSeen {
        min: 1,
        max: 9,
        ..ScalingSeen::default()
    });
    wish.settings.autoscaling = Autoscaling::Suspend;
    assert_eq!(codes(&wish, &facts), [""; 0]);
    // A check of the container is a check.
    facts.service.target_groups.clear();
    wish.definition = definition(r#","healthCheck":{"command":["CMD","true"]}"#, "");
    assert_eq!(codes(&wish, &facts), [""; 0]);
    // Whoever has no load balancer needs no grace.
    facts.service.health_check_grace_period = None;
    assert_eq!(codes(&wish, &facts), [""; 0]);
}

#[test]
fn what_comes_near_a_warning_is_none() {
    type Bend = fn(&mut Wish, &mut Facts);
    let table: [Bend; 5] = [
        |wish, facts| {
            facts.service.desired = 0;
            wish.settings.minimum_healthy_percent = 0;
        },
        |_, facts| {
            facts.scaling = Some(ScalingSeen {
                min: 3,
                max: 3,
                ..ScalingSeen::default()
            });
        },
        |_, facts| {
            facts.scaling = Some(ScalingSeen {
                min: 1,
                max: 9,
                suspended: crate::checkpoint::ScalingFlags::ALL,
            });
        },
        |_, facts| facts.service.health_check_grace_period = Some(Duration::from_secs(56)),
        |wish, _| {
            let containers =
                r#"[{"name":"web","image":"x:v1"},{"name":"proxy","image":"envoy@sha256:aa"}]"#;
            let containers = Document::parse(containers).expect("containers");
            wish.definition.set("containerDefinitions", containers);
        },
    ];
    for (case, bend) in table.into_iter().enumerate() {
        let (mut wish, mut facts) = usual();
        bend(&mut wish, &mut facts);
        assert_eq!(codes(&wish, &facts), [""; 0], "case {case}");
    }
}

#[test]
fn the_way_out_of_a_short_grace_period_is_twice_the_usual_start() {
    let (wish, mut facts) = usual();
    facts.service.health_check_grace_period = Some(Duration::from_secs(10));
    let plan = target(&wish, &facts).expect("a plan");
    assert_eq!(
        plan.warnings[0].remedy,
        "health_check_grace_period = \"56s\""
    );
}

#[test]
fn the_pace_is_that_of_tasks_that_run_and_says_what_it_assumes() {
    let (wish, mut facts) = usual();
    let pace = Pace::of(&wish, &facts);
    assert_eq!(pace.start, Duration::from_secs(28));
    assert_eq!(pace.draining, Duration::from_secs(300));
    let told = pace.assumptions.join("; ");
    assert!(told.contains("28 s, as its 3 running tasks did"), "{told}");
    assert!(told.contains("drain for 300 s"), "{told}");
    assert!(!told.contains("without any health check"), "{told}");
    facts.tasks = [50, 10, 40, 20, 30].map(started).to_vec();
    assert_eq!(Pace::of(&wish, &facts).start, Duration::from_secs(30));

    facts.tasks.clear();
    facts.service.target_groups.clear();
    let pace = Pace::of(&wish, &facts);
    let told = pace.assumptions.join("; ");
    assert!(told.contains("none runs that could be asked"), "{told}");
    assert!(told.contains("without any health check"), "{told}");
    assert_eq!(pace.draining, Duration::ZERO);
    assert_eq!(pace.container, None);
}

#[test]
fn a_health_check_of_a_container_passes_after_its_interval() {
    let (mut wish, mut facts) = usual();
    facts.service.target_groups.clear();
    for (check, seconds) in [(r#","interval":10"#, 10), ("", 30)] {
        let check = format!(r#","healthCheck":{{"command":["CMD","true"]{check}}}"#);
        wish.definition = definition(&check, "");
        let pace = Pace::of(&wish, &facts);
        assert_eq!(pace.container, Some(Duration::from_secs(seconds)));
        let told = pace.assumptions.join("; ");
        let words = format!("health check passes {seconds} s later");
        assert!(told.contains(&words), "{told}");
        assert!(!told.contains("without any health check"), "{told}");
    }
}

#[test]
fn a_course_says_its_bounds_in_tasks_and_what_it_takes_at_its_peak() {
    let (wish, facts) = usual();
    let point = |at, old, new| Point {
        at: Duration::from_secs(at),
        old,
        new,
    };
    let points = vec![point(0, 3, 0), point(28, 3, 2), point(60, 0, 3)];
    let end = CourseEnd::Completed(Duration::from_secs(60));
    let course = course(&wish, &facts, points, end, Some(3));
    assert_eq!((course.desired, course.lower, course.upper), (3, 3, 6));
    assert_eq!(
        course.extra,
        Extra {
            tasks: 2,
            cpu_units: 512,
            memory_mib: 1024,
            addresses: 2,
        }
    );
}

#[test]
fn the_documents_name_every_warning() {
    let page = include_str!("../../../../docs/warnings.md");
    for (code, about) in super::warnings::CODES {
        let row = format!("| `{code}` | {about} |");
        assert!(page.contains(&row), "docs/warnings.md lacks:\n{row}");
    }
}

#[test]
fn variables_in_forms_that_ecs_does_not_know_are_hidden_too() {
    let strange = r#"{"name":"API_TOKEN","value":"hunter2","more":true}"#;
    let twice = r#"{"name":"A","value":"hunter2"},{"name":"A","value":"hunter3"}"#;
    for environment in [strange, twice] {
        // What runs may be anything; what is wanted was checked.
        let plan = target(
            &wish(definition("", "")),
            &facts(definition("", environment)),
        );
        let told = format!("{:?}", plan.expect("a plan").definition);
        assert!(
            told.contains("(hidden)") && !told.contains("hunter"),
            "{told}"
        );
    }
    // A container may be called as it likes.
    let sidecar = r#"[{"name":"web","image":"x"},{"name":"auth-proxy","image":"envoy:v1"}]"#;
    let mut wished = wish(definition("", ""));
    let containers = Document::parse(sidecar).expect("containers");
    wished.definition.set("containerDefinitions", containers);
    let plan = target(&wished, &facts(definition("", ""))).expect("a plan");
    let told = format!("{:?}", plan.definition);
    assert!(told.contains("envoy:v1"), "{told}");
}

#[test]
fn a_forced_deploy_changes_something_though_nothing_differs() {
    let (mut wish, facts) = usual();
    wish.settings.force = true;
    let plan = target(&wish, &facts).expect("a plan");
    assert!(plan.changes() && plan.definition.is_empty() && plan.settings.is_empty());
}
