//! `GET /metrics` for Prometheus, by HTTP on loopback: few connections, each for one request and a short time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use shipway_runtime::Metrics;
use shipway_runtime::metrics as told;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Reported;
use super::board::Looks;

/// Connections at once; those beyond are closed.
const CONNECTIONS: usize = 8;
/// How long a request may take to come, and the connection may live.
const REQUEST: Duration = Duration::from_secs(5);
const CONNECTION: Duration = Duration::from_secs(15);
/// Largest head of a request in bytes; hyper takes no less.
const HEAD: usize = 8 * 1024;
/// A pause after a connection could not be taken: trying again at once would only burn a core.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) metrics: Metrics,
    pub(super) reported: Reported,
    pub(super) looks: Looks,
}

impl Endpoint {
    /// Answers until `stop`.
    pub(super) async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut lines = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = lines.join_next() => continue,
                // What is under way is cut off.
                () = stop.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                let endpoint = self.clone();
                lines.spawn(async move {
                    endpoint.talk(stream).await;
                    drop(place);
                });
            }
        }
    }

    async fn talk(self, stream: TcpStream) {
        let service = service_fn(move |request| {
            let endpoint = self.clone();
            async move { Ok::<_, Infallible>(endpoint.answer(request).await) }
        });
        let line = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(REQUEST)
            .max_buf_size(HEAD)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        // A peer that is slow or talks nonsense is cut off; nothing here waits for it.
        drop(tokio::time::timeout(CONNECTION, line).await);
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != "/metrics" {
            return plain(StatusCode::NOT_FOUND, "metrics are at /metrics\n");
        }
        if request.method() != Method::GET {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is possible\n");
            let allowed = HeaderValue::from_static("GET");
            answer.headers_mut().insert(ALLOW, allowed);
            return answer;
        }
        self.looks.freshen().await;
        match told::text(self.metrics.snapshot(), self.reported.all()) {
            Ok(text) => {
                let mut answer = Response::new(Full::new(Bytes::from(text)));
                let kind = HeaderValue::from_static(told::CONTENT_TYPE);
                answer.headers_mut().insert(CONTENT_TYPE, kind);
                answer
            }
            Err(error) => {
                tracing::error!(%error, "metrics could not be put into words");
                plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "they are not to be had\n",
                )
            }
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
