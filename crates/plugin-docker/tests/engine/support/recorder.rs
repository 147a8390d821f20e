//! Keeps what a build tells while it runs.

use std::sync::Mutex;

use shipway_plugin::{BuildProgress, LogStream};
use tokio_util::sync::CancellationToken;

/// One call of the progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Pushing,
    Line(LogStream, String),
    Stage {
        name: String,
        cached: bool,
        done: bool,
    },
}

/// All of them, in order.
#[derive(Default)]
pub(crate) struct Recorder {
    events: Mutex<Vec<Event>>,
    /// Cancelled when a step says "waiting".
    pub(crate) waiting: CancellationToken,
    /// Cancelled when the push begins.
    pub(crate) pushing: CancellationToken,
}

impl Recorder {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// All lines, for an assertion or its message.
    pub(crate) fn lines(&self) -> Vec<(LogStream, String)> {
        let lines = self.events().into_iter().filter_map(|event| match event {
            Event::Line(stream, line) => Some((stream, line)),
            _ => None,
        });
        lines.collect()
    }

    fn note(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }
}

impl BuildProgress for Recorder {
    fn pushing(&self) {
        self.note(Event::Pushing);
        self.pushing.cancel();
    }

    fn line(&self, stream: LogStream, line: &str) {
        self.note(Event::Line(stream, line.to_owned()));
        if line == "waiting" {
            self.waiting.cancel();
        }
    }

    fn stage(&self, name: &str, cached: bool, done: bool) {
        self.note(Event::Stage {
            name: name.to_owned(),
            cached,
            done,
        });
    }
}
