//! W3C trace context as text: taken from a caller, or made afresh; handed on in metadata.

use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};

/// Name of the header and gRPC metadata key.
pub const TRACEPARENT: &str = "traceparent";

/// Whether the text is a `traceparent` of version 00 with non-zero ids.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    let hex = |part: &str, len: usize| {
        part.len() == len
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let mut parts = text.split('-');
    let first_four = [(); 4].map(|()| parts.next());
    matches!(first_four, [Some("00"), Some(trace), Some(span), Some(flags)]
        if parts.next().is_none() && hex(trace, 32) && hex(span, 16) && hex(flags, 2)
            && trace.bytes().any(|b| b != b'0') && span.bytes().any(|b| b != b'0'))
}

/// The caller's context when it is valid, else a fresh one that is sampled.
#[must_use]
pub fn adopt_or_make(callers: Option<&str>) -> String {
    match callers {
        Some(text) if is_valid(text) => text.to_owned(),
        _ => {
            let ids = RandomIdGenerator::default();
            format!("00-{}-{}-01", ids.new_trace_id(), ids.new_span_id())
        }
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

#[cfg(test)]
mod tests {
    use super::{adopt_or_make, is_valid, trace_id};

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_version_00_with_nonzero_lower_case_ids_is_valid() {
        assert!(is_valid(GIVEN));
        for bad in [
            String::new(),
            GIVEN.replacen("00", "01", 1),
            GIVEN.to_uppercase(),
            format!("{GIVEN}-00"),
            GIVEN.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GIVEN.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GIVEN.replace("-01", ""),
        ] {
            assert!(!is_valid(&bad), "{bad}");
        }
    }

    #[test]
    fn a_valid_context_is_kept_and_else_a_new_valid_one_is_made() {
        assert_eq!(adopt_or_make(Some(GIVEN)), GIVEN);
        let (one, other) = (adopt_or_make(None), adopt_or_make(Some("nonsense")));
        assert!(is_valid(&one) && is_valid(&other), "{one} {other}");
        assert_ne!(trace_id(&one), trace_id(&other));
    }
}
