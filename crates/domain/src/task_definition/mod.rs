//! Rules of task definitions as JSON trees (ecs-facts 6): what is edited, refused, and the same.

mod differences;
mod edit;
mod normal;
mod render;
mod sizes;
mod validate;

pub use differences::{Difference, differences, same};
pub use edit::{
    DESCRIBE_ONLY, NoSuchContainer, container_names, set_image, set_tags, strip_describe_only,
};
pub use normal::normalise;
pub use render::{render, with_image};
pub use sizes::{cpu_units, memory_mib};
pub use validate::{MAX_BYTES, Problem, validate};

use crate::document::Document;

/// The platform that the image of a task definition must have, as builders name it. Without a
/// `runtimePlatform` ECS takes Linux on X86_64 (ecs-facts 6.4).
#[must_use]
pub fn platform_of(definition: &Document) -> &'static str {
    let named = |name| {
        let platform = definition.get("runtimePlatform")?;
        platform.get(name)?.as_str()
    };
    let windows = named("operatingSystemFamily").is_some_and(|os| os.starts_with("WINDOWS"));
    match (windows, named("cpuArchitecture")) {
        (true, _) => "windows/amd64",
        (false, Some("ARM64")) => "linux/arm64",
        (false, _) => "linux/amd64",
    }
}

/// The containers of a task definition, in order.
fn containers(definition: &Document) -> &[Document] {
    definition
        .get("containerDefinitions")
        .map_or(&[], Document::items)
}

/// The text of a member, when it is one.
pub(crate) fn text<'d>(value: &'d Document, name: &str) -> Option<&'d str> {
    value.get(name)?.as_str()
}

/// The whole number of a member, when it is one.
pub(crate) fn whole(value: &Document, name: &str) -> Option<i64> {
    value.get(name)?.as_i64()
}

/// The items of a member that is an array; none otherwise.
pub(crate) fn items<'d>(value: &'d Document, name: &str) -> &'d [Document] {
    value.get(name).map_or(&[], Document::items)
}

#[cfg(test)]
mod tests;
