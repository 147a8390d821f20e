//! Releases that differ in all that can be asked for.

use std::sync::Arc;

use shipway_domain::change::Change;
use shipway_domain::release::Release;
use shipway_domain::spec::{ReleaseSpec, TargetSpec};
use shipway_domain::time::Timestamp;
use shipway_domain::verdict::Verdict;

use crate::support::*;

/// A release that is unlike others in all that can be asked for.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) number: u64,
    pub(crate) app: &'static str,
    pub(crate) env: &'static str,
    pub(crate) services: &'static [&'static str],
    pub(crate) verdict: Verdict,
    pub(crate) by: &'static str,
}

pub(crate) const KINDS: [Kind; 6] = [
    kind(10, "shop", "prod", &["web"], Verdict::Live, "ci"),
    kind(
        11,
        "shop",
        "staging",
        &["web-staging"],
        Verdict::Failed,
        "ci",
    ),
    kind(12, "blog", "prod", &["blog", "web"], Verdict::Live, "mia"),
    kind(
        13,
        "shop",
        "prod",
        &["web", "worker"],
        Verdict::RolledBack,
        "mia",
    ),
    kind(300, "shop", "prod", &["web"], Verdict::Live, "ci"),
    // The name of the app before is the beginning of this one, and so is that of the service.
    kind(301, "shop-eu", "prod", &["web-2"], Verdict::Live, "ci"),
];

const fn kind(
    number: u64,
    app: &'static str,
    env: &'static str,
    services: &'static [&'static str],
    verdict: Verdict,
    by: &'static str,
) -> Kind {
    Kind {
        number,
        app,
        env,
        services,
        verdict,
        by,
    }
}

impl Kind {
    fn spec(self) -> ReleaseSpec {
        let target = |service: &&str| TargetSpec {
            target: target(service),
            wave: 0,
        };
        ReleaseSpec {
            app: self.app.parse().expect("an app"),
            env: self.env.parse().expect("an environment"),
            targets: self.services.iter().map(target).collect(),
            ..spec()
        }
    }

    pub(crate) fn begin(self) -> Vec<Change> {
        let release = Release {
            verdict: None,
            ended_at: None,
            ..self.ended()
        };
        let mut changes = submission(self.number);
        changes[0] = Change::Spec {
            release: id(self.number),
            spec: Arc::new(self.spec()),
        };
        changes[1] = Change::Release(release.into());
        changes
    }

    pub(crate) fn ended(self) -> Release {
        Release {
            app: self.app.parse().expect("an app"),
            env: self.env.parse().expect("an environment"),
            submitter: self.by.to_owned(),
            submitted_at: Timestamp::from_millis(hours(self.number)),
            ..ended(self.number, hours(self.number) + 5, self.verdict)
        }
    }

    pub(crate) fn end(self) -> Change {
        Change::Release(self.ended().into())
    }
}

/// Releases of these tests come at the hour of their numbers.
pub(crate) const fn hours(number: u64) -> u64 {
    number * 3_600_000
}
