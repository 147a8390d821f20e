//! Keeps what a build tells while it runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use shipway_plugin::{BuildProgress, LogStream};

/// Lines, and stages with whether they were there already.
#[derive(Default)]
pub(crate) struct Recorder {
    lines: Mutex<Vec<String>>,
    stages: Mutex<Vec<(String, bool)>>,
    pushing: AtomicUsize,
}

impl Recorder {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    pub(crate) fn stages(&self) -> Vec<(String, bool)> {
        self.stages.lock().unwrap().clone()
    }

    /// How often it was said that the push begins.
    pub(crate) fn pushing_said(&self) -> usize {
        self.pushing.load(Ordering::SeqCst)
    }
}

impl BuildProgress for Recorder {
    fn pushing(&self) {
        self.pushing.fetch_add(1, Ordering::SeqCst);
    }

    fn line(&self, stream: LogStream, line: &str) {
        assert_eq!(stream, LogStream::Builder);
        assert!(!line.contains('\n'), "{line:?}");
        self.lines.lock().unwrap().push(line.to_owned());
    }

    fn stage(&self, name: &str, cached: bool, done: bool) {
        assert!(done);
        self.stages.lock().unwrap().push((name.to_owned(), cached));
    }
}
