//! The part of the control API that is about ECS.
//!
//! | request | body | answer |
//! | --- | --- | --- |
//! | `GET /_sim/ecs/phases` | | the settings that differ from the defaults, in simulated seconds |
//! | `PUT /_sim/ecs/phases` | [`Settings`]: any of its members | the settings; tasks launched from now on follow them |

use bytes::Bytes;
use serde_json::Value;

use super::Settings;
use crate::control::{Answer, Verb, parse, show as answer};
use crate::shared::Shared;

/// The methods of `/_sim/ecs/phases`.
pub(crate) const PHASES: &[Verb] = &[
    Verb::plain("GET", |shared, _| show(&shared.world().ecs_settings)),
    Verb::with_body("PUT", |shared, asked| set(shared, &asked.body)),
];

fn set(shared: &Shared, body: &Bytes) -> Answer {
    let settings: Settings = parse(body)?;
    settings.check()?;
    shared.world().ecs_settings = settings.clone();
    shared.changed();
    show(&settings)
}

fn show(settings: &Settings) -> Answer {
    let mut shown = serde_json::to_value(settings).map_err(|error| error.to_string())?;
    if let Some(members) = shown.as_object_mut() {
        members.retain(|_, value: &mut Value| !value.is_null());
    }
    answer(&shown)
}
