//! What Shipway changes in a task definition; everything else goes through as it came.

use std::fmt;

use super::{containers, text};
use crate::document::Document;

/// The fields that DescribeTaskDefinition answers and RegisterTaskDefinition refuses (ecs-facts 6.1).
pub const DESCRIBE_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "deleteRequestedAt",
    "registeredBy",
];

/// Takes the [`DESCRIBE_ONLY`] fields out, and answers which there were.
pub fn strip_describe_only(definition: &mut Document) -> Vec<&'static str> {
    let there = |name: &&str| definition.remove(name).is_some();
    DESCRIBE_ONLY.into_iter().filter(there).collect()
}

/// Names of the containers, in order.
pub fn container_names(definition: &Document) -> impl Iterator<Item = &str> {
    containers(definition)
        .iter()
        .filter_map(|container| text(container, "name"))
}

/// A container was named that the task definition does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchContainer {
    /// The name that was asked for.
    pub wanted: String,
    /// The names that there are.
    pub exist: Vec<String>,
}

impl fmt::Display for NoSuchContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, exist } = self;
        write!(f, "no container is named {wanted:?}; ")?;
        match exist.as_slice() {
            [] => f.write_str("the task definition has no containers"),
            [one] => write!(f, "the only one is {one:?}"),
            all => write!(f, "there are {}", all.join(", ")),
        }
    }
}

impl std::error::Error for NoSuchContainer {}

/// Sets the image of the named containers. Nothing is changed when one of them does not exist.
///
/// # Errors
/// [`NoSuchContainer`] for the first name that no container has.
pub fn set_image<S: AsRef<str>>(
    definition: &mut Document,
    named: &[S],
    image: &str,
) -> Result<(), NoSuchContainer> {
    let exist: Vec<String> = container_names(definition).map(ToOwned::to_owned).collect();
    let missing = |wanted: &&S| !exist.iter().any(|name| name == wanted.as_ref());
    if let Some(wanted) = named.iter().find(missing) {
        return Err(NoSuchContainer {
            wanted: wanted.as_ref().to_owned(),
            exist,
        });
    }
    let all = definition
        .get_mut("containerDefinitions")
        .and_then(Document::as_array_mut);
    for container in all.into_iter().flatten() {
        let is_named = text(container, "name")
            .is_some_and(|name| named.iter().any(|wanted| wanted.as_ref() == name));
        if is_named {
            container.set("image", image);
        }
    }
    Ok(())
}

/// Sets tags by key; those of other keys stay.
pub fn set_tags(definition: &mut Document, tags: &[(&str, &str)]) {
    let mut all = match definition.remove("tags") {
        Some(Document::Array(all)) => all,
        _ => Vec::new(),
    };
    for (key, value) in tags {
        all.retain(|tag| text(tag, "key") != Some(*key));
        let mut tag = Document::object();
        tag.set("key", *key);
        tag.set("value", *value);
        all.push(tag);
    }
    definition.set("tags", all);
}
