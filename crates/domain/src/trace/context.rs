//! Ids of traces and spans. Those of a release derive from what they stand for, so that every process, and every life
//! of one, gives the same span the same id.

use std::fmt;

use crate::ids::{Attempt, Digest, JobId, ReleaseId};
use crate::release::Release;

/// Id of a trace: 16 bytes, not all of them zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub [u8; 16]);

/// Id of a span: 8 bytes, not all of them zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub [u8; 8]);

/// A W3C trace context: the trace, and the span of a caller in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The caller's span; `None` when the trace begins with us.
    pub caller: Option<SpanId>,
    /// Whether the trace is to be recorded, as its first one decided.
    pub sampled: bool,
}

impl Context {
    /// A trace that begins here.
    #[must_use]
    pub const fn fresh(trace: TraceId) -> Self {
        Self {
            trace,
            caller: None,
            sampled: true,
        }
    }

    /// Reads a `traceparent`; `None` unless it is one by the rules of W3C Trace Context.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let [version, trace, span, flags] = [(); 4].map(|()| parts.next());
        let [version] = bytes(version?)?;
        // Later versions may say more behind the flags; this one does not, and 255 is none.
        if version == 255 || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace, span): ([u8; 16], [u8; 8]) = (bytes(trace?)?, bytes(span?)?);
        let [flags] = bytes(flags?)?;
        if trace == [0; 16] || span == [0; 8] {
            return None;
        }
        let (trace, span) = (TraceId(trace), SpanId(span));
        Some(Self {
            trace,
            // A trace that began with our own command has no caller.
            caller: (span != root_of(trace)).then_some(span),
            sampled: flags & 1 == 1,
        })
    }

    /// The context of a release's trace: the submitter's, or one of its own.
    #[must_use]
    pub fn of(release: &Release) -> Self {
        Self::parse(&release.trace_parent).unwrap_or_else(|| {
            let text = format!(
                "{} {} {}",
                release.id,
                release.submitted_at.millis(),
                release.content
            );
            let mut trace = [0; 16];
            trace.copy_from_slice(&hash("trace", &text)[..16]);
            Self::fresh(TraceId(trace))
        })
    }

    /// The same as a `traceparent`.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let span = self.caller.unwrap_or_else(|| root_of(self.trace));
        self.with(span)
    }

    /// A `traceparent` that names this span of the trace.
    #[must_use]
    pub fn with(&self, span: SpanId) -> String {
        format!("00-{}-{span}-0{}", self.trace, u8::from(self.sampled))
    }

    pub(super) fn derive(&self, path: &str) -> SpanId {
        span_id(self.trace, path)
    }

    /// The span of all of a release.
    #[must_use]
    pub fn release_span(&self, release: ReleaseId) -> SpanId {
        self.derive(&format!("release {release}"))
    }
}

/// What stands for the caller where there is none: nobody has that span, and everybody knows it.
fn root_of(trace: TraceId) -> SpanId {
    span_id(trace, "no caller")
}

/// The span of an attempt of a job.
#[must_use]
pub fn attempt_span(trace: TraceId, job: JobId, attempt: Attempt) -> SpanId {
    span_id(trace, &format!("job {job} attempt {}", attempt.0))
}

/// The span of a step, by its number in the attempt.
#[must_use]
pub fn step_span(trace: TraceId, job: JobId, attempt: Attempt, number: u32) -> SpanId {
    span_id(
        trace,
        &format!("job {job} attempt {} step {number}", attempt.0),
    )
}

fn span_id(trace: TraceId, path: &str) -> SpanId {
    let mut id = [0; 8];
    id.copy_from_slice(&hash("span", &format!("{trace} {path}"))[..8]);
    SpanId(id)
}

fn hash(kind: &str, text: &str) -> [u8; 32] {
    Digest::of(format!("shipway {kind}\n{text}").as_bytes()).sha256()
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let hex = hex.as_bytes();
    if hex.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

macro_rules! shown_as_hex {
    ($type:ident, $what:literal) => {
        impl $type {
            #[doc = concat!("Reads the id of a ", $what, " in hexadecimal digits; `None` for anything else.")]
            #[must_use]
            pub fn parse(hex: &str) -> Option<Self> {
                bytes(hex).filter(|id| id.iter().any(|byte| *byte != 0)).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

shown_as_hex!(TraceId, "trace");
shown_as_hex!(SpanId, "span");

#[cfg(test)]
mod tests {
    use super::{Context, SpanId, TraceId};

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_callers_context_is_said_again_as_it_was_given() {
        let context = Context::parse(GIVEN).expect("a context");
        assert_eq!(context.traceparent(), GIVEN);
        assert_eq!(
            context.trace.to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(context.caller, SpanId::parse("b7ad6b7169203331"));
        assert!(context.sampled);
        let unsampled = GIVEN.replace("-01", "-00");
        let context = Context::parse(&unsampled).expect("a context");
        assert!(!context.sampled);
        assert_eq!(context.traceparent(), unsampled);
        // What a later version adds is passed over.
        let later = GIVEN.replacen("00", "cc", 1) + "-what";
        assert_eq!(
            Context::parse(&later).map(|context| context.traceparent()),
            Some(GIVEN.to_owned())
        );
    }

    #[test]
    fn a_fresh_trace_has_no_caller_wherever_it_was_handed_on() {
        let trace = TraceId::parse("0af7651916cd43dd8448eb211c80319c").expect("an id");
        let fresh = Context::fresh(trace);
        let read = Context::parse(&fresh.traceparent()).expect("a context");
        assert_eq!(read, fresh);
        assert_eq!(read.caller, None);
    }

    #[test]
    fn what_is_no_context_is_none() {
        let zero_trace = GIVEN.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32));
        let zero_span = GIVEN.replace("b7ad6b7169203331", &"0".repeat(16));
        let upper = GIVEN.to_uppercase();
        let more = format!("{GIVEN}-00");
        let none = [
            "",
            "00",
            "what",
            &GIVEN[..54],
            &zero_trace,
            &zero_span,
            &upper,
            &more,
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
        ];
        for text in none {
            assert_eq!(Context::parse(text), None, "{text:?}");
        }
    }
}
