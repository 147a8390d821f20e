//! A mistake in a file that people write, shown with its line and with what would be right.

use std::fmt;

use shipway_domain::document::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing can be deployed with it.
    Error,
    /// It works, but hardly as meant.
    Warning,
}

/// One mistake. `Display` shows it as compilers do, without colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// How bad it is.
    pub level: Level,
    /// The file, as it was named.
    pub file: String,
    /// The place in it.
    pub span: Span,
    /// The text of that line.
    pub source_line: String,
    /// Which value it is about (`containerDefinitions[0].image`); may be empty.
    pub label: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Vec<String>,
}

/// Longest piece of a line that is shown; minified JSON has far longer ones.
const SHOWN: usize = 100;

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span {
            line,
            column,
            width,
        } = self.span;
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let number = line.to_string();
        let gutter = " ".repeat(number.len());
        let (shown, before) = piece(&self.source_line, column - 1);
        let room = shown.chars().count().saturating_sub(before).max(1);
        let under = "^".repeat(width.clamp(1, room));
        writeln!(f, "{level}: {}", self.message)?;
        writeln!(f, "{gutter}--> {}:{line}:{column}", self.file)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {shown}")?;
        let label = if self.label.is_empty() { "" } else { " " };
        write!(f, "{gutter} | {:before$}{under}{label}{}", "", self.label)?;
        for help in &self.help {
            write!(f, "\n{gutter} = help: {help}")?;
        }
        Ok(())
    }
}

/// The piece of a line around a column (from 0), and how many characters stand before it there.
fn piece(line: &str, column: usize) -> (String, usize) {
    let chars: Vec<char> = line
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .collect();
    if chars.len() <= SHOWN {
        return (chars.into_iter().collect(), column);
    }
    let start = column.saturating_sub(SHOWN / 3);
    let end = (start + SHOWN).min(chars.len());
    let dots = |cut: bool| if cut { "…" } else { "" };
    let shown: String = chars[start.min(end)..end].iter().collect();
    let shown = format!("{}{shown}{}", dots(start > 0), dots(end < chars.len()));
    (shown, column - start + usize::from(start > 0))
}

/// All mistakes that were found together; one blank line between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, mistake) in self.0.iter().enumerate() {
            let between = if place > 0 { "\n\n" } else { "" };
            write!(f, "{between}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use shipway_domain::document::Span;

    use super::{Level, Mistake, SHOWN};

    fn mistake(source_line: String, column: usize) -> Mistake {
        Mistake {
            level: Level::Error,
            file: "x.json".to_owned(),
            span: Span {
                line: 1,
                column,
                width: 3,
            },
            source_line,
            label: String::new(),
            message: "wrong".to_owned(),
            help: Vec::new(),
        }
    }

    #[test]
    fn the_mark_stands_under_its_text_wherever_that_is_in_a_long_line() {
        for column in [1, 2, 50, 500, 997] {
            let mut line = vec!['·'; 999];
            line[column - 1..column + 2].fill('X');
            let text = mistake(line.iter().collect(), column).to_string();
            let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
            let at = lines[4].iter().position(|c| *c == '^').unwrap();
            assert_eq!(lines[3][at..at + 3], ['X'; 3], "{text}");
            assert!(lines[3].len() <= SHOWN + 8, "{text}");
        }
    }

    #[test]
    fn the_mark_does_not_leave_the_line() {
        let text = mistake("ab".to_owned(), 2).to_string();
        assert!(text.ends_with("|  ^"), "{text}");
        let text = mistake(String::new(), 1).to_string();
        assert!(text.ends_with("| ^"), "{text}");
    }
}
