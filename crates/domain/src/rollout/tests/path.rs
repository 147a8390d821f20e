//! The way to the update: its order, what is refused before it, and when it is not needed.

use super::fixtures::{OLD, digest, wanted, wanted_definition};
use super::world::{World, task};
use super::{Checkpoint, Verdict, Walk};
use crate::observe::{
    BreakerCount, RevisionCounts, ServiceDeploymentStatus as Status, ServiceEventSeen,
};
use crate::spec::Autoscaling;

#[test]
fn the_normal_path_writes_each_intent_before_its_act() {
    let mut wish = wanted();
    wish.moving_tags = vec!["prod".to_owned()];
    let mut walk = Walk::of(wish, World::new());
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Live);
    assert!(!report.unchanged);
    assert_eq!(report.serving, report.task_definition);
    walk.log.dedup();
    assert_eq!(
        walk.log,
        [
            "CheckIdentity",
            "DescribeService",
            "DescribeTaskDefinition",
            "RegisterIntent",
            "Register",
            "Registered",
            "DescribeScaling",
            "SuspendIntent",
            "SetScaling",
            "Suspended",
            "UpdateIntent",
            "Update",
            "Updated",
            "Follow",
            "DescribeRevision",
            "Following",
            "Follow",
            // The old tasks have gone: how, is told.
            "WatchTasks",
            "RunningTasks",
            "PutTags",
            "DescribeScaling",
            "SetScaling",
            "Resumed",
        ]
    );
}

#[test]
fn the_report_counts_the_tasks_that_were_looked_at_last() {
    let mut walk = Walk::usual();
    // As the service shows them while both revisions run.
    walk.world.service.as_mut().expect("a service").running = 40;
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Live);
    assert_eq!(report.running as usize, walk.world.tasks.len());
}

#[test]
fn that_no_later_deployment_exists_is_told_by_the_service_and_not_by_a_list() {
    let mut walk = Walk::usual();
    walk.world.busy = true;
    assert_eq!(walk.report().verdict, Verdict::Live);
    let lists = walk.log.iter().filter(|act| *act == "ListDeployments");
    assert_eq!(lists.count(), 0, "{:?}", walk.log);
}

#[test]
fn a_wrong_account_fails_before_anything_is_written() {
    let mut walk = Walk::usual();
    walk.world.account = "999999999999".to_owned();
    assert_eq!(walk.failed().code, "wrong-account");
    assert_eq!(walk.log, ["CheckIdentity"]);
}

#[test]
fn a_wrong_account_gets_no_debt_of_another_one() {
    let mut wish = wanted();
    wish.debt = Some(crate::checkpoint::ScalingFlags::default());
    let mut walk = Walk::of(wish, World::new());
    walk.world.account = "999999999999".to_owned();
    assert_eq!(walk.failed().code, "wrong-account");
    assert!(!walk.wrote());
}

#[test]
fn a_wrong_account_after_the_update_ends_nothing() {
    let mut walk = Walk::usual();
    walk.until("Following");
    walk.world.account = "999999999999".to_owned();
    walk.again();
    assert_eq!(walk.verdict(), Verdict::Unknown);
}

#[test]
fn unfit_services_are_refused_before_anything_is_written() {
    type Spoil = fn(&mut World);
    let table: [(&str, Spoil); 5] = [
        ("service-missing", |world| world.service = None),
        ("service-not-active", |world| {
            world.service_mut().status = "DRAINING".to_owned();
        }),
        ("service-not-active", |world| {
            world.service_mut().status = "INACTIVE".to_owned();
        }),
        ("controller-not-ecs", |world| {
            world.service_mut().controller = "CODE_DEPLOY".to_owned();
        }),
        ("express-service", |world| {
            world.service_mut().managed_by = "ECS".to_owned();
        }),
    ];
    for (code, spoil) in table {
        let mut walk = Walk::usual();
        spoil(&mut walk.world);
        assert_eq!(walk.failed().code, code);
        assert!(!walk.wrote(), "{code}");
    }
}

