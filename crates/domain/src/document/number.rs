//! A JSON number by its text, so that nothing is lost on the way through.

use std::fmt;

/// A number as it was written: `1.50` stays `1.50`, and 20 digits stay 20 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// The number that a text spells by the grammar of JSON, or `None`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (Self::length(text) == text.len() && !text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// How many bytes at the start of `text` spell a number; 0 when none does.
    pub(super) fn length(text: &str) -> usize {
        let bytes = text.as_bytes();
        let digits = |from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            rest.iter().take_while(|b| b.is_ascii_digit()).count()
        };
        let mut at = usize::from(bytes.first() == Some(&b'-'));
        at += match bytes.get(at) {
            Some(b'0') => 1,
            Some(b'1'..=b'9') => digits(at),
            _ => return 0,
        };
        if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
            at += 1 + digits(at + 1);
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let count = digits(at + 1 + sign);
            if count > 0 {
                at += 1 + sign + count;
            }
        }
        at
    }

    /// The text of the number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, when it is a whole one (`2`, `2.0` and `2e0` are) and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        /// Beyond this a double no longer tells neighbours apart.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if let Ok(whole) = self.0.parse() {
            return Some(whole);
        }
        let value: f64 = self.0.parse().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within 2^53, so the conversion is exact"
        )]
        let whole = (value.fract() == 0.0 && value.abs() < EXACT).then_some(value as i64);
        whole
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
