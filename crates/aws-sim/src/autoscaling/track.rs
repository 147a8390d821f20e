//! Target tracking: what the policies of a target make of their metrics.

use std::time::Duration;

use super::Target;
use super::activity::{Activity, NotScaled, Outcome};
use super::drive::{At, scale};
use super::metric::Side;
use super::policies::alarm_name;
use crate::ecs::{self, Census};
use crate::world::World;

/// An alarm that has gone off is looked at again every minute.
const PERIOD: Duration = Duration::from_secs(60);

/// What one policy wants.
struct Wish {
    policy: String,
    alarm: String,
    value: f64,
    count: u32,
}

/// Looks at the policies of a target if that is due; true when it was scaled.
pub(super) fn look(world: &mut World, at: &At<'_>) -> bool {
    let census = ecs::census(world, &at.service());
    let state = &mut world.region(at.account, at.region).autoscaling;
    let readings = state.metrics.get(at.resource.id);
    let Some(target) = state.targets.get_mut(at.resource.id) else {
        return false;
    };
    if target.look.is_none_or(|look| look > at.now) {
        return false;
    }
    for policy in target.policies.values_mut() {
        let reading = readings.and_then(|readings| readings.get(&policy.metric));
        policy.sense(reading.copied(), at.now);
    }
    let breaches = target.policies.values().filter_map(|policy| policy.breach);
    let looks = breaches.map(|breach| breach.ripe().max(at.now + PERIOD));
    target.look = looks.min();
    let wishes = |side: Side, running: u32| -> Vec<Wish> {
        let policies = target.policies.iter();
        let alarmed = policies.filter(|(_, policy)| policy.alarmed(at.now) == Some(side));
        let wishes = alarmed.filter_map(|(name, policy)| {
            let value = readings?.get(&policy.metric)?.value;
            Some(Wish {
                policy: name.clone(),
                alarm: alarm_name(at.resource.id, &policy.id, side),
                value,
                count: policy.wants(running, value),
            })
        });
        wishes.collect()
    };
    let Some(census) = census.filter(|census| census.running > 0) else {
        return false;
    };
    let (up, down) = (
        wishes(Side::Above, census.running),
        wishes(Side::Below, census.running),
    );
    let largest = |wishes: Vec<Wish>| wishes.into_iter().max_by_key(|wish| wish.count);
    let shrinking = target.policies.values().filter(|policy| policy.scale_in);
    // Any policy may scale out; all that may scale in must agree to scale in.
    let agreed = shrinking
        .clone()
        .all(|policy| policy.alarmed(at.now) == Some(Side::Below));
    let some = shrinking.count() > 0;
    if let Some(wish) = largest(up) {
        grow(world, at, census, &wish)
    } else if let Some(wish) = largest(down).filter(|_| agreed && some) {
        shrink(world, at, census, &wish)
    } else {
        target.held = None;
        false
    }
}

fn grow(world: &mut World, at: &At<'_>, census: Census, wish: &Wish) -> bool {
    let Some(target) = target(world, at) else {
        return false;
    };
    if target.in_force(at.now).dynamic_scaling_out_suspended {
        return false;
    }
    let (max, wanted) = (target.max, wish.count.min(target.max));
    if census.desired >= max {
        hold(
            world,
            at,
            wish,
            "AlreadyAtMaxCapacity",
            Some(("MaxCapacity", max)),
        );
        return false;
    }
    if wanted <= census.desired {
        let current = Some(("CurrentCapacity", census.desired));
        hold(world, at, wish, "AlreadyAtDesiredCapacity", current);
        return false;
    }
    let policy = target.policies.get_mut(&wish.policy);
    let Some(policy) = policy.filter(|policy| policy.may_scale_out(at.now, wish.value)) else {
        return false;
    };
    policy.scaled_out(at.now, census.running, wanted);
    target.held = None;
    scale(world, at, wanted, cause(wish));
    true
}

fn shrink(world: &mut World, at: &At<'_>, census: Census, wish: &Wish) -> bool {
    let Some(target) = target(world, at) else {
        return false;
    };
    if target.in_force(at.now).dynamic_scaling_in_suspended {
        return false;
    }
    let (min, wanted) = (target.min, wish.count.max(target.min));
    if census.desired <= min {
        hold(
            world,
            at,
            wish,
            "AlreadyAtMinCapacity",
            Some(("MinCapacity", min)),
        );
        return false;
    }
    // While a deployment is under way nothing is scaled in (ecs-facts 8).
    if census.deploying {
        hold(
            world,
            at,
            wish,
            "TargetServicePutResourceAsUnscalable",
            None,
        );
        return false;
    }
    if wanted >= census.desired {
        let current = Some(("CurrentCapacity", census.desired));
        hold(world, at, wish, "AlreadyAtDesiredCapacity", current);
        return false;
    }
    let policy = target.policies.get_mut(&wish.policy);
    let Some(policy) = policy.filter(|policy| policy.may_scale_in(at.now)) else {
        return false;
    };
    policy.scaled_in(at.now);
    target.held = None;
    scale(world, at, wanted, cause(wish));
    true
}

fn target<'w>(world: &'w mut World, at: &At<'_>) -> Option<&'w mut Target> {
    let state = &mut world.region(at.account, at.region).autoscaling;
    state.targets.get_mut(at.resource.id)
}

/// Says once why nothing was scaled.
fn hold(world: &mut World, at: &At<'_>, wish: &Wish, code: &str, detail: Option<(&str, u32)>) {
    let known = target(world, at).and_then(|target| target.held.replace(code.to_owned()));
    if known.as_deref() == Some(code) {
        return;
    }
    let reason = NotScaled {
        code: code.to_owned(),
        detail: detail.map(|(member, value)| (member.to_owned(), value)),
    };
    let activity = Activity::new(world, at, Outcome::Held(reason), cause(wish));
    activity.keep(world, at);
}

fn cause(wish: &Wish) -> String {
    format!(
        "monitor alarm {} in state ALARM triggered policy {}",
        wish.alarm, wish.policy
    )
}
