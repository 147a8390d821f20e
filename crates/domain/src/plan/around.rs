//! Warnings about what lies around a service: alarms, target groups, images, roles, logs, room.

use std::time::Duration;

use super::warnings::warning;
use super::{Extra, Facts, Warning, Wish, image_of};
use crate::day::Day;
use crate::document::Document;
use crate::ids::Digest;
use crate::image::{split_reference, taken_away};
use crate::rollout::STOP_TIMEOUT;
use crate::scan::{Judgement, judge};
use crate::surroundings::{SubnetSeen, TargetGroupSeen};
use crate::task_definition::{items, platform_of, text, whole};

/// The longest that Fargate gives one.
const LONGEST_STOP: Duration = Duration::from_secs(120);
/// The deregistration delay of a target group where nobody has set another (ecs-facts 1.3).
pub(super) const DEREGISTRATION: Duration = Duration::from_secs(300);

/// All that apply, in the order of their codes. `extra` is what the rollout takes beyond what runs.
pub(super) fn all(wish: &Wish, facts: &Facts, after: &Document) -> Vec<Warning> {
    let mut all: Vec<Warning> = firing(facts).into_iter().collect();
    all.extend(short_stop(facts, after));
    all.extend(platforms(facts, after));
    all.extend(expiring(wish, facts));
    all.extend(scanned(wish, facts));
    all.extend(denied(facts, after));
    all.extend(missing_logs(facts));
    all
}

/// ECS ignores an alarm that fires already, and with it all others, for the whole deployment (ecs-facts 2.5).
fn firing(facts: &Facts) -> Option<Warning> {
    let alarms = facts.around.alarms.iter();
    let firing: Vec<&str> = alarms
        .filter(|alarm| alarm.state == "ALARM")
        .map(|alarm| alarm.name.as_str())
        .collect();
    let (is, it) = match firing.len() {
        0 => return None,
        1 => ("alarm", "is"),
        _ => ("alarms", "are"),
    };
    Some(warning(
        "W09",
        format!(
            "{is} {} {it} firing already: ECS watches no alarm during a deployment that begins so",
            firing.join(", ")
        ),
        "wait until it is quiet, or watch the rollout",
    ))
}

/// Draining comes first, then the signal to stop. A team that has set the delay says how long requests take; one that
/// has left 300 s has not, and Fargate would not give a container as long.
fn short_stop(facts: &Facts, after: &Document) -> Option<Warning> {
    let delays = facts.around.target_groups.iter();
    let delay = delays.map(|group| group.deregistration_delay).max()?;
    if delay == DEREGISTRATION {
        return None;
    }
    let wanted = delay.min(LONGEST_STOP);
    let containers = items(after, "containerDefinitions").iter();
    let serving = containers.filter(|container| !items(container, "portMappings").is_empty());
    let stop = |container: &Document| {
        let seconds = whole(container, "stopTimeout").and_then(|s| u64::try_from(s).ok());
        Duration::from_secs(seconds.unwrap_or(STOP_TIMEOUT))
    };
    let (stop, container) = serving
        .map(|one| (stop(one), one))
        .min_by_key(|one| one.0)?;
    let name = text(container, "name").unwrap_or_default();
    (stop < wanted).then(|| {
        warning(
            "W10",
            format!(
                "container {name} is killed {} s after it is asked to stop, while the load balancer gives requests {} s: \
                 one that comes late and takes as long is cut off",
                stop.as_secs(),
                delay.as_secs()
            ),
            format!("\"stopTimeout\": {} for the container", wanted.as_secs()),
        )
    })
}

fn platforms(facts: &Facts, after: &Document) -> Vec<Warning> {
    let wanted = platform_of(after);
    let named = |image: &str| {
        let containers = items(after, "containerDefinitions").iter();
        let mut running = containers.filter(|container| text(container, "image") == Some(image));
        running.next().and_then(|container| text(container, "name"))
    };
    let images = facts.around.images.iter();
    let other = images.filter(|image| {
        // Nothing is known of an image that does not say what it runs on.
        let fits =
            |platform: &String| platform == wanted || platform.starts_with(&format!("{wanted}/"));
        !image.platforms.is_empty() && !image.platforms.iter().any(fits)
    });
    other
        .filter_map(|image| {
            let container = named(&image.image)?;
            Some(warning(
                "W11",
                format!(
                    "the image of container {container} runs on {}, the task definition asks for {wanted}: its tasks \
                     cannot start",
                    image.platforms.join(", ")
                ),
                "build the image for that platform, or change runtimePlatform of the task definition",
            ))
        })
        .collect()
}

