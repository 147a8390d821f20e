//! gRPC without any message type: bytes in, bytes out.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use prost::bytes::{Buf as _, BufMut as _};
use shipway_runtime::Tasks;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::NamedService;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

/// The bytes of a message, as they are.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

/// What comes back on a call.
pub(crate) type Replies = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;
type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers calls of any path: `shipway.v1.Agents/Session`.
pub(crate) type Handler =
    Arc<dyn Fn(String, Streaming<Vec<u8>>) -> Answer<Result<Replies, Status>> + Send + Sync>;

/// Calls `path` of a server.
pub(crate) async fn call(
    channel: Channel,
    path: &str,
    messages: impl Stream<Item = Vec<u8>> + Send + 'static,
) -> Result<Streaming<Vec<u8>>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    let ready = grpc.ready().await;
    ready.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = format!("/{path}").parse().expect("a path");
    let answer = grpc.streaming(Request::new(messages), path, Bytes).await?;
    Ok(answer.into_inner())
}

/// Lets a handler answer both services, and gives the URL.
pub(crate) async fn serve(tasks: &Tasks, handler: Handler) -> String {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = listener.await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let served = tonic::transport::Server::builder()
        .add_service(People(Service(Arc::clone(&handler))))
        .add_service(Agents(Service(handler)))
        .serve_with_incoming(TcpListenerStream::new(listener));
    drop(tasks.spawn("raw", served));
    format!("http://{address}")
}

#[derive(Clone)]
struct Service(Handler);

impl Service {
    fn answer(&self, request: http::Request<Body>) -> Answer<http::Response<Body>> {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let handler = Arc::clone(&self.0);
        let service = tower::service_fn(move |request: Request<Streaming<Vec<u8>>>| {
            let answer = handler(path.clone(), request.into_inner());
            async move { answer.await.map(Response::new) }
        });
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Bytes);
            grpc.streaming(service, request).await
        })
    }
}

macro_rules! named {
    ($($kind:ident = $name:literal;)*) => {$(
        #[derive(Clone)]
        struct $kind(Service);

        impl NamedService for $kind {
            const NAME: &'static str = $name;
        }

        impl tower::Service<http::Request<Body>> for $kind {
            type Response = http::Response<Body>;
            type Error = Infallible;
            type Future = Answer<Result<Self::Response, Infallible>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: http::Request<Body>) -> Self::Future {
                let answer = self.0.answer(request);
                Box::pin(async move { Ok(answer.await) })
            }
        }
    )*};
}

named! {
    People = "shipway.v1.Shipway";
    Agents = "shipway.v1.Agents";
}
