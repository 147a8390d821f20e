//! Tests of pulls by tasks.

use serde_json::json;

use super::*;
use crate::clock::SimTime;
use crate::files::Files;
use crate::ids::Ids;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OWNER: &str = "000000000000";

/// A world with an image `app:v1` (for `platform`, with `labels`) and an index `app:all` over it.
fn world(platform: &str, labels: serde_json::Value) -> World {
    let mut world = World::with_ids(Ids::seeded(1));
    world.files = Files::open(None).unwrap();
    world.registry(OWNER, "eu-west-1").unwrap();
    let (os, architecture) = platform.split_once('/').unwrap();
    let config = json!({"os": os, "architecture": architecture, "config": {"Labels": labels}});
    let config = config.to_string();
    let config_digest = digest::of(config.as_bytes());
    std::fs::write(world.files.blob(&config_digest), &config).unwrap();
    let mut repository = Repository::default();
    repository
        .blobs
        .insert(config_digest.clone(), config.len() as u64);
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": {"digest": config_digest, "size": config.len()}});
    let put = |repository: &mut Repository, text: String, tag| {
        let files = world.files.clone();
        repository
            .put(&text, None, Some(tag), SimTime::default(), &files)
            .unwrap()
    };
    let digest = put(&mut repository, manifest.to_string(), "v1");
    let index = json!({"schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"digest": digest, "platform": {"os": os, "architecture": architecture}}]});
    put(&mut repository, index.to_string(), "all");
    let region = world.region(OWNER, "eu-west-1");
    region.ecr.repositories.insert("app".to_owned(), repository);
    world
}

fn pull(world: &mut World, account: &str, rest: &str) -> Result<ResolvedImage, PullError> {
    let host = world.registry(OWNER, "eu-west-1").unwrap();
    world.resolve_image(Pull {
        family: "web",
        command: "",
        account,
        image: &format!("{host}/{rest}"),
        digest: None,
        platform: Platform {
            os: "linux",
            architecture: "amd64",
        },
        execution_role: None,
    })
}

#[test]
fn an_index_gives_the_manifest_of_the_platform() {
    let mut world = world("linux/amd64", json!({"team": "a"}));
    let plain = pull(&mut world, OWNER, "app:v1").unwrap();
    assert_eq!(plain.digest, plain.manifest_digest);
    assert!(plain.runs_here);
    assert_eq!(plain.labels["team"], "a");
    let index = pull(&mut world, OWNER, "app:all").unwrap();
    assert_eq!(index.manifest_digest, plain.digest);
    assert_ne!(index.digest, plain.digest);
    let by_digest = pull(&mut world, OWNER, &format!("app@{}", index.digest)).unwrap();
    assert_eq!(by_digest, index);
}

#[test]
fn another_platform_is_found_out_at_the_pull_of_an_index_and_at_the_start_of_an_image() {
    let mut world = world("linux/arm64", json!({}));
    assert!(!pull(&mut world, OWNER, "app:v1").unwrap().runs_here);
    let refused = pull(&mut world, OWNER, "app:all").unwrap_err();
    assert!(
        refused
            .reason
            .contains("does not contain descriptor matching platform 'linux/amd64'"),
        "{refused:?}"
    );
}

#[test]
fn a_missing_tag_is_a_pull_error() {
    let mut world = world("linux/amd64", json!({}));
    for image in ["app:v2", "app", "other:v1", "app@sha256:00"] {
        let refused = pull(&mut world, OWNER, image).unwrap_err();
        assert!(
            refused.reason.starts_with("CannotPullContainerError: "),
            "{refused:?}"
        );
        assert!(refused.reason.ends_with("not found"), "{refused:?}");
    }
}

#[test]
fn another_account_pulls_only_by_the_repository_policy() {
    let mut world = world("linux/amd64", json!({}));
    let refused = pull(&mut world, "111111111111", "app:v1").unwrap_err();
    assert!(refused.reason.contains("403 Forbidden"), "{refused:?}");
    let policy = json!({"Statement": [{
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }]});
    let repository = world.repository(OWNER, "eu-west-1", "app").unwrap();
    repository.policy = Some(policy.to_string());
    assert!(pull(&mut world, "111111111111", "app:v1").is_ok());
    assert!(pull(&mut world, "222222222222", "app:v1").is_err());
}

#[test]
fn an_image_carries_its_own_script_and_the_control_api_overrules_it() {
    let label = json!({"kind": "exit", "exit_code": 7}).to_string();
    let mut world = world("linux/amd64", json!({"aws-sim.script": label}));
    let script = pull(&mut world, OWNER, "app:v1").unwrap().script.unwrap();
    assert_eq!((script.kind, script.exit_code), (ScriptKind::Exit, Some(7)));
    let stronger = json!({"match": "app:v1", "kind": "cannot-pull", "reason": "toomanyrequests"});
    world
        .scripts
        .push(serde_json::from_value(stronger).unwrap());
    let refused = pull(&mut world, OWNER, "app:v1").unwrap_err();
    assert_eq!(refused.reason, "CannotPullContainerError: toomanyrequests");
}

#[test]
fn an_image_elsewhere_has_a_digest_made_from_its_name() {
    let world = World::with_ids(Ids::seeded(1));
    let resolve = |image: &str| {
        let platform = Platform {
            os: "linux",
            architecture: "amd64",
        };
        let pull = Pull {
            family: "web",
            command: "",
            account: OWNER,
            image,
            digest: None,
            platform,
            execution_role: None,
        };
        world.resolve_image(pull).unwrap().digest
    };
    let httpd = resolve("public.ecr.aws/docker/library/httpd:latest");
    assert!(digest::is_digest(&httpd));
    assert_eq!(httpd, resolve("public.ecr.aws/docker/library/httpd:latest"));
    assert_ne!(httpd, resolve("httpd"));
    assert_eq!(resolve("httpd@sha256:11"), "sha256:11");
}

#[test]
fn a_tag_resolved_before_is_pulled_by_its_digest_and_keeps_its_script() {
    let mut world = world("linux/amd64", json!({}));
    let first = pull(&mut world, OWNER, "app:v1").unwrap();
    world
        .scripts
        .push(serde_json::from_value(json!({"match": "app:v1", "kind": "exit"})).unwrap());
    let repository = world.repository(OWNER, "eu-west-1", "app").unwrap();
    repository.tags.remove("v1");
    let host = world.registry(OWNER, "eu-west-1").unwrap();
    let image = format!("{host}/app:v1");
    let mut again = Pull {
        family: "web",
        command: "",
        account: OWNER,
        image: &image,
        digest: Some(&first.digest),
        platform: Platform {
            os: "linux",
            architecture: "amd64",
        },
        execution_role: None,
    };
    let resolved = world.resolve_image(again).unwrap();
    assert_eq!(resolved.digest, first.digest);
    assert!(resolved.script.is_some());
    again.digest = None;
    assert!(world.resolve_image(again).is_err());
}
