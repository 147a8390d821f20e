//! How builds fail, and what people get to know of it.

use std::sync::Arc;

use shipway_plugin::{BuildError, LogStream};

use crate::support::{Context, Recorder, bench, build, docker, nonce, order, store_is_classic};

/// Builds a context that cannot be built.
async fn failure(context: &Context) -> Option<(BuildError, Arc<Recorder>)> {
    let (builder, registry) = bench(false)?;
    let recorder = Arc::new(Recorder::default());
    let result = build(&builder, &order(&registry, context), &recorder).await;
    assert_eq!(registry.digest("team/app", "r-1"), None);
    Some((result.unwrap_err(), recorder))
}

#[tokio::test]
async fn a_failing_step_is_named_with_its_words_and_exit_code() {
    let context = Context::new(&format!(
        "FROM scratch\nCOPY tool /tool\nENV X={}\nRUN [\"/tool\", \"fail\", \"3\"]\n",
        nonce()
    ));
    let Some((error, recorder)) = failure(&context).await else {
        return;
    };
    let BuildError::Failed {
        step,
        message,
        exit_code,
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(
        step.starts_with("RUN [\"/tool\", \"fail\", \"3\"]")
            || step.starts_with("RUN /tool fail 3"),
        "{step}"
    );
    if !store_is_classic() {
        // Engines with that store all give the place.
        assert!(step.ends_with(" (Dockerfile line 4)"), "{step}");
    }
    assert_eq!(message, "it went wrong\nhere");
    assert_eq!(exit_code, Some(3));
    let said = (LogStream::Err, "it went wrong".to_owned());
    assert!(recorder.lines().contains(&said));
}

#[tokio::test]
async fn a_file_that_is_not_there_fails_its_copy() {
    let context = Context::new("FROM scratch\nCOPY nothing /nothing\n");
    let Some((error, _)) = failure(&context).await else {
        return;
    };
    let BuildError::Failed { step, message, .. } = error else {
        panic!("{error:?}");
    };
    assert!(step.starts_with("COPY nothing /nothing"), "{step}");
    assert!(message.contains("not found"), "{message}");
}

#[tokio::test]
async fn a_bad_dockerfile_is_told_with_its_line() {
    let context = Context::new("FROM scratch\nRUM something\n");
    let Some((error, _)) = failure(&context).await else {
        return;
    };
    let text = error.to_string();
    assert!(matches!(error, BuildError::Failed { .. }), "{error:?}");
    assert!(text.contains("line 2") && text.contains("RUM"), "{text}");
}

#[tokio::test]
async fn a_context_without_dockerfile_cannot_be_built() {
    let context = Context::with(&[("readme", "x")]);
    let Some((error, _)) = failure(&context).await else {
        return;
    };
    assert!(
        matches!(&error, BuildError::Invalid(why) if why.contains("no file Dockerfile")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_context_file_that_is_gone_is_told_before_anything_is_built() {
    let context = Context::new("FROM scratch\n");
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let mut order = order(&registry, &context);
    order.context.set_extension("gone");
    let error = build(&builder, &order, &Arc::default()).await.unwrap_err();
    assert!(
        matches!(&error, BuildError::Invalid(why) if why.contains("cannot be read")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_stage_or_base_image_that_is_not_there_cannot_be_built() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = Context::new("FROM scratch AS one\nCOPY tool /tool\n");
    let mut target = order(&registry, &context);
    docker(&mut target).target = Some("two".to_owned());
    let error = build(&builder, &target, &Arc::default()).await.unwrap_err();
    assert!(
        matches!(&error, BuildError::Invalid(why) if why.contains("two")),
        "{error:?}"
    );

    let base = format!("{}/no/base:1", registry.host());
    let context = Context::new(&format!("FROM {base}\nCOPY tool /tool\n"));
    let error = build(&builder, &order(&registry, &context), &Arc::default()).await;
    let error = error.unwrap_err();
    assert!(
        matches!(&error, BuildError::Invalid(why) if why.contains(&base)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_registry_that_is_gone_is_not_the_builds_fault() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = Context::new("FROM scratch\nCOPY tool /tool\n");
    let order = order(&registry, &context);
    drop(registry);
    let error = build(&builder, &order, &Arc::default()).await.unwrap_err();
    assert!(matches!(error, BuildError::Interrupted(_)), "{error:?}");
}

#[tokio::test]
async fn several_platforms_are_refused_where_one_solve_cannot_do_them() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = Context::new("FROM scratch\nCOPY Dockerfile /\n");
    let mut order = order(&registry, &context);
    order.platforms = vec!["linux/amd64".to_owned(), "linux/arm64".to_owned()];
    let result = build(&builder, &order, &Arc::default()).await;
    if store_is_classic() {
        let error = result.unwrap_err();
        assert!(
            matches!(&error, BuildError::Invalid(why) if why.contains("linux/arm64")),
            "{error:?}"
        );
    } else {
        let built = result.unwrap();
        assert_eq!(built.manifests.len(), 2);
        let index = registry.manifest("team/app", "r-1");
        for manifest in built.manifests {
            assert!(index.to_string().contains(manifest.as_str()), "{index}");
        }
    }
}
