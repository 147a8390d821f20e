//! What ECS says leads to the right cause, in its old words and its new ones.

use super::{UnderWay, findings, rules};
use crate::observe::{
    ContainerSeen, ServiceDeploymentSeen, ServiceDeploymentStatus, ServiceEventSeen, TaskSeen,
};
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
    let place = |words: &str| format!("(service web) was unable to place a task. Reason: {words}");
    let table = [
        ("wrong-architecture", pull("image Manifest does not contain descriptor matching platform 'linux/arm64'")),
        ("wrong-architecture", "exec /app: exec format error".to_owned()),
        ("image-pull-rate", pull("httpReadSeeker: failed open: 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit")),
        ("disk-full", pull("failed to register layer: write /x: no space left on device")),
        ("image-pull-network", pull(&format!("failed to resolve ref {IMAGE}: failed to do request: dial tcp 10.0.0.1:443: i/o timeout"))),
        ("image-pull-network", pull("net/http: request canceled while waiting for connection")),
        ("image-pull-network", pull("context canceled")),
        ("image-pull-network", pull(&format!("The task cannot pull {IMAGE} from the registry {IMAGE}. There is a connection issue between the task and the registry. Check your task network configuration."))),
        ("image-pull-network", place(&pull("context deadline exceeded"))),
        ("image-pull-layers", pull("failed to copy: httpReaderSeeker: failed open")),
        ("image-pull-layers", pull(&format!("The task cannot pull {IMAGE} from the registry {IMAGE}. There is a connection issue between the task and the registry. Check your task network configuration. : failed to copy: httpReadSeeker: failed open: failed to do request: Get {IMAGE}: dial tcp 52.219.41.3:443: i/o timeout"))),
        ("image-pull-denied", pull(&format!("failed to resolve ref {IMAGE}: unexpected status code: 403 Forbidden"))),
        ("image-pull-denied", pull("pull access denied for web, repository does not exist or may require login: not found")),
        ("image-pull-denied", pull("no basic auth credentials")),
        ("image-pull-denied", pull("The task cannot pull the image. Check that the role has the permissions to pull images from the registry.")),
        ("image-not-found", pull(&format!("{IMAGE}: manifest unknown"))),
        ("image-not-found", pull(&format!("failed to resolve ref {IMAGE}: {IMAGE}: not found"))),
        ("image-not-found", pull("The task cannot pull the image. The image does not exist.")),
        // Fargate cuts the text in the middle.
        ("image-not-found", pull("pull image manifest has been retried 1 time(s): failed to resolve ref 1111222233")),
        ("image-cannot-be-pulled", pull("inspect image has been retri")),
        ("registry-auth", init(&format!("{old}unable to retrieve ecr registry auth: service call has been retried 3 time(s)"))),
        ("registry-auth", init("The task cannot pull registry auth from Amazon ECR: There is a connection issue")),
        ("registry-auth", init("The task cannot pull registry authentication")),
        ("secret-denied", init(&format!("{old}unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException: User: x is not authorized to perform: secretsmanager:GetSecretValue"))),
        ("secret-denied", init(&format!("{old}unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException"))),
        ("secret-denied", init("The task can't retrieve the secret with ARN 'x' from AWS Secrets Manager")),
        ("secret-denied", init("unable to retrieve secrets from ssm: Parameter Store says no")),
        ("secret-network", init(&format!("{old}unable to retrieve secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check your task network configuration. failed to fetch secret x: context deadline exceeded"))),
        ("secret-network", init("unable to pull secrets or registry auth: unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter Store.")),
        ("secret-not-found", init(&format!("{old}unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret."))),
        ("secret-not-found", init(&format!("{old}unable to retrieve secrets from ssm: Invalid parameters: DB_URL"))),
        ("secret-format", init(&format!("{old}unable to retrieve secret from asm: retrieved secret from Secrets Manager did not contain json key DB_URL"))),
        ("secret-format", init("unable to pull secrets or registry auth: invalid character 'p' in literal true (expecting 'r')")),
        ("task-initialization", init("unable to pull secrets or registry auth: execution resource retrieval fa")),
        ("log-group", init("failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException")),
        ("log-group", init("failed to validate logger args: The specified log group does not exist.")),
        ("log-network", init("failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed")),
        ("efs", init("failed to invoke EFS utils commands to set up EFS volumes")),
        ("env-file", init("The task cannot download the environment variable files from Amazon S3")),
        ("env-file", init("failed to download env files: file download command: non empty error stream")),
        ("role-not-assumed", "ECS was unable to assume the role 'arn:aws:iam::1:role/x'".to_owned()),
        ("role-not-assumed", "(service web) failed to launch a task with (error ECS was unable to assume the role 'x' that was provided for this task. Please verify that the role being passed has the proper trust relationship)".to_owned()),
        ("out-of-memory", "OutOfMemoryError: Container killed due to memory usage".to_owned()),
        ("cannot-start", "CannotStartContainerError: failed to create task".to_owned()),
        ("cannot-start", "exec: \"serve\": executable file not found in $PATH".to_owned()),
        ("container-runtime", "CannotCreateContainerError: API error".to_owned()),
        ("container-runtime", "CannotCreateVolumeError: driver is not there".to_owned()),
        ("container-runtime", "DockerTimeoutError: Could not transition to created".to_owned()),
        ("container-runtime", "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m".to_owned()),
        ("load-balancer-health", "Task failed ELB health checks in (target-group arn:aws:x)".to_owned()),
        ("load-balancer-health", "(service web) (port 8080) is unhealthy in (target-group arn:aws:x) due to (reason Health checks failed with these codes: [502])".to_owned()),
        ("container-health", "Task failed container health checks".to_owned()),
        ("placement", "MemberOf placement constraint unsatisfied.".to_owned()),
        ("placement", "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance x) is missing an attribute required by your task.".to_owned()),
        ("placement", "(service web) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.".to_owned()),
        ("placement", "The closest matching (container-instance x) doesn't have the agent connected.".to_owned()),
        ("host-port-taken", "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance x) is already using a port required by your task.".to_owned()),
        ("no-capacity", "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance x) has insufficient CPU units available.".to_owned()),
        ("no-capacity", place("Capacity is unavailable at this time. Please try again later or in a different availability zone.")),
        ("no-capacity", "RESOURCE:MEMORY".to_owned()),
        ("quota", place("You've reached the limit on the number of vCPUs you can run concurrently")),
        ("quota", place("The requested CPU configuration is above your limit.")),
        ("subnet-full", "Unexpected EC2 error while attempting to Create Network Interface: InsufficientFreeAddressesInSubnet".to_owned()),
        ("network-interface", "InternalError: unable to attach network interface to unused device index".to_owned()),
        ("network-interface", "Timeout waiting for network interface provisioning to complete.".to_owned()),
        ("placement-internal", place("Internal error.")),
        ("target-group-missing", "(service web) failed to register targets: TARGET GROUP IS NOT FOUND".to_owned()),
        ("incompatible-compute", "The task definition is not compatible with the selected compute strategy.".to_owned()),
        ("deadlock-by-percentages", "(service web) was unable to stop or start tasks during a deployment because of the service deployment configuration.".to_owned()),
        ("spot-interrupted", "Your Spot Task was interrupted.".to_owned()),
        ("host-maintenance", "ECS is performing maintenance on the underlying infrastructure hosting the task: task retirement".to_owned()),
        ("host-impaired", "The task's host is impaired.".to_owned()),
        ("tasks-protected", "(service web) was unable to reach steady state because 2 protected tasks".to_owned()),
        ("provisioning-limit", "(service web) tasks provisioning capacity limit was exceeded.".to_owned()),
        ("start-backoff", "(service web) is unable to consistently start tasks successfully.".to_owned()),
        ("ecs-throttled", "(service web) operations are being throttled on elb. Will try again later.".to_owned()),
    ];
    for (code, words) in &table {
        assert_eq!(codes(&[stopped("a", words, None)], &[]), [*code], "{words}");
        assert_eq!(codes(&[], &[event(100, words)]), [*code], "{words}");
        let mut elsewhere = stopped("a", "Task failed to start", None);
        elsewhere.containers[0].reason = Some(words.to_uppercase());
        assert_eq!(codes(&[elsewhere], &[]), [*code], "{words}");
    }
    for rule in rules::all() {
        let shown = table.iter().any(|(code, _)| *code == rule.code);
        assert!(shown, "no wording of {} is tested", rule.code);
    }
}

