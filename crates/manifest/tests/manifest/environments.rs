//! Mistakes in what an environment says: accounts, targets, waves, bounds, times.

use expect_test::expect;

use crate::support::{check, context, manifest, resolve, revision, shelf};

#[test]
fn an_account_that_has_no_name() {
    check(
        &manifest(r#"account = "prod""#, r#"account = "prd""#),
        &expect![[r#"
            error: "prd" is no account
              --> shipway.toml:43:11
               |
            43 | account = "prd"
               |           ^^^^^ env.prod.targets[0].account
               = help: did you mean "prod"?
               = help: permitted: 12 digits, or one of prod, staging, tools"#]],
    );
}

#[test]
fn an_account_id_of_eleven_digits() {
    check(
        &manifest(r#"prod = "222222222222""#, r#"prod = "22222222222""#),
        &expect![[r#"
            error: "22222222222" is not a valid account id
              --> shipway.toml:20:8
               |
            20 | prod = "22222222222"
               |        ^^^^^^^^^^^^^ accounts.prod
               = help: it must be exactly 12 digits"#]],
    );
}

#[test]
fn an_account_named_by_a_number() {
    check(
        &manifest("[accounts]", "[accounts]\n333333333333 = \"333333333333\""),
        &expect![[r#"
            error: the name "333333333333" could be taken for an account id
              --> shipway.toml:18:16
               |
            18 | 333333333333 = "333333333333"
               |                ^^^^^^^^^^^^^^ accounts.333333333333
               = help: take a name that is no number"#]],
    );
}

#[test]
fn a_region_that_is_none() {
    check(
        &manifest(r#"region = "us-east-1""#, r#"region = "virginia""#),
        &expect![[r#"
            error: "virginia" is not a valid region
              --> shipway.toml:50:10
               |
            50 | region = "virginia"
               |          ^^^^^^^^^^ env.prod.targets[1].region
               = help: it must look like eu-west-1"#]],
    );
}

#[test]
fn a_cluster_by_its_arn() {
    check(
        &manifest(
            "cluster = \"main\"\nservice = \"web\"\nwave",
            "cluster = \"arn:aws:ecs:us-east-1:222222222222:cluster/main\"\nservice = \"web\"\nwave",
        ),
        &expect![[r#"
            error: "arn:aws:ecs:us-east-1:222222222222:cluster/main" is not a valid cluster name
              --> shipway.toml:51:11
               |
            51 | cluster = "arn:aws:ecs:us-east-1:222222222222:cluster/main"
               |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ env.prod.targets[1].cluster
               = help: it must be 1 to 255 of letters, digits, '-' and '_'"#]],
    );
}

#[test]
fn an_environment_that_does_not_exist() {
    let error = resolve(&shelf(), "prd", &context(Some(revision(false)))).unwrap_err();
    expect![[r#"
        error: there is no environment "prd"
          --> shipway.toml:28:2
           |
        28 | [env.staging]
           |  ^^^
           = help: did you mean "prod"?
           = help: permitted: staging, prod"#]]
    .assert_eq(&error.to_string());
}

#[test]
fn a_name_of_an_app_that_is_none() {
    check(
        &manifest(r#"app = "web""#, r#"app = "My Web""#),
        &expect![[r#"
            error: "My Web" is not a valid app name
             --> shipway.toml:1:7
              |
            1 | app = "My Web"
              |       ^^^^^^^^
              = help: it must be 1 to 64 of a-z, 0-9 and '-', starting with a letter"#]],
    );
}

#[test]
fn a_name_of_an_environment_that_is_none() {
    check(
        &manifest("[env.staging]", "[env.Staging]"),
        &expect![[r#"
            error: "Staging" is not a valid environment name
              --> shipway.toml:28:6
               |
            28 | [env.Staging]
               |      ^^^^^^^
               = help: it must be 1 to 64 of a-z, 0-9 and '-', starting with a letter"#]],
    );
}

#[test]
fn the_same_target_twice() {
    check(
        &manifest(r#"region = "us-east-1""#, r#"region = "eu-west-1""#),
        &expect![[r#"
            error: 222222222222/eu-west-1 main/web is a target twice
              --> shipway.toml:48:1
               |
            48 | [[env.prod.targets]]
               | ^^^^^^^^^^^^^^^^^^^^ env.prod.targets[1]
               = help: env.prod.targets[0] names it already; a release changes a target once"#]],
    );
}

#[test]
fn a_gap_between_waves() {
    check(
        &manifest("wave = 1", "wave = 2"),
        &expect![[r#"
        error: wave 2 has no wave before it
          --> shipway.toml:53:8
           |
        53 | wave = 2
           |        ^ env.prod.targets[1].wave
           = help: waves count up from 0 without gaps; each waits for the one before"#]],
    );
}

#[test]
fn strategy_and_percentages() {
    check(
        &manifest(
            r#"strategy = "conservative""#,
            "strategy = \"balanced\"\nmaximum_percent = 150",
        ),
        &expect![[r#"
            error: maximum_percent and strategy exclude each other
              --> shipway.toml:35:19
               |
            35 | maximum_percent = 150
               |                   ^^^ env.prod.maximum_percent
               = help: keep one of them; conservative is 100/150, balanced is 100/200, aggressive is 50/200"#]],
    );
}

#[test]
fn bounds_between_which_nothing_moves() {
    check(
        &manifest(
            r#"strategy = "conservative""#,
            "minimum_healthy_percent = 100\nmaximum_percent = 100",
        ),
        &expect![[r#"
            error: with 100 and 100 percent no task could stop and none could start
              --> shipway.toml:34:27
               |
            34 | minimum_healthy_percent = 100
               |                           ^^^ env.prod.minimum_healthy_percent
               = help: lower minimum_healthy_percent below 100, or raise maximum_percent above 100"#]],
    );
}

#[test]
fn bounds_between_which_few_tasks_do_not_move_are_warned_of() {
    check(
        &manifest(r#"strategy = "conservative""#, "maximum_percent = 125"),
        &expect![[r#"
            warning: with 100 and 125 percent a service of fewer than 4 tasks never moves
              --> shipway.toml:34:19
               |
            34 | maximum_percent = 125
               |                   ^^^ env.prod.maximum_percent
               = help: ECS rounds the lower bound up and the upper bound down, and waits for ever"#]],
    );
}

#[test]
fn a_breaker_off_without_a_reason() {
    check(
        &manifest("circuit_breaker = true", "circuit_breaker = false"),
        &expect![[r#"
            error: the circuit breaker is off without a reason
              --> shipway.toml:36:19
               |
            36 | circuit_breaker = false
               |                   ^^^^^ env.prod.circuit_breaker
               = help: write circuit_breaker = { enabled = false, reason = "why it has to be off" }"#]],
    );
    check(
        &manifest(
            "circuit_breaker = true",
            "circuit_breaker = { enabled = false, reason = \" \" }",
        ),
        &expect![[r#"
            error: the circuit breaker is off without a reason
              --> shipway.toml:36:19
               |
            36 | circuit_breaker = { enabled = false, reason = " " }
               |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ env.prod.circuit_breaker
               = help: write circuit_breaker = { enabled = false, reason = "why it has to be off" }"#]],
    );
}

#[test]
fn a_duration_without_a_unit() {
    check(
        &manifest(r#"timeout = "20m""#, r#"timeout = "20""#),
        &expect![[r#"
            error: "20" is no duration
              --> shipway.toml:37:11
               |
            37 | timeout = "20"
               |           ^^^^ env.prod.timeout
               = help: a duration is a whole number and s, m or h, as in "90s", "5m", "1h""#]],
    );
}

#[test]
fn a_timeout_that_is_too_long() {
    check(
        &manifest(r#"timeout = "20m""#, r#"timeout = "48h""#),
        &expect![[r#"
            error: timeout cannot be "48h"
              --> shipway.toml:37:11
               |
            37 | timeout = "48h"
               |           ^^^^^ env.prod.timeout
               = help: permitted: 1m to 24h"#]],
    );
}

#[test]
fn revisions_to_keep_are_some_and_not_too_many() {
    check(
        &manifest(
            "circuit_breaker = true",
            "circuit_breaker = true\nkeep_revisions = 51",
        ),
        &expect![[r#"
            error: keep_revisions cannot be 51
              --> shipway.toml:37:18
               |
            37 | keep_revisions = 51
               |                  ^^ env.prod.keep_revisions
               = help: permitted: 1 to 50"#]],
    );
    let some = manifest(
        "circuit_breaker = true",
        "circuit_breaker = true\nkeep_revisions = 50",
    );
    let rollout = resolve(&some, "prod", &context(None))
        .expect("it is right")
        .spec
        .rollout;
    assert_eq!(rollout.keep_revisions, Some(50));
}
