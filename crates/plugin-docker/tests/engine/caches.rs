//! What is built again and what is not.

use std::sync::Arc;

use crate::support::{Context, Recorder, bench, build, docker, nonce, order, store_is_classic};

fn context(word: &str) -> Context {
    Context::new(&format!(
        "FROM scratch\nCOPY tool /tool\nENV X={word}\nRUN [\"/tool\", \"env\", \"X\"]\n"
    ))
}

#[tokio::test]
async fn an_unchanged_context_is_not_built_again() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = context(&nonce());
    let order = order(&registry, &context);
    let first = build(&builder, &order, &Arc::default()).await.unwrap();
    let recorder = Arc::new(Recorder::default());
    let second = build(&builder, &order, &recorder).await.unwrap();
    assert!(first.cached < first.stages);
    assert_eq!(second.cached, second.stages, "{:?}", recorder.events());
    assert_eq!(second.stages, 2);
    assert_eq!(first.digest, second.digest);
    assert_eq!(second.bytes_pushed, 0);
}

#[tokio::test]
async fn a_build_without_cache_runs_every_step_again() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = context(&nonce());
    let mut order = order(&registry, &context);
    let first = build(&builder, &order, &Arc::default()).await.unwrap();
    docker(&mut order).cache.enabled = false;
    let second = build(&builder, &order, &Arc::default()).await.unwrap();
    assert_eq!(second.cached, 0);
    if !store_is_classic() {
        // There the times of files are those of the source (build-facts 3, "Reproducible").
        assert_eq!(first.digest, second.digest);
    }
}

#[tokio::test]
async fn an_image_whose_cache_is_imported_leaves_a_cache() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = context(&nonce());
    let mut order = order(&registry, &context);
    docker(&mut order).cache.from = vec![format!("{}:none-yet", order.image)];
    build(&builder, &order, &Arc::default()).await.unwrap();
    let config = registry.config_of("team/app", "r-1");
    assert!(config.get("moby.buildkit.cache.v0").is_some(), "{config}");

    docker(&mut order).cache.from = vec![format!("{}:r-1", order.image)];
    let recorder = Arc::new(Recorder::default());
    build(&builder, &order, &recorder).await.unwrap();
    let events = format!("{:?}", recorder.events());
    assert!(events.contains("importing cache manifest from"), "{events}");
}