#[test]
fn exit_codes_tell_what_to_do() {
    let ended = "Essential container in task exited";
    let (essential, scheduler) = (
        Some("EssentialContainerExited"),
        Some("ServiceSchedulerInitiated"),
    );
    let table = [
        (1, essential, "container-exits", "first lines of output"),
        (1, None, "container-exits", "first lines of output"),
        (127, essential, "command-fails", "command exists"),
        (126, essential, "command-fails", "command exists"),
        (137, essential, "killed", "memory"),
        (137, scheduler, "stop-timeout", "SIGTERM"),
        (139, essential, "segmentation-fault", "libraries"),
        (0, essential, "container-ends", "foreground"),
    ];
    for (code, stop_code, name, remedy) in table {
        let mut task = stopped("0123456789", ended, Some(code));
        task.stop_code = stop_code.map(ToOwned::to_owned);
        task.started_at = Some(Timestamp::from_millis(1_795_424_129_000));
        task.stopped_at = Some(Timestamp::from_millis(1_795_424_132_000));
        let found = findings(&[task], &[], OURS, Timestamp::ZERO);
        assert_eq!(found[0].code, name);
        assert!(
            found[0].remedy.contains(remedy),
            "{code}: {}",
            found[0].remedy
        );
        let evidence = format!(
            "task 01234567, container app, exit {code} about 3 s after it started, 2026-11-23T08:55:32Z"
        );
        assert_eq!(found[0].evidence, [evidence]);
    }
}

