//! Looks at AWS: they change nothing, and hold no job.

use serde_json::Value;
use shipway_plugin::Session;
use shipway_proto::v1;
use shipway_proto::v1::agent_message::Message as In;
use shipway_proto::v1::coordinator_message::Message as Out;
use shipway_proto::v1::inspect_answer::Answer;
use shipway_proto::v1::inspection::{self, What};

use crate::support::{Scene, target};

async fn look(scene: &mut Scene, target: v1::Target, what: What) -> Answer {
    let mut peer = scene.coordinator.welcome().await;
    let order = v1::InspectOrder {
        number: 9,
        target: Some(target),
        what: Some(v1::Inspection { what: Some(what) }),
    };
    peer.say(Out::Inspect(order)).await;
    let answer = peer.until("an answer", |message| match message {
        In::InspectAnswer(answer) => Some(answer.clone()),
        _ => None,
    });
    let answer = answer.await;
    assert_eq!(answer.number, 9);
    answer.answer.expect("something")
}

#[tokio::test]
async fn the_running_definition_can_be_registered_again() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let what = What::TaskDefinition(inspection::TaskDefinition {});
    let Answer::Json(json) = look(&mut scene, (&target()).into(), what).await else {
        panic!("no answer");
    };
    let definition: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(definition["family"], "shop");
    assert!(definition.get("taskDefinitionArn").is_none());
    let calls = scene.platform.calls();
    assert!(
        calls.iter().all(|made| made.session == Session::Agent),
        "{calls:?}"
    );
    scene.end(agent).await;
}

#[tokio::test]
async fn the_service_is_told_as_it_is() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let what = What::Service(inspection::Service::default());
    let Answer::Service(service) = look(&mut scene, (&target()).into(), what).await else {
        panic!("no answer");
    };
    assert_eq!((service.status.as_str(), service.running), ("ACTIVE", 2));
    assert!(!service.moving);
    scene.end(agent).await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told_as_missing() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let mut target = v1::Target::from(&target());
    target.service = "nobody".to_owned();
    let what = What::Service(inspection::Service::default());
    let Answer::Service(service) = look(&mut scene, target, what).await else {
        panic!("no answer");
    };
    assert_eq!(service.status, "MISSING");
    scene.end(agent).await;
}

#[tokio::test]
async fn the_definition_of_a_service_that_is_not_there_is_an_error_with_its_name() {
    let mut scene = Scene::new().await;
    let agent = scene.start();
    let mut target = v1::Target::from(&target());
    target.service = "nobody".to_owned();
    let what = What::TaskDefinition(inspection::TaskDefinition {});
    let Answer::Error(error) = look(&mut scene, target, what).await else {
        panic!("an answer");
    };
    assert!(error.contains("nobody"), "{error}");
    scene.end(agent).await;
}
