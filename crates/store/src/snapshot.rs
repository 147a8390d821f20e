//! The records as they are at one moment, read piece by piece while commits go on.
//!
//! A commit keeps aside what it is about to change, if that is yet to be read: memory grows with the
//! records that change during the reading, not with the store.

use std::collections::BTreeMap;

use crate::engine::{Engine, Writes};
use crate::error::StoreError;

/// Behind the keys of all tables.
const END: &[u8] = &[0xff];

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// A reading under way.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// The last key that was read.
    cursor: Vec<u8>,
    /// What was there at the beginning, of keys that have changed since and are yet to be read.
    before: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    ended: bool,
}

impl Snapshot {
    /// To be called before anything is written.
    pub(crate) fn keep(&mut self, engine: &impl Engine, writes: &Writes) -> Result<(), StoreError> {
        for (key, _) in writes.iter() {
            if key > self.cursor.as_slice() && !self.before.contains_key(key) {
                let value = engine.get(key)?.map(|value| value.as_ref().to_vec());
                self.before.insert(key.to_vec(), value);
            }
        }
        Ok(())
    }

    /// About `most` entries more, in order; none at the end.
    pub(crate) fn next(
        &mut self,
        engine: &impl Engine,
        most: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        while !self.ended {
            // The smallest key behind the cursor.
            let from = [self.cursor.as_slice(), &[0]].concat();
            let mut found = BTreeMap::new();
            for entry in engine.range(&from, END).take(most) {
                let (key, value) = entry?;
                found.insert(key.as_ref().to_vec(), value.as_ref().to_vec());
            }
            self.ended = found.len() < most;
            self.cursor = match found.last_key_value() {
                Some((last, _)) if !self.ended => last.clone(),
                Some(_) | None => END.to_vec(),
            };
            while let Some(change) = self.before.first_entry() {
                if *change.key() > self.cursor {
                    break;
                }
                match change.remove_entry() {
                    (key, Some(value)) => found.insert(key, value),
                    (key, None) => found.remove(&key),
                };
            }
            if !found.is_empty() {
                return Ok(found.into_iter().collect());
            }
        }
        Ok(Vec::new())
    }
}