#[test]
fn what_ran_out_of_memory_is_told_from_what_was_killed_at_its_stop() {
    let mut memory = stopped("a", "Essential container in task exited", Some(137));
    memory.containers[0].reason =
        Some("OutOfMemoryError: Container killed due to memory usage".to_owned());
    memory.stop_code = Some("EssentialContainerExited".to_owned());
    assert_eq!(codes(&[memory.clone()], &[]), ["out-of-memory"]);
    // Seen with exit 0, too, when a child process was killed.
    memory.containers[0].exit_code = Some(0);
    assert_eq!(codes(&[memory], &[]), ["out-of-memory"]);
}

#[test]
fn stop_codes_that_are_not_the_deployments_doing_come_last() {
    let mut spot = stopped("a", "words that nobody knows", Some(137));
    spot.stop_code = Some("SpotInterruption".to_owned());
    let mut host = stopped("b", "", None);
    host.stop_code = Some("TerminationNotice".to_owned());
    let mut impaired = stopped("c", "", None);
    impaired.stop_code = Some("InfrastructureHealth".to_owned());
    let crash = stopped("d", "Essential container in task exited", Some(1));
    let tasks = [spot, host, impaired, crash];
    let found = codes(&tasks, &[]);
    assert_eq!(found[0], "container-exits");
    assert_eq!(
        found[1..],
        ["spot-interrupted", "host-maintenance", "host-impaired"]
    );
}

#[test]
fn the_cause_comes_before_what_is_seen_of_it_from_outside() {
    let health = "Task failed ELB health checks in (target-group arn:aws:x)";
    let mut tasks: Vec<TaskSeen> = (0..4)
        .map(|n| stopped(&format!("task{n}"), health, None))
        .collect();
    tasks.push(stopped("z", "OutOfMemoryError", Some(137)));
    let backoff = "(service web) is unable to consistently start tasks successfully.";
    let events: Vec<ServiceEventSeen> = (0..9).map(|n| event(100 + n, backoff)).collect();
    assert_eq!(
        codes(&tasks, &events),
        ["out-of-memory", "load-balancer-health", "start-backoff"]
    );
}

