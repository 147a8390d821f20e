//! Logins: fresh for each push, tried twice, never guessed.

use std::sync::Arc;

use shipway_plugin::BuildError;

use crate::support::{Logins, PASSWORD, Registry, Tree, build, built, found, order};

#[tokio::test]
async fn a_wrong_password_is_refused_after_one_retry() {
    let Some(registry) = found(Registry::start(true)) else {
        return;
    };
    let tree = Tree::new(&[("a", b"b")]);
    let mut order = order(&registry.host(), &tree);
    let logins = Logins::new(&registry.host(), &["wrong"]);
    order.login = logins.clone();
    let (refused, recorder) = build(&order).await;
    let Err(BuildError::Push {
        authorisation,
        image,
        message,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert!(authorisation, "{message}");
    assert_eq!(image, order.image);
    assert!(!format!("{message}{:?}", recorder.lines()).contains("wrong"));
    assert_eq!(logins.asked(), 2);
}

#[tokio::test]
async fn a_login_that_ran_out_is_replaced() {
    let Some(registry) = found(Registry::start(true)) else {
        return;
    };
    let tree = Tree::new(&[("a", b"b")]);
    let mut order = order(&registry.host(), &tree);
    let logins = Logins::new(&registry.host(), &["old", PASSWORD]);
    order.login = logins.clone();
    let (_, recorder) = built(&order).await;
    assert_eq!(logins.asked(), 2);
    assert_eq!(recorder.pushing_said(), 1);
}

#[tokio::test]
async fn each_push_asks_for_a_login_of_its_own() {
    let Some(registry) = found(Registry::start(true)) else {
        return;
    };
    let tree = Tree::new(&[("a", b"b")]);
    let mut order = order(&registry.host(), &tree);
    let logins = Logins::new(&registry.host(), &[PASSWORD]);
    order.login = Arc::clone(&logins) as _;
    built(&order).await;
    built(&order).await;
    assert_eq!(logins.asked(), 2);
}

#[tokio::test]
async fn a_login_for_another_registry_is_not_sent() {
    let Some(registry) = found(Registry::start(true)) else {
        return;
    };
    let tree = Tree::new(&[("a", b"b")]);
    let mut order = order(&registry.host(), &tree);
    order.login = Logins::new("127.0.0.1:1", &[PASSWORD]);
    let (refused, _) = build(&order).await;
    assert!(
        matches!(
            refused,
            Err(BuildError::Push {
                authorisation: false,
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(registry.requests("GET"), 0);
}
