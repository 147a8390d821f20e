//! Where in its file each value of a document stands.

use std::collections::BTreeMap;

use super::pointer::Pointer;

/// A place in a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters on that line it covers, at least 1.
    pub width: usize,
}

impl Span {
    /// The start of a file.
    pub const START: Self = Self {
        line: 1,
        column: 1,
        width: 1,
    };

    /// The place of a range of bytes in `text`; it ends with its line.
    #[must_use]
    pub fn of(text: &str, start: usize, end: usize) -> Self {
        let start = text.floor_char_boundary(start);
        let end = text.floor_char_boundary(end.max(start));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let covered = text[start..end].lines().next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            width: covered.chars().count().max(1),
        }
    }
}

/// The places of all names and values of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    names: BTreeMap<Pointer, Span>,
    values: BTreeMap<Pointer, Span>,
}

impl Spans {
    /// Notes where the value at `pointer` stands.
    pub fn put_value(&mut self, pointer: Pointer, span: Span) {
        self.values.insert(pointer, span);
    }

    /// Notes where the name of the member at `pointer` stands.
    pub fn put_name(&mut self, pointer: Pointer, span: Span) {
        self.names.insert(pointer, span);
    }

    /// Where a value stands; without one, where its name does; for one that is not there at all,
    /// the closest around it that is.
    #[must_use]
    pub fn value(&self, pointer: &Pointer) -> Span {
        nearest(pointer, |at| {
            self.values.get(at).or_else(|| self.names.get(at))
        })
    }

    /// Where the name of a member stands; without one, where its value does.
    #[must_use]
    pub fn name(&self, pointer: &Pointer) -> Span {
        nearest(pointer, |at| {
            self.names.get(at).or_else(|| self.values.get(at))
        })
    }
}

fn nearest<'s>(pointer: &Pointer, find: impl Fn(&Pointer) -> Option<&'s Span>) -> Span {
    let mut here = Some(pointer.clone());
    while let Some(at) = here {
        if let Some(span) = find(&at) {
            return *span;
        }
        here = at.parent();
    }
    Span::START
}
