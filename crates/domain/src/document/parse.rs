//! Reads JSON strictly (RFC 8259), and remembers where everything stands.

mod strings;

use super::Document;
use super::number::Number;
use super::pointer::Pointer;
use super::spans::{Span, Spans};

/// How many arrays and objects may stand inside each other.
pub const MAX_DEPTH: usize = 128;

/// Why and where a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            line,
            column,
            message,
        } = self;
        write!(f, "line {line}, column {column}: {message}")
    }
}

impl std::error::Error for SyntaxError {}

impl Document {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// For anything that RFC 8259 does not allow, a name that stands twice in one object, and more
    /// than [`MAX_DEPTH`] levels.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_with_spans(text).map(|(document, _)| document)
    }

    /// Reads a JSON text, and says where everything in it stands.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_with_spans(text: &str) -> Result<(Self, Spans), SyntaxError> {
        let mut parser = Parser {
            text,
            at: 0,
            marks: Vec::new(),
        };
        let read = parser.document().map_err(|Bad { at, message }| {
            let span = Span::of(text, at, at);
            SyntaxError {
                line: span.line,
                column: span.column,
                message,
            }
        })?;
        Ok((read, spans(text, parser.marks)))
    }
}

/// A range of bytes that is the name or the value at a pointer.
struct Mark {
    pointer: Pointer,
    is_name: bool,
    start: usize,
    end: usize,
}

/// Turns offsets into lines and columns, in one walk through the text.
fn spans(text: &str, mut marks: Vec<Mark>) -> Spans {
    let mut spans = Spans::default();
    marks.sort_by_key(|mark| mark.start);
    let (mut line, mut line_start, mut seen) = (1, 0, 0);
    for mark in marks {
        for (at, _) in text[seen..mark.start].match_indices('\n') {
            line += 1;
            line_start = seen + at + 1;
        }
        seen = mark.start;
        let covered = text[mark.start..mark.end]
            .lines()
            .next()
            .unwrap_or_default();
        let span = Span {
            line,
            column: text[line_start..mark.start].chars().count() + 1,
            width: covered.chars().count().max(1),
        };
        if mark.is_name {
            spans.put_name(mark.pointer, span);
        } else {
            spans.put_value(mark.pointer, span);
        }
    }
    spans
}

struct Bad {
    at: usize,
    message: String,
}

type Parsed<T> = Result<T, Bad>;

struct Parser<'t> {
    text: &'t str,
    at: usize,
    marks: Vec<Mark>,
}

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Document> {
        let value = self.value(&Pointer::root(), 0)?;
        self.blank();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.expected("the end of the file")),
        }
    }

    fn value(&mut self, pointer: &Pointer, depth: usize) -> Parsed<Document> {
        self.blank();
        let start = self.at;
        let value = match self.peek() {
            Some('{') => self.object(pointer, depth + 1)?,
            Some('[') => self.array(pointer, depth + 1)?,
            Some('"') => Document::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        self.mark(pointer.clone(), false, start);
        Ok(value)
    }

    fn object(&mut self, pointer: &Pointer, depth: usize) -> Parsed<Document> {
        self.open(depth)?;
        let mut members: Vec<(String, Document)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        if self.eat('}') {
            return Ok(Document::Object(members));
        }
        loop {
            self.blank();
            let start = self.at;
            if self.peek() != Some('"') {
                return Err(self.expected("a name in double quotes"));
            }
            let name = self.string()?;
            if !names.insert(name.clone()) {
                return Err(bad(start, format!("{name:?} stands twice in this object")));
            }
            let member = pointer.name(name.as_str());
            self.mark(member.clone(), true, start);
            if !self.eat(':') {
                return Err(self.expected("':' after the name"));
            }
            let value = self.value(&member, depth)?;
            members.push((name, value));
            if self.eat('}') {
                return Ok(Document::Object(members));
            }
            self.comma('}')?;
        }
    }

    fn array(&mut self, pointer: &Pointer, depth: usize) -> Parsed<Document> {
        self.open(depth)?;
        let mut items = Vec::new();
        if self.eat(']') {
            return Ok(Document::Array(items));
        }
        loop {
            let value = self.value(&pointer.index(items.len()), depth)?;
            items.push(value);
            if self.eat(']') {
                return Ok(Document::Array(items));
            }
            self.comma(']')?;
        }
    }

    fn open(&mut self, depth: usize) -> Parsed<()> {
        if depth > MAX_DEPTH {
            return Err(bad(self.at, format!("more than {MAX_DEPTH} levels deep")));
        }
        self.at += 1;
        Ok(())
    }

    fn comma(&mut self, close: char) -> Parsed<()> {
        self.blank();
        let comma = self.at;
        if !self.eat(',') {
            return Err(self.expected(&format!("',' or '{close}'")));
        }
        self.blank();
        if self.peek() == Some(close) {
            return Err(bad(
                comma,
                format!("a comma before '{close}' is not allowed"),
            ));
        }
        Ok(())
    }

    fn number(&mut self) -> Parsed<Document> {
        let rest = &self.text[self.at..];
        let length = Number::length(rest);
        let whole = rest[length..]
            .chars()
            .next()
            .is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.');
        let number = Number::new(&rest[..length]).filter(|_| whole);
        let number = number.ok_or_else(|| bad(self.at, "this is no JSON number".to_owned()))?;
        self.at += length;
        Ok(Document::Number(number))
    }

    fn word(&mut self) -> Parsed<Document> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let word = &rest[..end.unwrap_or(rest.len())];
        let value = match word {
            "true" => Document::Bool(true),
            "false" => Document::Bool(false),
            "null" => Document::Null,
            _ => return Err(self.expected("a value")),
        };
        self.at += word.len();
        Ok(value)
    }

    fn mark(&mut self, pointer: Pointer, is_name: bool, start: usize) {
        let end = self.at;
        self.marks.push(Mark {
            pointer,
            is_name,
            start,
            end,
        });
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn blank(&mut self) {
        let rest = &self.text[self.at..];
        let body = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.at += rest.len() - body.len();
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.blank();
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn expected(&self, what: &str) -> Bad {
        let found = match self.peek() {
            None => "the end of the file".to_owned(),
            Some('/') => "'/' (JSON has no comments)".to_owned(),
            Some('\'') => "' (JSON has double quotes only)".to_owned(),
            Some('\u{feff}') => "a byte order mark".to_owned(),
            Some(c) => format!("{c:?}"),
        };
        bad(self.at, format!("expected {what}, found {found}"))
    }
}

const fn bad(at: usize, message: String) -> Bad {
    Bad { at, message }
}
