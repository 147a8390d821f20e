//! What the simulator offers, for those who want to touch all of it.

use serde_json::{Map, Value};

use super::{Answer, Asked, show};
use crate::shared::Shared;
use crate::wire::Service;

/// Names of the operations by service, as in IAM actions.
pub(super) fn list(_: &Shared, _: &Asked) -> Answer {
    let of = |service: Service| {
        let names = service.operations().iter().map(|(name, _)| *name);
        (service.name().to_owned(), names.collect::<Value>())
    };
    let all: Map<String, Value> = Service::ALL.into_iter().map(of).collect();
    show(&all)
}
