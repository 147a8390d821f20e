//! The log of calls: what each entry says, and how it is filtered.

mod support;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use support::{PROD, STAGING, TOOLS, World};

async fn calls(world: &World, query: &str) -> Vec<Value> {
    let path = format!("/_sim/calls?{query}");
    let listed = world.control(Method::GET, &path, Value::Null).await.ok();
    listed.as_array().expect("a list").clone()
}

fn actions(calls: &[Value]) -> Vec<&str> {
    let actions = calls.iter().map(|call| call["action"].as_str());
    actions.map(|action| action.expect("a name")).collect()
}

#[tokio::test]
async fn an_entry_has_the_request_id_and_status_of_the_answer_and_how_long_it_took() {
    let world = World::demo().await;
    let good = world.ecs(STAGING, "ListClusters", json!({})).await;
    let odd = json!({"cluster": "nope"});
    let bad = world.ecs(STAGING, "ListServices", odd).await;
    let sts = world
        .sts(STAGING, "Action=GetCallerIdentity&Version=2011-06-15")
        .await;
    let registry = world.repository("app", json!({})).await;
    let missing = registry.get("/v2/app/manifests/v1").await;
    let rule = json!({"action": "DescribeClusters", "kind": "latency", "ms": 40});
    world.control(Method::POST, "/_sim/faults", rule).await.ok();
    let late = world.ecs(STAGING, "DescribeClusters", json!({})).await;
    for (answer, error) in [
        (&good, None),
        (&bad, Some("ClusterNotFoundException")),
        (&sts, None),
        (&missing, Some("MANIFEST_UNKNOWN")),
        (&late, None),
    ] {
        let id = answer.header("x-amzn-requestid");
        assert_eq!(id.len(), 36, "{answer:?}");
        let listed = calls(&world, "").await;
        let entry = listed.iter().find(|call| call["request_id"] == id);
        let entry = entry.unwrap_or_else(|| panic!("{id} in {listed:?}"));
        assert_eq!(entry["status"], answer.status.as_u16());
        assert_eq!(entry["error"].as_str(), error);
        let took = entry["duration_ms"].as_f64().expect("a number");
        let delayed = entry["action"] == "DescribeClusters";
        assert_eq!(took >= 40.0, delayed, "{entry}");
        assert!(took > 0.0 && took < 60_000.0, "{entry}");
    }
}

#[tokio::test]
async fn a_call_without_an_answer_has_no_status() {
    let world = World::demo().await;
    for kind in ["drop-before", "drop-after"] {
        let rule = json!({"action": "ListClusters", "kind": kind, "count": 1});
        world.control(Method::POST, "/_sim/faults", rule).await.ok();
        let host = world.host();
        let ended = support::attempt(&host, &STAGING.into(), "ListClusters", "{}").await;
        assert!(ended.is_none(), "{kind}: {ended:?}");
    }
    let listed = calls(&world, "action=ListClusters").await;
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|call| call["status"].is_null()));
    assert_eq!(listed[0]["error"], "ConnectionDropped");
    assert_eq!(listed[1]["error"], Value::Null);
}

#[tokio::test]
async fn filters_choose_by_who_what_and_outcome_and_the_limit_takes_the_newest() {
    let world = World::demo().await;
    let role = world.assume(TOOLS, STAGING, "shipway-deploy").await;
    world.ecs(STAGING, "ListClusters", json!({})).await.ok();
    world.ecs(PROD, "ListClusters", json!({})).await.ok();
    world.ecs(role, "DescribeClusters", json!({})).await.ok();
    let nope = json!({"cluster": "nope"});
    world.ecs(STAGING, "ListServices", nope.clone()).await;
    world
        .ecr(PROD, "DescribeRepositories", json!({}))
        .await
        .ok();
    let stop = json!({"cluster": "main", "service": "nope"});
    world.ecs(PROD, "UpdateService", stop).await;

    for (query, expected) in [
        (
            "account=222222222222",
            &["ListClusters", "DescribeRepositories", "UpdateService"][..],
        ),
        ("service=ecr", &["DescribeRepositories"]),
        ("action=ListClusters", &["ListClusters", "ListClusters"]),
        (
            "action=ListClusters&account=111111111111",
            &["ListClusters"],
        ),
        (
            "principal=*assumed-role/shipway-deploy/*",
            &["DescribeClusters"],
        ),
        (
            "principal=arn%3Aaws%3Asts%3A%3A111111111111%3Aassumed-role%2Fshipway-deploy%2Ftest",
            &["DescribeClusters"],
        ),
        ("error=any", &["ListServices", "UpdateService"]),
        ("error=ServiceNotFoundException", &["UpdateService"]),
        (
            "error=none&service=ecs&limit=2",
            &["ListClusters", "DescribeClusters"],
        ),
        ("limit=1", &["UpdateService"]),
        ("action=Nothing", &[]),
    ] {
        let found = calls(&world, query).await;
        assert_eq!(actions(&found), expected, "{query}");
    }

    world
        .sim
        .clock()
        .advance(std::time::Duration::from_secs(60));
    let later = world.sim.clock().now().epoch_seconds();
    world.ecs(STAGING, "ListServices", nope).await;
    let found = calls(&world, &format!("since={later}")).await;
    assert_eq!(actions(&found), ["ListServices"]);
}

#[tokio::test]
async fn values_that_no_filter_takes_are_refused() {
    let world = World::demo().await;
    for (query, named) in [
        ("since=noon", "noon"),
        ("since=NaN", "NaN"),
        ("account=staging", "twelve digits"),
        ("limit=0", "from 1 to 200000"),
        ("limit=many", "many"),
    ] {
        let path = format!("/_sim/calls?{query}");
        let answer = world.control(Method::GET, &path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.text().contains(named), "{}", answer.text());
    }
}