#[test]
fn percentages_that_move_no_task_are_refused_with_a_way_out() {
    let mut wish = wanted();
    wish.settings.maximum_percent = 125;
    let mut walk = Walk::of(wish, World::new());
    walk.world.service_mut().desired = 3;
    let finding = walk.failed();
    assert_eq!(finding.code, "deadlock-by-percentages");
    let expected = "set maximum_percent to 134 or more, or minimum_healthy_percent to 66 or less, \
                    or run at least 4 tasks";
    assert_eq!(finding.remedy, expected);
    assert!(!walk.wrote());
}

#[test]
fn the_way_out_of_percentages_leads_out() {
    for desired in 1..50 {
        let mut wish = wanted();
        wish.settings.maximum_percent = 100;
        let mut walk = Walk::of(wish.clone(), World::new());
        walk.world.service_mut().desired = desired;
        let remedy = walk.failed().remedy;
        let numbers: Vec<u32> = remedy
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .collect();
        let stuck = |minimum_healthy, maximum| {
            crate::bounds::Percentages {
                minimum_healthy,
                maximum,
            }
            .is_stuck(desired)
        };
        assert!(
            !stuck(100, numbers[0]) && stuck(100, numbers[0] - 1),
            "{remedy}"
        );
        assert!(
            !stuck(numbers[1], 100) && stuck(numbers[1] + 1, 100),
            "{remedy}"
        );
    }
}

fn already_there() -> Walk {
    let mut walk = Walk::usual();
    walk.world.running_definition = wanted_definition();
    walk.world.tasks = vec![task("a", OLD, Some(digest("platform")))];
    walk
}

#[test]
fn what_runs_already_is_live_and_nothing_is_written() {
    let mut walk = already_there();
    let report = walk.report();
    assert_eq!(report.verdict, Verdict::Live);
    assert!(report.unchanged);
    assert_eq!(report.task_definition.as_deref(), Some(OLD));
    assert!(!walk.wrote());
    assert_eq!(walk.did("Unchanged"), 1);
}

#[test]
fn an_attempt_that_dies_after_noting_that_nothing_differs_is_followed_by_the_same_end() {
    let mut walk = already_there();
    walk.until("Unchanged");
    walk.again();
    assert!(walk.report().unchanged);
}

#[test]
fn force_deploys_what_runs_already() {
    let mut walk = already_there();
    walk.wanted.settings.force = true;
    walk.again();
    assert!(!walk.report().unchanged);
    assert_eq!((walk.did("Register"), walk.did("Update")), (1, 1));
    assert!(walk.world.updates[0].force);
}

#[test]
fn other_bytes_under_the_same_name_are_deployed_over_however_long_it_takes() {
    let mut walk = already_there();
    walk.world.tasks = vec![task("a", OLD, Some(digest("moved")))];
    // Longer than the patience with tasks that do not show themselves.
    let running = crate::observe::ServiceDeploymentStatus::InProgress;
    walk.world.script.splice(1..2, vec![running; 60]);
    let report = walk.report();
    assert_eq!((report.verdict, report.unchanged), (Verdict::Live, false));
    assert_eq!(walk.did("Update"), 1);
}

#[test]
fn other_settings_are_a_change() {
    let mut walk = already_there();
    walk.world.service_mut().maximum_percent = Some(150);
    assert!(!walk.report().unchanged);
    assert_eq!(walk.did("Update"), 1);
}

#[test]
fn what_is_still_being_deployed_is_not_there_already() {
    type Move = fn(&mut World);
    let table: [Move; 2] = [
        |world| {
            let state = &mut world.service_mut().deployments[0].rollout_state;
            *state = Some("IN_PROGRESS".to_owned());
        },
        |world| {
            let service = world.service_mut();
            service.deployments.push(service.deployments[0].clone());
        },
    ];
    for (case, moves) in table.into_iter().enumerate() {
        let mut walk = already_there();
        moves(&mut walk.world);
        assert!(!walk.report().unchanged, "case {case}");
        assert_eq!(walk.did("Update"), 1, "case {case}");
    }
}

