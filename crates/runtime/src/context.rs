//! W3C trace context as text: taken from a caller, or made afresh; handed on in metadata.

use crate::random;

/// Name of the header and gRPC metadata key.
pub const TRACEPARENT: &str = "traceparent";

/// Whether the text is a `traceparent` of version 00 with non-zero ids.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, len: usize| {
        part.len() == len
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    matches!(parts.as_slice(), ["00", trace, span, flags]
        if hex(trace, 32) && hex(span, 16) && hex(flags, 2)
            && trace.bytes().any(|b| b != b'0') && span.bytes().any(|b| b != b'0'))
}

/// The caller's context when it is valid, else a fresh one that is sampled.
#[must_use]
pub fn adopt_or_make(callers: Option<&str>) -> String {
    match callers {
        Some(text) if is_valid(text) => text.to_owned(),
        _ => format!("00-{}-{}-01", random::hex(16), random::hex(8)),
    }
}

/// The trace id of a `traceparent`; empty for a text that is none.
#[must_use]
pub fn trace_id(traceparent: &str) -> &str {
    if is_valid(traceparent) {
        &traceparent[3..35]
    } else {
        ""
    }
}
