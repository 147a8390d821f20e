//! Lines of styled text: cut by width first, painted last.

use console::{Style, measure_text_width};

/// What a piece of text means; paint only repeats what the words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary text.
    Plain,
    /// What matters most on the line.
    Strong,
    /// What matters least.
    Faint,
    /// It went well.
    Good,
    /// It went wrong.
    Bad,
    /// It needs a look.
    Warn,
    /// It is going on now.
    Active,
}

impl Tone {
    fn style(self) -> Style {
        let style = Style::new().force_styling(true);
        match self {
            Self::Plain => style,
            Self::Strong => style.bold(),
            Self::Faint => style.dim(),
            Self::Good => style.green(),
            Self::Bad => style.red().bold(),
            Self::Warn => style.yellow(),
            Self::Active => style.cyan(),
        }
    }
}

/// Text that hangs gets so many columns at least.
const NARROWEST: usize = 20;

/// One line of output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    parts: Vec<(Tone, String)>,
    hangs: bool,
}

impl Line {
    /// A line of ordinary text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::default().and(Tone::Plain, text)
    }

    /// The line with more text at its end.
    #[must_use]
    pub(crate) fn and(mut self, tone: Tone, text: impl Into<String>) -> Self {
        // Text of other programs may hold line ends and escapes; a line stays one line.
        let text: String = text
            .into()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        self.parts.push((tone, text));
        self
    }

    /// The line behind another one.
    #[must_use]
    pub(crate) fn after(mut self, mut first: Self) -> Self {
        first.parts.append(&mut self.parts);
        Self {
            parts: first.parts,
            ..self
        }
    }

    /// The line without blanks in front.
    #[must_use]
    pub(crate) fn unindented(mut self) -> Self {
        if let Some((_, text)) = self.parts.first_mut() {
            *text = text.trim_start().to_owned();
        }
        self
    }

    /// The line filled with blanks up to `column`, and with two at least when it is longer.
    #[must_use]
    pub(crate) fn until(self, column: usize) -> Self {
        let blanks = column.saturating_sub(self.width()).max(2);
        self.and(Tone::Plain, " ".repeat(blanks))
    }

    /// Columns that it takes.
    pub(crate) fn width(&self) -> usize {
        self.parts
            .iter()
            .map(|(_, text)| measure_text_width(text))
            .sum()
    }

    /// The line cut to `width` columns, with `…` at the cut.
    #[must_use]
    pub(crate) fn cut(mut self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut room = width.saturating_sub(1);
        let mut kept = Vec::new();
        for (tone, text) in std::mem::take(&mut self.parts) {
            let mut part = String::new();
            for c in text.chars() {
                let columns = measure_text_width(c.encode_utf8(&mut [0; 4]));
                if columns > room {
                    part.push('…');
                    kept.push((tone, part));
                    return Self {
                        parts: kept,
                        ..self
                    };
                }
                room -= columns;
                part.push(c);
            }
            kept.push((tone, part));
        }
        Self {
            parts: kept,
            ..self
        }
    }

    /// The line with a last part that is broken into several lines, one under the other, where it
    /// does not fit.
    #[must_use]
    pub(crate) fn and_hanging(self, tone: Tone, text: impl Into<String>) -> Self {
        Self {
            hangs: true,
            ..self.and(tone, text)
        }
    }

    /// The line in `width` columns: cut, or broken where it hangs.
    pub(crate) fn fit(mut self, width: usize) -> Vec<Self> {
        if !self.hangs || self.width() <= width {
            return vec![self.cut(width)];
        }
        let Some((tone, text)) = self.parts.pop() else {
            return vec![self];
        };
        let indent = self.width();
        let pieces = wrap(&text, width.saturating_sub(indent).max(NARROWEST));
        let mut lines = Vec::new();
        for piece in pieces {
            let blank = Self::plain(" ".repeat(indent));
            let begin = std::mem::replace(&mut self, blank);
            lines.push(begin.and(tone, piece).cut(width));
        }
        lines
    }

    /// The text, with colours when `paint`.
    pub(crate) fn render(&self, paint: bool) -> String {
        let mut out = String::new();
        for (tone, text) in &self.parts {
            if paint && *tone != Tone::Plain {
                out.push_str(&tone.style().apply_to(text).to_string());
            } else {
                out.push_str(text);
            }
        }
        out.truncate(out.trim_end().len());
        out
    }
}

/// `text` broken into lines of at most `width` columns, at blanks where there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = measure_text_width(&line) + 1 + measure_text_width(word);
        if !line.is_empty() && longer > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_columns_not_by_bytes() {
        let line = Line::plain("→ ■■■ ").and(Tone::Good, "done at last");
        assert_eq!(line.clone().cut(10).render(false), "→ ■■■ don…");
        assert_eq!(line.clone().cut(18).render(false), "→ ■■■ done at last");
    }

    #[test]
    fn text_of_others_cannot_break_a_line_or_paint() {
        let line = Line::plain("a\nb\u{1b}[31mc");
        assert_eq!(line.render(false), "a b [31mc");
    }

    #[test]
    fn a_hanging_part_goes_on_under_its_beginning() {
        let line = Line::plain("web  ").and_hanging(Tone::Plain, "waits for a slot that is held");
        let lines: Vec<_> = line.fit(27).iter().map(|line| line.render(false)).collect();
        assert_eq!(lines, ["web  waits for a slot that", "     is held"]);
    }

    #[test]
    fn paint_is_added_only_when_asked_for() {
        let line = Line::default().and(Tone::Bad, "no");
        assert_eq!(line.render(false), "no");
        assert!(line.render(true).contains("\u{1b}["));
    }

    #[test]
    fn wrapping_keeps_words_whole() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("", 8), [""]);
    }
}
