//! Plain calls to a Docker Engine: HTTP/1 over its unix socket, one connection each.
//!
//! Paths carry no API version, which means the engine's newest: 20.10 and 29 have no version in
//! common (build-facts 2).

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use shipway_plugin::{BuildError, without_queries};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tracing::Instrument as _;
use tracing::field;

/// Longest error body that is read.
const MAX_ERROR: usize = 16 * 1024;

/// How a call can fail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// Nobody listens at the socket.
    #[error("the Docker Engine at {} cannot be reached: {source}", .socket.display())]
    Unreachable { socket: PathBuf, source: io::Error },
    /// The connection ended in the middle of a call.
    #[error("the Docker Engine broke off {call}: {source}")]
    BrokeOff {
        call: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine answered with an error.
    #[error("{message} (the Docker Engine's answer {status} to {call})")]
    Refused {
        call: String,
        status: u16,
        message: String,
    },
}

impl EngineError {
    fn broke_off(call: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::BrokeOff {
            call: call.to_owned(),
            source: source.into(),
        }
    }

    /// Its class, as `error.type` of a call's span: the status of an answer, else a word.
    fn class(&self) -> String {
        match self {
            Self::Unreachable { .. } => "unreachable".to_owned(),
            Self::BrokeOff { .. } => "broken off".to_owned(),
            Self::Refused { status, .. } => status.to_string(),
        }
    }

    /// As a failure of a build: an engine that is gone may be back in a moment.
    pub(crate) fn into_build_error(self) -> BuildError {
        BuildError::Interrupted(self.to_string())
    }
}

/// Where a call goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<'a> {
    /// What all paths of its kind have in common: names of spans must be few.
    template: &'static str,
    path: &'a str,
}

impl<'a> Route<'a> {
    /// A path, with its query, made from `template`.
    pub(crate) const fn new(template: &'static str, path: &'a str) -> Self {
        Self { template, path }
    }
}

/// A path that is always the same.
impl From<&'static str> for Route<'static> {
    fn from(path: &'static str) -> Self {
        Self::new(path, path)
    }
}

/// A whole answer.
pub(crate) struct Reply {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The engine at a socket.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    socket: PathBuf,
}

impl Engine {
    pub(crate) const fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// A fresh connection.
    pub(crate) async fn connect(&self) -> Result<UnixStream, EngineError> {
        UnixStream::connect(&self.socket)
            .await
            .map_err(|source| EngineError::Unreachable {
                socket: self.socket.clone(),
                source,
            })
    }

    /// Makes a call and reads the whole answer.
    pub(crate) async fn call(
        &self,
        method: Method,
        route: impl Into<Route<'_>>,
        header: Option<(&str, &str)>,
    ) -> Result<Reply, EngineError> {
        let mut body = Vec::new();
        let headers = self
            .stream(method, route, header, |chunk| body.extend_from_slice(chunk))
            .await?;
        Ok(Reply {
            headers,
            body: body.into(),
        })
    }

    /// Makes a call and hands on the answer's body in the pieces in which it arrives. Dropping the
    /// future closes the connection, which ends what the engine does for it (build-facts 7).
    pub(crate) async fn stream(
        &self,
        method: Method,
        route: impl Into<Route<'_>>,
        header: Option<(&str, &str)>,
        each: impl FnMut(&[u8]) + Send,
    ) -> Result<HeaderMap, EngineError> {
        let Route { template, path } = route.into();
        let span = tracing::info_span!(
            "docker.call",
            otel.name = format!("docker:{method} {template}"),
            otel.kind = "client",
            otel.status_code = field::Empty,
            otel.status_description = field::Empty,
            http.request.method = method.as_str(),
            url.template = template,
            url.path = path.split('?').next().unwrap_or(path),
            http.response.status_code = field::Empty,
            http.response.body.size = field::Empty,
            error.type = field::Empty,
        );
        let answer = self.streamed(method, path, header, each);
        let answer = answer.instrument(span.clone()).await;
        if let Err(error) = &answer {
            span.record("otel.status_code", "error");
            span.record("otel.status_description", tracing::field::display(error));
            span.record("error.type", error.class());
        }
        answer
    }

    async fn streamed(
        &self,
        method: Method,
        path: &str,
        header: Option<(&str, &str)>,
        mut each: impl FnMut(&[u8]) + Send,
    ) -> Result<HeaderMap, EngineError> {
        let call = format!("{method} {path}");
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, "docker");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(|error| EngineError::broke_off(&call, error))?;

        let socket = TokioIo::new(self.connect().await?);
        let (mut sender, connection) = http1::handshake(socket)
            .await
            .map_err(|error| EngineError::broke_off(&call, error))?;
        // Lives as long as this call: a JoinSet aborts its task when it is dropped.
        let mut driver = JoinSet::new();
        driver.spawn(connection);

        let response = sender
            .send_request(request)
            .await
            .map_err(|error| EngineError::broke_off(&call, error))?;
        let (head, body) = response.into_parts();
        let span = tracing::Span::current();
        // Numbers of spans are `i64`: others leave as texts.
        let status = i64::from(head.status.as_u16());
        span.record("http.response.status_code", status);
        if !head.status.is_success() {
            return Err(EngineError::Refused {
                status: head.status.as_u16(),
                message: error_message(&call, body).await?,
                call,
            });
        }
        let mut bytes = 0_usize;
        let mut counted = |chunk: &[u8]| {
            bytes += chunk.len();
            each(chunk);
        };
        read(&call, body, &mut counted).await?;
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        span.record("http.response.body.size", bytes);
        Ok(head.headers)
    }
}

async fn read(
    call: &str,
    mut body: Incoming,
    each: &mut (impl FnMut(&[u8]) + Send),
) -> Result<(), EngineError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| EngineError::broke_off(call, error))?;
        if let Some(chunk) = frame.data_ref() {
            each(chunk);
        }
    }
    Ok(())
}

/// The engine's words: the `message` of a JSON object, or the text as it is. It quotes URLs of registries, with what gives
/// a right there.
async fn error_message(call: &str, body: Incoming) -> Result<String, EngineError> {
    let mut text = Vec::new();
    read(call, body, &mut |chunk| {
        text.extend_from_slice(&chunk[..chunk.len().min(MAX_ERROR.saturating_sub(text.len()))]);
    })
    .await?;
    let message = serde_json::from_slice::<serde_json::Value>(&text)
        .ok()
        .and_then(|json| json["message"].as_str().map(str::to_owned));
    let message = message.unwrap_or_else(|| String::from_utf8_lossy(&text).trim().to_owned());
    Ok(without_queries(&message))
}

#[cfg(test)]
mod tests;
