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
