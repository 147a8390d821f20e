//! One request from bytes to bytes: find the service, identify, authorise, call, log, answer.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{Method, header};
use serde_json::{Value, json};

use super::credentials::{self, JSON, QUERY, Refusals};
use super::{ApiError, Ctx, Service, form, resource, xml};
use crate::calls::Call;
use crate::iam::Principal;
use crate::shared::Shared;
use crate::world::World;

/// Largest accepted body: a 4 MiB manifest in JSON escapes, with room.
const BODY_LIMIT: usize = 12 << 20;

/// A request that a service can answer.
struct Asked {
    service: Service,
    action: String,
    input: Value,
    refusals: Refusals,
}

/// Answers a request to the AWS endpoint.
pub(crate) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        let error = ApiError {
            status: 413,
            ..ApiError::client("RequestEntityTooLargeException", "The body is too large")
        };
        return json_answer(&Err(error), "message", &shared.request_id());
    };
    match read(&parts, &body) {
        Ok(asked) => answer(&shared, &parts, &asked),
        Err(error) => {
            tracing::debug!(code = error.code, uri = %parts.uri, "not an AWS call");
            json_answer(&Err(error), "message", &shared.request_id())
        }
    }
}

/// Finds service, operation and input in a request.
fn read(parts: &Parts, body: &[u8]) -> Result<Asked, ApiError> {
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(protocol) = text("smithy-protocol") {
        return Err(unknown(format!(
            "protocol {protocol} is not spoken here, only awsJson1.1 and awsQuery"
        )));
    }
    if parts.uri.path() != "/" || parts.method != Method::POST {
        return Err(ApiError {
            status: 404,
            ..unknown(format!(
                "{} {} is no operation; AWS calls are POST /",
                parts.method,
                parts.uri.path()
            ))
        });
    }
    if let Some(target) = text("x-amz-target") {
        let (service, action) = Service::of_target(target)
            .ok_or_else(|| unknown(format!("no service has the target {target}")))?;
        let body: &[u8] = if body.is_empty() { b"{}" } else { body };
        let input = serde_json::from_slice(body)
            .map_err(|error| ApiError::client("SerializationException", error.to_string()))?;
        return Ok(Asked {
            service,
            action: action.to_owned(),
            input,
            refusals: JSON,
        });
    }
    let mut form = form::parse(&String::from_utf8_lossy(body));
    match form.remove("Action") {
        Some(Value::String(action)) => Ok(Asked {
            service: Service::Sts,
            action,
            input: Value::Object(form),
            refusals: QUERY,
        }),
        _ => Err(unknown(
            "neither an X-Amz-Target header nor an Action parameter".to_owned(),
        )),
    }
}

fn unknown(message: String) -> ApiError {
    ApiError::client("UnknownOperationException", message)
}

fn answer(shared: &Shared, parts: &Parts, asked: &Asked) -> Response {
    let mut world = shared.world();
    let now = shared.clock.now();
    let request_id = world.ids.uuid();
    let credentials = credentials::read(&parts.headers);
    let principal = credentials::identify(&world, credentials.as_ref(), now, asked.refusals);
    let account = principal.as_ref().map_or("", |caller| &caller.account);
    let region = credentials.as_ref().map_or("", |found| found.region);
    let about = resource::of(asked.service, account, region, &asked.input);

    let result = principal.clone().and_then(|principal| {
        world.catch_up(now);
        authorise(&world, &principal, asked, about.as_deref())?;
        let ctx = Ctx {
            account: principal.account.clone(),
            region: region.to_owned(),
            principal,
            now,
            clock: shared.clock.clone(),
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
    }
    drop(world);
    if changed {
        shared.changed();
    }
    let caller = principal.ok();
    shared.calls.push(Call {
        time: now.epoch_seconds(),
        account: caller.as_ref().map(|caller| caller.account.clone()),
        principal: caller.map(|caller| caller.arn),
        service: asked.service.name().to_owned(),
        action: asked.action.clone(),
        resource: about,
        error: result.as_ref().err().map(|error| error.code.to_owned()),
    });
    match asked.service {
        Service::Sts => xml_answer(&asked.action, &result, &request_id),
        service => json_answer(&result, service.message_key(), &request_id),
    }
}

/// Whether an operation only reads, by its name.
fn is_read(action: &str) -> bool {
    ["Describe", "List", "Get", "BatchGet", "BatchCheck"]
        .iter()
        .any(|prefix| action.starts_with(prefix))
}

/// Refuses what the caller's role does not allow. Everybody may ask who they are.
fn authorise(
    world: &World,
    principal: &Principal,
    asked: &Asked,
    resource: Option<&str>,
) -> Result<(), ApiError> {
    let permission = format!("{}:{}", asked.service.name(), asked.action);
    if permission == "sts:GetCallerIdentity" || world.permits(principal, &permission) {
        return Ok(());
    }
    Err(asked.refusals.refuse(
        asked.refusals.denied,
        format!(
            "User: {} is not authorized to perform: {permission} on resource: {} because no \
             identity-based policy allows the {permission} action",
            principal.arn,
            resource.unwrap_or("*")
        ),
    ))
}

fn json_answer(result: &Result<Value, ApiError>, message_key: &str, request_id: &str) -> Response {
    let (status, body) = match result {
        Ok(output) => (200, output.clone()),
        Err(error) => (
            error.status,
            json!({"__type": error.code, message_key: error.message}),
        ),
    };
    respond(
        status,
        "application/x-amz-json-1.1",
        body.to_string(),
        request_id,
    )
}

fn xml_answer(action: &str, result: &Result<Value, ApiError>, request_id: &str) -> Response {
    let (status, body) = match result {
        Ok(output) => (200, xml::success(action, output, request_id)),
        Err(error) => (error.status, xml::failure(error, request_id)),
    };
    respond(status, "text/xml", body, request_id)
}

fn respond(status: u16, content_type: &str, body: String, request_id: &str) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, content_type)
        .header("x-amzn-requestid", request_id)
        .body(Body::from(body))
        .unwrap_or_default()
}
