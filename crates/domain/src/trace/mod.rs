//! A release as the spans of one trace, made from its records: whoever has these can tell it again, so no process
//! that dies takes a part of it along (design.md section 8).

mod add;
mod context;
mod fit;
mod jobs;
pub mod keys;
mod queue;
mod release;
mod steps;
mod tasks;

#[cfg(test)]
mod tests;

pub use add::changes_what_serves;
pub use context::{Context, SpanId, TraceId, attempt_span, step_span};
pub(crate) use release::as_told;
pub use release::{Story, of_release};

use crate::time::Timestamp;

/// The spans of a release.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Which trace, and of whom it is a part.
    pub context: Context,
    /// Its spans: each after its parent, and otherwise as they are to be read.
    pub spans: Vec<Span>,
}

/// Something that took its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its id.
    pub id: SpanId,
    /// The span that it is a part of; `None` of the first one, when no caller has one.
    pub parent: Option<SpanId>,
    /// What it is.
    pub what: What,
    /// Its name.
    pub name: String,
    /// When it began, in the coordinator's time.
    pub from: Timestamp,
    /// When it ended, in the coordinator's time; `None` while it goes on.
    pub until: Option<Timestamp>,
    /// What is known of it, by [`keys`].
    pub attributes: Vec<(String, Value)>,
    /// What happened in the middle of it, in order.
    pub moments: Vec<Moment>,
    /// Spans that it goes on from.
    pub links: Vec<SpanId>,
    /// How it ended.
    pub status: Status,
    /// Number of the release's event after which nothing of it changes any more; `None` while something may.
    pub settled: Option<u64>,
}

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// All of a release.
    Release,
    /// From the beginning of the command until the release was taken in.
    Submit,
    /// A job in the queue, for one reason.
    Queue,
    /// A job, from its first grant to its end.
    Job,
    /// An attempt of a job.
    Attempt,
    /// A step of an attempt.
    Step,
    /// A task of the new revision.
    NewTask,
    /// A task of another revision.
    OldTask,
    /// A part of a task's life.
    Part,
    /// A call that an agent made: of AWS, of a registry, of a Docker Engine.
    Call,
    /// Something that an agent did or saw beside its calls, such as a stage of a build.
    Work,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Release,
        Self::Submit,
        Self::Queue,
        Self::Job,
        Self::Attempt,
        Self::Step,
        Self::NewTask,
        Self::OldTask,
        Self::Part,
        Self::Call,
        Self::Work,
    ];

    /// The word for it on the wire and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Submit => "submit",
            Self::Queue => "queue",
            Self::Job => "job",
            Self::Attempt => "attempt",
            Self::Step => "step",
            Self::NewTask => "new-task",
            Self::OldTask => "old-task",
            Self::Part => "task-part",
            Self::Call => "call",
            Self::Work => "work",
        }
    }

    /// The kind of span with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == word)
    }
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// Something that happened at one moment of a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When, in the coordinator's time.
    pub at: Timestamp,
    /// What.
    pub name: String,
    /// What is known of it.
    pub attributes: Vec<(String, Value)>,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing is said.
    #[default]
    Unset,
    /// It did what it was to do.
    Ok,
    /// It did not; the cause in plain words.
    Error(String),
}

impl Span {
    fn new(id: SpanId, parent: SpanId, what: What, name: impl Into<String>) -> Self {
        Self {
            id,
            parent: Some(parent),
            what,
            name: name.into(),
            from: Timestamp::ZERO,
            until: None,
            attributes: Vec::new(),
            moments: Vec::new(),
            links: Vec::new(),
            status: Status::Unset,
            settled: None,
        }
    }

    fn between(mut self, from: Timestamp, until: Option<Timestamp>) -> Self {
        self.from = from;
        self.until = until.map(|until| until.max(from));
        self
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.attributes.push((key.to_owned(), value.into()));
        self
    }

    fn moment<const N: usize>(
        &mut self,
        at: Timestamp,
        name: &str,
        attributes: [(&str, Value); N],
    ) {
        let attributes = attributes.into_iter();
        let moment = Moment {
            at: self.within(at),
            name: name.to_owned(),
            attributes: attributes
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        };
        let place = self.moments.partition_point(|known| known.at <= moment.at);
        self.moments.insert(place, moment);
    }

    /// The moment of the span that is nearest to this one.
    fn within(&self, at: Timestamp) -> Timestamp {
        let at = at.max(self.from);
        self.until.map_or(at, |until| at.min(until))
    }
}
