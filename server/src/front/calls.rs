//! Calls as they come in: who calls is known before anything of the request is read.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{Either, Ready, ready};
use http::{Request, Response};
use shipway_proto::status::{Class, Failure};
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::server::TlsConnectInfo;
use tower::{Layer, Service};

use super::body::{Allowance, Received};
use super::{Life, PACE, RECEIVE, REQUEST, REQUESTS, UPLOADS};
use crate::rpc::auth::Gate;
use crate::tokens::Role;

const AGENTS: &str = "/shipway.v1.Agents/";
const PEOPLE: &str = "/shipway.v1.Shipway/";
/// Calls whose requests go on as long as the caller likes.
const SESSION: &str = "/shipway.v1.Agents/Session";
const UPLOAD: &str = "/shipway.v1.Shipway/PutBlob";

/// Lets calls in.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    gate: Gate,
    requests: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
}

impl Front {
    pub(crate) fn new(gate: Gate) -> Self {
        Self {
            gate,
            requests: Arc::new(Semaphore::new(REQUESTS)),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
        }
    }

    fn admit(&self, request: Request<Body>) -> Result<Request<Body>, Status> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let role = if path.starts_with(AGENTS) {
            Some(Role::Agent)
        } else if path.starts_with(PEOPLE) {
            Some(Role::Client)
        } else {
            None
        };
        if let Some(role) = role {
            drop(self.gate.admit_headers(&head.headers, role)?);
        }
        // Strangers may ask for health, and are strangers still.
        if role.is_some() || !self.gate.asks_for_tokens() {
            let plain = head.extensions.get::<Arc<Life>>();
            let secure = head.extensions.get::<TlsConnectInfo<Arc<Life>>>();
            let secure = secure.map(TlsConnectInfo::get_ref);
            if let Some(life) = plain.or(secure) {
                life.speaks();
            }
        }
        let body = match path {
            SESSION => body,
            UPLOAD => {
                let allowed = Allowance {
                    bytes: u64::MAX,
                    time: RECEIVE,
                    pace: PACE,
                };
                receive(body, allowed, &self.uploads, "uploads")?
            }
            _ => {
                let allowed = Allowance {
                    bytes: REQUEST,
                    time: RECEIVE,
                    pace: 0,
                };
                receive(body, allowed, &self.requests, "requests")?
            }
        };
        Ok(Request::from_parts(head, body))
    }
}

fn receive(
    body: Body,
    allowed: Allowance,
    places: &Arc<Semaphore>,
    what: &str,
) -> Result<Body, Status> {
    let place = Arc::clone(places).try_acquire_owned().map_err(|_| {
        let text = format!("too many {what} are on their way in at once");
        Status::from(Failure::new(Class::Exhausted, text).hint("try again in a moment"))
    })?;
    Ok(Body::new(Received::new(body, allowed, place)))
}

impl<S> Layer<S> for Front {
    type Service = Fronted<S>;

    fn layer(&self, inner: S) -> Fronted<S> {
        Fronted {
            inner,
            front: self.clone(),
        }
    }
}

/// The services behind the front.
#[derive(Clone, Debug)]
pub(crate) struct Fronted<S> {
    inner: S,
    front: Front,
}

impl<S> Service<Request<Body>> for Fronted<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<Body>, S::Error>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.front.admit(request) {
            Ok(request) => Either::Right(self.inner.call(request)),
            Err(status) => Either::Left(ready(Ok(status.into_http()))),
        }
    }
}
