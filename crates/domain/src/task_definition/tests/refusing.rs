//! Every rule, broken once: what is told, where, and what would be right.

mod fargate;

use expect_test::{Expect, expect};

use super::{web, web_with};
use crate::document::Document;
use crate::task_definition::validate;

fn check(definition: &Document, expected: &Expect) {
    let told: Vec<String> = validate(definition)
        .iter()
        .map(ToString::to_string)
        .collect();
    expected.assert_eq(&told.join("\n"));
}

/// The web container with these members besides its own.
fn container(members: &str) -> Document {
    web_with(
        r#""image": "placeholder","#,
        &format!(r#""image": "placeholder", {members},"#),
    )
}

/// The web task with these members besides its own.
fn task(members: &str) -> Document {
    web_with(
        r#""family": "web","#,
        &format!(r#""family": "web", {members},"#),
    )
}

#[test]
fn a_good_one_has_no_problem() {
    check(&web(), &expect![""]);
}

#[test]
fn fields_that_are_not_known_are_no_problem() {
    check(
        &container(r#""aFieldOfNextYear": {"x": [1]}"#),
        &expect![""],
    );
}

#[test]
fn what_is_no_task_definition_is_told_as_a_whole() {
    check(
        &Document::parse("[]").unwrap(),
        &expect![
            "a task definition is an object, this is an array (it is what register-task-definition --cli-input-json takes)"
        ],
    );
    check(
        &Document::parse(r#"{"taskDefinition": {"family": "web"}}"#).unwrap(),
        &expect![
            "taskDefinition: this is the answer of describe-task-definition (keep only what is inside of taskDefinition)"
        ],
    );
    check(
        &Document::parse(r#"{"Family": "web", "containerDefinitions": []}"#).unwrap(),
        &expect![[r#"
            Family: family is missing (Family is written family)
            containerDefinitions: there are no containers (a task definition needs at least one)"#]],
    );
}

#[test]
fn names_are_checked() {
    check(
        &web_with(r#""family": "web""#, r#""family": "my web""#),
        &expect![[
            r#"family: "my web" is no family name (a family has 1 to 255 of letters, digits, '-' and '_')"#
        ]],
    );
    check(
        &web_with(r#""name": "proxy""#, r#""name": "web""#),
        &expect![[
            r#"containerDefinitions[1].name: a second container is named "web" (names of containers are unique in a task)"#
        ]],
    );
    check(
        &web_with(r#""name": "proxy""#, r#""name": "a proxy""#),
        &expect![[
            r#"containerDefinitions[1].name: "a proxy" is no container name (a container's name has 1 to 255 of letters, digits, '-' and '_')"#
        ]],
    );
    check(
        &web_with(r#""image": "envoy:1""#, r#""image": " ""#),
        &expect![
            "containerDefinitions[1].image: image is empty (name the image that this container runs)"
        ],
    );
    check(
        &web_with(r#"{"name": "proxy", "#, "{"),
        &expect![
            "containerDefinitions[1].name: name is missing (a container's name has 1 to 255 of letters, digits, '-' and '_')"
        ],
    );
    check(
        &web_with(r#""image": "envoy:1", "#, ""),
        &expect![
            "containerDefinitions[1].image: image is missing (name the image that this container runs)"
        ],
    );
}

#[test]
fn somebody_must_be_essential() {
    check(
        &container(r#""essential": false"#),
        &expect![
            "containerDefinitions: no container is essential (set essential to true on the container whose end is the task's end)"
        ],
    );
}

#[test]
fn types_are_checked() {
    check(
        &web_with(r#""cpu": "512""#, r#""cpu": 512"#),
        &expect![[r#"cpu: expected a string, found a number (write "512")"#]],
    );
    check(
        &web_with(r#""value": "2""#, r#""value": 2"#),
        &expect![[
            r#"containerDefinitions[0].environment[1].value: expected a string, found a number (write "2")"#
        ]],
    );
    check(
        &container(r#""command": "serve --port 80", "memory": "512", "essential": "true""#),
        &expect![[r#"
            containerDefinitions[0].memory: expected a whole number, found a string (write 512 without quotes)
            containerDefinitions[0].essential: expected true or false, found a string (write true without quotes)
            containerDefinitions[0].command: expected an array of strings, found a string (write ["serve --port 80"])"#]],
    );
    check(
        &container(r#""memory": "lots", "essential": "yes", "logConfiguration": {"logDriver": 5}"#),
        &expect![[r#"
            containerDefinitions[0].memory: expected a whole number, found a string (a whole number is permitted here)
            containerDefinitions[0].essential: expected true or false, found a string (true or false is permitted here)
            containerDefinitions[0].logConfiguration.logDriver: expected a string, found a number (write "5")"#]],
    );
    check(
        &container(r#""dockerLabels": {"com.example/a": 1}, "links": {}"#),
        &expect![[r#"
            containerDefinitions[0].links: expected an array of strings, found an object (an array of strings is permitted here)
            containerDefinitions[0].dockerLabels["com.example/a"]: expected a string, found a number (write "1")
            containerDefinitions[0].links: links is not possible on Fargate (remove it, or use EC2)"#]],
    );
}

#[test]
fn the_platform_is_checked() {
    check(
        &task(
            r#""runtimePlatform": {"cpuArchitecture": "arm64", "operatingSystemFamily": "Linux"}"#,
        ),
        &expect![[r#"
            runtimePlatform.cpuArchitecture: cpuArchitecture "arm64" does not exist (permitted: X86_64, ARM64)
            runtimePlatform.operatingSystemFamily: operatingSystemFamily "Linux" does not exist (permitted: LINUX, WINDOWS_SERVER_2025_FULL, WINDOWS_SERVER_2025_CORE, WINDOWS_SERVER_2022_FULL, WINDOWS_SERVER_2022_CORE, WINDOWS_SERVER_2019_FULL, WINDOWS_SERVER_2019_CORE, WINDOWS_SERVER_2016_FULL, WINDOWS_SERVER_2004_CORE, WINDOWS_SERVER_20H2_CORE)"#]],
    );
}

#[test]
fn log_options_are_checked() {
    check(
        &container(
            r#""logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "web"}}"#,
        ),
        &expect![[r#"
            containerDefinitions[0].logConfiguration.options.awslogs-region: awslogs-region is missing (the driver awslogs needs awslogs-group and awslogs-region)
            containerDefinitions[0].logConfiguration.options.awslogs-stream-prefix: awslogs-stream-prefix is missing (on Fargate the driver awslogs needs it)"#]],
    );
    check(
        &container(r#""logConfiguration": {"options": {}}"#),
        &expect![
            "containerDefinitions[0].logConfiguration.logDriver: logDriver is missing (permitted: awslogs, splunk, awsfirelens, and on EC2 those of its Docker)"
        ],
    );
}

#[test]
fn health_checks_are_checked() {
    check(
        &container(
            r#""healthCheck": {"command": ["curl", "localhost"], "interval": 1, "timeout": 61, "retries": 0, "startPeriod": 301}"#,
        ),
        &expect![[r#"
            containerDefinitions[0].healthCheck.command: command does not say how it is run (start it with "CMD" or "CMD-SHELL")
            containerDefinitions[0].healthCheck.interval: interval 1 is out of range (permitted: seconds, 5 to 300)
            containerDefinitions[0].healthCheck.timeout: timeout 61 is out of range (permitted: seconds, 2 to 60)
            containerDefinitions[0].healthCheck.retries: retries 0 is out of range (permitted: 1 to 10)
            containerDefinitions[0].healthCheck.startPeriod: startPeriod 301 is out of range (permitted: seconds, 0 to 300)"#]],
    );
    check(
        &container(r#""healthCheck": {}"#),
        &expect![[
            r#"containerDefinitions[0].healthCheck.command: command is missing (start it with "CMD" or "CMD-SHELL")"#
        ]],
    );
}

#[test]
fn sums_must_fit() {
    check(
        &container(r#""cpu": 500, "memoryReservation": 2048"#),
        &expect![[r#"
            cpu: the containers ask for 628 CPU units, the task has 512 (raise the task's, or lower the containers')
            memory: the containers ask for 2048 MiB, the task has 1024 (raise the task's, or lower the containers')"#]],
    );
    check(
        &container(r#""memory": 2048, "memoryReservation": 3000"#),
        &expect![[r#"
            containerDefinitions[0].memoryReservation: memoryReservation 3000 is more than memory 2048 (reserve at most what memory permits)
            containerDefinitions[0].memory: memory 2048 is more than the 1024 MiB of the task (permitted: at most 1024)
            memory: the containers ask for 3000 MiB, the task has 1024 (raise the task's, or lower the containers')"#]],
    );
}

#[test]
fn what_fits_exactly_fits() {
    check(
        &container(r#""cpu": 384, "memory": 1024, "memoryReservation": 1024"#),
        &expect![""],
    );
    check(
        &web_with(r#""memory": "1024""#, r#""memory": "lots""#),
        &expect![[r#"memory: memory "lots" is no size (permitted: MiB as "1024" or "1 GB")"#]],
    );
}

#[test]
fn outside_of_fargate_other_rules_hold() {
    let definition = Document::parse(
        r#"{"family": "web", "containerDefinitions": [
            {"name": "web", "image": "x", "memory": 64, "privileged": true, "stopTimeout": 600},
            {"name": "side", "image": "x"}]}"#,
    );
    check(
        &definition.unwrap(),
        &expect![
            "containerDefinitions[1]: this container has no memory (set memory or memoryReservation here, or memory on the task)"
        ],
    );
    let bridge = |ports: &str, timeout: &str| {
        let text = format!(
            r#"{{"family": "web", "networkMode": "bridge", "containerDefinitions": [
                {{"name": "web", "image": "x", "memory": 64, "stopTimeout": {timeout}, "portMappings": [{ports}]}}]}}"#
        );
        Document::parse(&text).unwrap()
    };
    check(
        &bridge(
            r#"{"containerPort": 80, "hostPort": 8080}, {"containerPort": 80, "hostPort": 8081}"#,
            "600",
        ),
        &expect![""],
    );
    check(
        &bridge("", "-1"),
        &expect![
            "containerDefinitions[0].stopTimeout: stopTimeout -1 is out of range (permitted: seconds, 0 to 2147483647)"
        ],
    );
}

#[test]
fn names_lead_to_something() {
    check(
        &container(
            r#""dependsOn": [{"containerName": "db", "condition": "UP"}, {"containerName": "proxy", "condition": "HEALTHY"}], "mountPoints": [{"sourceVolume": "data", "containerPath": "/d"}]"#,
        ),
        &expect![[r#"
            containerDefinitions[0].dependsOn[0].condition: condition "UP" does not exist (permitted: START, COMPLETE, SUCCESS, HEALTHY)
            containerDefinitions[0].dependsOn[0].containerName: no other container is named "db" (permitted: proxy)
            containerDefinitions[0].dependsOn[1].containerName: proxy has no healthCheck and never becomes HEALTHY (give it a healthCheck, or wait for START)
            containerDefinitions[0].mountPoints[0].sourceVolume: no volume is named "data" (there is none to name)"#]],
    );
}

#[test]
fn a_container_is_waited_for_until_it_starts_or_until_its_health_check_passes() {
    check(
        &container(r#""dependsOn": [{"containerName": "proxy", "condition": "START"}]"#),
        &expect![""],
    );
    let checked = web_with(
        r#""image": "envoy:1", "#,
        r#""image": "envoy:1", "healthCheck": {"command": ["CMD", "true"]}, "dependsOn": [{"containerName": "web", "condition": "HEALTHY"}], "#,
    );
    check(
        &checked,
        &expect![[
            r#"containerDefinitions[1].dependsOn[0].containerName: web has no healthCheck and never becomes HEALTHY (give it a healthCheck, or wait for START)"#
        ]],
    );
    let mut both = checked;
    let containers = both.get_mut("containerDefinitions").unwrap();
    let health = Document::parse(r#"{"command": ["CMD", "true"]}"#).unwrap();
    containers.as_array_mut().unwrap()[0].set("healthCheck", health);
    check(&both, &expect![""]);
}

#[test]
fn a_task_has_ten_containers_at_most() {
    let with = |count: usize| {
        let one = |number| format!(r#"{{"name": "c{number}", "image": "x"}}"#);
        let all: Vec<String> = (0..count).map(one).collect();
        let text = format!(
            r#"{{"family": "web", "memory": "64", "containerDefinitions": [{}]}}"#,
            all.join(",")
        );
        Document::parse(&text).unwrap()
    };
    check(&with(10), &expect![""]);
    check(
        &with(12),
        &expect!["containerDefinitions: there are 12 containers (at most 10 are permitted)"],
    );
}

#[test]
fn a_variable_is_set_once() {
    check(
        &web_with(r#""name": "S""#, r#""name": "A""#),
        &expect![
            "containerDefinitions[0].secrets[0].name: A is set twice (set it once, in environment or in secrets)"
        ],
    );
    check(
        &web_with(r#""valueFrom""#, r#""from""#),
        &expect![
            "containerDefinitions[0].secrets[0].valueFrom: valueFrom is missing (valueFrom takes the ARN of a secret or of an SSM parameter)"
        ],
    );
}

#[test]
fn a_definition_that_is_too_large_is_refused() {
    let most = 65_536 - web().to_string().len();
    let long = "x".repeat(most + 1);
    check(
        &web_with(r#""value": "2""#, &format!(r#""value": "{long}""#)),
        &expect![""],
    );
    let long = "x".repeat(70_000);
    check(
        &web_with(r#""value": "2""#, &format!(r#""value": "{long}""#)),
        &expect![
            "it has 70509 bytes of JSON (ECS takes at most 65536; long values fit in environmentFiles or secrets)"
        ],
    );
}
