//! What a service deployment shows of its stages, hooks and alarms, and ContinueServiceDeployment.

use ecs_model::{
    AlarmReport, BreakerStatus, ContinueRefused, HookAction, HookStatus, Lifecycle,
    ServiceDeployment,
};
use serde_json::{Map, Value, json};

use super::deployments::unknown;
use crate::ecs::drive::{model_time, sim_time, with};
use crate::ecs::names::{Place, one_of};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `ContinueServiceDeployment`.
pub(in crate::ecs) fn continue_deployment(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let arn = input.need_str("serviceDeploymentArn")?;
    let hook = input.need_str("hookId")?;
    let action = match one_of(input, "action", &["ROLLBACK", "CONTINUE"])? {
        Some("ROLLBACK") => HookAction::Rollback,
        _ => HookAction::Continue,
    };
    let place = Place::of(ctx);
    let parts = place.parts("service-deployment", arn).unwrap_or_default();
    let [cluster, service, id] = parts[..] else {
        return Err(unknown());
    };
    let now = model_time(ctx.now);
    let answered = with(world, &place, cluster, service, |model, hands| {
        model.continue_deployment(id, hook, action, now, hands)
    });
    match answered.map_err(|_| unknown())? {
        Ok(()) => Ok(json!({"serviceDeploymentArn": arn})),
        Err(ContinueRefused::Unknown) => Err(unknown()),
        Err(ContinueRefused::NothingWaits) => Err(ApiError::invalid_parameter(
            "The service deployment has no lifecycle hook with this hookId that awaits an action.",
        )),
    }
}

/// The word for what a monitor does.
pub(super) const fn monitor(status: BreakerStatus) -> &'static str {
    match status {
        BreakerStatus::Disabled => "DISABLED",
        BreakerStatus::Monitoring => "MONITORING",
        BreakerStatus::Triggered => "TRIGGERED",
        BreakerStatus::MonitoringComplete => "MONITORING_COMPLETE",
    }
}

/// `alarms`.
pub(super) fn alarms(report: &AlarmReport) -> Value {
    json!({
        "status": monitor(report.status),
        "alarmNames": report.names,
        "triggeredAlarmNames": report.triggered,
    })
}

/// `lifecycleStage` and `lifecycleHookDetails`; a rolling deployment without hooks has neither.
pub(super) fn show(known: &ServiceDeployment, shown: &mut Value) {
    let Some(lifecycle) = &known.lifecycle else {
        return;
    };
    shown["lifecycleStage"] = lifecycle.stage().reported().into();
    let details = lifecycle.pauses().iter().map(|pause| {
        let mut detail = json!({
            "hookId": pause.id,
            "targetType": "PAUSE",
            "status": pause.status.as_str(),
        });
        if pause.status == HookStatus::AwaitingAction {
            detail["expiresAt"] = sim_time(pause.expires_at).json();
            detail["timeoutAction"] = pause.on_timeout.as_str().into();
        }
        detail
    });
    shown["lifecycleHookDetails"] = details.collect();
}

/// The traffic that a revision of a service deployment should have, where traffic moves.
///
/// What the target does not have is at the revision that serves beside it, or did: from CLEAN_UP on none does.
pub(super) fn weigh(known: &ServiceDeployment, revision: &str, summary: &mut Map<String, Value>) {
    let weights = known.lifecycle.as_ref().and_then(Lifecycle::weights);
    let Some((production, test)) = weights else {
        return;
    };
    let rest = known.serving.as_ref().or_else(|| known.sources.last());
    let (production, test) = if revision == known.target {
        (production, test)
    } else if rest.is_some_and(|rest| rest == revision) {
        (100.0 - production, 100.0 - test)
    } else {
        (0.0, 0.0)
    };
    summary.insert(
        "requestedProductionTrafficWeight".to_owned(),
        production.into(),
    );
    summary.insert("requestedTestTrafficWeight".to_owned(), test.into());
}
