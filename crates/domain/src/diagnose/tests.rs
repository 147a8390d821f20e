//! What ECS says leads to the right cause, in its old words and its new ones.

use super::{findings, rules};
use crate::observe::{ContainerSeen, ServiceEventSeen, TaskSeen};
use crate::time::Timestamp;

const OURS: &str = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2";
const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:4031";

fn stopped(id: &str, reason: &str, exit_code: Option<i32>) -> TaskSeen {
    TaskSeen {
        arn: format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{id}"),
        task_definition: OURS.to_owned(),
        stopped_reason: Some(reason.to_owned()),
        containers: vec![ContainerSeen {
            name: "app".to_owned(),
            exit_code,
            ..ContainerSeen::default()
        }],
        ..TaskSeen::default()
    }
}

fn event(at: u64, message: &str) -> ServiceEventSeen {
    ServiceEventSeen {
        at: Timestamp::from_millis(at),
        message: message.to_owned(),
        ..ServiceEventSeen::default()
    }
}

fn codes(tasks: &[TaskSeen], events: &[ServiceEventSeen]) -> Vec<String> {
    let found = findings(tasks, events, OURS, Timestamp::from_millis(100));
    found.into_iter().map(|finding| finding.code).collect()
}

#[test]
fn every_wording_leads_to_its_cause() {
    let pull = |words: &str| format!("CannotPullContainerError: {words}");
    let init = |words: &str| format!("ResourceInitializationError: {words}");
    let old = "unable to pull secrets or registry auth: execution resource retrieval failed: ";
    let table = [
        ("wrong-architecture", pull("image Manifest does not contain descriptor matching platform 'linux/arm64'")),
        ("wrong-architecture", "exec /app: exec format error".to_owned()),
        ("image-pull-rate", pull("httpReadSeeker: failed open: 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit")),
        ("disk-full", pull("failed to register layer: write /x: no space left on device")),
        ("image-pull-network", pull(&format!("failed to resolve ref {IMAGE}: failed to do request: dial tcp 10.0.0.1:443: i/o timeout"))),
        ("image-pull-network", pull("net/http: request canceled while waiting for connection")),
        ("image-pull-network", pull("context canceled")),
        ("image-pull-network", pull("The task cannot pull the image. There is a connection issue between the task and the registry.")),
        ("image-pull-layers", pull("failed to copy: httpReaderSeeker: failed open")),
        ("image-pull-denied", pull(&format!("failed to resolve ref {IMAGE}: unexpected status code: 403 Forbidden"))),
        ("image-pull-denied", pull("pull access denied for web, repository does not exist or may require login: not found")),
        ("image-pull-denied", pull("no basic auth credentials")),
        ("image-pull-denied", pull("The task cannot pull the image. Check that the role has the permissions to pull images from the registry.")),
        ("image-not-found", pull(&format!("{IMAGE}: manifest unknown"))),
        ("image-not-found", pull(&format!("failed to resolve ref {IMAGE}: {IMAGE}: not found"))),
        ("image-cannot-be-pulled", pull("something new")),
        ("registry-auth", init(&format!("{old}unable to retrieve ecr registry auth: service call has been retried 3 time(s)"))),
        ("registry-auth", init("The task cannot pull registry auth from Amazon ECR: There is a connection issue")),
        ("registry-auth", init("The task cannot pull registry authentication")),
        ("secret-denied", init(&format!("{old}unable to retrieve secret from asm: AccessDeniedException"))),
        ("secret-denied", init("The task can't retrieve the secret with ARN 'x' from AWS Secrets Manager")),
        ("secret-denied", init("unable to retrieve secrets from ssm: Parameter Store says no")),
        ("log-group", init("failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException")),
        ("log-group", init("failed to validate logger args: The specified log group does not exist.")),
        ("efs", init("failed to invoke EFS utils commands to set up EFS volumes")),
        ("env-file", init("The task cannot download the environment variable files from Amazon S3")),
        ("role-not-assumed", "ECS was unable to assume the role 'arn:aws:iam::1:role/x'".to_owned()),
        ("out-of-memory", "OutOfMemoryError: Container killed due to memory usage".to_owned()),
        ("cannot-start", "CannotStartContainerError: failed to create task".to_owned()),
        ("cannot-start", "exec: \"serve\": executable file not found in $PATH".to_owned()),
        ("container-runtime", "CannotCreateContainerError: API error".to_owned()),
        ("container-runtime", "DockerTimeoutError: Could not transition to created".to_owned()),
        ("load-balancer-health", "Task failed ELB health checks in (target-group arn:aws:x)".to_owned()),
        ("container-health", "Task failed container health checks".to_owned()),
        ("placement", "MemberOf placement constraint unsatisfied.".to_owned()),
        ("no-capacity", "(service web) was unable to place a task because no container instance met all of its requirements.".to_owned()),
        ("no-capacity", "Capacity is unavailable at this time".to_owned()),
        ("no-capacity", "You've reached the limit on the number of vCPUs you can run concurrently".to_owned()),
        ("subnet-full", "Unexpected EC2 error while attempting to Create Network Interface: InsufficientFreeAddressesInSubnet".to_owned()),
        ("target-group-missing", "(service web) failed to register targets: TARGET GROUP IS NOT FOUND".to_owned()),
        ("incompatible-compute", "The task definition is not compatible with the selected compute strategy.".to_owned()),
        ("spot-interrupted", "Your Spot Task was interrupted.".to_owned()),
    ];
    for (code, words) in &table {
        assert_eq!(codes(&[stopped("a", words, None)], &[]), [*code], "{words}");
        assert_eq!(codes(&[], &[event(100, words)]), [*code], "{words}");
        let mut elsewhere = stopped("a", "Task failed to start", None);
        elsewhere.containers[0].reason = Some(words.to_uppercase());
        assert_eq!(codes(&[elsewhere], &[]), [*code], "{words}");
    }
    for rule in rules::RULES {
        let shown = table.iter().any(|(code, _)| *code == rule.code);
        assert!(shown, "no wording of {} is tested", rule.code);
    }
}

