//! Writes a document as JSON, on one line or indented.

use std::fmt;

use super::Document;

impl Document {
    /// As JSON with an indentation of two spaces and a line end at its end, as people keep it in files.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        _ = write_value(&mut text, self, Some(0));
        text.push('\n');
        text
    }
}

/// As JSON on one line without blanks.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_value(f, self, None)
    }
}

/// `indent` is the level of indentation, or `None` for one line.
fn write_value(out: &mut impl fmt::Write, value: &Document, indent: Option<usize>) -> fmt::Result {
    match value {
        Document::Null => out.write_str("null"),
        Document::Bool(value) => write!(out, "{value}"),
        Document::Number(number) => write!(out, "{number}"),
        Document::String(text) => write_string(out, text),
        Document::Array(items) => write_all(out, ['[', ']'], items, indent, |out, item, inner| {
            write_value(out, item, inner)
        }),
        Document::Object(members) => write_all(
            out,
            ['{', '}'],
            members,
            indent,
            |out, (name, value), inner| {
                write_string(out, name)?;
                out.write_str(if inner.is_some() { ": " } else { ":" })?;
                write_value(out, value, inner)
            },
        ),
    }
}

fn write_all<T, W: fmt::Write>(
    out: &mut W,
    [open, close]: [char; 2],
    all: &[T],
    indent: Option<usize>,
    each: impl Fn(&mut W, &T, Option<usize>) -> fmt::Result,
) -> fmt::Result {
    out.write_char(open)?;
    let inner = indent.map(|level| level + 1);
    for (at, one) in all.iter().enumerate() {
        if at > 0 {
            out.write_char(',')?;
        }
        new_line(out, inner)?;
        each(out, one, inner)?;
    }
    if !all.is_empty() {
        new_line(out, indent)?;
    }
    out.write_char(close)
}

fn new_line(out: &mut impl fmt::Write, indent: Option<usize>) -> fmt::Result {
    match indent {
        Some(level) => write!(out, "\n{:width$}", "", width = 2 * level),
        None => Ok(()),
    }
}

fn write_string(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
