//! Connections: one kept alive to each host, and bare ones for what no HTTP library would send.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::request::Request;
use crate::support::Answer;

/// An answer that takes longer is a hang.
pub(crate) const HANG: Duration = Duration::from_secs(20);

/// An answer that takes longer is told of while it is waited for.
const SLOW: Duration = Duration::from_secs(3);

/// A connection that is kept alive.
pub(crate) struct Line {
    host: String,
    open: Option<SendRequest<Full<Bytes>>>,
    tasks: JoinSet<hyper::Result<()>>,
}

impl Line {
    pub(crate) fn new(host: String) -> Self {
        Self {
            host,
            open: None,
            tasks: JoinSet::new(),
        }
    }

    /// A connection, and whether it has carried a request before.
    async fn connection(&mut self) -> Result<(&mut SendRequest<Full<Bytes>>, bool), String> {
        let usable = match &mut self.open {
            Some(open) => open.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(&self.host)
                .await
                .map_err(|error| format!("cannot connect: {error}"))?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| error.to_string())?;
            self.tasks.shutdown().await;
            self.tasks.spawn(connection);
            self.open = Some(sender);
        }
        let open = self
            .open
            .as_mut()
            .ok_or_else(|| "no connection".to_owned())?;
        Ok((open, usable))
    }

    /// Sends a request and reads the answer; none for a request that is no HTTP, where only the
    /// connection has to end.
    ///
    /// # Errors
    /// A hang, or a connection that ends without an answer.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<Option<Answer>, String> {
        let hang = |_| format!("no answer within {} s", HANG.as_secs());
        let Some(built) = built(&self.host, request) else {
            return timeout(HANG, bare(&self.host, request))
                .await
                .map_err(hang)?
                .map(|()| None);
        };
        let sent = async {
            let (connection, used) = self.connection().await?;
            let mut response = connection.send_request(built.clone()).await;
            // A server may close an idle connection, or one whose last request it did not read to its end, at the
            // very moment of the next request: clients then try again on a fresh one (RFC 9110, 9.3.1).
            if used && response.is_err() {
                self.open = None;
                response = self.connection().await?.0.send_request(built).await;
            }
            let (parts, body) = response.map_err(|error| format!("{error:?}"))?.into_parts();
            let body = body.collect().await.map_err(|error| format!("{error:?}"))?;
            Ok::<_, String>(Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.to_bytes(),
            })
        };
        tokio::pin!(sent);
        if let Ok(answer) = timeout(SLOW, &mut sent).await {
            return answer.map(Some);
        }
        // Told at once: what eats all memory may not live to the end.
        println!("slow: {request:?}");
        let rest = timeout(HANG.saturating_sub(SLOW), sent).await;
        rest.map_err(hang)?.map(Some)
    }
}

fn built(host: &str, request: &Request) -> Option<http::Request<Full<Bytes>>> {
    let mut built = http::Request::builder()
        .method(request.method.as_str())
        .uri(request.path.as_str())
        .header("host", host);
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    let built = built.body(Full::new(request.body.clone().into())).ok()?;
    // As a client would: a target is a path, or a star for OPTIONS.
    (built.uri().path().starts_with('/')).then_some(built)
}

/// Writes the request as it is, half of its body missing, and reads what comes.
async fn bare(host: &str, request: &Request) -> Result<(), String> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.method,
        request.path,
        request.body.len() * 2
    );
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let stream = TcpStream::connect(host).await;
    let mut stream = stream.map_err(|error| format!("cannot connect: {error}"))?;
    // The other side may close before it has read everything: then there is nothing to read either.
    let _written = stream.write_all(head.as_bytes()).await;
    let _written = stream.write_all(&request.body).await;
    let _closed = stream.shutdown().await;
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer).await;
    let status = answer.get(9..10).unwrap_or(b"4");
    if answer.is_empty() || (answer.starts_with(b"HTTP/1.1 ") && status < &b"5"[..]) {
        return Ok(());
    }
    Err(format!("a bare request got {}", answer.escape_ascii()))
}
