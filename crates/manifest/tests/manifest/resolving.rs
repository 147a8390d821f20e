//! What good files become.

use std::time::Duration;

use expect_test::expect;
use shipway_domain::document::Document;
use shipway_domain::ids::Digest;
use shipway_domain::spec::{Autoscaling, Breaker, Builder, Source, TagMutability};
use shipway_manifest::{Folder, Manifest, schema};

use crate::support::{DEFINITION, MANIFEST, context, manifest, resolve, revision, shelf, told};

fn tags(files: &crate::support::Shelf, source: &Source) -> Vec<String> {
    let resolved = resolve(files, "prod", source).expect("the files are good");
    resolved
        .spec
        .image
        .tags
        .into_iter()
        .map(|tag| tag.tag)
        .collect()
}

#[test]
fn an_environment_becomes_a_submission() {
    let resolved = resolve(&shelf(), "prod", &context(Some(revision(false)))).unwrap();
    let spec = &resolved.spec;
    assert_eq!(resolved.warnings, []);
    assert_eq!((spec.app.as_str(), spec.env.as_str()), ("web", "prod"));
    let targets: Vec<String> = spec
        .targets
        .iter()
        .map(|t| format!("{} wave {}", t.target, t.wave))
        .collect();
    assert_eq!(
        targets,
        [
            "222222222222/eu-west-1 main/web wave 0",
            "222222222222/us-east-1 main/web wave 1"
        ]
    );
    let rollout = &spec.rollout;
    assert_eq!(
        (rollout.minimum_healthy_percent, rollout.maximum_percent),
        (100, 150)
    );
    assert_eq!(
        rollout.health_check_grace_period,
        Some(Duration::from_secs(60))
    );
    assert_eq!(rollout.timeout, Duration::from_secs(20 * 60));
    assert_eq!(
        (&rollout.breaker, rollout.autoscaling, rollout.force),
        (&Breaker::On, Autoscaling::Keep, false)
    );
    assert_eq!(spec.image.account.as_str(), "000000000000");
    assert_eq!(spec.image.repository.as_str(), "web");
    let create = spec.image.create.as_ref().unwrap();
    assert_eq!(
        create.mutability,
        TagMutability::Immutable {
            except: vec!["*-latest".to_owned()]
        }
    );
    let build = spec.build.as_ref().unwrap();
    assert_eq!(build.platforms, ["linux/amd64"]);
    let Builder::Docker(docker) = &build.builder else {
        panic!("{build:?}");
    };
    assert_eq!(
        (docker.dockerfile.as_str(), docker.target.as_deref()),
        ("Dockerfile", Some("runtime"))
    );
    assert_eq!(spec.containers, ["web"]);
}

#[test]
fn the_task_definition_is_filled_in_and_otherwise_kept() {
    let resolved = resolve(&shelf(), "prod", &context(Some(revision(false)))).unwrap();
    let wanted = DEFINITION
        .replace("web-${env}", "web-prod")
        .replace("${TTL}", "90")
        .replace("$${", "${");
    let wanted = Document::parse(&wanted).unwrap();
    assert_eq!(Document::parse(&resolved.task_definition).unwrap(), wanted);
    assert_eq!(
        resolved.spec.task_definition,
        Digest::of(resolved.task_definition.as_bytes())
    );
}

