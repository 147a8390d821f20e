//! Where records lie: one tree, a table byte, then big-endian numbers, so that order is age.
//!
//! One tree because a batch of one tree is what sled writes atomically without reading first, and
//! because every batch costs it a sync of its own.

use std::fmt;

use shipway_domain::ids::{AppName, EnvName, JobId, ReleaseId, Target};

/// The tables and their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Table {
    /// Releases as they came in.
    Births = b'b',
    /// Runs of events: release, number of the first event.
    Events = b'e',
    /// Ended releases by app and environment.
    OfPlace = b'h',
    /// Ended releases by target.
    OfTarget = b'i',
    /// Jobs: release, index.
    Jobs = b'j',
    /// The format of all this.
    Meta = b'm',
    /// Releases that are being pruned: what is left of them has no meaning any more.
    Pruning = b'p',
    /// What cannot be read, under its old key behind this byte.
    Quarantine = b'q',
    /// Releases.
    Releases = b'r',
    /// Specifications, by release.
    Specs = b's',
    /// Targets: account, region, cluster and service, with slashes between.
    Targets = b't',
}

impl Table {
    const ALL: [Self; 11] = [
        Self::Births,
        Self::Events,
        Self::OfPlace,
        Self::OfTarget,
        Self::Jobs,
        Self::Meta,
        Self::Pruning,
        Self::Quarantine,
        Self::Releases,
        Self::Specs,
        Self::Targets,
    ];

    /// The table of a key.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        let first = *key.first()?;
        Self::ALL.into_iter().find(|table| *table as u8 == first)
    }

    /// The key of a release in this table of releases.
    pub(crate) fn of_release(self, release: ReleaseId) -> Key {
        Key::new(self, &[&release.number().to_be_bytes()])
    }

    /// First key that could be in the table, and the first that could not.
    pub(crate) const fn bounds(self) -> ([u8; 1], [u8; 1]) {
        ([self as u8], [self as u8 + 1])
    }
}

/// Ends a name in a key: no name has it, so that none is the beginning of another.
const END: &[u8] = &[0];

