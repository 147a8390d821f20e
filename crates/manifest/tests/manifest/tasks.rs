//! Tasks before and after rollouts: what they become, and mistakes in them.

use std::time::Duration;

use expect_test::expect;
use shipway_domain::gate::{Gates, TaskGate};

use crate::support::{Shelf, check, context, manifest, resolve, shelf};

fn gated(lines: &str) -> Shelf {
    manifest(
        "strategy = \"conservative\"",
        &format!("strategy = \"conservative\"\n{lines}"),
    )
}

fn gates(files: &Shelf) -> Gates {
    let resolved = resolve(files, "prod", &context(None)).expect("the files are good");
    resolved.spec.gates
}

#[test]
fn tasks_are_what_the_manifest_says_and_absent_without_their_tables() {
    assert_eq!(gates(&shelf()), Gates::default());
    let both = gated(
        "before = { command = [\"./migrate\", \"up\"] }\n\
         after = { command = [\"./smoke\"], container = \"web\", environment = { A = \"1\" }, timeout = \"90s\" }",
    );
    assert_eq!(
        gates(&both),
        Gates {
            before: Some(TaskGate {
                container: "web".to_owned(),
                command: vec!["./migrate".to_owned(), "up".to_owned()],
                environment: Vec::new(),
                timeout: Duration::from_secs(600),
            }),
            after: Some(TaskGate {
                container: "web".to_owned(),
                command: vec!["./smoke".to_owned()],
                environment: vec![("A".to_owned(), "1".to_owned())],
                timeout: Duration::from_secs(90),
            }),
        }
    );
    assert_eq!(gates(&both).check(), Ok(()));
}

#[test]
fn a_task_without_a_command() {
    check(
        &gated("before = { command = [] }"),
        &expect![[r#"
        error: command has 0 items
          --> shipway.toml:35:22
           |
        35 | before = { command = [] }
           |                      ^^ env.prod.before.command
           = help: permitted: at least 1"#]],
    );
}

#[test]
fn a_container_that_does_not_get_the_image() {
    check(
        &gated("after = { command = [\"./smoke\"], container = \"proxy\" }"),
        &expect![[r#"
            error: container proxy does not get the image of the release
              --> shipway.toml:35:46
               |
            35 | after = { command = ["./smoke"], container = "proxy" }
               |                                              ^^^^^^^ env.prod.after.container
               = help: these do: web"#]],
    );
}

#[test]
fn a_container_that_is_not_essential() {
    let files = gated("before = { command = [\"./migrate\"] }").change(
        "task-definition.json",
        "\"name\": \"web\",",
        "\"name\": \"web\", \"essential\": false,",
    );
    check(
        &files,
        &expect![[r#"
        error: no container is essential
         --> task-definition.json:8:27
          |
        8 |   "containerDefinitions": [
          |                           ^
          = help: set essential to true on the container whose end is the task's end

        error: container web is not essential: the task would not end with it
          --> shipway.toml:35:10
           |
        35 | before = { command = ["./migrate"] }
           |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^ env.prod.before
           = help: make it essential in the task definition, or name another one"#]],
    );
}

#[test]
fn a_time_that_a_task_cannot_have() {
    check(
        &gated("before = { command = [\"./migrate\"], timeout = \"13h\" }"),
        &expect![[r#"
            error: timeout cannot be "13h"
              --> shipway.toml:35:47
               |
            35 | before = { command = ["./migrate"], timeout = "13h" }
               |                                               ^^^^^ env.prod.before.timeout
               = help: permitted: 10s to 12h"#]],
    );
}
