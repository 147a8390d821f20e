//! Releases that wait, and events that come twice.

use expect_test::expect;
use shipway_domain::event::{Event, EventKind};
use shipway_domain::time::Timestamp;

use super::scene::{Scene, wait};

#[test]
fn a_wait_has_its_reason_and_its_time() {
    let mut scene = Scene::new(&[0]);
    scene.stands(0, |view| {
        view.wait = Some(wait(
            "no-agent",
            "no connected agent builds with docker for account tools",
        ));
    });
    scene.pass(125);
    expect![[r#"
        web → prod   release 1007   commit 4f1c2d9 "Faster cart"   1 target, 1 wave

         · build                    waits 2 m 5 s: no connected agent builds with docker for account tools
         · prod eu-west-1 main/web  waits 2 m 5 s: the build comes first

        Ctrl-C leaves it running; come back with: shipway watch 1007"#]].assert_eq(&scene.screen(100, 40));
}

#[test]
fn an_event_that_comes_twice_changes_nothing() {
    let mut scene = Scene::new(&[0]);
    scene.built();
    let again = Event {
        seq: 3,
        at: Timestamp::from_millis(1),
        job: Some(0),
        kind: EventKind::Returned {
            reason: "again".to_owned(),
        },
    };
    let before = scene.screen(100, 40);
    assert!(!scene.state.fold(&again));
    assert_eq!(scene.screen(100, 40), before);
}
