//! Content digests: `sha256:` and 64 hexadecimal digits.

use sha2::{Digest, Sha256};

/// The digest of some bytes.
pub(crate) fn of(bytes: &[u8]) -> String {
    finish(Sha256::new_with_prefix(bytes))
}

/// The digest of what a hasher was fed.
pub(crate) fn finish(hasher: Sha256) -> String {
    let hash = hasher.finalize();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Whether `text` is a well-formed SHA-256 digest.
pub(crate) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha256_in_lower_case() {
        let empty = of(b"");
        assert!(is_digest(&empty));
        assert!(empty.starts_with("sha256:e3b0c44298fc1c14"));
        assert!(!is_digest("sha256:abc"));
        assert!(!is_digest(&empty.to_uppercase()));
    }
}