#[test]
fn exit_codes_tell_what_to_do() {
    let ended = "Essential container in task exited";
    let table = [
        (1, "first lines of output"),
        (127, "command exists"),
        (126, "command exists"),
        (137, "it was killed"),
        (139, "segmentation fault"),
    ];
    for (code, remedy) in table {
        let mut task = stopped("0123456789", ended, Some(code));
        task.started_at = Some(Timestamp::from_millis(1000));
        task.stopped_at = Some(Timestamp::from_millis(4000));
        let found = findings(&[task], &[], OURS, Timestamp::ZERO);
        assert_eq!(found[0].code, "container-exits");
        assert!(
            found[0].remedy.contains(remedy),
            "{code}: {}",
            found[0].remedy
        );
        let evidence =
            format!("task 01234567, container app, exit {code} about 3 s after it started");
        assert_eq!(found[0].evidence, [evidence]);
    }
}

#[test]
fn what_is_normal_is_no_finding() {
    let table = [
        (
            "Scaling activity initiated by (deployment ecs-svc/1)",
            Some(137),
        ),
        ("Task stopped by user", None),
        ("Essential container in task exited", Some(143)),
        ("Essential container in task exited", Some(0)),
    ];
    for (reason, exit_code) in table {
        assert!(
            codes(&[stopped("a", reason, exit_code)], &[]).is_empty(),
            "{reason}"
        );
    }
    let steady = event(200, "(service web) has reached a steady state.");
    assert!(codes(&[], &[steady]).is_empty());
}

#[test]
fn only_our_own_deployment_counts() {
    let mut theirs = stopped("a", "Task failed container health checks", None);
    theirs.task_definition = OURS.replace("web:2", "web:1");
    let before = event(99, "Task failed ELB health checks in (target-group x)");
    assert!(codes(&[theirs], &[before]).is_empty());
}

#[test]
fn equal_causes_are_put_together_and_the_most_frequent_comes_first() {
    let health = "Task failed container health checks";
    let mut tasks = vec![stopped("first", "OutOfMemoryError", None)];
    tasks.extend((0..7).map(|n| stopped(&format!("task{n}"), health, None)));
    let found = findings(&tasks, &[], OURS, Timestamp::ZERO);
    let shown: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(shown, ["container-health", "out-of-memory"]);
    assert_eq!(found[0].evidence.len(), 5, "at most five lines");
    assert!(found.iter().all(|finding| !finding.remedy.is_empty()));
}
