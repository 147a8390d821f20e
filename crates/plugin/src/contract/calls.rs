//! Spans of calls as an exporter sees them, for tests of what they say.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// A span that was made, with the fields that were recorded.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Its name in the code.
    pub name: &'static str,
    /// Fields that leave as texts.
    pub texts: BTreeMap<String, String>,
    /// Fields that leave as whole numbers.
    pub numbers: BTreeMap<String, i64>,
}

impl Call {
    /// A field that is a text; empty where there is none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.texts.get(field).map_or("", String::as_str)
    }

    /// A field that is a whole number.
    #[must_use]
    pub fn number(&self, field: &str) -> Option<i64> {
        self.numbers.get(field).copied()
    }

    /// Whether it is shown as failed.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.text("otel.status_code") == "error"
    }
}

/// What an exporter takes for a number, and what for a text: as `tracing-opentelemetry` does it.
impl Visit for Call {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.numbers.insert(field.name().to_owned(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.texts.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        self.texts.insert(field.name().to_owned(), text);
    }
}

/// Spans of this thread, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<Vec<(u64, Call)>>>);

impl Calls {
    /// Collects spans until the guard is dropped.
    #[must_use]
    pub fn watch() -> (Self, DefaultGuard) {
        let calls = Self::default();
        let guard = set_default(tracing_subscriber::registry().with(calls.clone()));
        (calls, guard)
    }

    /// Spans of this name so far.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<Call> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = all.iter().map(|(_, call)| call);
        calls.filter(|call| call.name == name).cloned().collect()
    }
}

impl<S: Subscriber> Layer<S> for Calls {
    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut call = Call {
            name: span.metadata().name(),
            ..Call::default()
        };
        span.record(&mut call);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((id.into_u64(), call));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, _: Context<'_, S>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Ids are used again: it is the last one of its id.
        if let Some((_, call)) = all.iter_mut().rfind(|(span, _)| *span == id.into_u64()) {
            record.record(call);
        }
    }
}
