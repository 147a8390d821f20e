//! The table. Each row: the pace of AWS and lines of the environment, what happens, exit code, verdict, first finding.
//! `cargo test -p shipway-tests verdicts` runs it and prints it.

use serde_json::{Value, json};
use shipway_tests::Scaled;

use crate::case::{Case, STAGING};
use crate::told::Told;

/// Without a circuit breaker, what ends a rollout is Shipway's own doing.
const NO_BREAKER: &str = "circuit_breaker = { enabled = false, reason = \"the scenario\" }\n";

const HALF: &str = "minimum_healthy_percent = 50\nmaximum_percent = 100\n";

/// Deployments wait for an answer before ECS starts a task, so many minutes at most.
fn pause(minutes: u32) -> Value {
    json!({"deploymentConfiguration": {"lifecycleHooks": [{"targetType": "PAUSE",
        "lifecycleStages": ["PRE_SCALE_UP"], "timeoutConfiguration": {"timeoutInMinutes": minutes}}]}})
}

macro_rules! scenarios {
    ($($name:ident: $scaled:ident $environment:expr, |$case:ident| $happens:block
        => $code:literal $verdict:literal $finding:expr;)*) => {
        const ROWS: &[&str] = &[$(stringify!($name)),*];
        $(
        #[tokio::test]
        async fn $name() {
            let mut told = Told::row(stringify!($name), ROWS);
            let $case = Case::start(Scaled::$scaled, $environment).await;
            $happens
            let found = $case.end().await;
            told.found(&found);
            found.expect($code, $verdict, $finding);
        }
        )*
    };
}

