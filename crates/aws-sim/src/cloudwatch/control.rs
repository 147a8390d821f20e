//! The part of the control API that is about alarms.
//!
//! | request | body | answer |
//! | --- | --- | --- |
//! | `GET /_sim/alarms` | | all alarms that were set |
//! | `PUT /_sim/alarms` | account, region, name, state (OK, ALARM, INSUFFICIENT_DATA), perhaps reason | `{}` |
//! | `DELETE /_sim/alarms` | account, region, name | `{}` |

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::alarms::AlarmState;
use crate::control::{parse, reply};
use crate::shared::Shared;
use crate::world::is_account_id;

/// The routes.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    let methods = get(alarms).put(set_alarm).delete(remove_alarm);
    Router::new().route("/_sim/alarms", methods)
}

/// An alarm to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    account: String,
    region: String,
    name: String,
    state: AlarmState,
    reason: Option<String>,
}

/// An alarm to take away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    account: String,
    region: String,
    name: String,
}

async fn alarms(State(shared): State<Arc<Shared>>) -> Response {
    let world = shared.world();
    let mut listed = Vec::new();
    for (account, state) in &world.accounts {
        for (region, state) in &state.regions {
            listed.extend(state.cloudwatch.list().map(|(name, state, since)| {
                json!({"account": account, "region": region, "name": name, "state": state,
                    "since": since.json()})
            }));
        }
    }
    drop(world);
    reply(Ok(listed.into()))
}

async fn set_alarm(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(parse(&body).and_then(|setting| set(&shared, setting)))
}

fn set(shared: &Shared, setting: Setting) -> Result<Value, String> {
    let Setting {
        account,
        region,
        name,
        state,
        reason,
    } = setting;
    check(&account, &name)?;
    let mut world = shared.world();
    let now = shared.clock.now();
    // What came before happens under the state that was.
    world.catch_up(now);
    let alarms = &mut world.region(&account, &region).cloudwatch;
    alarms.set(&name, state, reason, now);
    world.wake = Some(now);
    drop(world);
    shared.changed();
    Ok(json!({}))
}

async fn remove_alarm(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    reply(parse(&body).and_then(|name| remove(&shared, &name)))
}

fn remove(shared: &Shared, alarm: &Name) -> Result<Value, String> {
    let Name {
        account,
        region,
        name,
    } = alarm;
    check(account, name)?;
    let alarms = &mut shared.world();
    let alarms = &mut alarms.region(account, region).cloudwatch;
    if !alarms.remove(name) {
        return Err(format!("there is no alarm `{name}`"));
    }
    shared.changed();
    Ok(json!({}))
}

fn check(account: &str, name: &str) -> Result<(), String> {
    if !is_account_id(account) {
        return Err(format!("account `{account}` is not twelve digits"));
    }
    if !(1..=255).contains(&name.chars().count()) {
        return Err("`name` must have 1 to 255 characters".to_owned());
    }
    Ok(())
}
