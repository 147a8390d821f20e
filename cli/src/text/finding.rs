//! A finding for people: why, by what, and what to do.

use shipway_domain::verdict::Finding;

use crate::text::line::{Line, Tone, wrap};

/// Where the text of a finding begins.
const INDENT: usize = 12;

/// The lines of the finding at `place`, for `width` columns.
pub(crate) fn lines(finding: &Finding, place: usize, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let why = if place == 0 { "Why" } else { "Also" };
    let cause = format!("{}  [{}]", finding.cause, finding.code);
    lines.extend(labelled(why, &wrap(&cause, width.saturating_sub(INDENT))));
    lines.extend(labelled("Evidence", &finding.evidence));
    if !finding.remedy.is_empty() {
        lines.extend(labelled(
            "Remedy",
            &wrap(&finding.remedy, width.saturating_sub(INDENT)),
        ));
    }
    lines
}

fn labelled(label: &str, texts: &[String]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let label = if place == 0 { label } else { "" };
        let line = Line::plain("   ").and(Tone::Strong, format!("{label:<9}"));
        lines.push(line.and(Tone::Plain, text));
    }
    lines
}