#[test]
fn scaling_is_left_alone_when_nobody_asks_or_nothing_scales() {
    let mut wish = wanted();
    wish.settings.autoscaling = Autoscaling::Keep;
    let mut kept = Walk::of(wish, World::new());
    assert_eq!(kept.verdict(), Verdict::Live);
    let mut without = Walk::usual();
    without.world.scaling = None;
    assert_eq!(without.verdict(), Verdict::Live);
    for walk in [kept, without] {
        assert_eq!((walk.did("SuspendIntent"), walk.did("SetScaling")), (0, 0));
    }
}

#[test]
fn the_registered_revision_names_digest_release_and_job() {
    let mut walk = Walk::usual();
    walk.until("RegisterIntent");
    let crate::rollout::Next::Do(crate::rollout::Action::Register { json }) =
        walk.rollout.next(walk.world.now)
    else {
        panic!("no registration");
    };
    let job = walk.wanted.job_tag().1;
    for part in [
        digest("new").as_str(),
        "shipway:release",
        "shipway:job",
        &job,
        r#"{"key":"shipway:app","value":"shop"}"#,
        r#"{"key":"shipway:env","value":"prod"}"#,
        r#"{"key":"shipway:cluster","value":"main"}"#,
        r#"{"key":"shipway:service","value":"web"}"#,
    ] {
        assert!(json.contains(part), "{part} in {json}");
    }
}

#[test]
fn the_intent_keeps_the_way_back() {
    let mut walk = Walk::usual();
    walk.until("UpdateIntent");
    let Some(Checkpoint::UpdateIntent {
        primary_before,
        deployment_before,
        serving_before,
        ..
    }) = walk.noted.last()
    else {
        panic!("no intent");
    };
    assert_eq!(primary_before, "ecs-svc/0");
    assert_eq!(deployment_before.as_deref(), Some("deployment-before"));
    assert_eq!(serving_before, OLD);
}

#[test]
fn how_the_tasks_stand_is_told_in_numbers_and_words_while_it_is_under_way() {
    let mut walk = Walk::usual();
    walk.wanted.settings.maximum_percent = 150;
    let mut walk = Walk::of(walk.wanted, walk.world);
    assert_eq!(walk.rollout.counts(), None, "nothing was seen");
    walk.world.script = vec![Status::InProgress];
    walk.world.busy = true;
    walk.until("Following");
    let deployment = walk.world.first();
    deployment.target_revision.running = 1;
    deployment.target_revision.pending = 1;
    deployment.source_revisions = vec![RevisionCounts {
        running: 2,
        ..RevisionCounts::default()
    }];
    deployment.breaker = Some(BreakerCount {
        failures: 1,
        threshold: 3,
        ..BreakerCount::default()
    });
    for _ in 0..3 {
        assert_eq!(walk.step(), None);
    }
    let counts = walk.rollout.counts().expect("counts");
    assert_eq!(
        (counts.old_running, counts.new_running, counts.new_pending),
        (2, 1, 1)
    );
    assert_eq!((counts.failed, counts.desired, counts.upper), (1, 2, 3));
    assert_eq!(counts.waiting_for, "1 of 2 new tasks to start");
    assert_eq!(
        walk.rollout.service().map(|service| service.desired),
        Some(2)
    );
}

#[test]
fn only_events_since_the_deployment_began_are_its_own() {
    let mut walk = Walk::usual();
    walk.world.script = vec![Status::InProgress];
    walk.world.busy = true;
    walk.until("Following");
    let began = walk.world.first().created_at;
    let event = |at| ServiceEventSeen {
        at,
        ..ServiceEventSeen::default()
    };
    let before = began.minus(std::time::Duration::from_millis(1));
    walk.world.service_mut().events = vec![event(began), event(before)];
    for _ in 0..3 {
        assert_eq!(walk.step(), None);
    }
    let times: Vec<_> = walk.rollout.events().map(|event| event.at).collect();
    assert_eq!(times, [began]);
}
