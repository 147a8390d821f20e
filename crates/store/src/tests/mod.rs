//! What needs the inside of the store to be seen: damage, failure, and the bytes on disk.

mod damage;
mod failing;
mod failure;
mod golden;
mod indexes;
pub(crate) mod power_loss;
mod prune;
#[path = "../../tests/support/mod.rs"]
pub(crate) mod support;
mod together;

/// A record as a version with this format would write it.
fn framed(key: &crate::key::Key, format: u8, content: &[u8]) -> Vec<u8> {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key.as_ref());
    sum.update(&[format]);
    sum.update(content);
    let mut value = vec![format];
    value.extend(sum.finalize().to_le_bytes());
    value.extend(content);
    value
}
