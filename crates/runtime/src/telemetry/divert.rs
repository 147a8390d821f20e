//! Spans that somebody wants to have, instead of their being exported: what an agent does for a job goes with its reports,
//! and leaves from where the rest of the trace does.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, SamplingDecision, SamplingResult, ShouldSample, Span, SpanData,
    SpanProcessor,
};

/// A span that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Its id.
    pub id: [u8; 8],
    /// The span that it is a part of.
    pub parent: [u8; 8],
    /// Its name.
    pub name: String,
    /// When it began, by this machine's clock.
    pub from: SystemTime,
    /// When it ended, by this machine's clock.
    pub until: SystemTime,
    /// Whether it was a call of something else.
    pub is_call: bool,
    /// What is known of it.
    pub fields: Vec<(String, Field)>,
    /// Why it failed; `None` when it did not.
    pub error: Option<String>,
}

/// A value of a span's field.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

/// Who wants spans.
pub trait Sink: Send + Sync {
    /// What spans are a part of that begin now directly below the diverted one.
    fn current(&self) -> [u8; 8];
    /// A span has ended.
    fn ended(&self, span: Ended);
}

/// Where a span below a diverted one goes, and of what it is a part.
#[derive(Clone)]
struct Way {
    sink: Arc<dyn Sink>,
    /// `None` of the diverted span itself.
    parent: Option<SpanId>,
}

/// Who wants the spans below which span. One for the process, as the subscriber is.
static WAYS: LazyLock<Mutex<HashMap<SpanId, Way>>> = LazyLock::new(Mutex::default);
static INSTALLED: AtomicBool = AtomicBool::new(false);

fn ways() -> MutexGuard<'static, HashMap<SpanId, Way>> {
    WAYS.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn installed() {
    INSTALLED.store(true, Ordering::Relaxed);
}

/// Gives the spans that are made below this one to `sink`, as they end. They are not exported.
///
/// Without an installed telemetry there are none.
pub fn divert(trace: [u8; 16], parent: [u8; 8], sink: Arc<dyn Sink>) -> Diverted {
    let parent = SpanId::from_bytes(parent);
    if INSTALLED.load(Ordering::Relaxed) {
        let before = ways().insert(parent, Way { sink, parent: None });
        drop(before);
    }
    let context = SpanContext::new(
        TraceId::from_bytes(trace),
        parent,
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    Diverted {
        parent,
        context: Context::new().with_remote_span_context(context),
    }
}

/// A span below which others are diverted. New ones are, until it is dropped.
pub struct Diverted {
    parent: SpanId,
    context: Context,
}

impl Diverted {
    /// Makes the spans of a future parts of this one.
    pub fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.with_context(self.context.clone())
    }
}

impl fmt::Debug for Diverted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Diverted").field(&self.parent).finish()
    }
}

impl Drop for Diverted {
    fn drop(&mut self) {
        // Let go of outside of the lock: what it holds may end spans of its own.
        let way = ways().remove(&self.parent);
        drop(way);
    }
}

/// The `traceparent` of the span that we are in; `None` outside of any.
#[must_use]
pub fn current() -> Option<String> {
    let context = Context::current();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| {
        let flags = u8::from(span.is_sampled());
        format!("00-{}-{}-0{flags}", span.trace_id(), span.span_id())
    })
}

/// Takes what is diverted, and hands on the rest.
#[derive(Debug)]
pub(super) struct Divert {
    rest: Option<BatchSpanProcessor>,
}

impl Divert {
    pub(super) const fn before(rest: Option<BatchSpanProcessor>) -> Self {
        Self { rest }
    }
}

impl SpanProcessor for Divert {
    fn on_start(&self, span: &mut Span, context: &Context) {
        use opentelemetry::trace::Span as _;
        let parent = context.span().span_context().span_id();
        let way = ways().get(&parent).cloned();
        if let Some(Way { sink, parent: of }) = way {
            let parent = match of {
                None => SpanId::from_bytes(sink.current()),
                Some(_) => parent,
            };
            let parent = Some(parent);
            ways().insert(span.span_context().span_id(), Way { sink, parent });
        }
    }

    fn on_end(&self, span: SpanData) {
        let way = ways().remove(&span.span_context.span_id());
        match (way, &self.rest) {
            (Some(Way { sink, parent }), _) => {
                let parent = parent.unwrap_or(span.parent_span_id);
                sink.ended(ended(span, parent));
            }
            (None, Some(rest)) => rest.on_end(span),
            (None, None) => {}
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.rest
            .as_ref()
            .map_or(Ok(()), SpanProcessor::force_flush)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let rest = self.rest.as_ref();
        rest.map_or(Ok(()), |rest| rest.shutdown_with_timeout(timeout))
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(rest) = &mut self.rest {
            rest.set_resource(resource);
        }
    }
}

/// Without an exporter only what is diverted is recorded, and all else costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    exports: bool,
}

impl Sampler {
    pub(super) const fn when(exports: bool) -> Self {
        Self { exports }
    }
}

impl ShouldSample for Sampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _trace: TraceId,
        _name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let parent = parent.map(|context| context.span().span_context().clone());
        let parent = parent.filter(SpanContext::is_valid);
        let diverted = parent
            .as_ref()
            .is_some_and(|parent| ways().contains_key(&parent.span_id()));
        let exported = self.exports && parent.as_ref().is_none_or(SpanContext::is_sampled);
        SamplingResult {
            decision: if diverted || exported {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: parent
                .map_or_else(TraceState::default, |parent| parent.trace_state().clone()),
        }
    }
}

fn ended(span: SpanData, parent: SpanId) -> Ended {
    let fields = span.attributes.into_iter();
    Ended {
        id: span.span_context.span_id().to_bytes(),
        parent: parent.to_bytes(),
        name: span.name.into_owned(),
        from: span.start_time,
        until: span.end_time,
        is_call: span.span_kind == SpanKind::Client,
        fields: fields
            .map(|field| (field.key.to_string(), value(field.value)))
            .collect(),
        error: match span.status {
            Status::Error { description } => Some(description.into_owned()),
            Status::Ok | Status::Unset => None,
        },
    }
}

fn value(value: Value) -> Field {
    match value {
        Value::Bool(flag) => Field::Flag(flag),
        Value::I64(number) => Field::Number(number),
        other => Field::Text(other.as_str().into_owned()),
    }
}
