//! What the simulator offers, for those who want to touch all of it.

use serde_json::{Map, Value};

use crate::wire::Service;

/// Names of the operations by service, as in IAM actions.
pub(super) fn list() -> Value {
    let of = |service: Service| {
        let names = service.operations().iter().map(|(name, _)| *name);
        (service.name().to_owned(), names.collect::<Value>())
    };
    Value::Object(Service::ALL.into_iter().map(of).collect::<Map<_, _>>())
}
