//! What is pushed is what was ordered, once, and under every tag.

use serde_json::json;
use shipway_domain::spec::CopyFiles;
use shipway_plugin::BuildError;

use crate::support::{Tree, bench, build, built, layers, order, skopeo};

fn tree() -> Tree {
    Tree::new(&[
        ("bin/run*", b"#!/bin/sh"),
        ("etc/app.conf", b"a = 1\n"),
        (".dockerignore", b""),
    ])
}

fn copies(pairs: &[(&str, &str)]) -> Vec<CopyFiles> {
    let copy = |(from, to): &(&str, &str)| CopyFiles {
        from: (*from).to_owned(),
        to: (*to).to_owned(),
    };
    pairs.iter().map(copy).collect()
}

#[tokio::test]
async fn an_image_from_scratch_holds_what_was_ordered() {
    let Some(registry) = bench() else { return };
    let tree = tree();
    let mut order = order(&registry.host(), &tree);
    order.tags.push("latest".to_owned());
    order.labels = vec![(
        "org.opencontainers.image.revision".to_owned(),
        "abc".to_owned(),
    )];
    let build = layers(&mut order);
    build.files = copies(&[("bin/run", "/usr/bin/app"), ("etc", "/etc/app")]);
    build.entrypoint = vec!["/usr/bin/app".to_owned()];
    build.command = vec!["serve".to_owned()];
    build.env = vec![("A".to_owned(), "1".to_owned())];
    build.user = Some("1000:1000".to_owned());
    build.workdir = Some("/etc/app".to_owned());
    build.ports = vec!["8080".to_owned()];
    let (built, recorder) = built(&order).await;

    let image = format!("{}:r-1", order.image);
    assert_eq!(skopeo::digest(&image), built.digest.as_str());
    assert_eq!(
        skopeo::digest(&format!("{}:latest", order.image)),
        built.digest.as_str()
    );
    assert_eq!(
        skopeo::files(&image, 0),
        ["usr 755", "usr/bin 755", "usr/bin/app 755"]
    );
    assert_eq!(
        skopeo::files(&image, 1),
        ["etc 755", "etc/app 755", "etc/app/app.conf 644"]
    );
    let config = skopeo::config(&image);
    assert_eq!(
        config["config"],
        json!({
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=1"],
            "Entrypoint": ["/usr/bin/app"],
            "Cmd": ["serve"],
            "User": "1000:1000",
            "WorkingDir": "/etc/app",
            "ExposedPorts": {"8080/tcp": {}},
            "Labels": {"org.opencontainers.image.revision": "abc"},
        })
    );
    assert_eq!(config["created"], "2023-11-14T22:13:20Z");
    assert_eq!(
        config["history"][1]["created_by"],
        "shipway: copy etc to /etc/app"
    );
    assert_eq!((built.stages, built.cached), (2, 0));
    assert!(built.bytes_pushed > 0);
    assert!(built.manifests.is_empty());
    let stages = recorder.stages();
    assert_eq!(stages[0], ("bin/run to /usr/bin/app".to_owned(), false));
    assert_eq!(recorder.pushing_said(), 1);
    // Nothing is left beside the context.
    assert_eq!(std::fs::read_dir(tree.folder()).unwrap().count(), 2);
}

#[tokio::test]
async fn the_same_again_sends_nothing_and_has_the_same_digest() {
    let Some(registry) = bench() else { return };
    let (one, two) = (tree(), tree());
    let (first, _) = built(&order(&registry.host(), &one)).await;
    let writes = registry.writes();
    assert!(writes > 0);
    let (second, recorder) = built(&order(&registry.host(), &two)).await;
    assert_eq!(second.digest, first.digest);
    assert_eq!(
        (second.stages, second.cached, second.bytes_pushed),
        (1, 1, 0)
    );
    assert_eq!(registry.writes(), writes);
    let lines = recorder.lines();
    assert!(
        lines.iter().any(|line| line.ends_with("there already")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn only_the_layer_that_changed_is_sent() {
    let Some(registry) = bench() else { return };
    let pairs = [("bin", "/usr/bin"), ("etc", "/etc/app")];
    let before = tree();
    let mut first = order(&registry.host(), &before);
    layers(&mut first).files = copies(&pairs);
    built(&first).await;
    let changed = Tree::new(&[("bin/run*", b"#!/bin/sh"), ("etc/app.conf", b"a = 2\n")]);
    let mut second = order(&registry.host(), &changed);
    layers(&mut second).files = copies(&pairs);
    second.tags = vec!["r-2".to_owned()];
    let (_, recorder) = built(&second).await;
    let stages = recorder.stages();
    assert_eq!(stages[0], ("bin to /usr/bin".to_owned(), true));
    assert_eq!(stages[1], ("etc to /etc/app".to_owned(), false));
}

#[tokio::test]
async fn a_tag_that_names_content_is_not_moved_but_others_are() {
    let Some(registry) = bench() else { return };
    let (one, other) = (tree(), Tree::new(&[("x", b"y")]));
    let mut first = order(&registry.host(), &one);
    first.tags = vec!["r-1".to_owned(), "latest".to_owned()];
    let (first_built, _) = built(&first).await;

    let mut second = order(&registry.host(), &other);
    let (refused, _) = build(&second).await;
    let Err(BuildError::Push {
        message,
        authorisation: false,
        ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert!(message.contains("the tag r-1 already names"), "{message}");

    second.tags = vec!["r-2".to_owned(), "latest".to_owned()];
    let (second_built, _) = built(&second).await;
    let digest = |tag: &str| skopeo::digest(&format!("{}:{tag}", second.image));
    assert_eq!(digest("latest"), second_built.digest.as_str());
    assert_eq!(digest("r-1"), first_built.digest.as_str());
}

#[tokio::test]
async fn a_large_layer_is_streamed() {
    let Some(registry) = bench() else { return };
    // Not compressible, so that many pieces go over the wire.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    })
    .take(6 << 20)
    .collect();
    let tree = Tree::new(&[("noise", &noise)]);
    let order = order(&registry.host(), &tree);
    let (built, _) = built(&order).await;
    assert!(built.bytes_pushed > 6 << 20);
    assert_eq!(skopeo::files(&format!("{}:r-1", order.image), 0).len(), 2);
}
