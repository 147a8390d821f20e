//! Exports spans that were made from records, as a batch whose fate its sender hears: what could not be sent is sent
//! again, from the records, and nothing waits in memory.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource as SdkResource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};

use super::divert::Field;
use super::otlp;

/// A span as it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its trace.
    pub trace: [u8; 16],
    /// Its id.
    pub id: [u8; 8],
    /// The span that it is a part of.
    pub parent: Option<[u8; 8]>,
    /// Whether that is of somebody else.
    pub parent_is_remote: bool,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// When it began.
    pub from: SystemTime,
    /// When it ended.
    pub until: SystemTime,
    /// What is known of it.
    pub fields: Vec<(String, Field)>,
    /// What happened in the middle of it.
    pub moments: Vec<Moment>,
    /// Moments that were too many.
    pub moments_left_out: u32,
    /// Spans of the same trace that it goes on from.
    pub links: Vec<[u8; 8]>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whose span it is.
    pub resource: Resource,
}

/// Kinds of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something inside.
    Internal,
    /// Somebody's call that was answered.
    Server,
    /// A call of something else.
    Client,
    /// Work that was taken from a queue.
    Consumer,
}

/// Something that happened at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When.
    pub at: SystemTime,
    /// What.
    pub name: String,
    /// What is known of it.
    pub fields: Vec<(String, Field)>,
}

/// How a span ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is said.
    Unset,
    /// Well.
    Ok,
    /// Not well, and why.
    Error(String),
}

/// Whose span it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// This process.
    This,
    /// An agent, which its fields name.
    Agent,
}

/// Exports records. Clones share it.
#[derive(Clone, Debug)]
pub struct Exporter {
    ours: Arc<SpanExporter>,
    agents: Arc<SpanExporter>,
}

impl Exporter {
    pub(super) fn new(
        mut ours: SpanExporter,
        our: &SdkResource,
        mut agents: SpanExporter,
        agent: &SdkResource,
    ) -> Self {
        ours.set_resource(our);
        agents.set_resource(agent);
        Self {
            ours: Arc::new(ours),
            agents: Arc::new(agents),
        }
    }

    /// Sends these; when it returns, the receiver has all of them. It gives up after 10 s unless
    /// `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
    ///
    /// # Errors
    /// Why they may not have been received, in plain words.
    pub async fn export(&self, records: Vec<Record>) -> Result<(), String> {
        let (agents, ours): (Vec<Record>, Vec<Record>) = records
            .into_iter()
            .partition(|record| record.resource == Resource::Agent);
        send(&self.ours, ours).await?;
        send(&self.agents, agents).await
    }
}

async fn send(exporter: &Arc<SpanExporter>, records: Vec<Record>) -> Result<(), String> {
    if records.is_empty() {
        return Ok(());
    }
    let exporter = Arc::clone(exporter);
    otlp::apart(async move {
        let batch = records.into_iter().map(data).collect();
        exporter.export(batch).await
    })
    .await
}

fn data(record: Record) -> SpanData {
    let trace = TraceId::from_bytes(record.trace);
    let context = |id: [u8; 8]| {
        SpanContext::new(
            trace,
            SpanId::from_bytes(id),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        )
    };
    let mut events = SpanEvents::default();
    events.events = record.moments.into_iter().map(event).collect();
    events.dropped_count = record.moments_left_out;
    let mut links = SpanLinks::default();
    let linked = record.links.into_iter();
    links.links = linked
        .map(|id| Link::new(context(id), Vec::new(), 0))
        .collect();
    SpanData {
        span_context: context(record.id),
        parent_span_id: record.parent.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: record.parent_is_remote,
        span_kind: match record.kind {
            Kind::Internal => SpanKind::Internal,
            Kind::Server => SpanKind::Server,
            Kind::Client => SpanKind::Client,
            Kind::Consumer => SpanKind::Consumer,
        },
        name: record.name.into(),
        start_time: record.from,
        end_time: record.until,
        attributes: attributes(record.fields),
        dropped_attributes_count: 0,
        events,
        links,
        status: match record.outcome {
            Outcome::Unset => Status::Unset,
            Outcome::Ok => Status::Ok,
            Outcome::Error(cause) => Status::error(cause),
        },
        instrumentation_scope: InstrumentationScope::builder("shipway")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

fn event(moment: Moment) -> Event {
    Event::new(moment.name, moment.at, attributes(moment.fields), 0)
}

fn attributes(fields: Vec<(String, Field)>) -> Vec<KeyValue> {
    let attribute = |(key, field)| match field {
        Field::Text(text) => KeyValue::new::<String, Value>(key, text.into()),
        Field::Number(number) => KeyValue::new(key, number),
        Field::Flag(flag) => KeyValue::new(key, flag),
    };
    fields.into_iter().map(attribute).collect()
}
