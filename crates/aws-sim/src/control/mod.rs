//! The control API under `/_sim/`: what people and tests do to the simulator that AWS has no call for.
//!
//! | request | body | answer |
//! | --- | --- | --- |
//! | `GET /_sim/health` | | `{"status": "ok"}` |
//! | `GET /_sim/state` | | the whole world as JSON |
//! | `GET /_sim/calls[?since=EPOCH_SECONDS]` | | array of calls: time, account, principal, service, action, resource, error |
//! | `GET /_sim/registries` | | array of account, region, address |
//! | `POST /_sim/seed` | a [`Seed`](crate::seed::Seed) | `{}` |
//! | `POST /_sim/seed/demo` | | `{}` |
//! | `GET /_sim/scripts` | | array of [`Script`](crate::script::Script) |
//! | `POST /_sim/scripts` | a `Script` | `{}` |
//! | `DELETE /_sim/scripts` | | `{}`: all are forgotten |
//! | `GET`, `POST`, `DELETE /_sim/faults` | a rule, see `faults.rs` | the rules with their hits; calls that shall fail |
//! | `GET`, `PUT /_sim/limits` | `{"enabled": true}` | whether calls are limited |
//! | `POST /_sim/findings` | `{"match": "...", "counts": {"HIGH": 1}}` | `{}`: what image scans find |
//! | `GET`, `PUT`, `DELETE /_sim/alarms` | see `cloudwatch/control.rs` | the states of alarms |
//! | `GET`, `PUT /_sim/metrics` | see `autoscaling/control.rs` | what metrics of services stand at |
//! | `GET /_sim/clock` | | now (epoch seconds), scale |
//! | `POST /_sim/clock` | `{"scale": N}` (0 pauses) and/or `{"advance_seconds": N}` | now, scale |

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawQuery, State};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ecr::Findings;
use crate::faults::Fault;
use crate::script::Script;
use crate::seed::{self, Seed};
use crate::shared::Shared;
use crate::{autoscaling, cloudwatch, ecs};

/// What an endpoint answers: JSON, or a text that says what was wrong with the request.
pub(crate) type Answer = Result<Value, String>;

/// The routes.
pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/_sim/health",
            get(|| async { reply(Ok(json!({"status": "ok"}))) }),
        )
        .route("/_sim/state", get(state))
        .route("/_sim/calls", get(calls))
        .route("/_sim/registries", get(registries))
        .route("/_sim/seed", post(seed_world))
        .route("/_sim/seed/demo", post(seed_demo))
        .route(
            "/_sim/scripts",
            get(scripts).post(add_script).delete(forget_scripts),
        )
        .route(
            "/_sim/faults",
            get(faults).post(add_fault).delete(forget_faults),
        )
        .route("/_sim/limits", get(limits).put(set_limits))
        .route("/_sim/findings", post(add_findings))
        .route("/_sim/clock", get(clock).post(set_clock))
        .merge(ecs::routes())
        .merge(autoscaling::routes())
        .merge(cloudwatch::routes())
        .layer(map_response(in_our_form))
}

/// Longest text of a refusal of the frame.
const REFUSAL: usize = 4096;

/// Gives what the frame refuses (methods, bodies that are too long) the form of the other refusals.
async fn in_our_form(response: Response) -> Response {
    let is_json = |kind: &HeaderValue| kind.as_bytes() == b"application/json";
    let ours = response.headers().get(header::CONTENT_TYPE);
    if !response.status().is_client_error() || ours.is_some_and(is_json) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, REFUSAL).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let problem = match text.as_ref() {
        "" => parts.status.canonical_reason().unwrap_or("refused"),
        text => text,
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("application/json");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    let body = json!({"error": problem}).to_string();
    Response::from_parts(parts, Body::from(body))
}

pub(crate) fn reply(answer: Answer) -> Response {
    let (status, body) = match answer {
        Ok(value) => (200, value),
        Err(problem) => (400, json!({"error": problem})),
    };
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap_or_default()
}

pub(crate) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the body is not as expected: {error}"))
}

fn to_json(value: impl serde::Serialize) -> Answer {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

async fn state(State(shared): State<Arc<Shared>>) -> Response {
    reply(to_json(&*shared.world()))
}

async fn calls(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    reply(calls_since(&shared, query.as_deref().unwrap_or_default()))
}

fn calls_since(shared: &Shared, query: &str) -> Answer {
    let since = match query
        .split('&')
        .find_map(|pair| pair.strip_prefix("since="))
    {
        Some(text) => text
            .parse()
            .map_err(|_| format!("since=`{text}` is not a number of epoch seconds"))?,
        None => 0.0,
    };
    to_json(shared.calls.since(since))
}

async fn registries(State(shared): State<Arc<Shared>>) -> Response {
    let world = shared.world();
    let mut listed = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            if let Some(port) = state.registry_port {
                let address = format!("127.0.0.1:{port}");
                listed.push(json!({"account": account, "region": region, "address": address}));
            }
        }
    }
    reply(Ok(Value::from(listed)))
}

