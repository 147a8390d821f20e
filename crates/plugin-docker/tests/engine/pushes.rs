//! What is pushed, and that it is what was ordered.

use std::sync::Arc;

use shipway_plugin::Builder;

use crate::support::{
    Context, Event, Recorder, bench, build, docker, local_names, nonce, order, store_is_classic,
};

const DOCKERFILE: &str = r#"
FROM scratch AS base
COPY tool /tool
ARG VERSION
ENV VERSION=$VERSION
RUN ["/tool", "env", "VERSION"]

FROM base AS final
LABEL from.dockerfile=yes
ENTRYPOINT ["/tool", "print", "hello"]

FROM base AS other
ENTRYPOINT ["/tool", "fail", "1"]
"#;

#[tokio::test]
async fn an_engine_says_what_it_is() {
    let Some((builder, _registry)) = bench(false) else {
        return;
    };
    let text = builder.probe().await.unwrap();
    assert!(text.starts_with("Docker Engine "), "{text}");
    assert!(
        text.contains("BuildKit") && text.contains("image store"),
        "{text}"
    );
}

#[tokio::test]
async fn every_tag_gets_what_was_ordered() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let context = Context::with(&[("deploy/Dockerfile", DOCKERFILE)]);
    let version = nonce();
    let mut order = order(&registry, &context);
    order.tags = vec!["r-1".to_owned(), "prod-latest".to_owned()];
    order.labels = vec![(
        "org.opencontainers.image.revision".to_owned(),
        "abc".to_owned(),
    )];
    *docker(&mut order) = shipway_domain::spec::DockerBuild {
        dockerfile: "deploy/Dockerfile".to_owned(),
        target: Some("final".to_owned()),
        args: vec![("VERSION".to_owned(), version.clone())],
        ..Default::default()
    };
    let recorder = Arc::new(Recorder::default());
    let built = build(&builder, &order, &recorder).await.unwrap();

    for tag in &order.tags {
        let digest = registry.digest("team/app", tag);
        assert_eq!(digest.as_deref(), Some(built.digest.as_str()), "{tag}");
    }
    let config = registry.config_of("team/app", "r-1");
    assert_eq!(config["architecture"], "amd64");
    assert_eq!(config["config"]["Entrypoint"][2], "hello");
    assert_eq!(config["config"]["Labels"]["from.dockerfile"], "yes");
    assert_eq!(
        config["config"]["Labels"]["org.opencontainers.image.revision"],
        "abc"
    );
    let env = config["config"]["Env"].to_string();
    assert!(env.contains(&format!("VERSION={version}")), "{env}");
    assert!(built.manifests.is_empty());
    assert_eq!(built.stages, 2, "{:?}", recorder.events());

    let events = recorder.events();
    let line = format!("VERSION={version}");
    let said = events
        .iter()
        .position(|event| matches!(event, Event::Line(_, text) if *text == line));
    let pushing = events.iter().position(|event| *event == Event::Pushing);
    assert!(said.is_some() && said < pushing, "{events:?}");
    assert!(events.iter().any(|event| matches!(
        event,
        Event::Stage { name, cached: false, done: true } if name.contains("RUN")
    )));
    if store_is_classic() {
        assert!(built.bytes_pushed > 0);
    }
}

#[tokio::test]
async fn a_build_leaves_no_name_in_the_engine() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let word = nonce();
    let context = Context::new(&format!("FROM scratch\nCOPY tool /tool\nENV X={word}\n"));
    let order = order(&registry, &context);
    build(&builder, &order, &Arc::default()).await.unwrap();
    assert_eq!(local_names(&registry.host()), Vec::<String>::new());
}

#[tokio::test]
async fn builds_for_one_tag_at_once_do_not_mix_up() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let contexts: Vec<_> = (0..4)
        .map(|_| {
            Context::new(&format!(
                "FROM scratch\nCOPY tool /tool\nENV X={}\n",
                nonce()
            ))
        })
        .collect();
    let builds = contexts.iter().enumerate().map(|(n, context)| {
        let mut order = order(&registry, context);
        order.tags = vec![format!("r-{n}"), "latest".to_owned()];
        let builder = &builder;
        async move { build(builder, &order, &Arc::default()).await.unwrap() }
    });
    let built = futures::future::join_all(builds).await;
    for (n, built) in built.iter().enumerate() {
        let digest = registry.digest("team/app", &format!("r-{n}"));
        assert_eq!(digest.as_deref(), Some(built.digest.as_str()));
    }
    let latest = registry.digest("team/app", "latest").unwrap();
    assert!(built.iter().any(|built| built.digest.as_str() == latest));
}

#[tokio::test]
async fn a_context_that_begins_with_a_long_name_is_still_a_context() {
    let Some((builder, registry)) = bench(false) else {
        return;
    };
    let long = format!("{}file", "folder-with-a-long-name/".repeat(8));
    let dockerfile = format!("FROM scratch\nCOPY {long} /file\n");
    let context = Context::with(&[(&long, "x"), ("Dockerfile", &dockerfile)]);
    let built = build(&builder, &order(&registry, &context), &Arc::default()).await;
    assert_eq!(built.unwrap().stages, 1);
}
