//! What ECS would refuse, or could never run, found before anything is sent (ecs-facts 6.3, 6.4).

mod container;
mod fargate;
mod links;
mod resources;
mod shape;
mod task;

use std::fmt;

use crate::document::{Document, Pointer};

/// Largest task definition in bytes of JSON (ecs-facts 6.3).
pub const MAX_BYTES: usize = 64 * 1024;

/// Something in a task definition that ECS would refuse or could not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; for something missing, where it would be.
    pub pointer: Pointer,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer != Pointer::root() {
            write!(f, "{}: ", self.pointer)?;
        }
        write!(f, "{} ({})", self.message, self.hint)
    }
}

/// All problems of a task definition, in the order of the rules. Fields that are not known here are
/// never a problem: ECS may know them.
#[must_use]
pub fn validate(definition: &Document) -> Vec<Problem> {
    let mut found = Problems::default();
    if !definition.is_object() {
        found.add(
            Pointer::root(),
            format!(
                "a task definition is an object, this is {}",
                definition.kind()
            ),
            "it is what register-task-definition --cli-input-json takes",
        );
        return found.0;
    }
    if definition.get("taskDefinition").is_some() && definition.get("family").is_none() {
        found.add(
            Pointer::root().name("taskDefinition"),
            "this is the answer of describe-task-definition",
            "keep only what is inside of taskDefinition",
        );
        return found.0;
    }
    shape::check(definition, &mut found);
    task::check(definition, &mut found);
    container::check(definition, &mut found);
    links::check(definition, &mut found);
    resources::check(definition, &mut found);
    if is_fargate(definition) {
        fargate::check(definition, &mut found);
    }
    found.0
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, pointer: Pointer, message: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Problem {
            pointer,
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// A member that must be there is not; a name that differs only in case is pointed at.
    fn missing(&mut self, parent: &Document, at: &Pointer, name: &str, hint: &str) {
        let similar = parent.members().iter().map(|(key, _)| key);
        let similar = similar
            .into_iter()
            .find(|key| key.eq_ignore_ascii_case(name));
        let place = at.name(similar.map_or(name, String::as_str));
        let hint = match similar {
            Some(similar) => format!("{similar} is written {name}"),
            None => hint.to_owned(),
        };
        self.add(place, format!("{name} is missing"), hint);
    }

    /// A whole number that is out of its range.
    fn range(
        &mut self,
        parent: &Document,
        at: &Pointer,
        name: &str,
        from: i64,
        to: i64,
        why: &str,
    ) {
        let Some(value) = super::whole(parent, name) else {
            return;
        };
        if !(from..=to).contains(&value) {
            let hint = format!("{why}{from} to {to}");
            self.add(
                at.name(name),
                format!("{name} {value} is out of range"),
                hint,
            );
        }
    }

    /// A text that is none of the permitted ones.
    fn one_of(&mut self, parent: &Document, at: &Pointer, name: &str, permitted: &[&str]) {
        let Some(value) = super::text(parent, name) else {
            return;
        };
        if !permitted.contains(&value) {
            let hint = format!("permitted: {}", permitted.join(", "));
            self.add(
                at.name(name),
                format!("{name} {value:?} does not exist"),
                hint,
            );
        }
    }
}

/// Whether it is meant for Fargate.
fn is_fargate(definition: &Document) -> bool {
    super::items(definition, "requiresCompatibilities")
        .iter()
        .any(|item| item.as_str() == Some("FARGATE"))
}

/// Each container with its pointer.
fn containers(definition: &Document) -> impl Iterator<Item = (Pointer, &Document)> {
    each(definition, &Pointer::root(), "containerDefinitions")
}

/// Each item of a member with its pointer.
fn each<'d>(
    parent: &'d Document,
    at: &Pointer,
    name: &str,
) -> impl Iterator<Item = (Pointer, &'d Document)> + use<'d> {
    let list = at.name(name);
    let items = super::items(parent, name).iter().enumerate();
    items.map(move |(place, item)| (list.index(place), item))
}
