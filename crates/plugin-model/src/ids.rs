//! Ids that depend on a seed alone.

/// SplitMix64: good enough for ids, and the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 19 decimal digits, the first one not zero.
    pub(crate) fn digits(&mut self) -> String {
        const LEAST: u64 = 1_000_000_000_000_000_000;
        (LEAST + self.next() % (9 * LEAST)).to_string()
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// A text like a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex();
        let [a, b, c, d] = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20]];
        format!("{a}-{b}-{c}-{d}-{}", &hex[20..])
    }
}
