//! The part of the control API that is about ECS.
//!
//! | request | body | answer |
//! | --- | --- | --- |
//! | `GET /_sim/ecs/phases` | | the settings that differ from the defaults, in simulated seconds |
//! | `PUT /_sim/ecs/phases` | [`Settings`]: any of its members | the settings; tasks launched from now on follow them |

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::header;
use serde_json::{Value, json};

use super::Settings;
use crate::shared::Shared;

/// The routes.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/_sim/ecs/phases", get(phases).put(set_phases))
}

async fn phases(State(shared): State<Arc<Shared>>) -> Response {
    reply(show(&shared.world().ecs_settings))
}

async fn set_phases(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(set(&shared, &body))
}

fn set(shared: &Shared, body: &Bytes) -> Result<Value, String> {
    let settings: Settings = serde_json::from_slice(body)
        .map_err(|error| format!("the body is not as expected: {error}"))?;
    settings.check()?;
    shared.world().ecs_settings = settings.clone();
    shared.changed();
    show(&settings)
}

fn show(settings: &Settings) -> Result<Value, String> {
    let mut shown = serde_json::to_value(settings).map_err(|error| error.to_string())?;
    if let Some(members) = shown.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    Ok(shown)
}

fn reply(answer: Result<Value, String>) -> Response {
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