#[test]
fn tags_follow_the_source() {
    let files = manifest(
        r#"["{sha}", "{env}-latest"]"#,
        r#"["{short-sha}", "v{version}", "{env}-latest"]"#,
    );
    assert_eq!(
        tags(&files, &context(Some(revision(false)))),
        ["4f1c2d9", "v1.4.0", "prod-latest"]
    );
    let dirty = tags(&files, &context(Some(revision(true))));
    assert!(
        dirty[0].starts_with("4f1c2d9-dirty-") && dirty.len() == 2,
        "{dirty:?}"
    );
    assert_eq!(tags(&files, &context(None)), ["prod-latest"]);
    let only_sha = manifest(r#"["{sha}", "{env}-latest"]"#, r#"["{sha}"]"#);
    assert!(tags(&only_sha, &context(None))[0].starts_with("context-"));
}

#[test]
fn a_tag_that_cannot_be_is_left_out_with_a_warning() {
    let resolved = resolve(&shelf(), "prod", &context(None)).unwrap();
    let warnings: Vec<String> = resolved.warnings.iter().map(ToString::to_string).collect();
    expect![[r#"
        warning: the tag "{sha}" is left out
          --> shipway.toml:12:9
           |
        12 | tags = ["{sha}", "{env}-latest"]
           |         ^^^^^^^ image.tags[0]
           = help: the context is no git work tree, so there is no commit to name"#]]
    .assert_eq(&warnings.join("\n"));
}

#[test]
fn an_image_that_exists_is_neither_built_nor_tagged() {
    let source = Source::Image {
        reference: "nginx:1".to_owned(),
    };
    let mut files = shelf();
    files.0.remove("Dockerfile");
    let spec = resolve(&files, "staging", &source).unwrap().spec;
    assert_eq!(
        (spec.build, spec.image.tags, spec.source),
        (None, Vec::new(), source)
    );
}

#[test]
fn the_agent_finds_the_context_of_a_commit_in_its_folder() {
    let mut files = manifest("[build]", "[build]\ncontext = \"../..\"");
    let text = files.0.remove("shipway.toml").unwrap();
    let definition = files.0.remove("task-definition.json").unwrap();
    files.0.insert("services/web/shipway.toml".to_owned(), text);
    files
        .0
        .insert("services/web/task-definition.json".to_owned(), definition);
    let source = Source::Commit {
        repository: "https://example.com/web.git".to_owned(),
        folder: "services/web".to_owned(),
        revision: revision(false),
    };
    let manifest = Manifest::read("services/web/shipway.toml", &files).unwrap();
    assert_eq!(manifest.context_folder(), "");
    let facts = shipway_manifest::Facts {
        source: &source,
        git_tags: &[],
    };
    let resolved = manifest.resolve("prod", &facts, &files).unwrap();
    assert!(matches!(resolved.spec.source, Source::Commit { folder, .. } if folder.is_empty()));
}

#[test]
fn a_context_outside_of_the_repository_cannot_come_from_a_commit() {
    let source = Source::Commit {
        repository: "https://example.com/web.git".to_owned(),
        folder: String::new(),
        revision: revision(false),
    };
    let mut files = manifest("[build]", "[build]\ncontext = \"..\"");
    files.0.insert("../Dockerfile".to_owned(), String::new());
    assert_eq!(told(&files), "", "but from a work tree it can");
    let error = resolve(&files, "prod", &source).unwrap_err();
    expect![[r#"
        error: the context .. is outside of the repository
         --> shipway.toml:4:11
          |
        4 | context = ".."
          |           ^^^^ build.context
          = help: an agent that fetches a commit has nothing else"#]]
    .assert_eq(&error.to_string());
}

#[test]
fn environments_keep_the_order_of_the_file() {
    let manifest = Manifest::read("shipway.toml", &shelf()).unwrap();
    assert_eq!(
        manifest.environments().collect::<Vec<_>>(),
        ["staging", "prod"]
    );
    assert_eq!(
        (manifest.app(), manifest.dockerfile()),
        ("web", Some("Dockerfile"))
    );
}

#[test]
fn files_come_from_a_folder_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shipway.toml"), MANIFEST).unwrap();
    let files = Folder(folder.path().to_owned());
    assert_eq!(Manifest::read("shipway.toml", &files).unwrap().app(), "web");
}

#[test]
fn the_schema_is_json_and_describes_every_key() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let mut pending = vec![&schema];
    let mut keys = 0;
    while let Some(value) = pending.pop() {
        if let Some(properties) = value.get("properties").and_then(|all| all.as_object()) {
            for (name, property) in properties {
                assert!(property.get("description").is_some(), "{name}");
                keys += 1;
            }
        }
        pending.extend(
            value
                .as_object()
                .into_iter()
                .flat_map(serde_json::Map::values),
        );
        pending.extend(value.as_array().into_iter().flatten());
    }
    assert!(keys > 50, "{keys}");
}