#[test]
fn what_is_normal_is_no_finding() {
    let table = [
        (
            "Scaling activity initiated by (deployment ecs-svc/1)",
            Some("ServiceSchedulerInitiated"),
            Some(137),
        ),
        ("Task stopped by user", Some("UserInitiated"), None),
        ("a person's reason", Some("UserInitiated"), Some(137)),
        (
            "Essential container in task exited",
            Some("EssentialContainerExited"),
            Some(143),
        ),
        ("", Some("ServiceSchedulerInitiated"), Some(1)),
        ("", None, Some(0)),
    ];
    for (reason, stop_code, exit_code) in table {
        let mut task = stopped("a", reason, exit_code);
        task.stop_code = stop_code.map(ToOwned::to_owned);
        assert!(codes(&[task], &[]).is_empty(), "{reason}");
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
    let elb = "Task failed ELB health checks in (target-group arn:aws:x)";
    let mut tasks = vec![stopped("first", elb, None)];
    tasks.extend((0..7).map(|n| stopped(&format!("task{n}"), health, None)));
    let found = findings(&tasks, &[], OURS, Timestamp::ZERO);
    let shown: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(shown, ["container-health", "load-balancer-health"]);
    assert_eq!(found[0].evidence.len(), 5, "at most five lines");
    assert!(found.iter().all(|finding| !finding.remedy.is_empty()));
}

#[test]
fn the_documents_name_every_finding_with_its_cause_and_remedy() {
    let page = include_str!("../../../../docs/findings.md");
    for (code, cause, remedy) in super::catalogue() {
        let row = format!("| `{code}` | {cause} | {remedy} |");
        assert!(page.contains(&row), "docs/findings.md lacks:\n{row}");
    }
}

#[test]
fn every_cause_that_lasts_is_a_cause() {
    for code in super::hopeless::FOR_EVER {
        let known = super::catalogue().iter().any(|(known, ..)| *known == code);
        assert!(known, "{code}");
    }
}

#[test]
fn what_ends_a_deployment_early_is_the_most_frequent_of_the_causes_that_last() {
    let no_image = "CannotPullContainerError: manifest unknown";
    let denied =
        "ResourceInitializationError: unable to retrieve secrets from ssm: AccessDeniedException";
    let why = |reasons: &[&str]| {
        let tasks = reasons.iter().enumerate();
        let tasks: Vec<TaskSeen> = tasks
            .map(|(number, reason)| stopped(&number.to_string(), reason, None))
            .collect();
        let under_way = UnderWay {
            stopped: &tasks,
            events: &[],
            task_definition: OURS,
            since: Timestamp::ZERO,
            running: 0,
        };
        under_way.hopeless(0).map(|finding| finding.code)
    };
    let [image, secret] = [Some("image-not-found"), Some("secret-denied")];
    assert_eq!(why(&[no_image, denied]).as_deref(), None);
    assert_eq!(why(&[denied, denied, no_image]).as_deref(), secret);
    let equal = [no_image, denied, denied, no_image];
    assert_eq!(why(&equal).as_deref(), image, "the first");
    assert_eq!(why(&[&equal[..], &[denied]].concat()).as_deref(), secret);
}

#[test]
fn an_alarm_that_fired_is_named_with_ecss_words() {
    let mut deployment = ServiceDeploymentSeen {
        status: ServiceDeploymentStatus::RollbackSuccessful,
        status_reason: Some("an alarm fired".to_owned()),
        ..ServiceDeploymentSeen::default()
    };
    assert_eq!(super::alarm(&deployment), None);
    deployment.triggered_alarms = vec!["errors".to_owned(), "latency".to_owned()];
    let finding = super::alarm(&deployment).expect("a finding");
    assert_eq!(finding.code, "alarm-fired");
    assert!(
        finding.cause.ends_with("errors, latency"),
        "{}",
        finding.cause
    );
    assert_eq!(finding.evidence, ["an alarm fired"]);
}

#[test]
fn evidence_says_all_that_ecs_said_once() {
    let mut task = stopped("0123456789", "Task failed to start", None);
    task.containers[0].reason = Some("CannotPullContainerError: manifest unknown".to_owned());
    let quiet = ContainerSeen {
        reason: Some(String::new()),
        ..ContainerSeen::default()
    };
    task.containers.push(quiet);
    let found = findings(&[task.clone(), task], &[], OURS, Timestamp::ZERO);
    assert_eq!(
        found[0].evidence,
        ["task 01234567: Task failed to start; CannotPullContainerError: manifest unknown"],
        "and of two that say the same one line"
    );
}

#[test]
fn other_exit_codes_are_other_causes() {
    let ended = |id: &str, code| stopped(id, "Essential container in task exited", Some(code));
    let found = findings(
        &[ended("a", 1), ended("b", 2), ended("c", 2)],
        &[],
        OURS,
        Timestamp::ZERO,
    );
    let causes: Vec<&str> = found.iter().map(|finding| finding.cause.as_str()).collect();
    assert_eq!(
        causes,
        [
            "the new container exits with code 2",
            "the new container exits with code 1"
        ]
    );
}
