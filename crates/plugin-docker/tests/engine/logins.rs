//! Logins: a fresh one for each push, and a second chance.

use std::sync::Arc;

use shipway_plugin::BuildError;

use crate::support::{
    Context, Logins, PASSWORD, Recorder, USER, bench, build, nonce, order, store_is_classic,
};

fn small() -> Context {
    Context::new(&format!(
        "FROM scratch\nCOPY tool /tool\nENV X={}\n",
        nonce()
    ))
}

#[tokio::test]
async fn a_login_as_long_as_those_of_ecr_works_and_each_push_has_its_own() {
    let Some((builder, registry)) = bench(true) else {
        return;
    };
    let context = small();
    let mut order = order(&registry, &context);
    let logins = Logins::right(&registry);
    order.login = logins.clone();
    order.tags.push("latest".to_owned());
    let built = build(&builder, &order, &Arc::default()).await.unwrap();
    let digest = registry.digest("team/app", "latest");
    assert_eq!(digest.as_deref(), Some(built.digest.as_str()));
    assert!(logins.asked() >= 2, "{}", logins.asked());
}

#[tokio::test]
async fn a_wrong_password_is_tried_twice_and_then_told() {
    let Some((builder, registry)) = bench(true) else {
        return;
    };
    let context = small();
    let mut order = order(&registry, &context);
    let logins = Logins::of(&registry, USER, &["wrong"]);
    order.login = logins.clone();
    let error = build(&builder, &order, &Arc::default()).await.unwrap_err();
    assert!(
        matches!(&error, BuildError::Push { authorisation: true, image, .. } if image.starts_with(&order.image)),
        "{error:?}"
    );
    assert_eq!(registry.digest("team/app", "r-1"), None);
    if store_is_classic() {
        assert_eq!(logins.asked(), 2);
    }
}

#[tokio::test]
async fn a_login_that_went_stale_is_replaced() {
    let Some((builder, registry)) = bench(true) else {
        return;
    };
    let context = small();
    let mut order = order(&registry, &context);
    order.login = Logins::of(&registry, USER, &["stale", &PASSWORD]);
    let recorder = Arc::new(Recorder::default());
    let built = build(&builder, &order, &recorder).await.unwrap();
    let digest = registry.digest("team/app", "r-1");
    assert_eq!(digest.as_deref(), Some(built.digest.as_str()));
    let told = recorder.lines().into_iter();
    let told = told.filter(|(_, line)| line.contains("new login")).count();
    // On the containerd store BuildKit itself asks a second time.
    assert_eq!(told, usize::from(store_is_classic()));
}

#[tokio::test]
async fn a_base_image_of_the_same_registry_is_fetched_with_the_login_of_the_order() {
    let Some((builder, registry)) = bench(true) else {
        return;
    };
    let context = small();
    let mut base = order(&registry, &context);
    base.image = format!("{}/team/base", registry.host());
    base.login = Logins::right(&registry);
    build(&builder, &base, &Arc::default()).await.unwrap();

    let word = nonce();
    let context = Context::new(&format!("FROM {}:r-1\nENV Y={word}\n", base.image));
    let mut order = order(&registry, &context);
    let error = build(&builder, &order, &Arc::default()).await.unwrap_err();
    assert!(matches!(error, BuildError::Invalid(_)), "{error:?}");

    order.login = Logins::right(&registry);
    build(&builder, &order, &Arc::default()).await.unwrap();
    let config = registry.config_of("team/app", "r-1");
    assert!(config["config"]["Env"].to_string().contains(&word));
}
