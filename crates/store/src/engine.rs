//! What the records need of whatever keeps their bytes.

pub(crate) mod memory;
pub(crate) mod sled;

use std::ops::Range;
use std::time::Duration;

use crate::data_dir::LowDisk;
use crate::error::StoreError;

/// Keeps values under keys, in the order of the keys.
pub trait Engine: Send + Sync + 'static {
    /// A key or value as the engine hands it out.
    type Bytes: AsRef<[u8]> + Send;

    /// Makes all writes durable at once, the last of a key winning; says how long the sync took. A
    /// crash leaves all or none of them, or the first of those that [stand by
    /// themselves](Writes::stand_by_themselves).
    fn write(&self, writes: &Writes) -> Result<Duration, StoreError>;

    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Self::Bytes>, StoreError>;

    /// What lies from `from` (included) to `to` (excluded), in order.
    fn range<'a>(
        &'a self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(Self::Bytes, Self::Bytes), StoreError>> + 'a;

    /// Whether there is room for new work.
    fn accepts_new_work(&self) -> Result<(), LowDisk>;
}

/// Writes of one commit, in one buffer that is used again and again.
#[derive(Debug)]
pub struct Writes {
    buffer: Vec<u8>,
    entries: Vec<(Range<usize>, Option<Range<usize>>)>,
    by_themselves: bool,
}

impl Writes {
    /// No writes.
    pub(crate) const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            entries: Vec::new(),
            by_themselves: false,
        }
    }

    /// Forgets all writes, and keeps the room unless it was extraordinary.
    pub(crate) fn clear(&mut self) {
        const KEEP: usize = 4 << 20;
        self.buffer.clear();
        self.buffer.shrink_to(KEEP);
        self.entries.clear();
        self.by_themselves = false;
    }

    /// Says that a crash may leave the first of the writes without those that follow.
    pub(crate) const fn let_stand_by_themselves(&mut self) {
        self.by_themselves = true;
    }

    /// Says that a crash must keep all of the writes or none.
    pub(crate) const fn let_stand_together(&mut self) {
        self.by_themselves = false;
    }

    /// Whether the first of the writes may be kept without those that follow.
    pub(crate) const fn stand_by_themselves(&self) -> bool {
        self.by_themselves || self.entries.len() <= 1
    }

    /// Writes under `key` what `fill` appends; gives the number of bytes appended.
    pub(crate) fn put(&mut self, key: &[u8], fill: impl FnOnce(&mut Vec<u8>)) -> usize {
        let key = self.append(|buffer| buffer.extend_from_slice(key));
        let value = self.append(fill);
        let len = value.len();
        self.entries.push((key, Some(value)));
        len
    }

    /// Removes a key.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        let key = self.append(|buffer| buffer.extend_from_slice(key));
        self.entries.push((key, None));
    }

    /// Number of writes.
    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all keys and values.
    pub(crate) const fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The writes in order: keys with their values, or with none to be removed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.entries.iter().map(|(key, value)| {
            let value = value.as_ref().map(|value| &self.buffer[value.clone()]);
            (&self.buffer[key.clone()], value)
        })
    }

    fn append(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.buffer.len();
        fill(&mut self.buffer);
        start..self.buffer.len()
    }
}
