//! Mistakes that the shape of the manifest shows: syntax, keys, kinds, permitted words.

use expect_test::expect;
use shipway_manifest::{Manifest, ManifestError};

use crate::support::{check, manifest, shelf};

#[test]
fn a_good_manifest_has_no_mistakes() {
    check(&shelf(), &expect![""]);
}

#[test]
fn a_manifest_that_is_not_there_is_told_by_name() {
    let error = Manifest::read("other.toml", &shelf()).unwrap_err();
    assert!(matches!(error, ManifestError::Unreadable { .. }));
    assert_eq!(error.to_string(), "cannot read the manifest other.toml");
}

#[test]
fn no_toml() {
    check(
        &manifest(r#"app = "web""#, "app = web"),
        &expect![[r#"
        error: invalid string; expected `"`, `'`
         --> shipway.toml:1:7
          |
        1 | app = web
          |       ^"#]],
    );
}

#[test]
fn a_key_twice() {
    check(
        &manifest(r#"timeout = "20m""#, "timeout = \"20m\"\ntimeout = \"30m\""),
        &expect![[r#"
            error: duplicate key `timeout` in table `env.prod`
              --> shipway.toml:38:1
               |
            38 | timeout = "30m"
               | ^"#]],
    );
}

#[test]
fn an_unknown_key_in_a_table() {
    check(
        &manifest(
            "cluster = \"main\"\nservice = \"web\"\nwave",
            "clutser = \"main\"\nservice = \"web\"\nwave",
        ),
        &expect![[r#"
            error: unknown key "clutser"
              --> shipway.toml:51:1
               |
            51 | clutser = "main"
               | ^^^^^^^
               = help: did you mean "cluster"?
               = help: permitted: account, region, cluster, service, wave"#]],
    );
}

#[test]
fn an_unknown_key_in_an_inline_table() {
    check(
        &manifest(
            r#"cluster = "main", service"#,
            r#"cluster = "main", group = "a", service"#,
        ),
        &expect![[r#"
            error: unknown key "group"
              --> shipway.toml:30:66
               |
            30 |   { account = "staging", region = "eu-west-1", cluster = "main", group = "a", service = "web" },
               |                                                                  ^^^^^
               = help: permitted: account, region, cluster, service, wave"#]],
    );
}

#[test]
fn an_unknown_table() {
    check(
        &manifest("[task_definition]", "[task-definition]"),
        &expect![[r#"
            error: unknown key "task-definition"
              --> shipway.toml:22:2
               |
            22 | [task-definition]
               |  ^^^^^^^^^^^^^^^
               = help: did you mean "task_definition"?
               = help: permitted: app, build, image, scan, accounts, task_definition, env"#]],
    );
}

#[test]
fn a_missing_key() {
    check(
        &manifest("account = \"tools\"\n", ""),
        &expect![[r#"
        error: missing key "account"
         --> shipway.toml:9:1
          |
        9 | [image]
          | ^^^^^^^
          = help: account: Account that owns the repository: 12 digits, or a name of [accounts]."#]],
    );
}

#[test]
fn a_missing_section() {
    check(
        &manifest("app = \"web\"", ""),
        &expect![[r#"
        error: missing key "app"
         --> shipway.toml:1:1
          |
        1 | 
          | ^
          = help: app: Name of the app: 1 to 64 of a-z, 0-9 and '-', starting with a letter."#]],
    );
}

#[test]
fn a_number_where_a_string_belongs() {
    check(
        &manifest(r#"prod = "222222222222""#, "prod = 222222222222"),
        &expect![[r#"
            error: prod must be a string, found a number
              --> shipway.toml:20:8
               |
            20 | prod = 222222222222
               |        ^^^^^^^^^^^^ accounts.prod
               = help: write "222222222222""#]],
    );
}

#[test]
fn a_string_where_an_array_belongs() {
    check(
        &manifest(r#"["{sha}", "{env}-latest"]"#, r#""{sha}""#),
        &expect![[r#"
            error: tags must be an array, found a string
              --> shipway.toml:12:8
               |
            12 | tags = "{sha}"
               |        ^^^^^^^ image.tags
               = help: put it in [ ]
               = help: Tags for what is pushed: text with {sha}, {short-sha}, {env} and {version}. Default: ["{sha}"]."#]],
    );
}

#[test]
fn a_string_where_true_or_a_table_belongs() {
    check(
        &manifest("circuit_breaker = true", "circuit_breaker = \"on\""),
        &expect![[r#"
            error: circuit_breaker must be true or false, or a table, found a string
              --> shipway.toml:36:19
               |
            36 | circuit_breaker = "on"
               |                   ^^^^ env.prod.circuit_breaker
               = help: The deployment circuit breaker."#]],
    );
}

#[test]
fn a_string_where_a_number_belongs() {
    check(
        &manifest("wave = 1", "wave = \"1\""),
        &expect![[r#"
        error: wave must be a whole number, found a string
          --> shipway.toml:53:8
           |
        53 | wave = "1"
           |        ^^^ env.prod.targets[1].wave
           = help: write 1 without quotes
           = help: A wave starts when all targets of the one before are live. Default: 0, the first."#]],
    );
}

#[test]
fn an_unknown_strategy() {
    check(
        &manifest(
            r#"strategy = "conservative""#,
            r#"strategy = "conservativ""#,
        ),
        &expect![[r#"
            error: strategy cannot be "conservativ"
              --> shipway.toml:34:12
               |
            34 | strategy = "conservativ"
               |            ^^^^^^^^^^^^^ env.prod.strategy
               = help: did you mean "conservative"?
               = help: permitted: "conservative", "balanced", "aggressive""#]],
    );
}

#[test]
fn an_unknown_builder() {
    check(
        &manifest("[build]", "[build]\nbuilder = \"kaniko\""),
        &expect![[r#"
            error: builder cannot be "kaniko"
             --> shipway.toml:4:11
              |
            4 | builder = "kaniko"
              |           ^^^^^^^^ build.builder
              = help: permitted: "docker", "layers""#]],
    );
}

#[test]
fn a_number_out_of_its_range() {
    check(
        &manifest(
            r#"strategy = "conservative""#,
            "maximum_percent = 90\npriority = 101",
        ),
        &expect![[r#"
            error: maximum_percent cannot be 90
              --> shipway.toml:34:19
               |
            34 | maximum_percent = 90
               |                   ^^ env.prod.maximum_percent
               = help: permitted: 100 to 400

            error: priority cannot be 101
              --> shipway.toml:35:12
               |
            35 | priority = 101
               |            ^^^ env.prod.priority
               = help: permitted: 0 to 100"#]],
    );
}

#[test]
fn an_environment_without_targets() {
    check(
        &manifest(
            "[env.staging]\ntargets = [\n  { account = \"staging\", region = \"eu-west-1\", cluster = \"main\", service = \"web\" },\n]",
            "[env.staging]\ntargets = []",
        ),
        &expect![[r#"
            error: targets has 0 items
              --> shipway.toml:29:11
               |
            29 | targets = []
               |           ^^ env.staging.targets
               = help: permitted: at least 1"#]],
    );
}

#[test]
fn several_mistakes_are_told_at_once() {
    let files = manifest("strategy = \"conservative\"", "stratgy = \"x\"");
    let files = files.change("shipway.toml", "region = \"eu-west-1\"\ntags", "tags");
    check(
        &files,
        &expect![[r#"
        error: missing key "region"
         --> shipway.toml:9:1
          |
        9 | [image]
          | ^^^^^^^
          = help: region: Region of the repository, such as "eu-west-1".

        error: unknown key "stratgy"
          --> shipway.toml:33:1
           |
        33 | stratgy = "x"
           | ^^^^^^^
           = help: did you mean "strategy"?
           = help: permitted: targets, strategy, minimum_healthy_percent, maximum_percent, health_check_grace_period, circuit_breaker, autoscaling, timeout, stop_early_after, keep_revisions, force, priority, task_definition, variables, before, after"#]],
    );
}
