//! Which revisions of a task definition may be deregistered: such as Shipway registered for this very service, beyond the
//! newest ones, and never one in use. A deregistered revision goes on where it runs, but nobody can go back to it by hand.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::ids::{AppName, EnvName, Target};
use crate::rollout::{JOB_TAG, RELEASE_TAG};

/// Tag of a task definition with the app that it was registered for.
pub const APP_TAG: &str = "shipway:app";
/// Tag with the environment.
pub const ENV_TAG: &str = "shipway:env";
/// Tag with the cluster.
pub const CLUSTER_TAG: &str = "shipway:cluster";
/// Tag with the service.
pub const SERVICE_TAG: &str = "shipway:service";

/// A revision, as far as it matters whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedRevision {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// Whom revisions are registered for. A family may serve many: two environments, or two clusters.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The app.
    pub app: &'a AppName,
    /// The environment.
    pub env: &'a EnvName,
    /// The service, whose account and region are those of the revision.
    pub target: &'a Target,
}

/// What becomes of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may be deregistered.
    Goes,
    /// It stays: nothing says that Shipway registered it for this service.
    NotOurs,
    /// It stays: a service, a deployment or a task names it, or it was proven last.
    InUse,
    /// It stays: it is one of the newest.
    Newest,
}

/// What became of a revision when somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// Its ARN.
    pub arn: String,
    /// Whether it may go.
    pub fate: Fate,
    /// Whether it is deregistered.
    pub gone: bool,
    /// Why not, when it may go and that was tried.
    pub problem: Option<String>,
}

impl Fate {
    /// The word for it in output and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Goes => "goes",
            Self::NotOurs => "not-ours",
            Self::InUse => "in-use",
            Self::Newest => "newest",
        }
    }

    /// What the word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Goes, Self::NotOurs, Self::InUse, Self::Newest];
        all.into_iter().find(|fate| fate.as_str() == word)
    }
}

impl<'a> Owner<'a> {
    /// The tags that say so.
    #[must_use]
    pub fn tags(self) -> [(&'static str, &'a str); 4] {
        [
            (APP_TAG, self.app.as_str()),
            (ENV_TAG, self.env.as_str()),
            (CLUSTER_TAG, self.target.cluster.as_str()),
            (SERVICE_TAG, self.target.service.as_str()),
        ]
    }

    fn owns(self, revision: &TaggedRevision) -> bool {
        let value = |key: &str| {
            let mut tags = revision.tags.iter();
            tags.find(|(known, _)| known == key)
                .map(|(_, value)| value.as_str())
        };
        let registered = [RELEASE_TAG, JOB_TAG].iter();
        registered.copied().all(|key| value(key).is_some())
            && self
                .tags()
                .iter()
                .all(|(key, owner)| value(key) == Some(*owner))
    }
}

/// What becomes of each of these revisions of one family, newest first, when the newest `keep` of the owner's stay.
#[must_use]
pub fn fates<'r>(
    revisions: &'r [TaggedRevision],
    owner: Owner<'_>,
    keep: u32,
    in_use: &BTreeSet<&str>,
) -> Vec<(&'r TaggedRevision, Fate)> {
    let mut newest_first: Vec<&TaggedRevision> = revisions.iter().collect();
    newest_first.sort_by_key(|revision| Reverse(number(&revision.arn)));
    let mut left = keep;
    newest_first
        .into_iter()
        .map(|revision| {
            let fate = if number(&revision.arn).is_none() || !owner.owns(revision) {
                Fate::NotOurs
            } else {
                let newest = left > 0;
                left = left.saturating_sub(1);
                match (in_use.contains(revision.arn.as_str()), newest) {
                    (true, _) => Fate::InUse,
                    (false, true) => Fate::Newest,
                    (false, false) => Fate::Goes,
                }
            };
            (revision, fate)
        })
        .collect()
}

/// The family of a revision's ARN.
#[must_use]
pub fn family(arn: &str) -> Option<&str> {
    let (family, _) = arn.rsplit('/').next()?.rsplit_once(':')?;
    Some(family)
}

