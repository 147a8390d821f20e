//! What a trace begins with: its id, and the name under which it is handed on.

use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};

/// Name of the header, the gRPC metadata key and, in capitals, the variable that hands a W3C trace context on.
pub const TRACEPARENT: &str = "traceparent";
/// Name of the header and the gRPC metadata key with the span that answered.
pub const TRACERESPONSE: &str = "traceresponse";
/// gRPC metadata key with how many milliseconds ago the caller's command began.
pub const BEGAN: &str = "shipway-began-ms-ago";

/// Id of a trace that nobody has.
#[must_use]
pub fn fresh_trace() -> [u8; 16] {
    RandomIdGenerator::default().new_trace_id().to_bytes()
}

/// Id of a span that nobody has.
#[must_use]
pub fn fresh_span() -> [u8; 8] {
    RandomIdGenerator::default().new_span_id().to_bytes()
}
