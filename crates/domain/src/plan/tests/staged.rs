//! Plans for services that are not rolling: their way is told, and no course that is not theirs.

use std::time::Duration;

use super::{Facts, Pace, codes, target, usual};
use crate::hook::Weight;
use crate::observe::BreakerSeen;
use crate::spec::Breaker;

const CANARY: &str = r#"{"strategy":"CANARY","bakeTimeInMinutes":5,
    "canaryConfiguration":{"canaryPercent":20,"canaryBakeTimeInMinutes":10},
    "lifecycleHooks":[{"targetType":"PAUSE","lifecycleStages":["POST_SCALE_UP"]}]}"#;

#[test]
fn the_way_of_a_service_that_is_not_rolling_is_told_with_what_it_takes() {
    let (wish, mut facts) = usual();
    facts.service.strategy = "CANARY".to_owned();
    facts.service.deployment_configuration = CANARY.to_owned();
    let plan = target(&wish, &facts).expect("a plan");
    let staged = plan.staged.expect("a way by stages");
    assert_eq!((staged.desired, staged.upper), (3, 6));
    assert_eq!((staged.extra.tasks, staged.extra.addresses), (3, 3));
    let step = staged.strategy.step.expect("a step");
    assert_eq!(
        (step.share, step.bake),
        (Weight(200), Duration::from_secs(600))
    );
    assert_eq!(staged.strategy.hooks[0].stages, ["POST_SCALE_UP"]);
    facts.service.desired = 0;
    assert_eq!(
        target(&wish, &facts).expect("a plan").staged,
        None,
        "nothing runs"
    );
}

#[test]
fn the_course_of_a_rolling_service_that_pauses_says_that_it_counts_no_pause() {
    let (wish, mut facts) = usual();
    let told = |facts: &Facts| Pace::of(&wish, facts).assumptions.join("; ");
    assert!(!told(&facts).contains("approve"), "{}", told(&facts));
    facts.service.deployment_configuration = r#"{"lifecycleHooks":[{"targetType":"PAUSE",
        "lifecycleStages":["PRE_SCALE_UP"]}]}"#
        .to_owned();
    let plan = target(&wish, &facts).expect("a plan");
    assert_eq!(plan.staged, None);
    let told = told(&facts);
    assert!(told.contains("what waits for shipway approve"), "{told}");
}

#[test]
fn percentages_and_breaker_are_neither_a_difference_nor_a_warning_where_they_mean_nothing() {
    let (mut wish, mut facts) = usual();
    wish.settings.minimum_healthy_percent = 100;
    wish.settings.maximum_percent = 100;
    wish.settings.breaker = Breaker::Off {
        reason: "a try".to_owned(),
    };
    facts.service.breaker = Some(BreakerSeen {
        enable: true,
        rollback: true,
    });
    let rolling = target(&wish, &facts).expect("a plan");
    assert_eq!(rolling.settings.len(), 2, "{:?}", rolling.settings);
    assert!(rolling.staged.is_none());
    assert!(codes(&wish, &facts).contains(&"W01".to_owned()));
    facts.service.strategy = "BLUE_GREEN".to_owned();
    let plan = target(&wish, &facts).expect("a plan");
    assert_eq!(plan.settings, []);
    assert!(!plan.changes());
    for code in ["W01", "W03"] {
        let told = &plan.warnings;
        assert!(told.iter().all(|warning| warning.code != code), "{told:?}");
    }
}
