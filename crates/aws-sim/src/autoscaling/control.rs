//! The part of the control API that is about metrics: what policies look at.
//!
//! | request | body | answer |
//! | --- | --- | --- |
//! | `GET /_sim/metrics` | | all metrics that were set |
//! | `PUT /_sim/metrics` | account, region, resource, metric, value | `{}`; it stays so until it is set again; `null` takes it away |

use serde::Deserialize;
use serde_json::{Value, json};

use super::metric::Reading;
use super::resource::Resource;
use crate::control::{Answer, Verb, done, parse, show};
use crate::shared::Shared;
use crate::world::is_account_id;

/// The methods of `/_sim/metrics`.
pub(crate) const METRICS: &[Verb] = &[
    Verb::plain("GET", |shared, _| metrics(shared)),
    Verb::with_body("PUT", |shared, asked| set(shared, parse(&asked.body)?)),
];

/// A metric to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    account: String,
    region: String,
    /// `service/<cluster>/<service>`.
    resource: String,
    /// For example `ECSServiceAverageCPUUtilization`.
    metric: String,
    value: Option<f64>,
}

fn metrics(shared: &Shared) -> Answer {
    let world = shared.world();
    let mut listed = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            for (resource, readings) in &state.autoscaling.metrics {
                listed.extend(readings.iter().map(|(metric, reading)| {
                    json!({"account": account, "region": region, "resource": resource,
                        "metric": metric, "value": reading.value, "since": reading.since.json()})
                }));
            }
        }
    }
    drop(world);
    show(&Value::from(listed))
}

fn set(shared: &Shared, metric: Metric) -> Answer {
    if !is_account_id(&metric.account) {
        return Err(format!("account `{}` is not twelve digits", metric.account));
    }
    if Resource::of(&metric.resource).is_none() {
        return Err(format!(
            "resource `{}` is not service/<cluster>/<service>",
            metric.resource
        ));
    }
    let mut world = shared.world();
    let now = shared.clock.now();
    world.catch_up(now);
    let state = &mut world.region(&metric.account, &metric.region).autoscaling;
    let readings = state.metrics.entry(metric.resource.clone()).or_default();
    match metric.value {
        Some(value) => {
            readings.insert(metric.metric, Reading { value, since: now });
        }
        None => {
            readings.remove(&metric.metric);
        }
    }
    if let Some(target) = state.targets.get_mut(&metric.resource) {
        target.look = Some(now);
    }
    world.wake = Some(now);
    drop(world);
    shared.changed();
    done()
}
