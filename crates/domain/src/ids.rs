//! Names and numbers of things; none of them can be made from a text that breaks its rule.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

/// What was wrong with a name, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadName {
    /// What the text was meant to be ("account id").
    pub what: &'static str,
    /// The text as it came.
    pub given: String,
    /// The rule it breaks, as a sentence fragment ("must be 12 digits").
    pub rule: &'static str,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a valid {}: it {}",
            crate::size::echo(&self.given),
            self.what,
            self.rule
        )
    }
}

impl std::error::Error for BadName {}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// The name, when it keeps its rule.
            ///
            /// # Errors
            /// [`BadName`] says which rule the text breaks.
            pub fn new(text: impl Into<String>) -> Result<Self, BadName> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(BadName { what: $what, given: text, rule: $rule })
                }
            }

            /// The text of the name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                Self::new(text)
            }
        }
    };
}

fn is_slug(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_ecs_name(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

name!(
    /// Name of an app, as in the manifest.
    AppName, "app name", "must be 1 to 64 of a-z, 0-9 and '-', starting with a letter", is_slug
);
name!(
    /// Name of an environment of an app.
    EnvName, "environment name", "must be 1 to 64 of a-z, 0-9 and '-', starting with a letter", is_slug
);
name!(
    /// Name that an agent gives itself in its configuration.
    AgentId, "agent id", "must be 1 to 64 of a-z, 0-9 and '-', starting with a letter", is_slug
);
name!(
    /// An AWS account by its number.
    AccountId, "account id", "must be exactly 12 digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);
name!(
    /// An AWS Region such as `eu-west-1`.
    Region, "region", "must look like eu-west-1",
    |text| (5..=32).contains(&text.len())
        && text.split('-').count() >= 3
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
);
name!(
    /// Name of an ECS cluster (never its ARN).
    ClusterName, "cluster name", "must be 1 to 255 of letters, digits, '-' and '_'", is_ecs_name
);
name!(
    /// Name of an ECS service (never its ARN).
    ServiceName, "service name", "must be 1 to 255 of letters, digits, '-' and '_'", is_ecs_name
);
name!(
    /// Name of an ECR repository, without registry host (ecs-facts 7.2).
    RepositoryName, "repository name",
    "must be 2 to 256 of a-z, 0-9 and single '.', '_', '-' or '/' between them",
    |text| (2..=256).contains(&text.len())
        && text.split('/').all(|part| !part.is_empty()
            && part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c)))
);
name!(
    /// A content digest, `sha256:` and 64 hexadecimal digits.
    Digest, "digest", "must be sha256: and 64 lower-case hexadecimal digits",
    |text| text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64
        && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
);
name!(
    /// The submitter's word that makes a repeated Submit one release.
    IdempotencyKey, "idempotency key", "must be 1 to 128 printable ASCII characters without spaces",
    |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

impl Digest {
    /// The sha256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self::from_sha256(sha2::Sha256::digest(bytes).into())
    }

    /// From the 32 bytes of a finished sha256.
    #[must_use]
    pub fn from_sha256(sum: [u8; 32]) -> Self {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in sum {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        Self(text)
    }

    /// The 32 bytes of the sha256.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let mut sum = [0; 32];
        for (byte, digits) in sum.iter_mut().zip(self.hex().as_bytes().chunks_exact(2)) {
            *byte = digits.iter().fold(0, |byte, digit| {
                let value = match digit {
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => digit.wrapping_sub(b'0') & 15,
                };
                byte << 4 | value
            });
        }
        sum
    }

    /// A form that people can compare: `sha256:9a41…e2`.
    #[must_use]
    pub fn short(&self) -> String {
        let hex = self.hex();
        format!("sha256:{}…{}", &hex[..4], &hex[62..])
    }

    /// The 64 hexadecimal digits alone.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Number of a release, given out by the coordinator in order of arrival.
///
/// Printed in lower-case Crockford base 32 with at least four places (`1000` is the first), short
/// enough to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseId(u64);

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// So that the first id already has four places.
const FIRST: u64 = 32 * 32 * 32;

impl ReleaseId {
    /// The release with this number, counted from 0.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number, counted from 0.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.saturating_add(FIRST);
        let mut places = [0_u8; 13];
        let mut at = places.len();
        while rest > 0 {
            at -= 1;
            places[at] = BASE32[(rest % 32) as usize];
            rest /= 32;
        }
        for place in &places[at..] {
            write!(f, "{}", char::from(*place))?;
        }
        Ok(())
    }
}

impl FromStr for ReleaseId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName {
            what: "release id",
            given: text.to_owned(),
            rule: "must be 4 to 12 letters and digits as printed by shipway (without i, l, o, u)",
        };
        if !(4..=12).contains(&text.len()) {
            return Err(bad());
        }
        let mut number = 0_u64;
        for byte in text.bytes() {
            let byte = byte.to_ascii_lowercase();
            let place = BASE32.iter().position(|b| *b == byte).ok_or_else(bad)?;
            number = number * 32 + place as u64;
        }
        number.checked_sub(FIRST).map(Self).ok_or_else(bad)
    }
}

/// A job: its release and its place in it, printed `1000.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// The release that owns the job.
    pub release: ReleaseId,
    /// Place in the release, counted from 0.
    pub index: u32,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.release, self.index)
    }
}

impl FromStr for JobId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName {
            what: "job id",
            given: text.to_owned(),
            rule: "must be a release id, a dot and a number, as in 1000.2",
        };
        let (release, index) = text.split_once('.').ok_or_else(bad)?;
        Ok(Self {
            release: release.parse().map_err(|_| bad())?,
            index: index.parse().map_err(|_| bad())?,
        })
    }
}

/// Number of the grant of a job to an agent. It only grows, and fences every message about the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u32);

impl Attempt {
    /// The attempt that the next grant gets.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A random number that an agent process draws at its start: two lives of one agent id differ in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// The ECS service that a rollout changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Account that owns the cluster.
    pub account: AccountId,
    /// Region of the cluster.
    pub region: Region,
    /// Cluster of the service.
    pub cluster: ClusterName,
    /// The service itself.
    pub service: ServiceName,
}

/// A text that names no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTarget(String);

impl fmt::Display for BadTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; a service is named ACCOUNT/REGION/CLUSTER/SERVICE",
            self.0
        )
    }
}

impl std::error::Error for BadTarget {}

impl FromStr for Target {
    type Err = BadTarget;

    /// As [`Target`] is shown, and with `/` for its blank.
    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let parts: Vec<&str> = text.split(['/', ' ']).collect();
        let [account, region, cluster, service] = parts[..] else {
            return Err(BadTarget(format!(
                "{} has {} parts",
                crate::size::echo(text),
                parts.len()
            )));
        };
        let bad = |error: BadName| BadTarget(error.to_string());
        Ok(Self {
            account: AccountId::new(account).map_err(bad)?,
            region: Region::new(region).map_err(bad)?,
            cluster: ClusterName::new(cluster).map_err(bad)?,
            service: ServiceName::new(service).map_err(bad)?,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} {}/{}",
            self.account, self.region, self.cluster, self.service
        )
    }
}
