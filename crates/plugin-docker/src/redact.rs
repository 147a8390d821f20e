//! Takes the values of secrets out of what people get to see.

use shipway_plugin::Secret;

/// What stands in place of a secret.
const MARK: &[u8] = b"[redacted]";
/// Shorter values (and lines of values) are not looked for: every log is full of them.
const MIN_LEN: usize = 3;

/// Knows the secrets of one build.
pub(crate) struct Redactor {
    /// Longest first, so that a secret inside another does not spoil the longer match.
    needles: Vec<Vec<u8>>,
}

impl Redactor {
    /// Looks for the values, and for each line of those with several lines.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles = Vec::new();
        for secret in secrets {
            let value = secret.expose();
            needles.push(value.trim_ascii().to_vec());
            needles.extend(
                value
                    .split(|byte| *byte == b'\n')
                    .map(|line| line.trim_ascii().to_vec()),
            );
        }
        needles.retain(|needle| needle.len() >= MIN_LEN);
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }

    /// Length of the longest value, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.needles.first().map_or(0, Vec::len)
    }

    /// `bytes` without any secret.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut clean = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if let Some(needle) = self.needles.iter().find(|n| rest.starts_with(n)) {
                clean.extend_from_slice(MARK);
                rest = &rest[needle.len()..];
            } else {
                clean.push(*first);
                rest = &rest[1..];
            }
        }
        clean
    }

    /// `text` without any secret.
    pub(crate) fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(values: &[&str]) -> Redactor {
        let secrets: Vec<Secret> = values.iter().map(|value| Secret::new(*value)).collect();
        Redactor::new(&secrets)
    }

    #[test]
    fn every_occurrence_goes() {
        let redactor = redactor(&["hunter2"]);
        assert_eq!(
            redactor.text("hunter2 and hunter2!"),
            "[redacted] and [redacted]!"
        );
    }

    #[test]
    fn the_longer_secret_wins() {
        assert_eq!(
            redactor(&["abc", "abcdef"]).text("xabcdefx"),
            "x[redacted]x"
        );
    }

    #[test]
    fn a_newline_at_the_end_does_not_hide_a_secret() {
        assert_eq!(
            redactor(&["hunter2\n"]).text("is hunter2."),
            "is [redacted]."
        );
    }

    #[test]
    fn each_line_of_a_key_is_a_secret() {
        let redactor = redactor(&["-----KEY-----\nMIIabc\nDEFghi\n"]);
        assert_eq!(redactor.text("  DEFghi"), "  [redacted]");
    }

    #[test]
    fn an_empty_secret_changes_nothing() {
        let redactor = redactor(&["", "\n", "a"]);
        assert_eq!(redactor.text("a line"), "a line");
        assert_eq!(redactor.longest(), 0);
    }
}
