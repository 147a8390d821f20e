//! A trace as a waterfall: a line for each span, its length, and where it lies in the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use console::measure_text_width;
use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Moment, Value};
use shipway_domain::trace::{Span, SpanId, Status, Trace, What, keys};
use shipway_domain::verdict::Verdict;

use super::line::{Line, Tone};
use super::{verdict, words};

/// Columns of a name at most.
const NAME: usize = 70;
/// Columns of lengths at least.
const TOOK: usize = 8;
/// Columns of the whole at least; without them only names and lengths are shown.
const BAR: usize = 16;
/// A call is shown when it took so long, or did not go well.
const SLOW: Duration = Duration::from_secs(1);
/// A wait without a reason is shown when it took so long.
const MOMENT: Duration = Duration::from_millis(10);
/// Columns at least of what hangs below a line.
const NARROWEST: usize = 20;
/// Spans below spans that are shown at most.
const DEEPEST: u32 = 24;
/// Eighths of a column, from the left.
const EIGHTHS: [&str; 8] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A span with what is shown below it.
struct Node<'a> {
    span: &'a Span,
    label: String,
    /// Why it waited.
    why: Option<&'a str>,
    parts: Vec<&'a Span>,
    causes: Vec<Cause>,
    below: Vec<Self>,
}

/// What is said of a span in a line of its own.
struct Cause {
    mark: &'static str,
    tone: Tone,
    text: String,
    evidence: String,
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
    let mut root = node(first, &of, all, DEEPEST);
    explain(&mut root);
    let mut rows = Vec::new();
    flatten(&root, String::new(), "", &mut rows);
    let scale = Scale::of(&rows, first, now, width);
    rows.iter().flat_map(|row| row.lines(&scale)).collect()
}

/// How the release ended, in words.
pub(crate) fn ending(trace: &Trace, now: Timestamp) -> Line {
    let id = trace.context.trace.to_string();
    let Some(root) = trace.spans.first() else {
        return Line::default().and(Tone::Faint, format!("trace {id}"));
    };
    let took = root.until.unwrap_or(now).since(root.from);
    let word = text(&root.attributes, keys::VERDICT);
    match word.map(|word| (word, Verdict::parse(word))) {
        // One that a newer coordinator knows.
        Some((word, None)) => {
            Line::plain(format!("{word} after {}   trace {id}", words::span(took)))
        }
        known => verdict::line(known.and_then(|(_, verdict)| verdict), took, &id),
    }
}

fn node<'a>(
    span: &'a Span,
    of: &BTreeMap<Option<SpanId>, Vec<&'a Span>>,
    all: bool,
    depth: u32,
) -> Node<'a> {
    let mut below: Vec<&Span> = children(of, span.id);
    let (mut label, mut why) = (span.name.clone(), None);
    // A job with a single attempt and the attempt are one for who reads, unless the job went on without it.
    if span.what == What::Job {
        let attempts = below.iter().filter(|span| span.what == What::Attempt);
        if let [attempt] = attempts.collect::<Vec<_>>().as_slice()
            && (attempt.status == span.status || !failed(attempt))
        {
            let (only, agent) = (attempt.id, text(&attempt.attributes, keys::AGENT));
            label = format!("{label} ({})", agent.unwrap_or_default());
            let inner = children(of, only);
            below.retain(|span| span.id != only);
            below.extend(inner);
            below.sort_by_key(|span| span.from);
        }
    }
    match span.what {
        What::Attempt => {
            let agent = text(&span.attributes, keys::AGENT).unwrap_or_default();
            label = format!("{label} ({agent})");
        }
        What::Queue => {
            let kind = text(&span.attributes, keys::JOB_KIND).unwrap_or_default();
            label = format!("{label} ({kind})");
            why = text(&span.attributes, keys::QUEUE_TEXT);
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
        why,
        below: match depth.checked_sub(1) {
            Some(depth) => shown.map(|span| node(span, of, all, depth)).collect(),
            None => Vec::new(),
        },
        parts,
        causes: Vec::new(),
    }
}

fn failed(span: &Span) -> bool {
    matches!(span.status, Status::Error(_))
}

/// Says of each span what went wrong with it, unless one below says the same; gives all that is said so far.
fn explain(node: &mut Node<'_>) -> BTreeSet<String> {
    let below = node.below.iter_mut();
    let mut said: BTreeSet<String> = below.flat_map(explain).collect();
    let span = node.span;
    for Moment {
        name, attributes, ..
    } in &span.moments
    {
        let (mark, tone, key) = match (name.as_str(), span.what) {
            ("finding", _) => ("✗ ", Tone::Bad, keys::CAUSE),
            ("cancel" | "folded", What::Release) => ("– ", Tone::Warn, keys::MESSAGE),
            _ => continue,
        };
        let text = text(attributes, key).unwrap_or_default();
        let evidence = self::text(attributes, keys::EVIDENCE).unwrap_or_default();
        said.insert(text.to_owned());
        node.causes.push(Cause {
            mark,
            tone,
            text: text.to_owned(),
            evidence: evidence.to_owned(),
        });
    }
    let Status::Error(cause) = &span.status else {
        return said;
    };
    let known = |key| text(&span.attributes, key);
    let cause = match (cause.trim(), span.what) {
        ("", _) if !node.causes.is_empty() => return said,
        ("", _) => match known(keys::DETAIL) {
            Some(detail) => format!("failed: {detail}"),
            None => "failed".to_owned(),
        },
        // The last line says it.
        (cause, What::Release) if known(keys::VERDICT) == Some(cause) => return said,
        (cause, _) => cause.to_owned(),
    };
    if said.insert(cause.clone()) {
        node.causes.push(Cause {
            mark: "✗ ",
            tone: Tone::Bad,
            text: cause,
            evidence: String::new(),
        });
    }
    said
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
    took >= SLOW || span.was_throttled() || failed(span) || span.changes_what_serves()
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
    took: usize,
    bar: usize,
    width: usize,
}

