//! Old revisions of a task definition: kept where nobody asks, deregistered where somebody does, never one in use.

use serde_json::{Value, json};
use shipway_dev::ACCOUNTS;
use shipway_tests::{App, Scaled, World};

const STAGING: &str = ACCOUNTS[1].1;

/// Numbers of the family's active revisions, oldest first.
async fn active(world: &World) -> Vec<u32> {
    let input = json!({"familyPrefix": "shop", "status": "ACTIVE"});
    let listed = world.aws(STAGING).ecs("ListTaskDefinitions", input).await;
    let arns = listed["taskDefinitionArns"]
        .as_array()
        .expect("revisions")
        .iter();
    let number = |arn: &Value| {
        let (_, number) = arn.as_str()?.rsplit_once(':')?;
        number.parse().ok()
    };
    arns.map(|arn| number(arn).expect("a number")).collect()
}

async fn deploy(world: &World, app: &App, version: &str) -> u8 {
    app.release(version);
    world.cli(app, &["deploy", "staging"]).await.code
}

#[tokio::test]
async fn of_old_revisions_the_newest_stay_and_those_in_use_and_those_of_others() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "keep_revisions = 1\n");
    app.release("1");
    let first = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    let first = first.json()["release"].clone();
    assert_eq!(deploy(&world, &app, "2").await, 0);
    assert_eq!(active(&world).await, [1, 2], "what served before stays");
    let by_hand = json!({"family": "shop", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": "httpd", "essential": true}]});
    let aws = world.aws(STAGING);
    drop(aws.ecs("RegisterTaskDefinition", by_hand).await);
    assert_eq!(deploy(&world, &app, "3").await, 0);
    assert_eq!(
        active(&world).await,
        [2, 3, 4],
        "the third was made by hand"
    );
    assert_eq!(deploy(&world, &app, "4").await, 0);
    assert_eq!(active(&world).await, [3, 4, 5]);

    // One that is rolled back cleans nothing: what serves is what served before.
    let script = json!({"match": "shop", "kind": "cannot-pull"});
    let script = serde_json::from_value(script).expect("a script");
    world.stack.sim().add_script(script);
    assert_eq!(deploy(&world, &app, "5").await, 10);
    assert_eq!(active(&world).await, [3, 4, 5, 6]);
    aws.control("DELETE", "/_sim/scripts", &json!({})).await;

    // A rollback registers a revision of its own, whatever became of the one that it goes back to.
    let back = world
        .cli(
            &app,
            &[
                "rollback",
                "staging",
                "--to",
                first.as_str().expect("an id"),
            ],
        )
        .await;
    let back = back.expect(0);
    assert_eq!(back.target()["verdict"], "live");
    assert_eq!(active(&world).await, [3, 5, 7]);
    let serving = aws.hello().await["taskDefinition"].clone();
    assert!(
        serving.as_str().is_some_and(|arn| arn.ends_with("shop:7")),
        "{serving}"
    );
    let stays = json!({"cluster": "main", "serviceName": "hello"});
    let tasks = aws.ecs("ListTasks", stays).await;
    assert_eq!(tasks["taskArns"].as_array().map(Vec::len), Some(2));
    world.stop().await;
}

#[tokio::test]
async fn without_the_setting_no_revision_is_deregistered() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    for version in ["1", "2", "3"] {
        assert_eq!(deploy(&world, &app, version).await, 0);
    }
    assert_eq!(active(&world).await, [1, 2, 3]);
    assert!(world.calls(STAGING, "DeregisterTaskDefinition").is_empty());
    world.stop().await;
}

#[tokio::test]
async fn that_none_can_be_deregistered_is_told_and_the_release_is_live() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "keep_revisions = 1\n");
    for version in ["1", "2"] {
        assert_eq!(deploy(&world, &app, version).await, 0);
    }
    let refused = json!({"account": STAGING, "service": "ecs", "action": "DeregisterTaskDefinition", "kind": "throttle"});
    world
        .aws(STAGING)
        .control("POST", "/_sim/faults", &refused)
        .await;
    app.release("3");
    let ran = world.cli(&app, &["deploy", "staging"]).await.expect(0);
    assert_eq!(ran.target()["verdict"], "live");
    assert!(
        ran.out.contains("old revisions were not deregistered"),
        "{}",
        ran.out
    );
    assert_eq!(active(&world).await, [1, 2, 3]);
    world.stop().await;
}

/// What a command says of each revision, oldest first.
fn fates(ran: &shipway_tests::Ran) -> Vec<(String, bool)> {
    let target = ran.target();
    let revisions = target["revisions"]
        .as_array()
        .expect("revisions")
        .iter()
        .rev();
    let fate = |one: &Value| one["fate"].as_str().expect("a word").to_owned();
    revisions
        .map(|one| (fate(one), one["deregistered"] == true))
        .collect()
}

#[tokio::test]
async fn on_request_old_revisions_go_once_they_were_named_and_never_twice() {
    let world = World::start(Scaled::Fast).await;
    let app = App::new("shop").env("staging", STAGING, "");
    for version in ["1", "2", "3", "4", "5"] {
        assert_eq!(deploy(&world, &app, version).await, 0);
    }
    let aws = world.aws(STAGING);
    let by_hand = json!({"family": "shop", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": "httpd", "essential": true}]});
    drop(aws.ecs("RegisterTaskDefinition", by_hand).await);
    drop(world.cli(&app, &["clean", "staging"]).await.expect(2));

    let said = world
        .cli(&app, &["clean", "staging", "--keep", "2", "--dry-run"])
        .await
        .expect(0);
    let fate = |word: &str, gone| (word.to_owned(), gone);
    let before = ["goes", "goes", "goes", "newest", "in-use", "not-ours"];
    assert_eq!(fates(&said), before.map(|word| fate(word, false)));
    assert_eq!(
        active(&world).await,
        [1, 2, 3, 4, 5, 6],
        "it was a look alone"
    );

    let done = world
        .cli(&app, &["clean", "staging", "--keep", "2"])
        .await
        .expect(0);
    assert_eq!(done.target()["deregistered"], 3);
    assert_eq!(active(&world).await, [4, 5, 6]);
    let again = world
        .cli(&app, &["clean", "staging", "--keep", "2"])
        .await
        .expect(0);
    assert_eq!(again.target()["deregistered"], 0);
    assert_eq!(world.calls(STAGING, "DeregisterTaskDefinition").len(), 3);
    world.stop().await;
}

#[tokio::test]
async fn while_a_job_holds_the_target_nothing_is_cleaned() {
    let world = World::start(Scaled::Slow).await;
    let app = App::new("shop").env("staging", STAGING, "");
    let ran = world.cli(&app, &["deploy", "staging", "--detach"]).await;
    world.under_way(ran.expect(0).release()).await;
    let refused = world
        .cli(&app, &["clean", "staging", "--keep", "1"])
        .await
        .expect(1);
    let problem = refused.target()["problem"].to_string();
    assert!(problem.contains("holds"), "{problem}");
    let look = world
        .cli(&app, &["clean", "staging", "--keep", "1", "--dry-run"])
        .await;
    assert_eq!(look.expect(0).target()["problem"], Value::Null);
    assert!(world.calls(STAGING, "DeregisterTaskDefinition").is_empty());
    world.stop().await;
}
