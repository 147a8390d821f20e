//! Which releases somebody wants to see, newest first, page by page.

use std::fmt;
use std::str::FromStr;

use crate::ids::{
    AccountId, AppName, BadName, ClusterName, EnvName, Region, ReleaseId, ServiceName, Target,
};
use crate::release::Release;
use crate::time::Timestamp;
use crate::verdict::Verdict;

/// Which releases are wanted: those that are as every part that is set says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this app.
    pub app: Option<AppName>,
    /// Of environments with this name.
    pub env: Option<EnvName>,
    /// That ask for a change of a target like this.
    pub target: Option<TargetPattern>,
    /// Submitted at this time or later.
    pub since: Option<Timestamp>,
    /// Submitted before this time.
    pub until: Option<Timestamp>,
    /// That stand like this. One that neither rests nor has ended has no verdict.
    pub verdict: Option<Verdict>,
    /// Submitted by the bearer of this name.
    pub submitter: Option<String>,
}

impl Query {
    /// Whether a release with these targets is wanted.
    #[must_use]
    pub fn passes<'a>(
        &self,
        release: &Release,
        targets: impl IntoIterator<Item = &'a Target>,
    ) -> bool {
        let pattern = self.target.as_ref();
        self.passes_but_target(release)
            && pattern.is_none_or(|pattern| targets.into_iter().any(|it| pattern.matches(it)))
    }

    /// Whether a release is wanted whose targets are.
    #[must_use]
    pub fn passes_but_target(&self, release: &Release) -> bool {
        let at = release.submitted_at;
        self.app.as_ref().is_none_or(|app| *app == release.app)
            && self.env.as_ref().is_none_or(|env| *env == release.env)
            && self.since.is_none_or(|since| since <= at)
            && self.until.is_none_or(|until| at < until)
            && self.verdict.is_none_or(|it| release.verdict == Some(it))
            && self
                .submitter
                .as_ref()
                .is_none_or(|name| *name == release.submitter)
    }
}

/// The end of a target's name: `SERVICE`, `CLUSTER/SERVICE`, `REGION/CLUSTER/SERVICE`, or all of it
/// with the account before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPattern {
    account: Option<AccountId>,
    region: Option<Region>,
    cluster: Option<ClusterName>,
    service: ServiceName,
}

impl TargetPattern {
    /// Whether the target's name ends like this.
    #[must_use]
    pub fn matches(&self, target: &Target) -> bool {
        self.service == target.service
            && self
                .cluster
                .as_ref()
                .is_none_or(|name| *name == target.cluster)
            && self
                .region
                .as_ref()
                .is_none_or(|name| *name == target.region)
            && self.account.as_ref().is_none_or(|id| *id == target.account)
    }

    /// The one target that is meant, when all of its name is given.
    #[must_use]
    pub fn exact(&self) -> Option<Target> {
        Some(Target {
            account: self.account.clone()?,
            region: self.region.clone()?,
            cluster: self.cluster.clone()?,
            service: self.service.clone(),
        })
    }
}

impl FromStr for TargetPattern {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let mut parts = text.rsplit('/');
        let service = ServiceName::new(parts.next().unwrap_or_default())?;
        let cluster = parts.next().map(ClusterName::new).transpose()?;
        let region = parts.next().map(Region::new).transpose()?;
        let account = parts.next().map(AccountId::new).transpose()?;
        if parts.next().is_some() {
            return Err(BadName {
                what: "target",
                given: text.to_owned(),
                rule: "must be SERVICE, CLUSTER/SERVICE, REGION/CLUSTER/SERVICE or \
                       ACCOUNT/REGION/CLUSTER/SERVICE",
            });
        }
        Ok(Self {
            account,
            region,
            cluster,
            service,
        })
    }
}

impl fmt::Display for TargetPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = &self.account {
            write!(f, "{account}/")?;
        }
        if let Some(region) = &self.region {
            write!(f, "{region}/")?;
        }
        if let Some(cluster) = &self.cluster {
            write!(f, "{cluster}/")?;
        }
        write!(f, "{}", self.service)
    }
}

/// Releases that are wanted, newest first, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The releases.
    pub releases: Vec<ReleaseId>,
    /// Down to this release everything was looked at: the next page has what is older. `None` when
    /// nothing is left. Releases come and go at both ends only, so that it never loses its place.
    pub next: Option<ReleaseId>,
}

impl Page {
    /// At most `limit` of what two looks at different places found, each once.
    #[must_use]
    pub fn join(self, other: Self, limit: usize) -> Self {
        // What lies below is known of one of the two places only.
        let next = self.next.max(other.next);
        let mut releases = self.releases;
        releases.extend(other.releases);
        releases.retain(|release| next.is_none_or(|next| *release >= next));
        releases.sort_unstable_by(|a, b| b.cmp(a));
        releases.dedup();
        if releases.len() <= limit {
            return Self { releases, next };
        }
        releases.truncate(limit);
        let next = releases.last().copied().or(next);
        Self { releases, next }
    }
}
