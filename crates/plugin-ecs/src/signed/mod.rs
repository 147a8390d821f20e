//! Calls of services that have no client here, by plain signed requests.
//!
//! A few calls do not pay for more SDK crates (the one of SSM alone takes longer to compile than the rest of this
//! crate): a body or a form, and SigV4, are all that is needed.

mod wire;

use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use shipway_plugin::{ErrorKind, PlatformError};
use tracing::{Instrument, Span};

use crate::call::{self, Tally};
use crate::clients::Clients;
use crate::errors::{chain, classify};
use crate::operation::Operation;
use wire::Wire;

const ATTEMPTS: u32 = 4;
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);

/// Sends the request, a few times if need be; to another region than that of the place where one is named.
pub(crate) async fn send(
    clients: &Clients,
    operation: &Operation,
    region: Option<&str>,
    order: &Value,
) -> Result<Value, PlatformError> {
    let wire = Wire::of(operation);
    let region = region.unwrap_or_else(|| clients.place().region.as_str());
    let span = call::span(clients.place(), wire.region(region), operation);
    let tally = Tally::default();
    let work = async {
        for attempt in 1.. {
            let sent = tokio::time::timeout(
                ATTEMPT_LIMIT,
                once(clients, operation, &wire, region, order),
            );
            let answer = sent.await.unwrap_or_else(|_| {
                Err(failed(
                    operation,
                    ErrorKind::TimedOut,
                    "no answer in time".to_owned(),
                ))
            });
            let throttled = matches!(&answer, Err(error) if error.kind == ErrorKind::Throttled);
            tally.attempt(throttled);
            match answer {
                Err(error) if error.kind.is_passing() && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(attempt)).await;
                }
                answer => return answer,
            }
        }
        Err(failed(
            operation,
            ErrorKind::Unreachable,
            "not sent".to_owned(),
        ))
    };
    let result = Box::pin(work.instrument(span.clone())).await;
    call::end(&span, clients.budget(), operation, &result, &tally);
    result
}

async fn once(
    clients: &Clients,
    operation: &Operation,
    wire: &Wire,
    region: &str,
    order: &Value,
) -> Result<Value, PlatformError> {
    let request = signed(clients, operation, wire, region, order).await?;
    let unreachable = |error: &(dyn std::error::Error + 'static)| {
        failed(operation, ErrorKind::Unreachable, chain(error))
    };
    let response = connector()
        .call(request)
        .await
        .map_err(|error| unreachable(&error))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).unwrap_or_default().to_owned();
    let (request_id, error_type) = (header("x-amzn-requestid"), header("x-amzn-errortype"));
    let body = ByteStream::new(response.into_body())
        .collect()
        .await
        .map_err(|error| unreachable(&error))?;
    let json = wire.answer(&body.into_bytes()).unwrap_or_default();
    if status == 200 {
        if !request_id.is_empty() {
            Span::current().record("aws.request_id", request_id);
        }
        return Ok(json);
    }
    let json = wire.error(json);
    Err(refused(operation, status, &error_type, request_id, &json))
}

/// The error in an answer; the header wins over the body, a namespace and what follows a colon are
/// cut off (ecs-facts 11.3).
fn refused(
    operation: &Operation,
    status: u16,
    header: &str,
    request_id: String,
    json: &Value,
) -> PlatformError {
    let named = match header {
        "" => json["__type"].as_str().unwrap_or_default(),
        header => header,
    };
    let code = named.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let words = json["message"]
        .as_str()
        .or_else(|| json["Message"].as_str());
    let message = words.map_or_else(
        || format!("answered with HTTP status {status}"),
        str::to_owned,
    );
    PlatformError {
        code: code.to_owned(),
        request_id,
        ..failed(operation, classify(code, &message, status), message)
    }
}

fn failed(operation: &Operation, kind: ErrorKind, message: String) -> PlatformError {
    PlatformError::new(operation.action(), kind, message)
}

/// The request, signed with the credentials of the session. Those are asked for anew: such
/// calls come too rarely for a cache.
async fn signed(
    clients: &Clients,
    operation: &Operation,
    wire: &Wire,
    region: &str,
    order: &Value,
) -> Result<HttpRequest, PlatformError> {
    let config = clients.config();
    let invalid = |error: &(dyn std::error::Error + 'static)| {
        failed(operation, ErrorKind::Invalid, chain(error))
    };
    let no_credentials = |message: String| failed(operation, ErrorKind::Credentials, message);
    let provider = config
        .credentials_provider()
        .ok_or_else(|| no_credentials("there are no credentials".to_owned()))?;
    let credentials = provider.provide_credentials().await;
    let identity: Identity = credentials
        .map_err(|error| no_credentials(chain(&error)))?
        .into();
    let uri = wire.endpoint(config.endpoint_url(), region);
    let (headers, body) = wire.request(operation, order);
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let Some(now) = config.time_source().map(|clock| clock.now()) else {
        return Err(failed(
            operation,
            ErrorKind::Other,
            "there is no clock".to_owned(),
        ));
    };
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(wire.region(region))
        .name(wire.signed_for())
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| invalid(&error))?
        .into();
    let payload = SignableBody::Bytes(body.as_bytes());
    let signable = SignableRequest::new("POST", uri.as_str(), headers.clone(), payload);
    let (instructions, _) = signable
        .and_then(|request| sign(request, &parameters))
        .map_err(|error| invalid(&error))?
        .into_parts();
    let mut request = http::Request::post(uri.as_str());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut request = request
        .body(SdkBody::from(body))
        .map_err(|error| invalid(&error))?;
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).map_err(|error| invalid(&error))
}

/// What lies behind an address that carries its own right to be read.
pub(crate) async fn get(operation: &Operation, url: &str) -> Result<Vec<u8>, PlatformError> {
    let invalid = |error: &(dyn std::error::Error + 'static)| {
        failed(operation, ErrorKind::Invalid, chain(error))
    };
    let unreachable = |error: &(dyn std::error::Error + 'static)| {
        failed(operation, ErrorKind::Unreachable, chain(error))
    };
    let request = http::Request::get(url).body(SdkBody::empty());
    let request = request.map_err(|error| invalid(&error))?;
    let request = HttpRequest::try_from(request).map_err(|error| invalid(&error))?;
    let answer = tokio::time::timeout(ATTEMPT_LIMIT, connector().call(request)).await;
    let response = answer
        .map_err(|error| unreachable(&error))?
        .map_err(|error| unreachable(&error))?;
    let status = response.status().as_u16();
    if status != 200 {
        let message = format!("the address that was given answered with HTTP status {status}");
        return Err(failed(operation, ErrorKind::Other, message));
    }
    let body = ByteStream::new(response.into_body()).collect().await;
    Ok(body.map_err(|error| unreachable(&error))?.to_vec())
}

fn connector() -> Connector {
    Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::GET_PARAMETER;
    use serde_json::json;

    #[test]
    fn a_refusal_is_read_from_header_or_body() {
        let body = json!({"__type": "com.amazonaws.ssm#ParameterNotFound", "Message": "no such"});
        let error = refused(&GET_PARAMETER, 400, "", "r-1".to_owned(), &body);
        assert_eq!(
            (error.kind, error.code.as_str()),
            (ErrorKind::NotFound, "ParameterNotFound")
        );
        assert_eq!(
            (error.message.as_str(), error.request_id.as_str()),
            ("no such", "r-1")
        );
        let header = "AccessDeniedException:http://internal";
        let error = refused(&GET_PARAMETER, 400, header, String::new(), &Value::Null);
        assert_eq!(error.kind, ErrorKind::Denied);
    }
}
