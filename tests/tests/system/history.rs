//! What was is found again.

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Scaled, World, id};

const STAGING: &str = ACCOUNTS[1].1;

#[tokio::test]
async fn the_list_is_filtered_and_goes_on_where_it_stopped() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let mut releases = Vec::new();
    for _ in 0..3 {
        let ran = world.cli(&app, &["deploy", "staging"]).await.expect(0);
        releases.push(id(ran.release()));
    }
    let list = async |args: &[&str]| {
        let args = [&["list"], args].concat();
        let json = world.cli(&app, &args).await.expect(0).json();
        let ids = json["releases"].as_array().expect("a list").iter();
        let ids = ids.map(|it| it["release"].clone()).collect::<Value>();
        (ids, json["next"].clone())
    };
    let [first, second, third] = &releases[..] else {
        panic!("{releases:?}");
    };
    let all = json!([third, second, first]);
    let filters: [&[&str]; 6] = [
        &["shop"],
        &["--target", "main/hello", "--env", "staging"],
        &["--verdict", "live", "--since", "1h"],
        &["--until", "2999-12-31"],
        &["shop", "--before", "zzzz"],
        &[],
    ];
    for filter in filters {
        assert_eq!(list(filter).await.0, all, "{filter:?}");
    }
    let others: [&[&str]; 5] = [
        &["blog"],
        &["--target", "other"],
        &["--verdict", "failed"],
        &["--until", "1h"],
        &["--by", "somebody"],
    ];
    for filter in others {
        assert_eq!(list(filter).await, (json!([]), Value::Null), "{filter:?}");
    }
    let (page, next) = list(&["-n", "2"]).await;
    assert_eq!((page, next), (json!([third, second]), json!(second)));
    let (page, next) = list(&["-n", "2", "--before", second]).await;
    assert_eq!((page, next), (json!([first]), Value::Null));
    let refused = world
        .cli(&app, &["list", "--verdict", "good"])
        .await
        .expect(2);
    assert!(
        refused.err.contains("must be one of live"),
        "{}",
        refused.err
    );
    world.stop().await;
}
