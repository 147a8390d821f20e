//! Policies, sessions and alarms are part of the world that is kept between runs.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail and speak like tests"
)]

mod support;

#[path = "support/hello.rs"]
mod hello;
#[path = "support/scaling.rs"]
mod scaling;

use aws_sim::{SimConfig, seed, start};
use hello::Hello;
use http::Method;
use scaling::{CPU, Scaling};
use serde_json::json;
use support::{REGION, STAGING, TOOLS, World};

#[tokio::test]
async fn what_was_about_to_be_scaled_is_scaled_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let config = || SimConfig {
        data: Some(directory.path().to_owned()),
        time_scale: 0.0,
        ..SimConfig::default()
    };
    let open = async || Scaling {
        hello: Hello {
            world: World {
                sim: start(config()).await.unwrap(),
            },
        },
    };
    let first = open().await;
    let world = &first.hello.world;
    world.sim.seed(&seed::demo()).unwrap();
    let role = json!({"accounts": [{"id": STAGING, "roles": [{"name": "reader", "policies": [
        {"Statement": {"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}}]}]}]});
    world.control(Method::POST, "/_sim/seed", role).await.ok();
    let keys = world.assume(TOOLS, STAGING, "reader").await;
    let alarm = json!({"account": STAGING, "region": REGION, "name": "errors", "state": "ALARM"});
    world.control(Method::PUT, "/_sim/alarms", alarm).await.ok();
    first
        .register(json!({"MinCapacity": 1, "MaxCapacity": 9}))
        .await;
    first.track(json!({})).await;
    first.metric(CPU, json!(100.0)).await;
    first.wait(60);
    first.hello.world.sim.stop().await;

    let second = open().await;
    second.wait(180);
    assert_eq!(second.desired().await, 4);
    let world = &second.hello.world;
    let target = "GraniteServiceVersion20100801.DescribeAlarms";
    let input = json!({"AlarmNames": ["errors"]});
    let alarms = world.call(STAGING, target, input).await.ok();
    assert_eq!(alarms["MetricAlarms"][0]["StateValue"], "ALARM");
    let clusters = world.ecs(keys.clone(), "DescribeClusters", json!({})).await;
    clusters.ok();
    let refused = world.ecs(keys, "ListClusters", json!({})).await;
    assert_eq!(refused.error(), "AccessDeniedException");
}
