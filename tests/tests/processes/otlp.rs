//! Metrics leave coordinator and agents by OTLP, to a receiver that is not ours to mock.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use prost::Message;
use tonic::body::Body;
use tonic::server::{NamedService, UnaryService};
use tonic::{Request, Response, Status};

use super::deploy::{LAYERS, app};
use super::process::{World, text};

/// `ExportMetricsServiceRequest`, as far as it is looked at.
#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceMetrics>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceMetrics {
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<ScopeMetrics>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeMetrics {
    #[prost(message, repeated, tag = "2")]
    metrics: Vec<Metric>,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "3")]
    unit: String,
}

/// `ExportMetricsServiceResponse`.
#[derive(Clone, PartialEq, Message)]
struct Exported {}

/// Keeps the name and unit of every metric that it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<BTreeSet<(String, String)>>>);

impl Collector {
    fn seen(&self) -> BTreeSet<(String, String)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl NamedService for Collector {
    const NAME: &'static str = "opentelemetry.proto.collector.metrics.v1.MetricsService";
}

type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl UnaryService<Export> for Collector {
    type Response = Exported;
    type Future = Answer<Result<Response<Exported>, Status>>;

    fn call(&mut self, request: Request<Export>) -> Self::Future {
        let resources = request.into_inner().resources.into_iter();
        let metrics = resources.flat_map(|r| r.scopes).flat_map(|s| s.metrics);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(metrics.map(|metric| (metric.name, metric.unit)));
        Box::pin(async { Ok(Response::new(Exported {})) })
    }
}

impl tower::Service<http::Request<Body>> for Collector {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let codec = tonic_prost::ProstCodec::<Exported, Export>::default();
            Ok(tonic::server::Grpc::new(codec)
                .unary(service, request)
                .await)
        })
    }
}

#[test]
fn metrics_of_coordinator_and_agents_leave_by_otlp_while_they_run() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    let collector = Collector::default();
    let service = collector.clone();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn_on(
        async move {
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await
        },
        runtime.handle(),
    );
    let world = World::start(
        "off",
        &[
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &endpoint),
            ("OTEL_METRIC_EXPORT_INTERVAL", "300"),
        ],
    );
    let app = app(&world, LAYERS);
    let deployed = world.json(&["-C", text(&app), "deploy", "prod", "--json"]);
    assert_eq!(deployed["verdict"], "live", "{deployed}\n{}", world.logs());
    // Of the board, of what became durable, of the store, of the agents.
    for (name, unit) in [
        ("shipway.agents", "{agent}"),
        ("shipway.changes", "{change}"),
        ("shipway.commit.duration", "s"),
        ("shipway.aws.calls", "{call}"),
        ("shipway.build.pushed", "By"),
    ] {
        let wanted = (name.to_owned(), unit.to_owned());
        world.wait_for(name, |_| collector.seen().contains(&wanted));
    }
    world.end();
    drop(serving);
}
