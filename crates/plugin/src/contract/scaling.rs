//! Claims: the scalable target of a service.

use shipway_domain::checkpoint::ScalingFlags;
use shipway_domain::observe::ScalingSeen;

use super::World;
use super::scene::{SERVICE, Scene, cluster, named};
use crate::ErrorKind;

/// No target is an answer, of a service and of none.
pub async fn a_service_without_a_scalable_target_has_none(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    for service in [SERVICE, "nothing"] {
        let seen = scene.region.scaling(&cluster(), &named(service)).await;
        assert_eq!(seen.expect("asked"), None);
    }
}

/// Setting flags never makes a target.
pub async fn nothing_is_suspended_without_a_scalable_target(world: &dyn World) {
    let scene = Scene::with_service(world, 1).await;
    let (cluster, service) = (cluster(), named(SERVICE));
    let set = scene
        .region
        .set_scaling(&cluster, &service, ScalingFlags::ALL)
        .await;
    let error = set.expect_err("there is none");
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    let seen = scene.region.scaling(&cluster, &service).await;
    assert_eq!(seen.expect("asked"), None);
}

/// Each of the eight combinations comes back as it was set; least, most and desired count stay.
pub async fn all_three_flags_are_set_and_the_limits_stay(world: &dyn World) {
    let scene = Scene::with_service(world, 2).await;
    let (cluster, service) = (cluster(), named(SERVICE));
    let made = ScalingSeen {
        min: 1,
        max: 5,
        suspended: ScalingFlags {
            scheduled: true,
            ..ScalingFlags::default()
        },
    };
    world.make_scalable(SERVICE, made).await;
    let seen = scene.region.scaling(&cluster, &service).await;
    assert_eq!(seen.expect("asked"), Some(made));
    for bits in 0..8_u8 {
        let suspended = ScalingFlags {
            scale_in: bits & 1 != 0,
            scale_out: bits & 2 != 0,
            scheduled: bits & 4 != 0,
        };
        let set = scene.region.set_scaling(&cluster, &service, suspended);
        set.await.expect("set");
        let seen = scene.region.scaling(&cluster, &service).await;
        assert_eq!(
            seen.expect("asked"),
            Some(ScalingSeen { suspended, ..made })
        );
    }
    assert_eq!(scene.service().await.desired, 2);
}