scenarios! {
    a_plain_success: Fast "", |case| {} => 0 "live" None;

    the_same_again_is_unchanged: Fast "", |case| { drop(case.live_before().await); } => 0 "live" None;

    a_service_of_no_tasks: Fast "", |case| {
        case.update(json!({"desiredCount": 0})).await;
    } => 0 "live" None;

    early_success_before_all_tasks_are_there: Fast HALF, |case| {
        let early = json!({"enable": true, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"});
        case.update(json!({"deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 100,
            "earlySuccessCriteria": early}})).await;
    } => 0 "live" None;

    another_image_than_the_one_that_was_pushed: Fast "", |case| {
        case.tasks("another-image", json!({}));
    } => 12 "failed" Some("digest-differs");

    a_tag_that_moves_without_version_consistency: Slow "", |case| {
        case.definition(|definition| definition["containerDefinitions"][0]["versionConsistency"] = json!("disabled"));
        case.under_way().await;
        case.move_tags().await;
    } => 0 "live" None;

    an_image_that_is_not_there: Fast "", |case| {
        case.tasks("cannot-pull", json!({}));
    } => 10 "rolled-back" Some("image-not-found");

    an_image_that_may_not_be_pulled: Fast "", |case| {
        case.tasks("cannot-pull", json!({"reason": "CannotPullContainerError: pull access denied"}));
    } => 10 "rolled-back" Some("image-pull-denied");

    a_registry_that_is_not_reached: Fast "", |case| {
        case.tasks("cannot-pull", json!({"reason": "CannotPullContainerError: dial tcp 10.0.0.1:443: i/o timeout"}));
    } => 10 "rolled-back" Some("image-pull-network");

    an_image_for_another_processor: Fast "", |case| {
        case.tasks("wrong-architecture", json!({}));
    } => 10 "rolled-back" Some("wrong-architecture");

    a_secret_that_may_not_be_read: Fast "", |case| {
        case.tasks("secrets-denied", json!({}));
    } => 10 "rolled-back" Some("secret-denied");

    a_command_that_cannot_be_started: Fast "", |case| {
        case.tasks("cannot-start", json!({}));
    } => 10 "rolled-back" Some("cannot-start");

    too_little_memory: Fast "", |case| {
        case.tasks("out-of-memory", json!({"after_seconds": 2}));
    } => 10 "rolled-back" Some("out-of-memory");

    a_container_that_crashes: Fast "", |case| {
        case.tasks("exit", json!({"exit_code": 1, "after_seconds": 2}));
    } => 10 "rolled-back" Some("container-exits");

    a_container_that_returns: Fast "", |case| {
        case.tasks("exit", json!({"exit_code": 0, "after_seconds": 2}));
    } => 10 "rolled-back" Some("container-ends");

    a_command_that_is_not_there: Fast "", |case| {
        case.tasks("exit", json!({"exit_code": 127, "after_seconds": 1}));
    } => 10 "rolled-back" Some("command-fails");

    a_segmentation_fault: Fast "", |case| {
        case.tasks("exit", json!({"exit_code": 139, "after_seconds": 2}));
    } => 10 "rolled-back" Some("segmentation-fault");

    flapping_without_a_health_check: Fast NO_BREAKER, |case| {
        // Long enough to count as healthy, and to be called successful in between.
        case.tasks("exit", json!({"exit_code": 1, "after_seconds": 45}));
    } => 12 "failed" Some("not-serving");

    flapping_under_a_circuit_breaker: Fast "", |case| {
        case.tasks("exit", json!({"exit_code": 1, "after_seconds": 45}));
    } => 12 "failed" Some("not-serving");

    flapping_is_not_unchanged_either: Fast NO_BREAKER, |case| {
        drop(case.live_before().await);
        case.tasks("exit", json!({"exit_code": 1, "after_seconds": 45}));
        case.restarted(2).await;
    } => 12 "failed" Some("not-serving");

    a_health_check_that_fails: Fast "", |case| {
        let check = json!({"command": ["CMD", "true"], "interval": 5, "retries": 1});
        case.definition(|definition| definition["containerDefinitions"][0]["healthCheck"] = check);
        case.tasks("unhealthy", json!({}));
    } => 10 "rolled-back" Some("container-health");

    subnets_without_an_address: Fast "", |case| {
        case.tasks("subnet-full", json!({}));
    } => 10 "rolled-back" Some("subnet-full");

    no_capacity_at_all: Fast "", |case| {
        case.tasks("no-capacity", json!({}));
    } => 10 "rolled-back" Some("no-capacity");

    no_capacity_and_then_capacity: Slow "", |case| {
        case.tasks("no-capacity", json!({}));
        case.begun().await;
        // It is tried in vain at least once.
        let service = async { loop {
            let events = case.aws().hello().await["events"].to_string();
            if events.contains("unable to place a task") { break; }
            tokio::task::yield_now().await;
        } };
        shipway_tests::patiently("an event", service).await;
        case.aws().control("DELETE", "/_sim/scripts", &json!({})).await;
    } => 0 "live" None;

    an_alarm_that_fires: Slow "", |case| {
        let alarms = json!({"alarmNames": ["errors"], "enable": true, "rollback": true});
        case.update(json!({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200,
            "alarms": alarms}})).await;
        case.under_way().await;
        let alarm = json!({"account": STAGING, "region": "eu-west-1", "name": "errors", "state": "ALARM",
            "reason": "too many errors"});
        case.aws().control("PUT", "/_sim/alarms", &alarm).await;
    } => 10 "rolled-back" Some("alarm-fired");

    a_pause_that_nobody_answers: Fast "", |case| {
        case.update(pause(5)).await;
    } => 10 "rolled-back" Some("no-answer");

    a_pause_that_somebody_rejects: Slow "", |case| {
        case.update(pause(600)).await;
        case.begun().await;
        case.reject("the scenario").await;
    } => 10 "rolled-back" Some("rejected");

    somebody_rolls_it_back_in_the_console: Slow "", |case| {
        case.under_way().await;
        let arn = case.deployment().await;
        case.aws().ecs("StopServiceDeployment", json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"})).await;
    } => 10 "rolled-back" Some("unexplained");

    somebody_else_deploys: Slow "", |case| {
        case.under_way().await;
        case.aws().redeploy_hello().await;
    } => 11 "superseded" None;

    a_newer_release_takes_its_place: Slow "", |case| {
        // The first holds the target for some ten seconds; the second waits and is folded into the third.
        case.slowly().await;
        case.begun().await;
        case.app.release("two");
        case.begun().await;
        case.app.release("three");
        drop(case.world.cli(&case.app, &["deploy", "staging", "--detach"]).await.expect(0));
    } => 11 "superseded" None;

    a_rollback_takes_its_place: Slow "", |case| {
        drop(case.live_before().await);
        case.app.release("two");
        case.slowly().await;
        case.under_way().await;
        drop(case.world.cli(&case.app, &["rollback", "staging", "--detach"]).await.expect(0));
    } => 13 "cancelled" None;

    the_service_is_deleted: Slow "", |case| {
        case.under_way().await;
        case.aws().ecs("DeleteService", json!({"cluster": "main", "service": "hello", "force": true})).await;
    } => 12 "failed" Some("service-deleted");

    the_task_definition_is_deregistered: Slow "", |case| {
        case.under_way().await;
        let arn = case.aws().hello().await["taskDefinition"].clone();
        case.aws().ecs("DeregisterTaskDefinition", json!({"taskDefinition": arn})).await;
    } => 0 "live" None;

    percentages_that_deadlock: Fast "minimum_healthy_percent = 75\nmaximum_percent = 100\n", |case| {}
        => 12 "failed" Some("deadlock-by-percentages");

    a_service_that_is_not_there: Fast "", |case| {
        case.aws().ecs("DeleteService", json!({"cluster": "main", "service": "hello", "force": true})).await;
    } => 12 "failed" Some("service-not-active");

    throttled_throughout: Slow "", |case| {
        case.fault(json!({"account": STAGING, "service": "ecs", "kind": "throttle", "probability": 0.4})).await;
    } => 0 "live" None;

    credentials_that_expire_and_are_renewed: Slow "", |case| {
        case.under_way().await;
        case.fault(json!({"account": STAGING, "service": "ecs", "kind": "expired-token", "count": 3})).await;
    } => 0 "live" None;

    answers_that_are_lost: Slow "", |case| {
        case.fault(json!({"account": STAGING, "service": "ecs", "action": "UpdateService", "kind": "drop-after", "count": 1})).await;
    } => 0 "live" None;

    a_cancel_in_the_middle: Slow "", |case| {
        case.under_way().await;
        drop(case.about("cancel").await.expect(0));
    } => 13 "cancelled" None;

    // With all old tasks gone the way back takes a while.
    a_rollback_that_is_overtaken: Slow "minimum_healthy_percent = 0\nmaximum_percent = 100\n", |case| {
        case.tasks("exit", json!({"exit_code": 1, "after_seconds": 2}));
        case.begun().await;
        let going_back = async { loop {
            let arn = case.deployment().await;
            let input = json!({"serviceDeploymentArns": [arn]});
            let shown = case.aws().ecs("DescribeServiceDeployments", input).await;
            if shown["serviceDeployments"][0]["status"] == "ROLLBACK_IN_PROGRESS" { break; }
            tokio::task::yield_now().await;
        } };
        shipway_tests::patiently("the way back", going_back).await;
        case.aws().redeploy_hello().await;
    } => 12 "failed" Some("container-exits");

    a_first_deployment_that_fails_with_nothing_to_go_back_to: Fast "", |case| {
        case.never_deployed().await;
        case.tasks("exit", json!({"exit_code": 1, "after_seconds": 2}));
    } => 12 "failed" Some("container-exits");

    a_first_deployment_that_somebody_stops: Slow "", |case| {
        case.never_deployed().await;
        case.slowly().await;
        case.under_way().await;
        let arn = case.deployment().await;
        case.aws().ecs("StopServiceDeployment", json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"})).await;
    } => 14 "stopped" Some("unexplained");

    nothing_but_shipway_ends_it: Fast NO_BREAKER, |case| {
        case.tasks("cannot-pull", json!({}));
    } => 10 "rolled-back" Some("image-not-found");
}
