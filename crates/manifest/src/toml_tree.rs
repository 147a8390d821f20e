//! A TOML text as a document with the places of its names and values.

use std::ops::Range;

use shipway_domain::document::{Document, Number, Pointer, Span, Spans};
use toml_edit::{ImDocument, Item, TableLike, Value};

/// Why and where a text is no TOML.
pub(crate) struct BadToml {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// Reads a TOML text.
pub(crate) fn parse(text: &str) -> Result<(Document, Spans), BadToml> {
    let parsed = ImDocument::parse(text).map_err(|error| {
        let Range { start, end } = error.span().unwrap_or(0..0);
        BadToml {
            span: Span::of(text, start, end),
            // What was expected stands on lines of its own.
            message: error.message().trim().replace('\n', "; "),
        }
    })?;
    let mut reader = Reader {
        text,
        spans: Spans::default(),
    };
    let document = reader.table(parsed.as_table(), &Pointer::root());
    Ok((document, reader.spans))
}

struct Reader<'t> {
    text: &'t str,
    spans: Spans,
}

impl Reader<'_> {
    fn table(&mut self, table: &dyn TableLike, at: &Pointer) -> Document {
        let mut members = Vec::with_capacity(table.len());
        for (name, item) in table.iter() {
            let at = at.name(name);
            let key = table.get_key_value(name).and_then(|(key, _)| key.span());
            if let Some(span) = self.span(key) {
                self.spans.put_name(at.clone(), span);
            }
            members.push((name.to_owned(), self.item(item, &at)));
        }
        Document::Object(members)
    }

    fn item(&mut self, item: &Item, at: &Pointer) -> Document {
        // A table that only dotted names or headers below it imply has no place of its own.
        if let Some(span) = self.span(item.span()) {
            self.spans.put_value(at.clone(), span);
        }
        match item {
            Item::None => Document::Null,
            Item::Value(value) => self.value(value, at),
            Item::Table(table) => self.table(table, at),
            Item::ArrayOfTables(tables) => {
                let mut items = Vec::with_capacity(tables.len());
                for (place, table) in tables.iter().enumerate() {
                    let at = at.index(place);
                    if let Some(span) = self.span(table.span()) {
                        self.spans.put_value(at.clone(), span);
                    }
                    items.push(self.table(table, &at));
                }
                Document::Array(items)
            }
        }
    }

    fn value(&mut self, value: &Value, at: &Pointer) -> Document {
        if let Some(span) = self.span(value.span()) {
            self.spans.put_value(at.clone(), span);
        }
        match value {
            Value::String(text) => Document::String(text.value().clone()),
            Value::Integer(number) => Document::from(*number.value()),
            // `inf` and `nan` are no JSON numbers; as texts they are refused where a number is due.
            Value::Float(number) => {
                let text = number.value().to_string();
                Number::new(&text).map_or(Document::String(text), Document::Number)
            }
            Value::Boolean(value) => Document::Bool(*value.value()),
            Value::Datetime(time) => Document::String(time.value().to_string()),
            Value::Array(array) => {
                let items = array.iter().enumerate();
                Document::Array(
                    items
                        .map(|(i, item)| self.value(item, &at.index(i)))
                        .collect(),
                )
            }
            Value::InlineTable(table) => self.table(table, at),
        }
    }

    fn span(&self, range: Option<Range<usize>>) -> Option<Span> {
        range.map(|Range { start, end }| Span::of(self.text, start, end))
    }
}
