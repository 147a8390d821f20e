//! Collectors: one that takes all that it is sent and keeps nothing, and one that hangs.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::server::{NamedService, UnaryService};
use tonic::{Request, Response, Status};

/// The services of a collector.
const SERVICES: [&str; 3] = [
    "opentelemetry.proto.collector.trace.v1.TraceService",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
    "opentelemetry.proto.collector.logs.v1.LogsService",
];

/// What one of them is asked, none of whose fields is kept.
#[derive(Clone, PartialEq, Message)]
struct Export {}

/// Takes all that it is sent, and counts the calls.
#[derive(Clone, Default)]
pub struct Sink {
    calls: Arc<AtomicU64>,
}

impl Sink {
    /// Calls that were answered.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Serves as long as `tasks` lives; says where.
    pub async fn serve(&self, tasks: &mut JoinSet<()>) -> anyhow::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let sink = self.clone();
        tasks.spawn(async move {
            let server = tonic::transport::Server::builder()
                .add_service(Service::<0>(sink.clone()))
                .add_service(Service::<1>(sink.clone()))
                .add_service(Service::<2>(sink));
            // It ends with the bench.
            drop(server.serve_with_incoming(incoming).await);
        });
        Ok(url)
    }
}

/// Takes connections and what is sent, and never answers.
pub async fn hang(tasks: &mut JoinSet<()>) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tasks.spawn(async move {
        let mut taken = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            taken.push(stream);
        }
    });
    Ok(url)
}

/// The sink as one of the services.
#[derive(Clone)]
struct Service<const PLACE: usize>(Sink);

impl<const PLACE: usize> NamedService for Service<PLACE> {
    const NAME: &'static str = SERVICES[PLACE];
}

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl UnaryService<Export> for Sink {
    type Response = Export;
    type Future = Answer<Result<Response<Export>, Status>>;

    fn call(&mut self, _: Request<Export>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Response::new(Export {})) })
    }
}

impl<const PLACE: usize> tower::Service<http::Request<Body>> for Service<PLACE> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let sink = self.0.clone();
        Box::pin(async move {
            let codec = tonic_prost::ProstCodec::<Export, Export>::default();
            let mut grpc =
                tonic::server::Grpc::new(codec).apply_max_message_size_config(Some(64 << 20), None);
            Ok(grpc.unary(sink, request).await)
        })
    }
}
