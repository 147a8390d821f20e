//! A trace as a waterfall: a line for each span, its length, and where it lies in the whole.

use std::collections::BTreeMap;
use std::time::Duration;

use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Span, SpanId, Status, Trace, Value, What, keys};

use super::line::{Line, Tone};
use super::words;

/// Columns of a name at most.
const NAME: usize = 70;
/// Columns of a length.
const TOOK: usize = 8;
/// Columns of the whole at least; without them only names and lengths are shown.
const BAR: usize = 16;
/// A call is shown when it took so long, or did not go well.
const SLOW: Duration = Duration::from_secs(1);
/// A wait without a reason is shown when it took so long.
const MOMENT: Duration = Duration::from_millis(10);
/// Spans below spans that are shown at most.
const DEEPEST: u32 = 24;
/// Eighths of a column, from the left.
const EIGHTHS: [&str; 8] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A span with what is shown below it.
struct Node<'a> {
    span: &'a Span,
    label: String,
    parts: Vec<&'a Span>,
    below: Vec<Self>,
}

/// The lines, for so many columns; with `all`, every call.
pub(crate) fn lines(trace: &Trace, all: bool, now: Timestamp, width: usize) -> Vec<Line> {
    let mut of: BTreeMap<Option<SpanId>, Vec<&Span>> = BTreeMap::new();
    for span in &trace.spans {
        of.entry(span.parent).or_default().push(span);
    }
    let Some(first) = trace.spans.first() else {
        return vec![Line::plain("nothing is known of it")];
    };
    let root = node(first, &of, all, DEEPEST);
    let mut rows = Vec::new();
    flatten(&root, String::new(), "", &mut rows);
    let scale = Scale::of(&rows, first, now, width);
    rows.iter().flat_map(|row| row.lines(&scale)).collect()
}

fn node<'a>(
    span: &'a Span,
    of: &BTreeMap<Option<SpanId>, Vec<&'a Span>>,
    all: bool,
    depth: u32,
) -> Node<'a> {
    let mut below: Vec<&Span> = children(of, span.id);
    let mut label = span.name.clone();
    // A job with a single attempt and the attempt are one for who reads.
    if span.what == What::Job {
        let attempts = below.iter().filter(|span| span.what == What::Attempt);
        if let [attempt] = attempts.collect::<Vec<_>>().as_slice() {
            let (only, agent) = (attempt.id, text(attempt, keys::AGENT));
            label = format!("{label} ({})", agent.unwrap_or_default());
            let inner = children(of, only);
            below.retain(|span| span.id != only);
            below.extend(inner);
            below.sort_by_key(|span| span.from);
        }
    }
    match span.what {
        What::Attempt => {
            let agent = text(span, keys::AGENT).unwrap_or_default();
            label = format!("{label} ({agent})");
        }
        What::Queue => {
            let kind = text(span, keys::JOB_KIND).unwrap_or_default();
            let why = text(span, keys::QUEUE_TEXT).map(|why| format!("  {why}"));
            label = format!("{label} ({kind}){}", why.unwrap_or_default());
        }
        _ => {}
    }
    let is_part = |span: &&Span| span.what == What::Part;
    let (parts, below): (Vec<&Span>, Vec<&Span>) = below.into_iter().partition(is_part);
    let below = below.into_iter();
    let shown = below.filter(|span| all || matters(span));
    Node {
        span,
        label,
        below: match depth.checked_sub(1) {
            Some(depth) => shown.map(|span| node(span, of, all, depth)).collect(),
            None => Vec::new(),
        },
        parts,
    }
}

fn children<'a>(of: &BTreeMap<Option<SpanId>, Vec<&'a Span>>, id: SpanId) -> Vec<&'a Span> {
    of.get(&Some(id)).cloned().unwrap_or_default()
}

/// Calls that were quick and went well are many, and say little.
fn matters(span: &Span) -> bool {
    let took = span.until.map_or(SLOW, |until| until.since(span.from));
    match span.what {
        What::Call => {}
        What::Queue => return took >= MOMENT || span.get(keys::QUEUE_REASON).is_some(),
        _ => return true,
    }
    let throttled = span.get("shipway.aws.throttled");
    let throttled = matches!(throttled, Some(Value::Number(times)) if *times > 0);
    took >= SLOW || throttled || matches!(span.status, Status::Error(_)) || changes(&span.name)
}

/// Whether a call of AWS changes what serves.
fn changes(name: &str) -> bool {
    [
        "ecs:UpdateService",
        "ecs:RunTask",
        "ecs:StopServiceDeployment",
    ]
    .contains(&name)
}

/// A line to be.
struct Row<'a> {
    node: &'a Node<'a>,
    /// What stands before the name, and before what stands below it.
    lead: String,
    under: String,
}

fn flatten<'a>(node: &'a Node<'a>, lead: String, under: &str, rows: &mut Vec<Row<'a>>) {
    rows.push(Row {
        node,
        lead,
        under: under.to_owned(),
    });
    for (place, below) in node.below.iter().enumerate() {
        let is_last = place + 1 == node.below.len();
        let lead = format!("{under}{}", if is_last { "└ " } else { "├ " });
        let under = format!("{under}{}", if is_last { "  " } else { "│ " });
        flatten(below, lead, &under, rows);
    }
}

/// Where times lie.
struct Scale {
    from: Timestamp,
    until: Timestamp,
    name: usize,
    bar: usize,
    width: usize,
}

