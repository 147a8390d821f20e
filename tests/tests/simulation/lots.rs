//! Chance, from a seed alone.

use std::time::Duration;

use shipway_runtime::Random;

/// Draws lots; clones draw from the same urn.
#[derive(Clone, Debug)]
pub(crate) struct Lots(Random);

impl Lots {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Random::seeded(seed))
    }

    /// An urn of its own: what is drawn from it does not depend on who else draws when.
    pub(crate) fn apart(&self) -> Self {
        Self::new(self.0.number())
    }

    pub(crate) fn random(&self) -> Random {
        self.0.clone()
    }

    /// A number from 0 to `end`, without it.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.0.number() % end.max(1)
    }

    pub(crate) fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A span of so many milliseconds.
    pub(crate) fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }

    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(from.len() as u64)).expect("small");
        &from[index]
    }
}
