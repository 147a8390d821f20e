//! What became of old revisions, for people.

use shipway_domain::ids::Target;
use shipway_domain::revisions::{Cleaned, Fate};

use crate::text::line::{Line, Tone};
use crate::text::words::{self, short_arn};

/// The lines of one target.
pub(crate) fn lines(
    target: &Target,
    account: Option<&str>,
    revisions: &Result<Vec<Cleaned>, String>,
) -> Vec<Line> {
    let head = Line::default().and(Tone::Strong, words::target(target, account));
    let revisions = match revisions {
        Ok(revisions) => revisions,
        Err(problem) => {
            return vec![
                head.and(Tone::Warn, format!("   nothing was done: {problem}")),
                Line::default(),
            ];
        }
    };
    let mut lines = vec![head];
    lines.extend(revisions.iter().map(revision));
    if revisions.is_empty() {
        lines.push(Line::plain("   its family has no active revision"));
    }
    lines.push(Line::default());
    lines
}

fn revision(one: &Cleaned) -> Line {
    let (tone, text) = match (one.fate, one.gone, &one.problem) {
        (_, true, _) => (Tone::Good, "deregistered".to_owned()),
        (_, false, Some(problem)) => (Tone::Bad, format!("not deregistered: {problem}")),
        (Fate::Goes, false, None) => (Tone::Active, "would be deregistered".to_owned()),
        (Fate::NotOurs, false, None) => {
            let why = "Shipway did not register it for this service";
            (Tone::Plain, format!("stays: {why}"))
        }
        (Fate::InUse, false, None) => (Tone::Plain, "stays: in use, or last proven".to_owned()),
        (Fate::Newest, false, None) => (Tone::Plain, "stays: among the newest".to_owned()),
    };
    Line::plain(format!("   {}   ", short_arn(&one.arn))).and(tone, text)
}