fn number(arn: &str) -> Option<u64> {
    let (_, number) = arn.rsplit('/').next()?.rsplit_once(':')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{AccountId, ClusterName, Region, ServiceName};

    fn target(service: &str) -> Target {
        Target {
            account: AccountId::new("111122223333").expect("an account"),
            region: Region::new("eu-west-1").expect("a region"),
            cluster: ClusterName::new("main").expect("a cluster"),
            service: ServiceName::new(service).expect("a service"),
        }
    }

    fn arn(number: u64) -> String {
        format!("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:{number}")
    }

    /// A revision that Shipway registered for this service.
    fn of(number: u64, service: &str) -> TaggedRevision {
        let tags = [
            (RELEASE_TAG, "r7"),
            (JOB_TAG, "r7/1"),
            (APP_TAG, "shop"),
            (ENV_TAG, "prod"),
            (CLUSTER_TAG, "main"),
            (SERVICE_TAG, service),
        ];
        TaggedRevision {
            arn: arn(number),
            tags: tags
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    fn with<R>(work: impl FnOnce(Owner<'_>) -> R) -> R {
        let app = AppName::new("shop").expect("an app");
        let env = EnvName::new("prod").expect("an environment");
        let target = target("web");
        work(Owner {
            app: &app,
            env: &env,
            target: &target,
        })
    }

    fn going(revisions: &[TaggedRevision], keep: u32, in_use: &[&str]) -> Vec<u64> {
        let in_use = in_use.iter().copied().collect();
        with(|owner| {
            let fates = fates(revisions, owner, keep, &in_use);
            let go = fates.iter().filter(|(_, fate)| *fate == Fate::Goes);
            go.filter_map(|(revision, _)| number(&revision.arn))
                .collect()
        })
    }

    #[test]
    fn those_beyond_the_newest_go_by_number_and_not_by_letters() {
        let all: Vec<_> = [9, 10, 8, 11].map(|number| of(number, "web")).into();
        assert_eq!(going(&all, 2, &[]), [9, 8]);
        assert_eq!(going(&all, 4, &[]), [0; 0]);
        assert_eq!(going(&all, 0, &[]), [11, 10, 9, 8]);
    }

    #[test]
    fn what_is_in_use_stays_and_counts_among_the_newest() {
        let all: Vec<_> = [4, 3, 2, 1].map(|number| of(number, "web")).into();
        assert_eq!(going(&all, 1, &[&arn(4), &arn(2)]), [3, 1]);
        assert_eq!(going(&all, 2, &[&arn(4), &arn(1)]), [2]);
    }

    #[test]
    fn those_of_others_stay_and_do_not_count() {
        let mut unsigned = of(3, "web");
        unsigned.tags.retain(|(key, _)| key != JOB_TAG);
        let mut staging = of(4, "web");
        staging.tags[3].1 = "staging".to_owned();
        let bare = TaggedRevision {
            arn: arn(5),
            tags: Vec::new(),
        };
        let odd = TaggedRevision {
            arn: "web".to_owned(),
            ..of(6, "web")
        };
        let others = [unsigned, staging, bare, of(7, "worker"), odd];
        let mut all = others.to_vec();
        all.extend([of(2, "web"), of(1, "web")]);
        assert_eq!(going(&all, 1, &[]), [1]);
        let fate = with(|owner| fates(&others, owner, 0, &BTreeSet::new()));
        assert!(fate.iter().all(|(_, fate)| *fate == Fate::NotOurs));
    }

    #[test]
    fn each_fate_is_read_by_its_word() {
        for fate in [Fate::Goes, Fate::NotOurs, Fate::InUse, Fate::Newest] {
            assert_eq!(Fate::parse(fate.as_str()), Some(fate));
        }
        assert_eq!(Fate::parse("gone"), None);
    }

    #[test]
    fn the_family_of_a_revision_is_what_stands_before_its_number() {
        assert_eq!(family(&arn(3)), Some("web"));
        assert_eq!(family("web:3"), Some("web"));
        assert_eq!(family("web"), None);
    }

    proptest! {
        #[test]
        fn nothing_in_use_nothing_of_others_and_none_of_the_newest_ever_goes(
            owned in proptest::collection::btree_map(1u64..60, any::<bool>(), 0..40),
            used in proptest::collection::btree_set(1u64..60, 0..10),
            keep in 0u32..12,
        ) {
            let service = |ours: bool| if ours { "web" } else { "worker" };
            let all: Vec<_> = owned.iter().map(|(number, ours)| of(*number, service(*ours))).collect();
            let used: Vec<String> = used.into_iter().map(arn).collect();
            let in_use: Vec<&str> = used.iter().map(String::as_str).collect();
            let gone = going(&all, keep, &in_use);
            let mut ours: Vec<u64> = owned.into_iter().filter_map(|(number, ours)| ours.then_some(number)).collect();
            ours.reverse();
            let newest: Vec<u64> = ours.iter().copied().take(keep as usize).collect();
            for number in &ours {
                let stays = newest.contains(number) || used.contains(&arn(*number));
                prop_assert_eq!(gone.contains(number), !stays, "revision {}", number);
            }
            prop_assert!(gone.iter().all(|number| ours.contains(number)));
        }
    }
}
