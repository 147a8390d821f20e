//! Idempotency keys: those of open releases, and those of ended ones for a while.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::KnownKey;
use crate::ids::{Digest, IdempotencyKey, ReleaseId};
use crate::release::Release;
use crate::time::Timestamp;

/// How long the keys of ended releases are known, and how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyWindow {
    /// A key is known for so long after the end of its release.
    pub after_end: Duration,
    /// Keys of ended releases at most; the oldest are forgotten first. Some 150 bytes each.
    pub most: usize,
}

impl KeyWindow {
    /// All keys, for ever.
    pub const UNBOUNDED: Self = Self {
        after_end: Duration::MAX,
        most: usize::MAX,
    };
}

impl Default for KeyWindow {
    fn default() -> Self {
        Self {
            after_end: Duration::from_secs(7 * 86_400),
            most: 100_000,
        }
    }
}

/// A key as it is remembered: the first half of its sha256.
type Print = [u8; 16];

/// Keys and what they were used for. Of every key a print is kept, never the key itself: a
/// coordinator remembers many, and never has to show one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    known: HashMap<Print, (ReleaseId, [u8; 32])>,
    /// Those of ended releases, in the order of the ends.
    ended: BTreeSet<(Timestamp, ReleaseId, Print)>,
}

impl Keys {
    /// What a key was used for, as long as it is remembered.
    #[must_use]
    pub fn get(&self, key: &IdempotencyKey) -> Option<KnownKey> {
        let (release, content) = *self.known.get(&print(key))?;
        Some(KnownKey {
            release,
            content: Digest::from_sha256(content),
        })
    }

    /// Number of keys that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Remembers the key of a release, in any order and as often as one likes; forgets what is
    /// beyond the window at `now`.
    pub fn note(&mut self, window: KeyWindow, now: Timestamp, release: &Release) {
        let print = print(&release.key);
        let first = now.minus(window.after_end);
        if release.ended_at.is_none_or(|ended| ended >= first) {
            let used = (release.id, release.content.sha256());
            let (known, _) = *self.known.entry(print).or_insert(used);
            if let Some(ended) = release.ended_at
                && known == release.id
            {
                self.ended.insert((ended, release.id, print));
            }
        }
        while let Some((ended, _, print)) = self.ended.first().copied()
            && (ended < first || self.ended.len() > window.most)
        {
            self.ended.pop_first();
            self.known.remove(&print);
        }
    }
}

fn print(key: &IdempotencyKey) -> Print {
    let sum = Digest::of(key.as_str().as_bytes()).sha256();
    let mut print = Print::default();
    print.copy_from_slice(&sum[..16]);
    print
}