impl Scale {
    fn of(rows: &[Row<'_>], whole: &Span, now: Timestamp, width: usize) -> Self {
        let longest = rows.iter().map(|row| row.name().width()).max().unwrap_or(0);
        let name = longest.min(NAME).min(width.saturating_sub(TOOK + 2));
        let bar = width.saturating_sub(name + TOOK + 4);
        Self {
            from: whole.from,
            until: whole.until.unwrap_or(now).max(whole.from),
            name,
            bar: if bar < BAR { 0 } else { bar },
            width,
        }
    }

    /// Eighths of a column from the left.
    fn place(&self, at: Timestamp) -> usize {
        let whole = self.until.since(self.from).as_millis().max(1);
        let past = at.since(self.from).as_millis().min(whole);
        let eighths = past * self.bar as u128 * 8 / whole;
        usize::try_from(eighths).unwrap_or(0)
    }
}

impl Row<'_> {
    fn lines(&self, scale: &Scale) -> Vec<Line> {
        let span = self.node.span;
        let took = span.until.unwrap_or(scale.until).since(span.from);
        let mut took = length(took);
        if span.until.is_none() {
            took.push('…');
        }
        let line = self.name().cut(scale.name).until(scale.name + 2);
        let line = line.and(Tone::Plain, format!("{took:>TOOK$}  "));
        let mut lines = vec![self.bar(scale, line).cut(scale.width)];
        for moment in &span.moments {
            if moment.name != "finding" {
                continue;
            }
            let known = |key: &str| {
                let mut all = moment.attributes.iter();
                all.find_map(|(known, value)| match value {
                    Value::Text(text) if known == key => Some(text.as_str()),
                    _ => None,
                })
            };
            let cause = known(keys::CAUSE).unwrap_or_default();
            let under = || Line::default().and(Tone::Faint, format!("{}  ", self.under));
            lines.push(
                under()
                    .and(Tone::Bad, format!("✗ {cause}"))
                    .cut(scale.width),
            );
            for evidence in known(keys::EVIDENCE).unwrap_or_default().lines() {
                lines.push(
                    under()
                        .and(Tone::Plain, format!("  {evidence}"))
                        .cut(scale.width),
                );
            }
        }
        lines
    }

    fn name(&self) -> Line {
        let span = self.node.span;
        let tone = match (&span.status, span.what) {
            (Status::Error(_), _) => Tone::Bad,
            (_, What::Release | What::Job) => Tone::Strong,
            (_, What::Queue | What::Call | What::Work) => Tone::Faint,
            _ => Tone::Plain,
        };
        let line = Line::default()
            .and(Tone::Faint, self.lead.clone())
            .and(tone, self.node.label.clone());
        if self.node.parts.is_empty() {
            return line;
        }
        let new = span.what == What::NewTask;
        let failed = matches!(span.status, Status::Error(_));
        let parts = self.node.parts.iter();
        // That a new task serves in the end is what all is about.
        let parts = parts.filter(|part| !(new && part.name == "serving"));
        let parts = parts.map(|part| {
            let took = part
                .until
                .map_or_else(|| "…".to_owned(), |until| length(until.since(part.from)));
            format!("{} {took}", short(&part.name, failed))
        });
        line.and(
            Tone::Faint,
            format!("  {}", parts.collect::<Vec<_>>().join(", ")),
        )
    }

    fn bar(&self, scale: &Scale, line: Line) -> Line {
        let span = self.node.span;
        if scale.bar == 0 {
            return line;
        }
        let tone = match (&span.status, span.what) {
            (Status::Error(_), _) => Tone::Bad,
            (_, What::Queue) => Tone::Faint,
            (_, What::Release | What::Job) => Tone::Good,
            _ => Tone::Active,
        };
        let (from, until) = (
            scale.place(span.from),
            scale.place(span.until.unwrap_or(scale.until)),
        );
        let mut bar = " ".repeat(from / 8);
        if self.node.parts.is_empty() {
            bar.push_str(&solid(from, until, span.what));
        } else {
            bar.push_str(&shaded(scale, &self.node.parts));
        }
        line.and(tone, bar)
    }
}

/// A bar of one kind.
fn solid(from: usize, until: usize, what: What) -> String {
    let columns = (until / 8).saturating_sub(from / 8);
    match what {
        What::Queue if columns > 0 => "░".repeat(columns),
        _ if until.saturating_sub(from) < 8 => {
            EIGHTHS[until.saturating_sub(from).max(1)].to_owned()
        }
        _ => format!("{}{}", "█".repeat(columns), EIGHTHS[until % 8].trim()),
    }
}

/// The parts of a task's life, each in its shade.
fn shaded(scale: &Scale, parts: &[&Span]) -> String {
    let mut bar = String::new();
    for part in parts {
        let from = scale.place(part.from) / 8;
        let until = scale.place(part.until.unwrap_or(scale.until)) / 8;
        let shade = match part.name.as_str() {
            "provisioning" | "draining" | "deprovisioning" => "░",
            "pull" | "stopping" => "▒",
            "start" | "until healthy" => "▓",
            _ => "█",
        };
        bar.push_str(&shade.repeat(until.saturating_sub(from)));
    }
    if bar.is_empty() {
        bar.push('▏');
    }
    bar
}

/// A part of a task's life in one word.
fn short(part: &str, failed: bool) -> &str {
    match part {
        "until healthy" if failed => "ran",
        "provisioning" => "provision",
        "until healthy" => "healthy",
        "deprovisioning" => "deprovision",
        other => other,
    }
}

fn text(span: &Span, key: &str) -> Option<String> {
    match span.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// A length of time: below a second in milliseconds.
fn length(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        _ => words::span(took),
    }
}

#[cfg(test)]
mod tests;
