//! Identifiers and secrets: a seeded sequence, so that a seed and the same requests give the same ids.

use serde::{Deserialize, Serialize};

/// A SplitMix64 sequence; state is the position in it. Nothing here needs real secrecy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ids {
    state: u64,
}

impl Default for Ids {
    /// Starts at a random place.
    fn default() -> Self {
        Self::seeded(getrandom::u64().unwrap_or(0x5eed))
    }
}

impl Ids {
    /// The sequence of one seed.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number from 0 up to, and without, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(crate) const fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `length` characters of `alphabet`.
    pub(crate) fn of(&mut self, alphabet: &[u8], length: usize) -> String {
        let size = alphabet.len() as u64;
        (0..length)
            .map(|_| char::from(alphabet[usize::try_from(self.bits() % size).unwrap_or(0)]))
            .collect()
    }

    /// `length` lower-case hexadecimal digits, as in a task id (32 of them).
    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.of(b"0123456789abcdef", length)
    }

    /// `length` decimal digits, the first not zero, as in `ecs-svc/<19 digits>`.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        self.of(b"123456789", 1) + &self.of(b"0123456789", length.saturating_sub(1))
    }

    /// `length` capitals and digits, as in access key ids after their prefix.
    pub(crate) fn capitals(&mut self, length: usize) -> String {
        self.of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length)
    }

    /// `length` letters and digits, as in secrets and service deployment ids.
    pub(crate) fn letters(&mut self, length: usize) -> String {
        self.of(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            length,
        )
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let variant = self.of(b"89ab", 1);
        format!(
            "{}-{}-4{}-{variant}{}-{}",
            self.hex(8),
            self.hex(4),
            self.hex(3),
            self.hex(3),
            self.hex(12)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let (mut one, mut other) = (Ids::seeded(7), Ids::seeded(7));
        assert_eq!(one.uuid(), other.uuid());
        assert_eq!(one.digits(19), other.digits(19));
        assert_ne!(one.hex(32), one.hex(32));
    }

    #[test]
    fn a_uuid_has_the_shape_of_version_4() {
        let uuid = Ids::seeded(1).uuid();
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(uuid.as_bytes()[14], b'4');
    }
}
