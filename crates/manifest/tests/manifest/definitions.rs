//! Mistakes in the task definition, and in what the manifest says of it.

use expect_test::expect;

use crate::support::{check, definition, manifest, shelf};

#[test]
fn a_file_that_is_not_there() {
    check(
        &manifest(
            "container = \"web\"",
            "container = \"web\"\nfile = \"ecs/web.json\"",
        ),
        &expect![[r#"
            error: there is no task definition file ecs/web.json
              --> shipway.toml:24:8
               |
            24 | file = "ecs/web.json"
               |        ^^^^^^^^^^^^^^ task_definition.file
               = help: shipway init writes one from a running service"#]],
    );
    check(
        &manifest("timeout = \"20m\"", "task_definition = \"prod.json\""),
        &expect![[r#"
            error: there is no task definition file prod.json
              --> shipway.toml:37:19
               |
            37 | task_definition = "prod.json"
               |                   ^^^^^^^^^^^ env.prod.task_definition
               = help: shipway init writes one from a running service"#]],
    );
}

#[test]
fn no_json() {
    check(
        &definition("\"cpu\": \"512\",", "\"cpu\": \"512\""),
        &expect![[r#"
            error: expected ',' or '}', found '"'
             --> task-definition.json:6:3
              |
            6 |   "memory": "1024",
              |   ^
              = help: the file is JSON as register-task-definition --cli-input-json takes it"#]],
    );
}

#[test]
fn a_size_that_fargate_does_not_have() {
    check(
        &definition("\"cpu\": \"512\"", "\"cpu\": \"300\""),
        &expect![[r#"
            error: cpu 300 is no size of Fargate
             --> task-definition.json:5:10
              |
            5 |   "cpu": "300",
              |          ^^^^^
              = help: permitted cpu: 256, 512, 1024, 2048, 4096, 8192, 16384, 32768"#]],
    );
    check(
        &definition("\"memory\": \"1024\"", "\"memory\": \"16 GB\""),
        &expect![[r#"
            error: memory 16384 does not go with cpu 512 on Fargate
             --> task-definition.json:6:13
              |
            6 |   "memory": "16 GB",
              |             ^^^^^^^
              = help: permitted with cpu 512: 1024, 2048, 3072, 4096 MiB"#]],
    );
}

#[test]
fn a_number_where_ecs_takes_a_string() {
    check(
        &definition("\"${TTL}\"", "60"),
        &expect![[r#"
        error: expected a string, found a number
          --> task-definition.json:13:40
           |
        13 |         {"name": "CACHE_TTL", "value": 60},
           |                                        ^^ containerDefinitions[0].environment[0].value
           = help: write "60"

        warning: the task definition does not use ${TTL}
          --> shipway.toml:40:7
           |
        40 | TTL = "90"
           |       ^^^^ env.prod.variables.TTL
           = help: task-definition.json is read without it"#]],
    );
}

#[test]
fn a_variable_that_is_not_known() {
    check(
        &definition("${TTL}", "${TLT}"),
        &expect![[r#"
        error: there is no variable "TLT" in environment staging
          --> task-definition.json:13:40
           |
        13 |         {"name": "CACHE_TTL", "value": "${TLT}"},
           |                                        ^^^^^^^^ containerDefinitions[0].environment[0].value
           = help: did you mean "TTL"?
           = help: permitted: TTL, app, env
           = help: write $${ where ECS is to see ${

        error: there is no variable "TLT" in environment prod
          --> task-definition.json:13:40
           |
        13 |         {"name": "CACHE_TTL", "value": "${TLT}"},
           |                                        ^^^^^^^^ containerDefinitions[0].environment[0].value
           = help: did you mean "TTL"?
           = help: permitted: TTL, app, env
           = help: write $${ where ECS is to see ${

        warning: the task definition does not use ${TTL}
          --> shipway.toml:40:7
           |
        40 | TTL = "90"
           |       ^^^^ env.prod.variables.TTL
           = help: task-definition.json is read without it"#]],
    );
    check(
        &definition("${TTL}", "${TTL"),
        &expect![[r#"
        error: "${" has no "}"
          --> task-definition.json:13:40
           |
        13 |         {"name": "CACHE_TTL", "value": "${TTL"},
           |                                        ^^^^^^^ containerDefinitions[0].environment[0].value
           = help: write $${ where ECS is to see ${

        warning: the task definition does not use ${TTL}
          --> shipway.toml:40:7
           |
        40 | TTL = "90"
           |       ^^^^ env.prod.variables.TTL
           = help: task-definition.json is read without it"#]],
    );
}

#[test]
fn a_variable_that_cannot_be_set() {
    check(
        &manifest(
            "TTL = \"60\"",
            "TTL = \"60\"\nenv = \"x\"\n\"MY-VAR\" = \"x\"",
        ),
        &expect![[r#"
            error: "MY-VAR" is no name of a variable
              --> shipway.toml:28:1
               |
            28 | "MY-VAR" = "x"
               | ^^^^^^^^
               = help: a name has letters, digits and '_', and starts with no digit

            error: ${env} is always there and cannot be set
              --> shipway.toml:27:1
               |
            27 | env = "x"
               | ^^^
               = help: take another name"#]],
    );
}

#[test]
fn a_variable_that_is_not_used_is_warned_of() {
    check(
        &manifest("TTL = \"90\"", "TTL = \"90\"\nCACHE = \"x\""),
        &expect![[r#"
            warning: the task definition does not use ${CACHE}
              --> shipway.toml:41:9
               |
            41 | CACHE = "x"
               |         ^^^ env.prod.variables.CACHE
               = help: task-definition.json is read without it"#]],
    );
}

#[test]
fn a_container_that_does_not_exist() {
    check(
        &manifest("container = \"web\"", "container = \"wbe\""),
        &expect![[r#"
            error: the task definition has no container "wbe"
              --> shipway.toml:23:13
               |
            23 | container = "wbe"
               |             ^^^^^ task_definition.container
               = help: did you mean "web"?
               = help: permitted: web, proxy"#]],
    );
    check(
        &manifest("container = \"web\"", "containers = [\"web\", \"app\"]"),
        &expect![[r#"
            error: the task definition has no container "app"
              --> shipway.toml:23:14
               |
            23 | containers = ["web", "app"]
               |              ^^^^^^^^^^^^^^ task_definition.containers
               = help: permitted: web, proxy"#]],
    );
}

#[test]
fn container_and_containers() {
    check(
        &manifest(
            "container = \"web\"",
            "container = \"web\"\ncontainers = [\"proxy\"]",
        ),
        &expect![[r#"
            error: container and containers exclude each other
              --> shipway.toml:24:14
               |
            24 | containers = ["proxy"]
               |              ^^^^^^^^^ task_definition.containers
               = help: keep one of them"#]],
    );
}

#[test]
fn nobody_says_which_container() {
    let files = manifest("container = \"web\"", "").change(
        "task-definition.json",
        "\"name\": \"web\"",
        "\"name\": \"main\"",
    );
    check(
        &files,
        &expect![[r#"
        error: it is not said which container gets the image
          --> shipway.toml:22:1
           |
        22 | [task_definition]
           | ^^^^^^^^^^^^^^^^^ task_definition.container
           = help: set container to one of main, proxy"#]],
    );
}

#[test]
fn what_describe_answers_is_left_out_with_a_warning() {
    check(
        &definition(
            "\"cpu\"",
            "\"revision\": 7,\n  \"status\": \"ACTIVE\",\n  \"cpu\"",
        ),
        &expect![[r#"
            warning: left out, because it cannot be registered: revision, status
             --> task-definition.json:5:3
              |
            5 |   "revision": 7,
              |   ^^^^^^^^^^
              = help: describe-task-definition adds what register-task-definition refuses"#]],
    );
}

#[test]
fn an_image_from_ecr_needs_an_execution_role() {
    check(
        &definition(
            "  \"executionRoleArn\": \"arn:aws:iam::222222222222:role/execution\",\n",
            "",
        ),
        &expect![[r#"
            error: executionRoleArn is missing
             --> task-definition.json:1:1
              |
            1 | {
              | ^
              = help: on Fargate web needs a role to pull from ECR"#]],
    );
}

/// The image of the sidecar, as it stands in the file.
const SIDECAR: &str =
    "\"image\": \"envoy@sha256:7b1f0c2d9e6b4a178c1f0c2d9e6b4a177b1f0c2d9e6b4a178c1f0c2d9e6b4a17\"";

#[test]
fn the_image_of_another_container_that_is_named_by_a_tag_is_warned_of() {
    let files = definition(SIDECAR, "\"image\": \"envoy:1\"");
    check(
        &files,
        &expect![[r#"
        warning: container proxy runs envoy:1, which may change during a rollout [W08]
          --> task-definition.json:20:16
           |
        20 |       "image": "envoy:1",
           |                ^^^^^^^^^ containerDefinitions[1].image
           = help: name it by its digest: image@sha256:..."#]],
    );
}

#[test]
fn minified_json_is_shown_around_the_mistake() {
    let mut files = shelf();
    let text = files.0.get_mut("task-definition.json").unwrap();
    *text = text
        .replace('\n', " ")
        .replace("\"essential\": false", "\"essential\": \"no\"");
    check(
        &files,
        &expect![[r#"
            error: expected true or false, found a string
             --> task-definition.json:1:600
              |
            1 | …c2d9e6b4a17",       "essential": "no"     }   ] } 
              |                                   ^^^^ containerDefinitions[1].essential
              = help: true or false is permitted here"#]],
    );
}

#[test]
fn several_rules_are_told_at_once() {
    let files = definition("\"networkMode\": \"awsvpc\"", "\"networkMode\": \"bridge\"");
    let files = files.change(
        "task-definition.json",
        "\"name\": \"proxy\"",
        "\"name\": \"web\"",
    );
    let files = files.change("task-definition.json", SIDECAR, "\"stopTimeout\": 300");
    check(
        &files,
        &expect![[r#"
        error: a second container is named "web"
          --> task-definition.json:19:15
           |
        19 |       "name": "web",
           |               ^^^^^ containerDefinitions[1].name
           = help: names of containers are unique in a task

        error: networkMode bridge is not possible on Fargate
         --> task-definition.json:3:18
          |
        3 |   "networkMode": "bridge",
          |                  ^^^^^^^^
          = help: Fargate needs networkMode "awsvpc"

        error: stopTimeout 300 is out of range
          --> task-definition.json:20:22
           |
        20 |       "stopTimeout": 300,
           |                      ^^^ containerDefinitions[1].stopTimeout
           = help: permitted on Fargate: seconds, 2 to 120"#]],
    );
}
