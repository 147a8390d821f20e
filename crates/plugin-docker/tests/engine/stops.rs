//! Builds that end before their time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_plugin::{BuildError, Builder};
use shipway_plugin_docker::DockerBuilder;
use tokio_util::sync::CancellationToken;

use crate::support::{
    Context, Proxy, Recorder, bench, build, eventually, local_names, nonce, order, running_tools,
    store_is_classic,
};

fn waits(word: &str) -> Context {
    Context::new(&format!(
        "FROM scratch\nCOPY tool /tool\nRUN [\"/tool\", \"wait\", \"{word}\"]\n"
    ))
}

#[tokio::test]
async fn a_stopped_build_ends_within_a_second_and_so_does_its_step() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let word = nonce();
    let context = waits(&word);
    let recorder = Arc::new(Recorder::default());
    let stop = CancellationToken::new();
    let running = builder.build(order(&registry, &context), recorder.clone(), stop.clone());
    let stopping = async {
        recorder.waiting.cancelled().await;
        assert_eq!(running_tools(&word), 1);
        stop.cancel();
        Instant::now()
    };
    let (result, stopped) = tokio::join!(running, stopping);
    assert!(
        stopped.elapsed() < Duration::from_secs(1),
        "{:?}",
        stopped.elapsed()
    );
    assert!(matches!(result, Err(BuildError::Stopped)), "{result:?}");
    eventually("the step is gone", || running_tools(&word) == 0).await;
    assert_eq!(registry.digest("team/app", "r-1"), None);
    assert_eq!(local_names(&registry.host()), Vec::<String>::new());
}

#[tokio::test]
async fn a_build_that_is_stopped_before_it_begins_does_nothing() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = waits(&nonce());
    let stop = CancellationToken::new();
    stop.cancel();
    let recorder = Arc::new(Recorder::default());
    let result = builder
        .build(order(&registry, &context), recorder.clone(), stop)
        .await;
    assert!(matches!(result, Err(BuildError::Stopped)), "{result:?}");
    assert!(recorder.events().is_empty());
}

#[tokio::test]
async fn a_build_that_is_stopped_at_its_push_leaves_no_name_behind() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = Context::new("FROM scratch\nCOPY tool /tool\n");
    let recorder = Arc::new(Recorder::default());
    let stop = recorder.pushing.clone();
    let result = builder
        .build(order(&registry, &context), recorder, stop)
        .await;
    if store_is_classic() {
        assert!(matches!(result, Err(BuildError::Stopped)), "{result:?}");
        assert_eq!(registry.digest("team/app", "r-1"), None);
    } else if let Ok(built) = result {
        // BuildKit was faster.
        let digest = registry.digest("team/app", "r-1");
        assert_eq!(digest.as_deref(), Some(built.digest.as_str()));
    }
    assert_eq!(local_names(&registry.host()), Vec::<String>::new());
}

#[tokio::test]
async fn an_engine_that_goes_away_interrupts_the_build() {
    let Some((_, registry)) = bench(false) else {
        return;
    };
    let word = nonce();
    let context = waits(&word);
    let order = order(&registry, &context);
    let mut proxy = Proxy::start();
    let builder = DockerBuilder::new(proxy.socket());
    let recorder = Arc::new(Recorder::default());
    let cutting = async {
        recorder.waiting.cancelled().await;
        proxy.cut().await;
    };
    let (result, ()) = tokio::join!(build(&builder, &order, &recorder), cutting);
    assert!(
        matches!(result, Err(BuildError::Interrupted(_))),
        "{result:?}"
    );
    eventually("the step is gone", || running_tools(&word) == 0).await;
    let again = build(&builder, &order, &recorder).await;
    assert!(
        matches!(again, Err(BuildError::Interrupted(_))),
        "{again:?}"
    );
}