fn expiring(wish: &Wish, facts: &Facts) -> Option<Warning> {
    let contents = facts.around.repository.as_ref()?;
    let running = image_of(&facts.running, wish.containers.first()?)?;
    let digest = Digest::new(split_reference(&running).1?).ok()?;
    let rule = taken_away(contents, &digest)?;
    Some(warning(
        "W12",
        format!(
            "rule {rule} of the lifecycle policy of repository {} takes away the image that serves now, which a \
             rollback needs",
            contents.name
        ),
        "a rule of a smaller number that keeps the tags of what is deployed protects it; or keep more images",
    ))
}

/// What the gate would say now; a scan that goes on is waited for by the deploy.
fn scanned(wish: &Wish, facts: &Facts) -> Option<Warning> {
    let (gate, scans) = (wish.gate.as_ref()?, &facts.around.scans);
    if scans.is_empty() {
        return None;
    }
    match judge(gate, scans, Day::of(facts.around.at), Duration::ZERO) {
        Judgement::Refused(refused) => Some(warning(
            "W13",
            refused.finding.cause,
            refused.finding.remedy,
        )),
        Judgement::Passed { .. } | Judgement::Waiting { .. } => None,
    }
}

fn denied(facts: &Facts, after: &Document) -> Option<Warning> {
    let denied = &facts.around.denied;
    if denied.is_empty() {
        return None;
    }
    let role = text(after, "executionRoleArn").unwrap_or_default();
    let shown = denied
        .iter()
        .map(|one| format!("{} on {}", one.action, one.resource));
    let shown: Vec<String> = shown.collect();
    Some(warning(
        "W14",
        format!(
            "the execution role {} may not {}: tasks cannot start",
            role.rsplit('/').next().unwrap_or(role),
            shown.join(", nor ")
        ),
        "allow these actions in a policy of the role",
    ))
}

fn missing_logs(facts: &Facts) -> Vec<Warning> {
    let groups = facts.around.missing_log_groups.iter();
    groups
        .map(|group| {
            warning(
                "W15",
                format!("there is no log group {group}: tasks that log to it cannot start"),
                "create it, or set \"awslogs-create-group\": \"true\" and allow logs:CreateLogGroup",
            )
        })
        .collect()
}

/// Whether there is room for what the rollout takes beyond what runs.
pub(super) fn room(facts: &Facts, extra: Extra) -> Vec<Warning> {
    let left = facts.around.fargate.and_then(|fargate| fargate.left());
    let vcpu = |units: u32| f64::from(units) / 1024.0;
    let quota = left
        .filter(|left| facts.service.fargate && *left < extra.cpu_units)
        .map(|left| {
            warning(
                "W16",
                format!(
                    "the rollout needs {} more vCPU at its peak, and the Fargate quota of this account and region leaves \
                     {}: it waits for room, or fails",
                    vcpu(extra.cpu_units),
                    vcpu(left)
                ),
                "ask for a higher quota (Fargate On-Demand vCPU resource count), or lower maximum_percent",
            )
        });
    let free = free_addresses(&facts.around.subnets);
    let addresses = free.filter(|free| *free < extra.addresses).map(|free| {
        warning(
            "W17",
            format!(
                "the rollout needs {} more addresses at its peak, and the subnets have {free}: tasks cannot be placed",
                extra.addresses
            ),
            "free addresses, add a subnet to the service, or lower maximum_percent",
        )
    });
    quota.into_iter().chain(addresses).collect()
}

/// Free addresses of all subnets; `None` when none was read.
pub(super) fn free_addresses(subnets: &[SubnetSeen]) -> Option<u32> {
    let free = subnets.iter().map(|subnet| subnet.free);
    (!subnets.is_empty()).then(|| free.fold(0, u32::saturating_add))
}

/// The longest check and drain of the target groups that were read.
pub(super) fn slowest(groups: &[TargetGroupSeen]) -> Option<(Duration, Duration)> {
    let checks = groups.iter().map(|group| group.check_interval).max()?;
    let delays = groups
        .iter()
        .map(|group| group.deregistration_delay)
        .max()?;
    Some((checks, delays))
}
