//! Session policies and session tags, and how much of a session's room they take.

use std::collections::BTreeMap;

use serde_json::Value;

use super::checks::{length, validation};
use crate::iam::{Policy, SessionTraits};
use crate::wire::{ApiError, Input};

/// Characters of a session policy.
const POLICY: usize = 2048;
/// Session policies by ARN, session tags.
const ARNS: usize = 10;
const TAGS: usize = 50;
/// The packed room, in bytes. AWS packs what it gets in a way it does not document; here plain
/// lengths are counted against a room that the longest policy and a few tags fill.
const ROOM: usize = 4096;
/// Characters of tags beside letters, digits and spaces.
const TAG: &str = "_.:/=+-@ ";

/// What an input asks a session to have.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) traits: SessionTraits,
    /// Whether tags are passed: that needs a permission of its own.
    pub(super) tagged: bool,
    /// `PackedPolicySize` in percent; none without policies and tags.
    pub(super) packed: Option<usize>,
}

/// Reads `Policy`, `PolicyArns`, `Tags` and `TransitiveTagKeys`; `inherited` are the tags that come
/// with the caller's own session.
pub(super) fn wanted(
    input: &Input<'_>,
    inherited: &BTreeMap<String, String>,
) -> Result<Wanted, ApiError> {
    let policy = input.str("Policy")?;
    let arns = input.structures("PolicyArns")?;
    if arns.len() > ARNS {
        return Err(validation(format!(
            "Too many session policies: {ARNS} ARNs at most"
        )));
    }
    let mut used = policy.map_or(0, str::len);
    for arn in &arns {
        let arn = arn.need_str("arn")?;
        length("policyArns.member.arn", arn, 20..=2048)?;
        used += arn.len();
    }
    let tags = tags(input)?;
    used += tags
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum::<usize>();
    let mut wanted = Wanted {
        tagged: !tags.is_empty(),
        packed: (used > 0).then(|| (used * 100).div_ceil(ROOM)),
        ..Wanted::default()
    };
    if let Some(text) = policy {
        wanted.traits.policies.push(session_policy(text)?);
    }
    if wanted.packed.is_some_and(|percent| percent > 100) {
        return Err(ApiError::client(
            "PackedPolicyTooLarge",
            format!(
                "Packed size of session tags and policies consumes {}% of allotted space.",
                wanted.packed.unwrap_or_default()
            ),
        ));
    }
    if tags.keys().any(|key| inherited.contains_key(key)) {
        return Err(ApiError::client(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a \
             transitive tag key from the calling session.",
        ));
    }
    wanted.traits.transitive.clone_from(inherited);
    for key in input.strings("TransitiveTagKeys")? {
        let value = tags.get(key).ok_or_else(|| {
            ApiError::client(
                "InvalidParameterValue",
                "The specified transitive tag key must be included in the requested tags.",
            )
        })?;
        let transitive = &mut wanted.traits.transitive;
        transitive.insert(key.to_owned(), value.clone());
    }
    Ok(wanted)
}

fn session_policy(text: &str) -> Result<Policy, ApiError> {
    length("policy", text, 1..=POLICY)?;
    let malformed = |problem: String| {
        ApiError::client(
            "MalformedPolicyDocument",
            format!("The session policy cannot be used: {problem}"),
        )
    };
    let document: Value =
        serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
    Policy::try_from(document).map_err(malformed)
}

fn tags(input: &Input<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    let given = input.structures("Tags")?;
    if given.len() > TAGS {
        return Err(validation(format!(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member \
             must have length less than or equal to {TAGS}"
        )));
    }
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    for tag in given {
        let (key, value) = (tag.need_str("Key")?, tag.need_str("Value")?);
        length("tags.member.key", key, 1..=128)?;
        length("tags.member.value", value, 0..=256)?;
        let fits = |letter: char| letter.is_alphanumeric() || TAG.contains(letter);
        if !key.chars().chain(value.chars()).all(fits) || key.starts_with("aws:") {
            return Err(validation(format!("The session tag {key} is not allowed")));
        }
        let same = |known: &String| known.eq_ignore_ascii_case(key);
        if tags.keys().any(same) {
            return Err(ApiError::client(
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}
