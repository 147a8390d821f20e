//! Mistakes in how the image is built and where it goes.

use expect_test::expect;

use crate::support::{check, manifest, shelf};

const LAYERS: &str = "[build]\nbuilder = \"layers\"\n\n[build.layers]\nfiles = [{ from = \"app\", to = \"/app\" }]\nports = [\"8080/tcp\"]\n";
const DOCKER: &str = "[build]\ntarget = \"runtime\"\n\n[build.args]\nPROFILE = \"release\"\n";

#[test]
fn a_dockerfile_that_is_not_there() {
    check(
        &manifest("[build]", "[build]\ndockerfile = \"docker/Dockerfile\""),
        &expect![[r#"
            error: there is no Dockerfile at docker/Dockerfile
             --> shipway.toml:4:14
              |
            4 | dockerfile = "docker/Dockerfile"
              |              ^^^^^^^^^^^^^^^^^^^ build.dockerfile
              = help: build.dockerfile is relative to build.context"#]],
    );
    let mut files = shelf();
    files.0.remove("Dockerfile");
    check(
        &files,
        &expect![[r#"
            error: there is no Dockerfile at Dockerfile
             --> shipway.toml:3:1
              |
            3 | [build]
              | ^^^^^^^ build.dockerfile
              = help: build.dockerfile is relative to build.context"#]],
    );
}

#[test]
fn a_secret_as_a_build_argument_is_warned_of() {
    check(
        &manifest("PROFILE = \"release\"", "NPM_TOKEN = \"abc\""),
        &expect![[r#"
            warning: build.args.NPM_TOKEN can be read from the image
             --> shipway.toml:7:13
              |
            7 | NPM_TOKEN = "abc"
              |             ^^^^^ build.args.NPM_TOKEN
              = help: name a secret in [build.secrets] and mount it: RUN --mount=type=secret,id=…"#]],
    );
}

#[test]
fn a_build_secret_from_two_places() {
    check(
        &manifest(
            "[build.args]",
            "[build.secrets]\nnpm = { env = \"A\", file = \"/b\" }\n[build.args]",
        ),
        &expect![[r#"
            error: a secret comes from exactly one place
             --> shipway.toml:7:7
              |
            7 | npm = { env = "A", file = "/b" }
              |       ^^^^^^^^^^^^^^^^^^^^^^^^^^ build.secrets.npm
              = help: permitted: one of env, file, secrets_manager, ssm"#]],
    );
    check(
        &manifest("[build.args]", "[build.secrets]\nnpm = {}\n[build.args]"),
        &expect![[r#"
            error: a secret comes from exactly one place
             --> shipway.toml:7:7
              |
            7 | npm = {}
              |       ^^ build.secrets.npm
              = help: permitted: one of env, file, secrets_manager, ssm"#]],
    );
}

#[test]
fn keys_of_the_other_builder() {
    check(
        &manifest(
            "[build.args]",
            "[build.layers]\nuser = \"1000\"\n[build.args]",
        ),
        &expect![[r#"
            error: build.layers means nothing to the builder "docker"
             --> shipway.toml:6:8
              |
            6 | [build.layers]
              |        ^^^^^^
              = help: remove it, or set builder = "layers""#]],
    );
    check(
        &manifest(DOCKER, &format!("{LAYERS}\n[build.args]\nA = \"b\"\n")),
        &expect![[r#"
            error: build.args means nothing to the builder "layers"
              --> shipway.toml:10:8
               |
            10 | [build.args]
               |        ^^^^
               = help: remove it, or set builder = "docker""#]],
    );
}

#[test]
fn layers_are_right_as_they_are() {
    check(&manifest(DOCKER, LAYERS), &expect![""]);
}

#[test]
fn copies_that_lead_out() {
    let wrong = LAYERS.replace(
        "from = \"app\", to = \"/app\"",
        "from = \"../app\", to = \"app\"",
    );
    check(
        &manifest(DOCKER, &wrong),
        &expect![[r#"
        error: "../app" is outside of the context
         --> shipway.toml:7:19
          |
        7 | files = [{ from = "../app", to = "app" }]
          |                   ^^^^^^^^ build.layers.files[0].from
          = help: from is relative to build.context

        error: "app" is no absolute path
         --> shipway.toml:7:34
          |
        7 | files = [{ from = "../app", to = "app" }]
          |                                  ^^^^^ build.layers.files[0].to
          = help: write "/app""#]],
    );
}

#[test]
fn ports_and_files_of_layers() {
    let wrong = LAYERS
        .replace("8080/tcp", "8080")
        .replace("[{ from = \"app\", to = \"/app\" }]", "[]");
    check(
        &manifest(DOCKER, &wrong),
        &expect![[r#"
        error: no files go into the image
         --> shipway.toml:7:9
          |
        7 | files = []
          |         ^^ build.layers.files
          = help: name what is copied: files = [{ from = "target/app", to = "/app" }]

        error: "8080" is no port
         --> shipway.toml:8:10
          |
        8 | ports = ["8080"]
          |          ^^^^^^ build.layers.ports[0]
          = help: permitted: 1 to 65535, and /tcp or /udp, as in "8080/tcp""#]],
    );
}

#[test]
fn a_platform_that_ecs_does_not_run() {
    check(
        &manifest(
            "[build]",
            "[build]\nplatforms = [\"linux/amd64\", \"linux/arm\"]",
        ),
        &expect![[r#"
            error: "linux/arm" is no platform of ECS
             --> shipway.toml:4:29
              |
            4 | platforms = ["linux/amd64", "linux/arm"]
              |                             ^^^^^^^^^^^ build.platforms[1]
              = help: did you mean "linux/arm64"?
              = help: permitted: linux/amd64, linux/arm64, windows/amd64"#]],
    );
}

#[test]
fn a_platform_that_the_task_needs_is_not_built() {
    check(
        &manifest("[build]", "[build]\nplatforms = [\"linux/arm64\"]"),
        &expect![[r#"
            error: the task definition runs on linux/amd64, which is not built
             --> shipway.toml:4:13
              |
            4 | platforms = ["linux/arm64"]
              |             ^^^^^^^^^^^^^^^ build.platforms
              = help: add "linux/amd64", or change runtimePlatform in the task definition"#]],
    );
}

#[test]
fn a_repository_name_in_capitals() {
    check(
        &manifest("[image]", "[image]\nrepository = \"Web\""),
        &expect![[r#"
            error: "Web" is not a valid repository name
              --> shipway.toml:10:14
               |
            10 | repository = "Web"
               |              ^^^^^ image.repository
               = help: it must be 2 to 256 of a-z, 0-9 and single '.', '_', '-' or '/' between them"#]],
    );
}

#[test]
fn a_tag_pattern_that_is_not_known() {
    check(
        &manifest("{sha}", "{shortsha}"),
        &expect![[r#"
        error: "{shortsha}" is no pattern of a tag: {shortsha} stands for nothing
          --> shipway.toml:12:9
           |
        12 | tags = ["{shortsha}", "{env}-latest"]
           |         ^^^^^^^^^^^^ image.tags[0]
           = help: did you mean {short-sha}?
           = help: permitted: text with {sha}, {short-sha}, {env}, {version}"#]],
    );
    check(
        &manifest("{env}-latest", "{env}/latest"),
        &expect![[r#"
        error: "{env}/latest" is no pattern of a tag: a tag has 1 to 128 of letters, digits, '_', '.' and '-', the first no '.' or '-'
          --> shipway.toml:12:18
           |
        12 | tags = ["{sha}", "{env}/latest"]
           |                  ^^^^^^^^^^^^^^ image.tags[1]
           = help: permitted: text with {sha}, {short-sha}, {env}, {version}"#]],
    );
}

#[test]
fn a_tag_that_moves_in_an_immutable_repository() {
    check(
        &manifest("mutable_tags = [\"*-latest\"]", "scan_on_push = true"),
        &expect![[r#"
            error: the tag "staging-latest" moves, but the repository is immutable
              --> shipway.toml:12:18
               |
            12 | tags = ["{sha}", "{env}-latest"]
               |                  ^^^^^^^^^^^^^^ image.tags[1]
               = help: add a wildcard for it to image.create.mutable_tags, such as "*-latest"

            error: the tag "prod-latest" moves, but the repository is immutable
              --> shipway.toml:12:18
               |
            12 | tags = ["{sha}", "{env}-latest"]
               |                  ^^^^^^^^^^^^^^ image.tags[1]
               = help: add a wildcard for it to image.create.mutable_tags, such as "*-latest""#]],
    );
}

#[test]
fn wildcards_that_are_none_or_mean_nothing() {
    check(
        &manifest(
            "mutable_tags = [\"*-latest\"]",
            "mutable_tags = [\"*-latest\", \"a/b\"]",
        ),
        &expect![[r#"
            error: "a/b" is no wildcard for tags
              --> shipway.toml:15:29
               |
            15 | mutable_tags = ["*-latest", "a/b"]
               |                             ^^^^^ image.create.mutable_tags[1]
               = help: 1 to 128 of letters, digits, '.', '_', '-' and '*' for any text"#]],
    );
    check(
        &manifest(
            "mutable_tags = [\"*-latest\"]",
            "mutable_tags = [\"*-latest\"]\nmutability = \"mutable\"",
        ),
        &expect![[r#"
            error: mutable_tags without an immutable repository mean nothing
              --> shipway.toml:15:16
               |
            15 | mutable_tags = ["*-latest"]
               |                ^^^^^^^^^^^^ image.create.mutable_tags
               = help: remove them, or set mutability = "immutable""#]],
    );
    check(
        &manifest(
            "mutable_tags = [\"*-latest\"]",
            "mutable_tags = [\"*-latest\", \"a\", \"b\", \"c\", \"d\", \"e\"]",
        ),
        &expect![[r#"
            error: mutable_tags has 6 items
              --> shipway.toml:15:16
               |
            15 | mutable_tags = ["*-latest", "a", "b", "c", "d", "e"]
               |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ image.create.mutable_tags
               = help: permitted: at most 5"#]],
    );
}
