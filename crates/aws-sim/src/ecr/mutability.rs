//! Whether a tag may move to another image (ecs-facts 7.2).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::glob;
use crate::wire::{ApiError, Input};

/// `imageTagMutability` with its exclusion filters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mutability {
    /// Tags that no filter names may not move.
    immutable: bool,
    /// Wildcards of tags for which the opposite holds.
    exclusions: Vec<String>,
}

impl Mutability {
    /// Reads `imageTagMutability` and `imageTagMutabilityExclusionFilters`.
    pub(crate) fn read(input: &Input<'_>) -> Result<Self, ApiError> {
        let filters = input.structures("imageTagMutabilityExclusionFilters")?;
        let mode = input.str("imageTagMutability")?.unwrap_or("MUTABLE");
        let (immutable, excluding) = match mode {
            "MUTABLE" => (false, false),
            "IMMUTABLE" => (true, false),
            "MUTABLE_WITH_EXCLUSION" => (false, true),
            "IMMUTABLE_WITH_EXCLUSION" => (true, true),
            other => {
                return Err(ApiError::invalid_parameter(format!(
                    "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: \
                     'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, \
                     IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]' but was '{other}'"
                )));
            }
        };
        if excluding == filters.is_empty() || filters.len() > 5 {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid parameter at 'imageTagMutabilityExclusionFilters': {mode} takes {}",
                if excluding {
                    "1 to 5 filters"
                } else {
                    "no filters"
                }
            )));
        }
        let exclusions = filters.iter().map(filter).collect::<Result<_, _>>()?;
        Ok(Self {
            immutable,
            exclusions,
        })
    }

    /// Whether `tag` may be moved from one image to another.
    pub(crate) fn lets_move(&self, tag: &str) -> bool {
        let excluded = self
            .exclusions
            .iter()
            .any(|filter| glob::matches(filter, tag));
        self.immutable == excluded
    }

    /// Adds the members as Describe shows them.
    pub(crate) fn show(&self, shown: &mut Value) {
        let mode = match (self.immutable, self.exclusions.is_empty()) {
            (false, true) => "MUTABLE",
            (true, true) => "IMMUTABLE",
            (false, false) => "MUTABLE_WITH_EXCLUSION",
            (true, false) => "IMMUTABLE_WITH_EXCLUSION",
        };
        shown["imageTagMutability"] = mode.into();
        if !self.exclusions.is_empty() {
            let filters = self.exclusions.iter();
            shown["imageTagMutabilityExclusionFilters"] = filters
                .map(|filter| json!({"filterType": "WILDCARD", "filter": filter}))
                .collect();
        }
    }
}

fn filter(input: &Input<'_>) -> Result<String, ApiError> {
    let kind = input.need_str("filterType")?;
    let filter = input.need_str("filter")?;
    let fits = (1..=128).contains(&filter.len())
        && filter
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._*-".contains(&byte));
    if kind == "WILDCARD" && fits {
        Ok(filter.to_owned())
    } else {
        Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'imageTagMutabilityExclusionFilters': filter '{filter}' of type \
             '{kind}' is not a WILDCARD of 1 to 128 characters of [0-9a-zA-Z._*-]"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &Value) -> Result<Mutability, ApiError> {
        Mutability::read(&Input::new(value, "InvalidParameterException").unwrap())
    }

    #[test]
    fn exclusions_turn_the_rule_around() {
        let filters = json!([{"filterType": "WILDCARD", "filter": "*-latest"}]);
        for (mode, tag, expected) in [
            ("IMMUTABLE_WITH_EXCLUSION", "prod-latest", true),
            ("IMMUTABLE_WITH_EXCLUSION", "v1", false),
            ("MUTABLE_WITH_EXCLUSION", "prod-latest", false),
            ("MUTABLE_WITH_EXCLUSION", "v1", true),
        ] {
            let input = json!({"imageTagMutability": mode,
                "imageTagMutabilityExclusionFilters": filters});
            assert_eq!(
                read(&input).unwrap().lets_move(tag),
                expected,
                "{mode} {tag}"
            );
        }
        assert!(
            !read(&json!({"imageTagMutability": "IMMUTABLE"}))
                .unwrap()
                .lets_move("v1")
        );
    }

    #[test]
    fn filters_are_for_the_modes_with_exclusion_and_only_for_them() {
        let filters = json!([{"filterType": "WILDCARD", "filter": "*"}]);
        assert!(read(&json!({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"})).is_err());
        assert!(
            read(&json!({"imageTagMutability": "MUTABLE",
                "imageTagMutabilityExclusionFilters": filters}))
            .is_err()
        );
        assert!(read(&json!({"imageTagMutability": "mutable"})).is_err());
    }
}
