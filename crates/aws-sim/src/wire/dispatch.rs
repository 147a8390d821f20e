//! One request from bytes to bytes: find the service, identify, authorise, call, log, answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;
use http::request::Parts;
use serde_json::Value;

use super::authorise::Asking;
use super::credentials::{self, EC2, JSON, QUERY, Refusals};
use super::protocol::{Form, Protocol};
use super::{ApiError, Ctx, Service, cbor, form, resource};
use crate::calls::{Call, milliseconds};
use crate::clock::SimTime;
use crate::faults::{DROPPED, INJECTED, Strike, Struck, broken};
use crate::iam::{self, Principal};
use crate::persist::Unchanged;
use crate::shared::Shared;
use crate::world::World;

/// Largest accepted body: a layer part of 20 MiB in base64, with room.
const BODY_LIMIT: usize = 28 << 20;

/// A request that a service can answer.
struct Asked {
    service: Service,
    action: String,
    input: Value,
    refusals: Refusals,
    protocol: Protocol,
}

/// Where CloudWatch listens for CBOR; the operation follows.
const CBOR_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

/// Answers a request to the AWS endpoint.
pub(crate) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let begin = Instant::now();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        let error = ApiError {
            status: 413,
            ..ApiError::client("RequestEntityTooLargeException", "The body is too large")
        };
        return refusal(Protocol::Json11, error, &shared.request_id());
    };
    match read(&parts, &body) {
        Ok(asked) => {
            let (response, late) = answer(&shared, &parts, &asked, begin);
            if let Some(late) = late {
                tokio::time::sleep(late).await;
            }
            response
        }
        Err((protocol, error)) => {
            tracing::debug!(code = error.code, uri = %parts.uri, "not an AWS call");
            refusal(protocol, error, &shared.request_id())
        }
    }
}

/// Finds service, operation and input in a request. What is refused is refused in the protocol that the
/// request speaks, as far as that can be told.
fn read(parts: &Parts, body: &[u8]) -> Result<Asked, (Protocol, ApiError)> {
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(protocol) = text("smithy-protocol") {
        let action = parts.uri.path().strip_prefix(CBOR_PATH);
        let Some(action) = action.filter(|_| protocol == cbor::NAME) else {
            return Err(not_aws(format!(
                "protocol {protocol} is not spoken at {}, only awsJson1.1 and awsQuery, and \
                 {} by CloudWatch",
                parts.uri.path(),
                cbor::NAME
            )));
        };
        return Ok(Asked {
            service: Service::CloudWatch,
            action: action.to_owned(),
            input: cbor::read(body).map_err(|error| (Protocol::Cbor, error))?,
            refusals: JSON,
            protocol: Protocol::Cbor,
        });
    }
    if parts.uri.path() != "/" || parts.method != Method::POST {
        let error = unknown(format!(
            "{} {} is no operation; AWS calls are POST /",
            parts.method,
            parts.uri.path()
        ));
        let error = ApiError {
            status: 404,
            ..error
        };
        return Err((Protocol::Json11, error));
    }
    if let Some(target) = text("x-amz-target") {
        let (service, action) = Service::of_target(target)
            .ok_or_else(|| not_aws(format!("no service has the target {target}")))?;
        let protocol = match service {
            Service::CloudWatch => Protocol::Json10,
            _ => Protocol::Json11,
        };
        let body: &[u8] = if body.is_empty() { b"{}" } else { body };
        let input = serde_json::from_slice(body)
            .map_err(|error| ApiError::client("SerializationException", error.to_string()))
            .map_err(|error| (protocol, error))?;
        return Ok(Asked {
            service,
            action: action.to_owned(),
            input,
            refusals: JSON,
            protocol,
        });
    }
    let mut form = form::parse(&String::from_utf8_lossy(body));
    let Some(Value::String(action)) = form.remove("Action") else {
        return Err(not_aws(
            "neither an X-Amz-Target header nor an Action parameter".to_owned(),
        ));
    };
    let version = form.remove("Version");
    let version = version.as_ref().and_then(Value::as_str);
    let signed_for = credentials::read(&parts.headers).map(|found| found.service);
    let service = Service::of_query(version, signed_for).ok_or_else(|| {
        not_aws(format!(
            "no service answers queries of the version {}",
            version.unwrap_or_default()
        ))
    })?;
    let (input, refusals, protocol) = match service {
        Service::Ec2 => (form::unfold_ec2(form), EC2, Protocol::Ec2),
        _ => (form::unfold(form), QUERY, Protocol::Query),
    };
    Ok(Asked {
        service,
        action,
        input: Value::Object(input),
        refusals,
        protocol,
    })
}

/// Nothing tells the protocol: JSON, as most services answer.
fn not_aws(message: String) -> (Protocol, ApiError) {
    (Protocol::Json11, unknown(message))
}

fn unknown(message: String) -> ApiError {
    ApiError::client("UnknownOperationException", message)
}

