//! Service deployments: list, describe, stop (ecs-facts 3.1).

use ecs_model::{Counts, ServiceDeployment, Status, StopRefused};
use serde_json::{Value, json};

use super::Service;
use super::show::{Address, summary};
use super::stages;
use crate::choices::StopAbort;
use crate::ecs::drive::{model_time, sim_time, with};
use crate::ecs::names::{self, Place, one_of};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Most ARNs in one describe call (ecs-facts 5.1).
pub(super) const MOST: usize = 20;

/// `ListServiceDeployments`: newest first.
pub(in crate::ecs) fn list_deployments(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let name = names::service(input, &place)?;
    let asked = input.need_str("service")?;
    // A service ARN names its cluster too.
    let cluster = match place.parts("service", asked).as_deref() {
        Some([cluster, _]) if input.get("cluster").is_none() => (*cluster).to_owned(),
        _ => names::cluster(input, &place)?.to_owned(),
    };
    let statuses = input.strings("status")?;
    for status in &statuses {
        if !Status::ALL.iter().any(|known| known.as_str() == *status) {
            return Err(ApiError::invalid_parameter(format!(
                "Value '{status}' at 'status' failed to satisfy constraint: Member must satisfy enum \
                 value set: [{}]",
                Status::ALL.map(Status::as_str).join(", ")
            )));
        }
    }
    let (after, before) = created_at(input)?;
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let service = state.cluster(&cluster)?.services.get(name);
    let service = service.ok_or_else(names::no_service)?;
    let address = Address {
        place: &place,
        cluster: &cluster,
        service: name,
    };
    let newest_first = service.model.service_deployments().iter().rev();
    let briefs = newest_first
        .filter(|known| statuses.is_empty() || statuses.contains(&known.status.as_str()))
        .filter(|known| {
            let created = sim_time(known.created_at).epoch_seconds();
            after.is_none_or(|after| created > after)
                && before.is_none_or(|before| created < before)
        })
        .map(|known| brief(known, &address))
        .collect();
    names::paged("serviceDeployments", briefs, input, MOST)
}

/// `createdAt`: after and before, in epoch seconds.
fn created_at(input: &Input<'_>) -> Result<(Option<f64>, Option<f64>), ApiError> {
    let Some(range) = input.structure("createdAt")? else {
        return Ok((None, None));
    };
    let read = |name: &str| {
        let moment = range.get(name);
        let seconds = moment.map(|moment| {
            moment.as_f64().ok_or_else(|| {
                ApiError::client(
                    "SerializationException",
                    format!("Expected {name} to be a timestamp"),
                )
            })
        });
        seconds.transpose()
    };
    Ok((read("after")?, read("before")?))
}

/// `DescribeServiceDeployments`.
pub(in crate::ecs) fn describe_deployments(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let state = &world.region(&ctx.account, &ctx.region).ecs;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for arn in some_arns(input, "serviceDeploymentArns")? {
        let parts = place.parts("service-deployment", arn).unwrap_or_default();
        let shown = match parts[..] {
            [cluster, service, id] => state.clusters.get(cluster).and_then(|known| {
                let known = known.services.get(service)?;
                let address = Address {
                    place: &place,
                    cluster,
                    service,
                };
                known.show_deployment(id, &address)
            }),
            _ => None,
        };
        match shown {
            Some(shown) => found.push(shown),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": found, "failures": failures}))
}

/// Between one and twenty ARNs.
pub(super) fn some_arns<'a>(input: &Input<'a>, name: &str) -> Result<Vec<&'a str>, ApiError> {
    let arns = input.strings(name)?;
    if arns.is_empty() || arns.len() > MOST {
        return Err(ApiError::invalid_parameter(format!(
            "{name} must have 1 to {MOST} items but had {}",
            arns.len()
        )));
    }
    Ok(arns)
}

