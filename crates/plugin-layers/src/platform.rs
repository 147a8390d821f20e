//! The platform that an image is for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Operating system, processor and its variant, as image indexes and configs say them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Platform {
    pub(crate) architecture: String,
    pub(crate) os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) variant: Option<String>,
}

impl Platform {
    /// Whether an image for `self` runs where `wanted` is asked for.
    pub(crate) fn serves(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || self.known_variant() == wanted.known_variant())
    }

    /// The variant, with the one that an architecture has when nothing is said.
    fn known_variant(&self) -> Option<&str> {
        let usual = match self.architecture.as_str() {
            "arm64" => Some("v8"),
            "arm" => Some("v7"),
            _ => None,
        };
        self.variant.as_deref().or(usual)
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(bad(text)),
        };
        let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if !parts.iter().all(|part| word(part)) {
            return Err(bad(text));
        }
        Ok(Self {
            architecture: (*architecture).to_owned(),
            os: (*os).to_owned(),
            variant: variant.map(|v| (*v).to_owned()),
        })
    }
}

fn bad(text: &str) -> String {
    format!("{text:?} is no platform; it should look like linux/amd64 or linux/arm64/v8")
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_meet_when_they_can_run_each_other() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        for (have, want, serves) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/arm64", "linux/amd64", false),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/arm64", "linux/arm64/v8", true),
            ("linux/arm/v6", "linux/arm/v7", false),
            ("windows/amd64", "linux/amd64", false),
        ] {
            assert_eq!(
                platform(have).serves(&platform(want)),
                serves,
                "{have} {want}"
            );
        }
    }

    #[test]
    fn what_is_no_platform_is_refused() {
        for text in [
            "",
            "linux",
            "linux/",
            "linux/amd64/",
            "a/b/c/d",
            "linux/x y",
        ] {
            text.parse::<Platform>().unwrap_err();
        }
    }
}
