//! Base images: carried over, never unpacked.

use shipway_plugin::{BuildError, BuildOrder};

use crate::support::{Registry, Tree, bench, build, built, found, layers, order, skopeo};

/// Pushes a base `<host>/base/<name>:r-1` with a file, an environment and a command.
async fn base(registry: &Registry, name: &str, platform: &str) -> String {
    let tree = Tree::new(&[("below", b"the base's")]);
    let mut order = order(&registry.host(), &tree);
    order.image = format!("{}/base/{name}", registry.host());
    order.platforms = vec![platform.to_owned()];
    let build = layers(&mut order);
    build.env = vec![("BASE".to_owned(), "1".to_owned())];
    build.command = vec!["base-command".to_owned()];
    build.labels = vec![("kept".to_owned(), "yes".to_owned())];
    built(&order).await;
    format!("{}:r-1", order.image)
}

fn on(base: &str, registry: &Registry, tree: &Tree) -> BuildOrder {
    let mut order = order(&registry.host(), tree);
    layers(&mut order).base = Some(base.to_owned());
    order
}

#[tokio::test]
async fn a_base_in_the_same_registry_is_mounted() {
    let Some(registry) = bench() else { return };
    let base = base(&registry, "one", "linux/amd64").await;
    let uploads = registry.requests("PUT /v2/team/app/blobs");
    let tree = Tree::new(&[("app", b"ours")]);
    let order = on(&base, &registry, &tree);
    let (built, recorder) = built(&order).await;
    let image = format!("{}:r-1", order.image);
    assert_eq!(skopeo::files(&image, 0), ["app 755", "app/below 644"]);
    assert_eq!(skopeo::files(&image, 1), ["app 755", "app/app 644"]);
    let config = skopeo::config(&image);
    assert_eq!(config["config"]["Cmd"][0], "base-command");
    assert_eq!(config["config"]["Env"][1], "BASE=1");
    assert_eq!(config["config"]["Labels"]["kept"], "yes");
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
    assert_eq!(config["history"].as_array().unwrap().len(), 2);
    assert_eq!((built.stages, built.cached), (2, 1));
    // Our layer and the config; the base's layer went nowhere.
    assert_eq!(registry.requests("PUT /v2/team/app/blobs"), uploads + 2);
    let lines = recorder.lines();
    let mounted = lines
        .iter()
        .any(|l| l.starts_with("base layer 1 of 1") && l.contains("mounted"));
    assert!(mounted, "{lines:?}");
}

#[tokio::test]
async fn a_base_in_another_registry_is_carried_over() {
    let (Some(far), Some(near)) = (bench(), bench()) else {
        return;
    };
    let base = base(&far, "one", "linux/amd64").await;
    let tree = Tree::new(&[("app", b"ours")]);
    let order = on(&base, &near, &tree);
    let (built, _) = built(&order).await;
    assert_eq!((built.stages, built.cached), (2, 0));
    let image = format!("{}:r-1", order.image);
    assert_eq!(skopeo::files(&image, 0), ["app 755", "app/below 644"]);
}

#[tokio::test]
async fn a_base_may_be_named_by_digest() {
    let Some(registry) = bench() else { return };
    let base = base(&registry, "one", "linux/amd64").await;
    let pinned = format!(
        "{}@{}",
        base.trim_end_matches(":r-1"),
        skopeo::digest(&base)
    );
    let tree = Tree::new(&[("app", b"ours")]);
    let (by_tag, _) = built(&on(&base, &registry, &tree)).await;
    let (by_digest, _) = built(&on(&pinned, &registry, &tree)).await;
    assert_eq!(by_tag.digest, by_digest.digest);
}

async fn refusal(order: &BuildOrder) -> String {
    match build(order).await.0 {
        Err(BuildError::Invalid(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_base_of_another_platform_is_refused() {
    let Some(registry) = bench() else { return };
    let tree = Tree::new(&[("app", b"ours")]);
    let arm = base(&registry, "arm", "linux/arm64").await;
    let message = refusal(&on(&arm, &registry, &tree)).await;
    assert!(
        message.contains("it is for linux/arm64, not for linux/amd64"),
        "{message}"
    );

    let mut both = order(&registry.host(), &tree);
    both.image = format!("{}/base/both", registry.host());
    both.platforms = vec!["linux/arm64".to_owned(), "linux/arm/v7".to_owned()];
    built(&both).await;
    let message = refusal(&on(&format!("{}:r-1", both.image), &registry, &tree)).await;
    assert!(
        message.contains("it has no linux/amd64, but linux/arm64, linux/arm/v7"),
        "{message}"
    );
}

#[tokio::test]
async fn a_base_that_is_not_there_is_named() {
    let Some(registry) = bench() else { return };
    let tree = Tree::new(&[("app", b"ours")]);
    let missing = format!("{}/no/such:tag", registry.host());
    let message = refusal(&on(&missing, &registry, &tree)).await;
    assert!(
        message.starts_with(&format!("the base image {missing}: ")),
        "{message}"
    );
}

#[tokio::test]
async fn a_base_behind_another_login_is_refused_with_the_reason() {
    let (Some(closed), Some(registry)) = (found(Registry::start(true)), bench()) else {
        return;
    };
    let tree = Tree::new(&[("app", b"ours")]);
    let base = format!("{}/base/one:r-1", closed.host());
    let message = refusal(&on(&base, &registry, &tree)).await;
    assert!(
        message.contains("a base must be public, or in the registry"),
        "{message}"
    );
    assert!(closed.requests("GET /v2/base/one/manifests") > 0);
}
