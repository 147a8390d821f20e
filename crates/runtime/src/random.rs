//! Random numbers from the operating system.

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
