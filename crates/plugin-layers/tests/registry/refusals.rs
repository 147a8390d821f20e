//! Orders that cannot be carried out, and registries that cannot be reached.

use std::net::TcpListener;

use shipway_domain::spec::CopyFiles;
use shipway_plugin::{BuildError, BuildOrder, Secret};

use crate::support::{Tree, build, layers, order};

fn tree() -> Tree {
    Tree::new(&[
        ("dist/app*", b"x"),
        ("dist/index.html", b"y"),
        ("README", b"z"),
    ])
}

async fn refusal(change: impl FnOnce(&mut BuildOrder)) -> String {
    let tree = tree();
    // Nobody listens there: these orders must fail before anybody is asked.
    let mut order = order("127.0.0.1:1", &tree);
    change(&mut order);
    match build(&order).await.0 {
        Err(BuildError::Invalid(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn copy(from: &str, to: &str) -> Vec<CopyFiles> {
    let (from, to) = (from.to_owned(), to.to_owned());
    vec![CopyFiles { from, to }]
}

#[tokio::test]
async fn missing_files_are_named_with_what_is_there() {
    let message = refusal(|order| layers(order).files = copy("dist/app.js", "/app.js")).await;
    assert!(message.contains("\"dist/app.js\""), "{message}");
    assert!(message.contains("dist/ holds app, index.html"), "{message}");
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused_at_once() {
    let word = |text: &str| text.to_owned();
    for (message, part) in [
        (refusal(|o| o.platforms.clear()).await, "needs a platform"),
        (
            refusal(|o| o.platforms = vec![word("amd64")]).await,
            "linux/amd64",
        ),
        (refusal(|o| o.tags.clear()).await, "at least one tag"),
        (refusal(|o| o.tags.push(word("a b"))).await, "is no tag"),
        (refusal(|o| o.image += ":r-1").await, "without a tag"),
        (
            refusal(|o| o.image = word("host:1/UPPER")).await,
            "is no image name",
        ),
        (
            refusal(|o| layers(o).files.clear()).await,
            "at least one entry in files",
        ),
        (
            refusal(|o| layers(o).files = copy("dist", "app")).await,
            "must be absolute",
        ),
        (
            refusal(|o| layers(o).files = copy("../dist", "/app")).await,
            "out of the context",
        ),
        (
            refusal(|o| layers(o).ports = vec![word("http")]).await,
            "is no port",
        ),
        (
            refusal(|o| layers(o).base = Some(word("a b"))).await,
            "is no image name",
        ),
        (
            refusal(|o| layers(o).env = vec![(word("A=B"), word("c"))]).await,
            "environment variable",
        ),
        (
            refusal(|o| o.secrets = vec![(word("npm"), Secret::new("x"))]).await,
            "runs no steps",
        ),
        (
            refusal(|o| o.source_date_epoch = u64::MAX).await,
            "too late a time",
        ),
    ] {
        assert!(message.contains(part), "{message:?} should say {part:?}");
    }
}

#[tokio::test]
async fn a_registry_that_nobody_answers_for_is_worth_another_try() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let tree = tree();
    let (result, _) = build(&order(&free.to_string(), &tree)).await;
    assert!(
        matches!(result, Err(BuildError::Interrupted(_))),
        "{result:?}"
    );
}
