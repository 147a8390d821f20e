//! Tags of images: patterns of the manifest, what ECR takes, and which tags are expected to move.

use std::fmt;

use crate::spec::{ImageTag, Revision};

/// Longest tag of the OCI distribution rules and of ECR.
pub const MAX_TAG: usize = 128;

/// The names that may stand in braces in a pattern.
pub const PLACEHOLDERS: [&str; 4] = ["sha", "short-sha", "env", "version"];

/// Whether a registry takes this tag: 1 to 128 of letters, digits, `_`, `.`, `-`; the first no `.` or `-`.
#[must_use]
pub fn is_tag(text: &str) -> bool {
    (1..=MAX_TAG).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.chars().all(is_tag_char)
}

const fn is_tag_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Whether a wildcard of a tag mutability exclusion matches; `*` stands for any text (ecs-facts 7.2).
#[must_use]
pub fn wildcard_matches(wildcard: &str, tag: &str) -> bool {
    let Some((first, rest)) = wildcard.split_once('*') else {
        return wildcard == tag;
    };
    let Some(mut tag) = tag.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = tag.find(part) else {
            return false;
        };
        tag = &tag[at + part.len()..];
    }
    tag.ends_with(last)
}

/// Whether ECR takes this as a wildcard: 1 to 128 of letters, digits, `.`, `_`, `*`, `-` (ecs-facts 7.2).
#[must_use]
pub fn is_wildcard(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.chars().all(|c| is_tag_char(c) || c == '*')
}

/// The semantic version that a git tag names (`v1.4.0` names `1.4.0`), as an image tag may spell
/// it: a `+` of build metadata becomes `-`.
#[must_use]
pub fn version_of(git_tag: &str) -> Option<String> {
    let version = git_tag.strip_prefix('v').unwrap_or(git_tag);
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    let is_number = |text: &&str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'))
    };
    let spelled = version.replace('+', "-");
    let valid = numbers.len() == 3 && numbers.iter().all(is_number) && is_tag(&spelled);
    (valid && !version.ends_with(['-', '+', '.'])).then_some(spelled)
}

/// The highest version that the git tags of a commit name; a release goes before its candidates.
#[must_use]
pub fn highest_version<S: AsRef<str>>(git_tags: &[S]) -> Option<String> {
    let versions = git_tags.iter().filter_map(|tag| version_of(tag.as_ref()));
    versions.max_by_key(|version| {
        let core = version.split('-').next().unwrap_or_default();
        let numbers: Vec<u64> = core.split('.').filter_map(|n| n.parse().ok()).collect();
        (numbers, core == version)
    })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Sha,
    ShortSha,
    Env,
    Version,
}

/// A pattern of a tag, such as `{sha}` or `{env}-latest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPattern(Vec<Part>);

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadPattern {
    /// A brace without its partner.
    Brace,
    /// A name in braces that stands for nothing.
    Unknown(String),
    /// No tag could come of it.
    NoTag,
}

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brace => f.write_str("a brace has no partner"),
            Self::Unknown(name) => write!(f, "{{{name}}} stands for nothing"),
            Self::NoTag => f.write_str(
                "a tag has 1 to 128 of letters, digits, '_', '.' and '-', the first no '.' or '-'",
            ),
        }
    }
}

impl std::error::Error for BadPattern {}

/// What the placeholders stand for; what is not known makes a pattern give no tag.
#[derive(Clone, Copy, Debug)]
pub struct TagFacts<'f> {
    /// The environment.
    pub env: &'f str,
    /// The commit.
    pub revision: Option<&'f Revision>,
    /// The version that a git tag of the commit names, see [`version_of`].
    pub version: Option<&'f str>,
    /// What tells changed work trees of one commit apart: a few letters or digits.
    pub dirt: &'f str,
}

impl TagPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// For an unknown placeholder, and for what could never be a tag.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let inside = from.strip_prefix('{').ok_or(BadPattern::Brace)?;
            let (name, after) = inside.split_once('}').ok_or(BadPattern::Brace)?;
            parts.push(match name {
                "sha" => Part::Sha,
                "short-sha" => Part::ShortSha,
                "env" => Part::Env,
                "version" => Part::Version,
                _ => return Err(BadPattern::Unknown(name.to_owned())),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let pattern = Self(parts);
        // The shortest that each placeholder can stand for.
        let sample = pattern.fill(|part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Sha => Some("0".repeat(40)),
            Part::ShortSha => Some("0".repeat(7)),
            Part::Env => Some("e".to_owned()),
            Part::Version => Some("0.0.0".to_owned()),
        });
        sample.filter(|tag| is_tag(tag)).ok_or(BadPattern::NoTag)?;
        Ok(pattern)
    }

    /// Whether its tag is expected to move from image to image: it names no commit and no version,
    /// or ends with `latest`.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        let fixed = |part: &Part| matches!(part, Part::Sha | Part::ShortSha | Part::Version);
        let latest = matches!(self.0.last(), Some(Part::Text(text)) if text.ends_with("latest"));
        latest || !self.0.iter().any(fixed)
    }

    /// The tag, or `None` when something it names is not known, or it would be no tag.
    #[must_use]
    pub fn resolve(&self, facts: &TagFacts<'_>) -> Option<ImageTag> {
        let tag = self.fill(|part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Env => Some(facts.env.to_owned()),
            // A changed work tree is not the version that its commit is.
            Part::Version if facts.revision.is_some_and(|revision| revision.dirty) => None,
            Part::Version => facts.version.map(ToOwned::to_owned),
            Part::Sha => Some(mark(facts.revision?, usize::MAX, facts.dirt)),
            Part::ShortSha => Some(mark(facts.revision?, 7, facts.dirt)),
        })?;
        is_tag(&tag).then(|| ImageTag {
            tag,
            moving: self.is_moving(),
        })
    }

    fn fill(&self, each: impl Fn(&Part) -> Option<String>) -> Option<String> {
        self.0.iter().map(each).collect()
    }
}

/// The commit, so many digits of it; a changed work tree says so and is told from other changed ones.
fn mark(revision: &Revision, digits: usize, dirt: &str) -> String {
    let commit: String = revision.commit.chars().take(digits).collect();
    match (revision.dirty, dirt) {
        (false, _) => commit,
        (true, "") => format!("{commit}-dirty"),
        (true, dirt) => format!("{commit}-dirty-{dirt}"),
    }
}

#[cfg(test)]
mod tests;
