//! How much a registry takes (ecs-facts 7.6, 7.7).

use crate::wire::ApiError;

/// Most repositories of a registry.
pub(super) const REPOSITORIES: usize = 100_000;
/// Most images of a repository.
pub(super) const IMAGES: usize = 100_000;
/// Most tags of an image.
pub(super) const TAGS: usize = 1_000;
/// Most pull-through cache rules of a registry.
const RULES: usize = 50;
/// Most parts of a layer that is uploaded by the API.
const PARTS: u32 = 4_200;
/// Largest layer: 52,000 MiB.
pub(crate) const LAYER_BYTES: u64 = 52_000 << 20;

/// Refuses one more repository in a registry that has `count`.
pub(super) fn room_for_repository(count: usize, owner: &str) -> Result<(), ApiError> {
    room(count < REPOSITORIES, || {
        format!(
            "The registry with id '{owner}' already has the maximum allowed number of repositories which is \
             '{REPOSITORIES}'"
        )
    })
}

/// Refuses one more pull-through cache rule in a registry that has `count`.
pub(super) fn room_for_rule(count: usize, owner: &str) -> Result<(), ApiError> {
    room(count < RULES, || {
        format!(
            "The registry with id '{owner}' already has the maximum allowed number of pull through cache rules \
             which is '{RULES}'"
        )
    })
}

/// Refuses one more part, of `length` bytes, of a layer that has had so many of so many bytes together.
pub(super) fn room_for_part(parts: u32, size: u64, length: u64) -> Result<(), ApiError> {
    room(parts < PARTS, || {
        format!("The maximum allowed number of parts of a layer is '{PARTS}'")
    })?;
    room(size.saturating_add(length) <= LAYER_BYTES, || {
        format!("The maximum allowed size of a layer is '{LAYER_BYTES}' bytes")
    })
}

/// What is said when an image has all the tags that it can have.
pub(crate) fn too_many_tags(tag: &str, name: &str, owner: &str) -> String {
    format!(
        "Adding tag '{tag}' to an image in the repository with name '{name}' in registry with id '{owner}' exceeds \
         the maximum allowed number of tags per image which is '{TAGS}'"
    )
}

/// What is said when a repository has all the images that it can have.
pub(crate) fn too_many_images(name: &str, owner: &str) -> String {
    format!(
        "The repository with name '{name}' in registry with id '{owner}' already has the maximum allowed number of \
         images which is '{IMAGES}'"
    )
}

fn room(enough: bool, text: impl FnOnce() -> String) -> Result<(), ApiError> {
    if enough {
        Ok(())
    } else {
        Err(ApiError::client("LimitExceededException", text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_fits_is_taken_and_the_next_refused() {
        assert!(room_for_repository(99_999, "1").is_ok());
        assert!(room_for_repository(100_000, "1").is_err());
        assert!(room_for_rule(49, "1").is_ok());
        assert!(room_for_rule(50, "1").is_err());
        assert!(room_for_part(4_199, 0, 1).is_ok());
        assert!(room_for_part(4_200, 0, 1).is_err());
        assert!(room_for_part(1, LAYER_BYTES - 5, 5).is_ok());
        let refused = room_for_part(1, LAYER_BYTES - 5, 6).unwrap_err();
        assert_eq!(refused.code, "LimitExceededException");
    }
}