/// `StopServiceDeployment`. ABORT is in the model of the API, but only ROLLBACK is documented as valid: a choice.
pub(in crate::ecs) fn stop_deployment(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let arn = input.need_str("serviceDeploymentArn")?;
    let aborts = one_of(input, "stopType", &["ABORT", "ROLLBACK"])? == Some("ABORT");
    if aborts && world.choices.stop_abort == StopAbort::Refused {
        return Err(ApiError::invalid_parameter(
            "Invalid stopType: ABORT is not supported. Use ROLLBACK.",
        ));
    }
    let place = Place::of(ctx);
    let parts = place.parts("service-deployment", arn).unwrap_or_default();
    let [cluster, service, id] = parts[..] else {
        return Err(unknown());
    };
    let now = model_time(ctx.now);
    let stopped = with(world, &place, cluster, service, |model, hands| {
        if aborts {
            model.abort_deployment(id, now, hands)
        } else {
            model.stop_deployment(id, now, hands)
        }
    });
    match stopped.map_err(|_| unknown())? {
        Ok(()) => Ok(json!({"serviceDeploymentArn": arn})),
        Err(StopRefused::Unknown) => Err(unknown()),
        Err(StopRefused::Over) => Err(ApiError::client(
            "ConflictException",
            "The service deployment is in a terminal state and cannot be stopped.",
        )),
    }
}

/// No such service deployment.
pub(super) fn unknown() -> ApiError {
    ApiError::client(
        "ServiceDeploymentNotFoundException",
        "The service deployment cannot be found.",
    )
}

fn brief(known: &ServiceDeployment, at: &Address<'_>) -> Value {
    let mut shown = json!({
        "serviceDeploymentArn": at.deployment(&known.id),
        "serviceArn": at.place.service(at.cluster, at.service),
        "clusterArn": at.place.cluster(at.cluster),
        "createdAt": sim_time(known.created_at).json(),
        "targetServiceRevisionArn": at.revision(&known.target),
        "status": known.status.as_str(),
    });
    for (name, moment) in [
        ("startedAt", known.started_at),
        ("finishedAt", known.finished_at),
    ] {
        if let Some(moment) = moment {
            shown[name] = sim_time(moment).json();
        }
    }
    if let Some(reason) = &known.reason {
        shown["statusReason"] = reason.as_str().into();
    }
    shown
}

impl Service {
    fn show_deployment(&self, id: &str, at: &Address<'_>) -> Option<Value> {
        let known = self.model.service_deployments().iter();
        let known = known.clone().find(|known| known.id == id)?;
        let mut shown = brief(known, at);
        if let Some(members) = shown.as_object_mut() {
            members.shift_remove("targetServiceRevisionArn");
        }
        let counts = |deployment: &str| -> Counts {
            let ended = known.final_counts.as_ref();
            match ended.and_then(|all| all.iter().find(|(id, _)| id == deployment)) {
                Some((_, counts)) => *counts,
                None => self.model.counts(deployment),
            }
        };
        let revision = |deployment: &str| {
            let mut summary = summary(&counts(deployment));
            summary.insert("arn".to_owned(), at.revision(deployment).into());
            stages::weigh(known, deployment, &mut summary);
            Value::Object(summary)
        };
        shown["updatedAt"] = sim_time(known.updated_at).json();
        if let Some(stopped) = known.stopped_at {
            shown["stoppedAt"] = sim_time(stopped).json();
        }
        shown["sourceServiceRevisions"] = known.sources.iter().map(|id| revision(id)).collect();
        shown["targetServiceRevision"] = revision(&known.target);
        let target = self.records.revisions.get(&known.target);
        let configuration = target.and_then(|target| target.members.get("deploymentConfiguration"));
        if let Some(configuration) = configuration {
            shown["deploymentConfiguration"] = configuration.clone();
        }
        if let Some(rollback) = &known.rollback {
            shown["rollback"] = json!({
                "reason": rollback.reason,
                "startedAt": sim_time(rollback.started_at).json(),
                "serviceRevisionArn": at.revision(&rollback.to),
            });
        }
        shown["deploymentCircuitBreaker"] = json!({
            "status": stages::monitor(known.breaker.status),
            "failureCount": known.breaker.failures,
            "threshold": known.breaker.threshold,
        });
        shown["alarms"] = stages::alarms(&known.alarms);
        stages::show(known, &mut shown);
        Some(shown)
    }
}
