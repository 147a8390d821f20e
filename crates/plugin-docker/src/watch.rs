//! Follows a solve: its vertices become stages, its logs become lines.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use shipway_plugin::{BuildProgress, LogStream, Took, without_queries};

use crate::lines::Joiner;
use crate::redact::Redactor;

/// Lines of a step that are kept for the error message.
const KEPT_LINES: usize = 8;
/// `VertexLog.stream` of standard error.
const STDERR: i64 = 2;

/// A vertex as last seen. It is repeated on each change and can complete twice (build-facts 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    name: String,
    started: bool,
    cached: bool,
    done: bool,
    error: String,
    /// When it began and ended first, by the engine's clock.
    times: (Option<SystemTime>, Option<SystemTime>),
}

impl Seen {
    fn is_step(&self) -> bool {
        is_step(&self.name)
    }
}

/// The step that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FailedStep {
    /// Name of its vertex ("[build 2/3] RUN make").
    pub(crate) name: String,
    /// BuildKit's words about it.
    pub(crate) error: String,
    /// The last lines of its own output.
    pub(crate) output: Vec<String>,
}

/// Everything seen of one solve.
pub(crate) struct Watch<'a> {
    progress: &'a dyn BuildProgress,
    redact: &'a Redactor,
    vertices: HashMap<String, Seen>,
    /// By vertex and stream.
    joiners: BTreeMap<(String, i64), Joiner>,
    output: HashMap<String, VecDeque<String>>,
    pushing: bool,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(progress: &'a dyn BuildProgress, redact: &'a Redactor) -> Self {
        Self {
            progress,
            redact,
            vertices: HashMap::new(),
            joiners: BTreeMap::new(),
            output: HashMap::new(),
            pushing: false,
        }
    }

    /// Takes a piece of the status stream.
    pub(crate) fn apply(&mut self, status: StatusResponse) {
        // Logs first: a step's last words belong before the news of its end.
        for log in &status.logs {
            self.log(log);
        }
        for vertex in status.vertexes {
            self.vertex(vertex);
        }
        for warning in status.warnings {
            let text = String::from_utf8_lossy(&warning.short);
            let text = self.redact.text(&format!("warning: {text}"));
            self.progress.line(LogStream::Builder, &text);
        }
        if !self.pushing && status.statuses.iter().any(|s| s.id.starts_with("pushing ")) {
            self.pushing = true;
            self.progress.pushing();
        }
    }

    /// Hands on what came without a newline at its end.
    pub(crate) fn finish(&mut self) {
        for (vertex, stream) in self.joiners.keys().cloned().collect::<Vec<_>>() {
            self.flush(&vertex, stream);
        }
    }

    /// Steps of the Dockerfile that were seen, and how many of them came from the cache.
    pub(crate) fn counts(&self) -> (u32, u32) {
        let steps = || self.vertices.values().filter(|seen| seen.is_step());
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (
            count(steps().count()),
            count(steps().filter(|seen| seen.cached).count()),
        )
    }

    /// The step that failed: the vertex with this digest if the engine named one, else the one that
    /// has an error of its own (the others were only cancelled with it).
    pub(crate) fn failed_step(&self, digest: Option<&str>) -> Option<FailedStep> {
        let own_error = |(_, seen): &(&String, &Seen)| {
            !seen.error.is_empty() && !seen.error.contains("context canceled")
        };
        let named = digest.and_then(|digest| self.vertices.get_key_value(digest));
        let (digest, seen) = named.or_else(|| self.vertices.iter().find(own_error))?;
        let output = self.output.get(digest);
        Some(FailedStep {
            name: self.redact.text(&seen.name),
            error: self.error(seen),
            output: output.into_iter().flatten().cloned().collect(),
        })
    }

    /// BuildKit's words about a vertex. It quotes URLs of registries, with what gives a right there: that goes only when
    /// secrets are out, which may lie across it.
    fn error(&self, seen: &Seen) -> String {
        without_queries(&self.redact.text(&seen.error))
    }

    fn vertex(&mut self, vertex: Vertex) {
        let seen = self.vertices.entry(vertex.digest.clone()).or_default();
        let before = seen.clone();
        if !vertex.name.is_empty() {
            seen.name = vertex.name;
        }
        seen.started |= vertex.started.is_some();
        // What came to its end once and is looked up again later was not cached for that.
        seen.cached |= vertex.cached && !before.done;
        seen.done |= vertex.completed.is_some();
        let at = |time: Option<Timestamp>| moment(&time?);
        seen.times.0 = seen.times.0.or_else(|| at(vertex.started));
        seen.times.1 = seen.times.1.or_else(|| at(vertex.completed));
        if !vertex.error.is_empty() {
            seen.error = vertex.error;
        }
        let now = seen.clone();
        if now.done && !before.done {
            for stream in [1, STDERR] {
                self.flush(&vertex.digest, stream);
            }
        }
        let shown = |seen: &Seen| (seen.started || seen.cached, seen.cached, seen.done);
        if shown(&now) != shown(&before) && !is_plumbing(&now.name) {
            let name = self.redact.text(&now.name);
            self.progress.stage(&name, now.cached, now.done);
            if now.done
                && !before.done
                && let (Some(from), Some(until)) = now.times
            {
                self.progress.took(&Took {
                    // `ADD` may name a URL.
                    name: without_queries(&name),
                    from,
                    until,
                    cached: now.cached,
                    error: Some(self.error(&now)).filter(|error| !error.is_empty()),
                });
            }
        }
    }

    fn log(&mut self, log: &VertexLog) {
        let joiner = self
            .joiners
            .entry((log.vertex.clone(), log.stream))
            .or_default();
        let output = self.output.entry(log.vertex.clone()).or_default();
        joiner.push(
            &log.msg,
            self.redact,
            hand_on(self.progress, output, log.stream),
        );
    }

    fn flush(&mut self, vertex: &str, stream: i64) {
        if let Some(mut joiner) = self.joiners.remove(&(vertex.to_owned(), stream)) {
            let output = self.output.entry(vertex.to_owned()).or_default();
            joiner.finish(self.redact, hand_on(self.progress, output, stream));
        }
    }
}

/// Gives a line to the watcher and keeps it for the error message.
fn hand_on<'a>(
    progress: &'a dyn BuildProgress,
    output: &'a mut VecDeque<String>,
    stream: i64,
) -> impl FnMut(&str) + 'a {
    let to = if stream == STDERR {
        LogStream::Err
    } else {
        LogStream::Out
    };
    move |line| {
        progress.line(to, line);
        if output.len() == KEPT_LINES {
            output.pop_front();
        }
        output.push_back(line.to_owned());
    }
}

/// A time of the engine; `None` for what is none.
fn moment(time: &Timestamp) -> Option<SystemTime> {
    let since = Duration::new(
        u64::try_from(time.seconds).ok()?,
        u32::try_from(time.nanos).ok()?,
    );
    UNIX_EPOCH.checked_add(since)
}

/// Whether a vertex is a step of the Dockerfile: "[build 2/3] RUN make", not "[internal] load …".
pub(crate) fn is_step(name: &str) -> bool {
    name.starts_with('[') && !name.starts_with("[internal]") && !name.starts_with("[auth]")
}

/// How the context came in; nobody wrote that.
fn is_plumbing(name: &str) -> bool {
    name.is_empty() || name.starts_with("http://buildkit-session/") || name == "copy /context /"
}

#[cfg(test)]
mod tests;
