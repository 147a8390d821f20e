//! A file that was read, and the mistakes that point into it.

use shipway_domain::document::{Pointer, Span, Spans};

use crate::mistake::{Level, Mistake};

/// A text file with the places of its values.
#[derive(Clone, Debug)]
pub(crate) struct TextFile {
    /// The path, as it was named.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
    /// Where its values stand.
    pub(crate) spans: Spans,
}

impl TextFile {
    /// A mistake at a place.
    pub(crate) fn mistake_at(
        &self,
        span: Span,
        message: impl Into<String>,
        help: impl IntoIterator<Item = String>,
    ) -> Mistake {
        let line = self.text.lines().nth(span.line.saturating_sub(1));
        Mistake {
            level: Level::Error,
            file: self.path.clone(),
            span,
            source_line: line.unwrap_or_default().to_owned(),
            label: String::new(),
            message: message.into(),
            help: help.into_iter().collect(),
        }
    }

    /// A mistake about the value at a pointer, or about its absence.
    pub(crate) fn mistake(
        &self,
        pointer: &Pointer,
        message: impl Into<String>,
        help: impl IntoIterator<Item = String>,
    ) -> Mistake {
        let mut mistake = self.mistake_at(self.spans.value(pointer), message, help);
        mistake.label = label(pointer);
        mistake
    }

    /// A mistake about the name of the member at a pointer.
    pub(crate) fn mistake_in_name(
        &self,
        pointer: &Pointer,
        message: impl Into<String>,
        help: impl IntoIterator<Item = String>,
    ) -> Mistake {
        self.mistake_at(self.spans.name(pointer), message, help)
    }
}

/// What is seen in the line anyway needs no label.
fn label(pointer: &Pointer) -> String {
    if pointer.segments().len() > 1 {
        pointer.to_string()
    } else {
        String::new()
    }
}