/// The answer, and how much later it is to come.
fn answer(
    shared: &Shared,
    parts: &Parts,
    asked: &Asked,
    begin: Instant,
) -> (Response, Option<Duration>) {
    let mut world = shared.world();
    let now = shared.clock.now();
    // Before any id is drawn: what is due draws its own, whoever lets it happen.
    if !looks_after_itself(shared, &world, asked, now) {
        world.catch_up(now);
    }
    let request_id = world.ids.uuid();
    let credentials = credentials::read(&parts.headers);
    let principal = if (asked.service, asked.action.as_str()) == WITHOUT_CREDENTIALS {
        Ok(Principal::anonymous())
    } else {
        credentials::identify(&world, credentials.as_ref(), now, asked.refusals)
    };
    let account = principal.as_ref().map_or("", |caller| &caller.account);
    let region = credentials.as_ref().map_or("", |found| found.region);
    let about = match asked.service {
        Service::Iam => iam::about(&world, account, &asked.input),
        service => resource::of(service, account, region, &asked.input),
    };

    let strike = principal.as_ref().ok().and_then(|principal| {
        let call = Struck {
            service: asked.service.name(),
            actions: &[&asked.action],
            account: &principal.account,
            resource: about.as_deref(),
        };
        shared.faults.strike(&call, &mut world.ids)
    });
    let result = principal.clone().and_then(|principal| {
        match &strike {
            Some(Strike::Refuse(refused)) => return Err(refused.api_error(asked.refusals)),
            Some(Strike::DropBefore) => return Err(dropped()),
            Some(Strike::DropAfter | Strike::Late(_)) | None => {}
        }
        let place = (principal.account.as_str(), region);
        let call = (asked.service.name(), asked.action.as_str());
        if !shared.limits.take(place, call, now) {
            return Err(asked.refusals.throttled());
        }
        let asking = Asking {
            service: asked.service,
            action: &asked.action,
            input: &asked.input,
            about: about.as_deref(),
            region,
            refusals: asked.refusals,
        };
        asking.authorise(&world, &principal)?;
        let key = credentials.as_ref().map(|found| found.key);
        let session = key.and_then(|key| world.sessions.get(key));
        let ctx = Ctx {
            account: principal.account.clone(),
            region: region.to_owned(),
            principal,
            session_ends: session.map(|session| session.expires),
            now,
            clock: shared.clock.clone(),
            revision_digits: world.choices.revision_digits,
        };
        let Asked {
            service,
            action,
            input,
            ..
        } = asked;
        service.call(&mut world, &ctx, action, input)
    });

    let changed = result.is_ok() && !is_read(&asked.action);
    if changed {
        world.wake = Some(now);
        world.catch_up(now);
    }
    drop(world);
    if changed {
        shared.changed();
    }
    let form = Form {
        protocol: asked.protocol,
        service: asked.service,
        action: &asked.action,
        request_id: &request_id,
    };
    let (response, late) = match strike {
        Some(Strike::DropBefore | Strike::DropAfter) => (None, None),
        Some(Strike::Late(late)) => (Some(form.write(&result)), Some(late)),
        Some(Strike::Refuse(_)) | None => (Some(form.write(&result)), None),
    };
    let caller = principal.ok();
    shared.calls.push(Call {
        time: now.epoch_seconds(),
        account: caller
            .as_ref()
            .map(|caller| caller.account.clone())
            .filter(|account| !account.is_empty()),
        principal: caller.map(|caller| caller.arn),
        service: asked.service.name().to_owned(),
        action: asked.action.clone(),
        resource: about,
        error: result.as_ref().err().map(|error| error.code.to_owned()),
        status: response.as_ref().map(|response| response.status().as_u16()),
        duration_ms: milliseconds(begin.elapsed() + late.unwrap_or_default()),
        request_id,
    });
    let mut response = response.unwrap_or_else(broken);
    if !changed {
        response.extensions_mut().insert(Unchanged);
    }
    (response, late)
}

/// Whether an operation brings up what it shows, so that it need not wait for all that is due: with
/// thousands of tasks, the most frequent call. On a paused clock everything keeps its order, for runs
/// that shall repeat.
fn looks_after_itself(shared: &Shared, world: &World, asked: &Asked, now: SimTime) -> bool {
    (asked.service, asked.action.as_str()) == (Service::Ecs, "DescribeServices")
        && shared.clock.scale() > 0.0
        && !world.is_scaled_by(now)
}

/// What the log says of a call that broke off before anything was done.
fn dropped() -> ApiError {
    ApiError::client(DROPPED, INJECTED)
}

/// The one operation that is called without credentials.
const WITHOUT_CREDENTIALS: (Service, &str) = (Service::Sts, "AssumeRoleWithWebIdentity");

/// Whether an operation only reads, by its name.
fn is_read(action: &str) -> bool {
    [
        "Describe",
        "List",
        "Get",
        "BatchGet",
        "BatchCheck",
        "Filter",
        "Simulate",
        "Validate",
    ]
    .iter()
    .any(|prefix| action.starts_with(prefix))
}

/// The answer to what is no AWS call.
fn refusal(protocol: Protocol, error: ApiError, request_id: &str) -> Response {
    let form = Form {
        protocol,
        service: Service::Ecs,
        action: "",
        request_id,
    };
    form.write(&Err(error))
}
