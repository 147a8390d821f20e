//! Records in memory, for tests.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::{Engine, Writes};
use crate::data_dir::LowDisk;
use crate::error::StoreError;

/// An ordered map; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    map: Arc<RwLock<BTreeMap<Vec<u8>, Vec<u8>>>>,
}

impl Engine for Memory {
    type Bytes = Vec<u8>;

    fn write(&self, writes: &Writes) -> Result<Duration, StoreError> {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in writes.iter() {
            match value {
                Some(value) => map.insert(key.to_vec(), value.to_vec()),
                None => map.remove(key),
            };
        }
        Ok(Duration::ZERO)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        Ok(map.get(key).cloned())
    }

    fn range<'a>(
        &'a self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + 'a {
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        // A copy, so that no lock is held while the caller looks.
        let found: Vec<_> = map
            .range::<[u8], _>(bounds)
            .map(|(key, value)| Ok((key.clone(), value.clone())))
            .collect();
        found.into_iter()
    }

    fn accepts_new_work(&self) -> Result<(), LowDisk> {
        Ok(())
    }
}