impl Scale {
    fn of(rows: &[Row<'_>], whole: &Span, now: Timestamp, width: usize) -> Self {
        let until = whole.until.unwrap_or(now).max(whole.from);
        let longest = rows.iter().map(|row| row.name().width()).max().unwrap_or(0);
        let took = rows.iter().map(|row| row.took(until).chars().count());
        let took = took.max().unwrap_or(0).max(TOOK);
        let name = longest.min(NAME).min(width.saturating_sub(took + 2));
        let bar = width.saturating_sub(name + took + 4);
        Self {
            from: whole.from,
            until,
            name,
            took,
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
        let (took, columns) = (self.took(scale.until), scale.took);
        let whole = self.name();
        let fits = whole.width() <= scale.name;
        let name = match self.node.why {
            Some(_) if !fits => self.name_alone(),
            _ => whole,
        };
        let line = name.cut(scale.name).until(scale.name + 2);
        let line = line.and(Tone::Plain, format!("{took:>columns$}  "));
        let mut lines = vec![self.bar(scale, line).cut(scale.width)];
        if let Some(why) = self.node.why.filter(|_| !fits) {
            self.hang(("", Tone::Faint), why, scale.width, &mut lines);
        }
        for cause in &self.node.causes {
            let mark = (cause.mark, cause.tone);
            self.hang(mark, &cause.text, scale.width, &mut lines);
            for line in cause.evidence.lines() {
                self.hang(("  ", Tone::Plain), line, scale.width, &mut lines);
            }
        }
        lines
    }

    /// How long it took, or takes until now.
    fn took(&self, now: Timestamp) -> String {
        let span = self.node.span;
        let took = length(span.until.unwrap_or(now).since(span.from));
        match span.until {
            Some(_) => took,
            None => took + "…",
        }
    }

    /// A text below the line: broken at blanks, and never cut.
    fn hang(&self, (mark, tone): (&str, Tone), text: &str, width: usize, lines: &mut Vec<Line>) {
        let below = if self.node.below.is_empty() {
            "  "
        } else {
            "│ "
        };
        let under = Line::default().and(Tone::Faint, format!("{}{below}", self.under));
        let blank = " ".repeat(measure_text_width(mark));
        let room = width.saturating_sub(under.width() + blank.len());
        let room = room.max(NARROWEST);
        for (place, piece) in hanging(text, room).into_iter().enumerate() {
            let mark = if place == 0 { mark } else { &blank };
            lines.push(under.clone().and(tone, format!("{mark}{piece}")));
        }
    }

    /// The name without what is said behind it.
    fn name_alone(&self) -> Line {
        let span = self.node.span;
        let tone = match (&span.status, span.what) {
            (Status::Error(_), _) => Tone::Bad,
            (_, What::Release | What::Job) => Tone::Strong,
            (_, What::Queue | What::Call | What::Work) => Tone::Faint,
            _ => Tone::Plain,
        };
        Line::default()
            .and(Tone::Faint, self.lead.clone())
            .and(tone, self.node.label.clone())
    }

    fn name(&self) -> Line {
        let (line, span) = (self.name_alone(), self.node.span);
        if let Some(why) = self.node.why {
            return line.and(Tone::Faint, format!("  {why}"));
        }
        if self.node.parts.is_empty() {
            return line;
        }
        let new = span.what == What::NewTask;
        let failed = failed(span);
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
        // What begins at the very end has the last column.
        let mut bar = " ".repeat((from / 8).min(scale.bar - 1));
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

fn text<'a>(attributes: &'a [(String, Value)], key: &str) -> Option<&'a str> {
    attributes.iter().find_map(|(known, value)| match value {
        Value::Text(text) if known == key => Some(text.as_str()),
        _ => None,
    })
}

/// A text in lines of so many columns, those that go on a bit to the right; a word that is longer stays whole, to be
/// copied and searched for.
fn hanging(text: &str, room: usize) -> Vec<String> {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().map(plain).collect();
    if measure_text_width(&text) <= room {
        return vec![text];
    }
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let line = lines.last().map_or("", String::as_str);
        let longer = measure_text_width(line) + measure_text_width(word.trim_end());
        if longer > room && !line.trim().is_empty() {
            lines.push("  ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    lines
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