async fn seed_world(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(parse(&body).and_then(|seed| plant(&shared, &seed)))
}

async fn seed_demo(State(shared): State<Arc<Shared>>) -> Response {
    reply(plant(&shared, &seed::demo()))
}

fn plant(shared: &Shared, seed: &Seed) -> Answer {
    shared.seed(seed).map_err(|error| error.to_string())?;
    Ok(json!({}))
}

async fn scripts(State(shared): State<Arc<Shared>>) -> Response {
    reply(to_json(&shared.world().scripts))
}

async fn add_script(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(parse::<Script>(&body).and_then(|script| {
        if !script.is_aimed() {
            let problem =
                "`match` is empty and so is `family`: name an image, tag, digest or family, or `*`";
            return Err(problem.to_owned());
        }
        shared.world().scripts.push(script);
        shared.changed();
        Ok(json!({}))
    }))
}

async fn forget_scripts(State(shared): State<Arc<Shared>>) -> Response {
    shared.world().scripts.clear();
    shared.changed();
    reply(Ok(json!({})))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    reply(to_json(shared.faults.list()))
}

async fn add_fault(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(parse::<Fault>(&body).and_then(|fault| {
        fault.check()?;
        shared.faults.add(fault);
        Ok(json!({}))
    }))
}

/// Whether calls are limited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsChange {
    enabled: bool,
}

async fn limits(State(shared): State<Arc<Shared>>) -> Response {
    reply(Ok(json!({"enabled": shared.limits.enabled()})))
}

async fn set_limits(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(parse::<LimitsChange>(&body).map(|change| {
        shared.limits.enable(change.enabled);
        json!({"enabled": change.enabled})
    }))
}

async fn forget_faults(State(shared): State<Arc<Shared>>) -> Response {
    shared.faults.clear();
    reply(Ok(json!({})))
}

async fn add_findings(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(parse::<Findings>(&body).and_then(|findings| {
        findings.check()?;
        shared.world().findings.push(findings);
        shared.changed();
        Ok(json!({}))
    }))
}

async fn clock(State(shared): State<Arc<Shared>>) -> Response {
    reply(Ok(clock_json(&shared)))
}

fn clock_json(shared: &Shared) -> Value {
    json!({"now": shared.clock.now().json(), "scale": shared.clock.scale()})
}

/// Longest jump of the clock at once, in seconds: everything that happens on the way is gone through.
const LONGEST_JUMP: f64 = 366.0 * 86_400.0;

/// The clock does not jump beyond this, in epoch seconds (the year 9000): times must stay writable.
const LAST_JUMP: f64 = 221_845_392_000.0;

/// A jump is made in strides of at most so much simulated time: between them other callers get their turn.
const STRIDE: Duration = Duration::from_secs(60);

/// Strides are no shorter than this.
const SHORT_STRIDE: Duration = Duration::from_secs(1);

/// A stride that takes longer, in real time, is followed by a shorter one.
const LONG: Duration = Duration::from_millis(50);

/// How long a jump may take, in real time. A service whose tasks fail for ever has much to do in a year.
const PATIENCE: Duration = Duration::from_secs(5);

/// Advances the clock, and lets everything happen on the way.
async fn leap(shared: &Shared, span: Duration) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    let (mut left, mut longest) = (span, STRIDE);
    while !left.is_zero() {
        if Instant::now() >= until {
            let done = (span - left).as_secs_f64();
            return Err(format!(
                "advance_seconds: so much happens on the way that only {done} s are done; ask again for the rest"
            ));
        }
        let (stride, began) = (left.min(longest), Instant::now());
        {
            let mut world = shared.world();
            shared.clock.advance(stride);
            world.catch_up(shared.clock.now());
        }
        left -= stride;
        if began.elapsed() > LONG {
            longest = (longest / 2).max(SHORT_STRIDE);
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// What can be done to the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    scale: Option<f64>,
    advance_seconds: Option<f64>,
}

async fn set_clock(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(match parse(&body) {
        Ok(change) => change_clock(&shared, &change).await,
        Err(problem) => Err(problem),
    })
}

async fn change_clock(shared: &Shared, change: &ClockChange) -> Answer {
    if let Some(scale) = change.scale {
        if scale != 0.0 && !(1.0..=1000.0).contains(&scale) {
            return Err(format!(
                "scale {scale} is neither 0 (paused) nor in 1..=1000"
            ));
        }
        shared.clock.set_scale(scale);
    }
    if let Some(seconds) = change.advance_seconds {
        let span = Duration::try_from_secs_f64(seconds)
            .map_err(|error| format!("advance_seconds {seconds}: {error}"))?;
        if seconds > LONGEST_JUMP || shared.clock.now().epoch_seconds() + seconds > LAST_JUMP {
            return Err(format!(
                "advance_seconds {seconds}: at most {LONGEST_JUMP} (366 days) at once, and not beyond the year 9000"
            ));
        }
        leap(shared, span).await?;
    }
    shared.changed();
    Ok(clock_json(shared))
}
