//! A release's verdict in words.

use std::time::Duration;

use shipway_domain::verdict::Verdict;

use super::line::{Line, Tone};
use super::words::span;

/// The mark of a verdict and its tone.
pub(crate) const fn mark(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Live => ("✓", Tone::Good),
        Verdict::Superseded | Verdict::Cancelled | Verdict::Stopped => ("–", Tone::Warn),
        Verdict::RolledBack | Verdict::Failed => ("✗", Tone::Bad),
        Verdict::Unknown => ("?", Tone::Warn),
        Verdict::Stuck => ("!", Tone::Bad),
    }
}

/// `live in 6 m 41 s   trace 0af7651916cd43dd8448eb211c80319c`; without the trace when it is empty.
pub(crate) fn line(verdict: Option<Verdict>, took: Duration, trace: &str) -> Line {
    let took = span(took);
    let line = match verdict {
        Some(verdict) if verdict.is_final() => {
            Line::default().and(mark(verdict).1, format!("{verdict} in {took}"))
        }
        Some(verdict) => Line::default().and(
            mark(verdict).1,
            format!("{verdict} after {took}, not final"),
        ),
        None => Line::plain(format!("not ended after {took}")),
    };
    if trace.is_empty() {
        line
    } else {
        line.and(Tone::Faint, format!("   trace {trace}"))
    }
}
