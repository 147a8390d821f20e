//! The task definition as it is registered.

use super::{set_image, strip_describe_only, validate};
use crate::document::Document;
use crate::job::BuiltImage;
use crate::verdict::Finding;

/// The definition with these containers' images, refused where ECS would refuse it.
///
/// # Errors
/// `task-definition-invalid`, with each problem and its place.
pub fn render<'a>(
    definition: &Document,
    images: impl IntoIterator<Item = (&'a str, String)>,
) -> Result<Document, Finding> {
    let mut rendered = definition.clone();
    strip_describe_only(&mut rendered);
    for (container, image) in images {
        set_image(&mut rendered, &[container], &image)
            .map_err(|error| invalid(vec![error.to_string()]))?;
    }
    let problems = validate(&rendered);
    if problems.is_empty() {
        return Ok(rendered);
    }
    let told = problems.iter();
    Err(invalid(
        told.map(|problem| format!("{}: {}", problem.pointer, problem.message))
            .collect(),
    ))
}

/// The definition with a release's image, by digest, in these containers.
///
/// # Errors
/// As [`render`].
pub fn with_image(
    definition: &Document,
    containers: &[String],
    image: &BuiltImage,
) -> Result<Document, Finding> {
    let reference = image.reference();
    let containers = containers.iter();
    let images = containers.map(|container| (container.as_str(), reference.clone()));
    render(definition, images)
}

fn invalid(evidence: Vec<String>) -> Finding {
    Finding {
        code: "task-definition-invalid".to_owned(),
        cause: "the task definition cannot be registered".to_owned(),
        evidence,
        remedy: "correct the task definition file; shipway validate shows file and line".to_owned(),
    }
}