/// A key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    fn new(table: Table, parts: &[&[u8]]) -> Self {
        let len = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut key = Vec::with_capacity(1 + len);
        key.push(table as u8);
        for part in parts {
            key.extend_from_slice(part);
        }
        Self(key)
    }

    /// A key that was found.
    pub(crate) fn raw(key: &[u8]) -> Self {
        Self(key.to_vec())
    }

    pub(crate) fn birth(id: ReleaseId) -> Self {
        Table::Births.of_release(id)
    }

    pub(crate) fn release(id: ReleaseId) -> Self {
        Table::Releases.of_release(id)
    }

    pub(crate) fn spec(id: ReleaseId) -> Self {
        Table::Specs.of_release(id)
    }

    pub(crate) fn job(id: JobId) -> Self {
        let release = id.release.number().to_be_bytes();
        Self::new(Table::Jobs, &[&release, &id.index.to_be_bytes()])
    }

    /// The first key of a job of the release, and the first behind them all.
    pub(crate) fn jobs(release: ReleaseId) -> (Self, Self) {
        let number = release.number().to_be_bytes();
        let end = Self::new(Table::Jobs, &[&number, &[0xff; 5]]);
        (Self::new(Table::Jobs, &[&number]), end)
    }

    pub(crate) fn events(release: ReleaseId, first: u64) -> Self {
        let release = release.number().to_be_bytes();
        Self::new(Table::Events, &[&release, &first.to_be_bytes()])
    }

    pub(crate) fn target(target: &Target) -> Self {
        let parts: [&[u8]; 7] = [
            target.account.as_str().as_bytes(),
            b"/",
            target.region.as_str().as_bytes(),
            b"/",
            target.cluster.as_str().as_bytes(),
            b"/",
            target.service.as_str().as_bytes(),
        ];
        Self::new(Table::Targets, &parts)
    }

    /// An ended release in the index of its app and environment.
    pub(crate) fn of_place(app: &AppName, env: &EnvName, release: ReleaseId) -> Self {
        let parts = [app.as_str().as_bytes(), END, env.as_str().as_bytes(), END];
        Self::new(
            Table::OfPlace,
            &[&parts.concat(), &release.number().to_be_bytes()],
        )
    }

    /// An ended release in the index of one of its targets.
    pub(crate) fn of_target(target: &Target, release: ReleaseId) -> Self {
        let name = Self::target(target);
        let number = release.number().to_be_bytes();
        Self::new(Table::OfTarget, &[&name.as_ref()[1..], END, &number])
    }

    /// The mark of a release that is being pruned.
    pub(crate) fn pruning(release: ReleaseId) -> Self {
        Table::Pruning.of_release(release)
    }

    /// What is known of the indexes, and of what was pruned.
    pub(crate) fn history() -> Self {
        Self::new(Table::Meta, &[b"history"])
    }

    pub(crate) fn format() -> Self {
        Self::new(Table::Meta, &[b"format"])
    }

    /// Where the record with this key lies when it cannot be read.
    pub(crate) fn quarantined(key: &[u8]) -> Self {
        Self::new(Table::Quarantine, &[key])
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The release that a key belongs to, in the tables of releases.
pub(crate) fn release_of(key: &[u8]) -> Option<ReleaseId> {
    match Table::of(key)? {
        Table::Births
        | Table::Events
        | Table::Jobs
        | Table::Pruning
        | Table::Releases
        | Table::Specs => number(key, 1).map(ReleaseId::from_number),
        Table::OfPlace | Table::OfTarget => {
            number(key, key.len().checked_sub(8)?).map(ReleaseId::from_number)
        }
        Table::Quarantine | Table::Meta | Table::Targets => None,
    }
}

/// The app and the environment that a key of their index names.
pub(crate) fn place_of(key: &[u8]) -> Option<(AppName, EnvName)> {
    if Table::of(key)? != Table::OfPlace {
        return None;
    }
    let names = key.get(1..key.len().checked_sub(9)?)?;
    let (app, env) = std::str::from_utf8(names).ok()?.split_once('\0')?;
    Some((app.parse().ok()?, env.parse().ok()?))
}

/// The target that a key of its index names.
pub(crate) fn indexed_target(key: &[u8]) -> Option<Target> {
    if Table::of(key)? != Table::OfTarget {
        return None;
    }
    target_named(key.get(1..key.len().checked_sub(9)?)?)
}

/// The target that a key of that table names.
pub(crate) fn target_of(key: &[u8]) -> Option<Target> {
    if Table::of(key)? != Table::Targets {
        return None;
    }
    target_named(&key[1..])
}

fn target_named(name: &[u8]) -> Option<Target> {
    let mut parts = std::str::from_utf8(name).ok()?.split('/');
    let mut next = || parts.next();
    Some(Target {
        account: next()?.parse().ok()?,
        region: next()?.parse().ok()?,
        cluster: next()?.parse().ok()?,
        service: next()?.parse().ok()?,
    })
}

/// The number in a key from this byte on.
fn number(key: &[u8], at: usize) -> Option<u64> {
    let bytes = key.get(at..at + 8)?;
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// A key in words, for errors and reports.
pub(crate) struct InWords<'a>(pub(crate) &'a [u8]);

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0;
        match (Table::of(key), release_of(key)) {
            (Some(Table::Releases), Some(release)) => write!(f, "release {release}"),
            (Some(Table::Births), Some(release)) => {
                write!(f, "what release {release} came with")
            }
            (Some(Table::Specs), Some(release)) => {
                write!(f, "the specification of release {release}")
            }
            (Some(Table::Jobs), Some(release)) => {
                let index = key.get(9..13).and_then(|bytes| bytes.try_into().ok());
                let index = index.map_or(u32::MAX, u32::from_be_bytes);
                write!(f, "job {}", JobId { release, index })
            }
            (Some(Table::Events), Some(release)) => {
                let first = number(key, 9).unwrap_or_default();
                write!(f, "the events of release {release} from {first} on")
            }
            (Some(Table::OfPlace | Table::OfTarget), Some(release)) => {
                write!(f, "the place of release {release} in an index")
            }
            (Some(Table::Pruning), Some(release)) => {
                write!(f, "the mark that release {release} is being pruned")
            }
            (Some(Table::Targets), _) => {
                write!(f, "target {}", String::from_utf8_lossy(&key[1..]))
            }
            (Some(Table::Meta), _) => f.write_str("the store"),
            _ => write!(f, "a record with the unknown key {key:x?}"),
        }
    }
}
