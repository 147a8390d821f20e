//! The JSON of `--json`. Stable: members are added, never renamed or removed (`cli/README.md`).

pub(crate) mod event;
pub(crate) mod hook;
pub(crate) mod otlp;
pub(crate) mod outcome;
pub(crate) mod release;

use serde_json::{Map, Value, json};
use shipway_domain::ids::Target;
use shipway_domain::time::Timestamp;
use shipway_proto::v1;

use crate::text::words::rfc3339;

/// Version of the documents; it grows when a member changes its meaning.
pub(crate) const VERSION: u32 = 1;

/// An object that begins with the version of the documents.
pub(crate) fn document(members: Value) -> Value {
    let mut object = Map::new();
    object.insert("version".to_owned(), VERSION.into());
    if let Value::Object(members) = members {
        object.extend(members);
    }
    Value::Object(object)
}

/// The members of `more` added to those of `object`.
pub(crate) fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// The members that name a target.
pub(crate) fn target(target: &Target) -> Value {
    json!({
        "account": target.account.as_str(),
        "region": target.region.as_str(),
        "cluster": target.cluster.as_str(),
        "service": target.service.as_str(),
    })
}

/// The same from a message, as it came.
pub(crate) fn target_message(target: Option<&v1::Target>) -> Value {
    target.map_or(Value::Null, |target| {
        json!({
            "account": target.account,
            "region": target.region,
            "cluster": target.cluster,
            "service": target.service,
        })
    })
}

/// A time in RFC 3339, from milliseconds since the epoch.
pub(crate) fn time(millis: u64) -> Value {
    Value::String(rfc3339(Timestamp::from_millis(millis)))
}

/// The word of a phase.
pub(crate) const fn phase(phase: v1::JobPhase) -> &'static str {
    match phase {
        v1::JobPhase::Unspecified => "unspecified",
        v1::JobPhase::Waiting => "waiting",
        v1::JobPhase::Running => "running",
        v1::JobPhase::Resting => "resting",
        v1::JobPhase::Ended => "ended",
    }
}

/// A reason to wait, or null.
pub(crate) fn wait(wait: Option<&v1::Wait>) -> Value {
    wait.map_or(
        Value::Null,
        |wait| json!({ "code": wait.code, "text": wait.text, "release": wait.release.map(id) }),
    )
}

/// A release id as people type it.
pub(crate) fn id(number: u64) -> String {
    shipway_domain::ids::ReleaseId::from_number(number).to_string()
}
