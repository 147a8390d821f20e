//! The protocols that services speak: how answers and errors are written in each (ecs-facts 11.3).

use axum::body::Body;
use axum::response::Response;
use http::header;
use serde_json::{Value, json};

use super::{ApiError, Service, cbor, xml};
use crate::clock::SimTime;

/// A protocol of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// JSON with `X-Amz-Target`.
    Json11,
    /// The same, as CloudWatch has it.
    Json10,
    /// Form in, XML out.
    Query,
    /// The same, as EC2 has it.
    Ec2,
    /// CBOR with the operation in the path.
    Cbor,
}

/// What a request was for, as far as the form of its answer depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'a> {
    pub(super) protocol: Protocol,
    pub(super) service: Service,
    pub(super) action: &'a str,
    pub(super) request_id: &'a str,
}

impl Form<'_> {
    /// Writes an answer.
    pub(super) fn write(&self, result: &Result<Value, ApiError>) -> Response {
        let status = result.as_ref().map_or_else(|error| error.status, |_| 200);
        let (kind, body) = match self.protocol {
            Protocol::Query => ("text/xml", self.xml(result).into_bytes()),
            Protocol::Ec2 => ("text/xml", self.ec2(result).into_bytes()),
            Protocol::Cbor => (cbor::CONTENT_TYPE, self.cbor(result)),
            Protocol::Json10 => ("application/x-amz-json-1.0", self.json(result)),
            Protocol::Json11 => ("application/x-amz-json-1.1", self.json(result)),
        };
        let mut response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, kind)
            .header("x-amzn-requestid", self.request_id);
        if self.protocol == Protocol::Cbor {
            response = response.header("smithy-protocol", cbor::NAME);
        }
        if let Err(error) = result
            && matches!(self.protocol, Protocol::Cbor | Protocol::Json10)
        {
            // Clients of a service that once spoke awsQuery know its errors by their old names.
            let fault = if error.status < 500 {
                "Sender"
            } else {
                "Receiver"
            };
            response = response.header("x-amzn-query-error", format!("{};{fault}", error.code));
        }
        response.body(Body::from(body)).unwrap_or_default()
    }

    fn json(&self, result: &Result<Value, ApiError>) -> Vec<u8> {
        let body = match result {
            Ok(output) => output.to_string(),
            Err(error) => {
                json!({"__type": error.code, self.service.message_key(): error.message}).to_string()
            }
        };
        body.into_bytes()
    }

    fn cbor(&self, result: &Result<Value, ApiError>) -> Vec<u8> {
        match result {
            Ok(output) => cbor::write(output, is_timestamp),
            Err(error) => {
                let body = json!({"__type": error.code, "message": error.message});
                cbor::write(&body, is_timestamp)
            }
        }
    }

    fn ec2(&self, result: &Result<Value, ApiError>) -> String {
        match result {
            Ok(output) => {
                let namespace = self.service.namespace();
                xml::ec2_success(namespace, self.action, output, self.request_id)
            }
            Err(error) => xml::ec2_failure(error, self.request_id),
        }
    }

    fn xml(&self, result: &Result<Value, ApiError>) -> String {
        let namespace = self.service.namespace();
        match result {
            Ok(output) if self.service == Service::CloudWatch => {
                let output = with_dates(None, output);
                xml::success(namespace, self.action, &output, self.request_id)
            }
            Ok(output) => xml::success(namespace, self.action, output, self.request_id),
            Err(error) => xml::failure(namespace, error, self.request_id),
        }
    }
}

/// Whether a member of CloudWatch is a point in time: the only service whose answers go out in
/// three protocols, each with a form of its own for them.
fn is_timestamp(name: &str) -> bool {
    name.ends_with("Timestamp")
}

/// The value with its timestamps as XML has them.
fn with_dates(name: Option<&str>, value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), with_dates(Some(name), value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| with_dates(None, item)).collect(),
        Value::Number(seconds) if name.is_some_and(is_timestamp) => {
            let seconds = seconds.as_f64().unwrap_or_default();
            let since = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
            (SimTime::default() + since).iso8601().into()
        }
        other => other.clone(),
    }
}
