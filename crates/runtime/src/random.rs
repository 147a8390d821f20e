//! Random numbers from the operating system; in simulations from a seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where random numbers come from that keep no secret: jitter, and what tells two lives of an agent apart.
/// Clones share it.
#[derive(Clone, Debug)]
pub struct Random(Option<Arc<AtomicU64>>);

impl Random {
    /// The operating system.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// Numbers that depend on a seed alone.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(AtomicU64::new(seed))))
    }

    /// A random number.
    ///
    /// # Panics
    /// As [`hex`].
    #[must_use]
    pub fn number(&self) -> u64 {
        let Some(state) = &self.0 else {
            return number();
        };
        // SplitMix64.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// `bytes` random bytes as lower-case hexadecimal.
///
/// # Panics
/// When the operating system gives no randomness; nothing safe can be done then.
#[must_use]
pub fn hex(bytes: usize) -> String {
    let mut raw = vec![0; bytes];
    fill(&mut raw);
    raw.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A random number.
///
/// # Panics
/// As [`hex`].
#[must_use]
pub fn number() -> u64 {
    let mut raw = [0; 8];
    fill(&mut raw);
    u64::from_le_bytes(raw)
}

#[expect(
    clippy::expect_used,
    reason = "without randomness no token and no incarnation is safe"
)]
fn fill(raw: &mut [u8]) {
    getrandom::fill(raw).expect("the operating system gives random bytes");
}
