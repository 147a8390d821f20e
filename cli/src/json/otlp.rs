//! A trace as OTLP JSON, as tools for traces read it: the document of OpenTelemetry's own protocol, and none of ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shipway_domain::time::Timestamp;
use shipway_domain::trace::{Moment, Span, Status, Trace, Value as Known, What, keys};

/// The document.
pub(crate) fn document(trace: &Trace) -> Value {
    let mut of: BTreeMap<Option<String>, Vec<Value>> = BTreeMap::new();
    for span in &trace.spans {
        let agent = match span.get(keys::AGENT) {
            Some(Known::Text(agent)) if span.is_of_agent() => Some(agent.clone()),
            _ => None,
        };
        of.entry(agent).or_default().push(object(trace, span));
    }
    let resources = of.into_iter().map(|(agent, spans)| {
        json!({
            "resource": { "attributes": resource(agent.as_deref()) },
            "scopeSpans": [{ "scope": { "name": "shipway" }, "spans": spans }],
        })
    });
    json!({ "resourceSpans": resources.collect::<Vec<_>>() })
}

fn resource(agent: Option<&str>) -> Vec<Value> {
    let name = match agent {
        Some(_) => "shipway-agent",
        None => "shipway-server",
    };
    let mut all = vec![
        attribute("service.namespace", &Known::Text("shipway".to_owned())),
        attribute("service.name", &Known::Text(name.to_owned())),
    ];
    all.extend(agent.map(|agent| attribute("service.instance.id", &agent.into())));
    all
}

fn object(trace: &Trace, span: &Span) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
    put("traceId", trace.context.trace.to_string().into());
    put("spanId", span.id.to_string().into());
    if let Some(parent) = span.parent {
        put("parentSpanId", parent.to_string().into());
    }
    put("name", span.name.as_str().into());
    put("kind", kind(span.what).into());
    put("startTimeUnixNano", nanos(span.from));
    if let Some(until) = span.until {
        put("endTimeUnixNano", nanos(until));
    }
    put("attributes", attributes(&span.attributes));
    if !span.moments.is_empty() {
        put("events", span.moments.iter().map(event).collect());
    }
    if !span.links.is_empty() {
        let links = span.links.iter().map(|link| {
            json!({ "traceId": trace.context.trace.to_string(), "spanId": link.to_string() })
        });
        put("links", links.collect());
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => put("status", json!({ "code": 1 })),
        Status::Error(cause) => put("status", json!({ "code": 2, "message": cause })),
    }
    Value::Object(object)
}

/// `SpanKind` of OTLP.
const fn kind(what: What) -> u8 {
    match what {
        What::Submit => 2,
        What::Call => 3,
        What::Attempt => 5,
        _ => 1,
    }
}

fn event(moment: &Moment) -> Value {
    json!({
        "timeUnixNano": nanos(moment.at),
        "name": moment.name,
        "attributes": attributes(&moment.attributes),
    })
}

fn attributes(all: &[(String, Known)]) -> Value {
    all.iter()
        .map(|(key, value)| attribute(key, value))
        .collect()
}

fn attribute(key: &str, value: &Known) -> Value {
    let value = match value {
        Known::Text(text) => json!({ "stringValue": text }),
        // 64 bits are a text in the JSON of protobuf.
        Known::Number(number) => json!({ "intValue": number.to_string() }),
        Known::Flag(flag) => json!({ "boolValue": flag }),
    };
    json!({ "key": key, "value": value })
}

fn nanos(at: Timestamp) -> Value {
    (u128::from(at.millis()) * 1_000_000).to_string().into()
}
