//! The connection to the coordinator, and what its refusals mean.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use shipway_domain::ids::Target;
use shipway_proto::status::{Class, Failure};
use shipway_proto::v1;
use shipway_proto::v1::shipway_client::ShipwayClient;
use shipway_runtime::Clock;
use shipway_runtime::context::{BEGAN, TRACEPARENT};
use tonic::Status;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::args::Global;
use crate::error::{Error, Kind};
use crate::spans::Spans;

/// Without keep-alive a client does not notice a partition (design.md section 4).
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);
/// HTTP/2 windows: large, so that h2's budget for small frames is large too (engineering-facts,
/// section 5, the live trap of h2).
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// A page of 1000 releases is larger than tonic's 4 MiB.
const LARGEST_ANSWER: usize = 64 << 20;

/// A connection to the coordinator.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// The client of the API.
    pub(crate) client: ShipwayClient<InterceptedService<Channel, Caller>>,
    url: String,
}

/// What every call carries.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    authorization: Option<MetadataValue<Ascii>>,
    trace_parent: MetadataValue<Ascii>,
    clock: Clock,
    /// When the command began, by the clock's uptime.
    began: Duration,
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
        let metadata = request.metadata_mut();
        let _none = metadata.insert(TRACEPARENT, self.trace_parent.clone());
        let ago = self.clock.uptime().saturating_sub(self.began);
        let _none = metadata.insert(BEGAN, MetadataValue::from(millis(ago)));
        if let Some(authorization) = &self.authorization {
            let _none = metadata.insert("authorization", authorization.clone());
        }
        Ok(request)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Server {
    /// Has an agent look at a service.
    pub(crate) async fn inspect(
        &self,
        target: &Target,
        what: v1::inspection::What,
    ) -> Result<v1::InspectReply, Status> {
        let request = v1::InspectRequest {
            target: Some(target.into()),
            what: Some(v1::Inspection { what: Some(what) }),
        };
        let answer = self.client.clone().inspect(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// Connects as options and environment say.
    pub(crate) async fn connect(
        global: &Global,
        vars: &BTreeMap<String, String>,
        folder: &Path,
        spans: &Spans,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let url = global
            .server
            .as_ref()
            .or_else(|| vars.get("SHIPWAY_SERVER"));
        let url = url.filter(|url| !url.is_empty()).ok_or_else(|| {
            Error::usage("which coordinator? neither --server nor SHIPWAY_SERVER is given")
                .hint("export SHIPWAY_SERVER=http://HOST:PORT")
                .hint("to try it out here: shipway-dev up")
        })?;
        let caller = Caller {
            authorization: authorization(global, vars, folder)?,
            trace_parent: metadata(&spans.traceparent())?,
            clock: clock.clone(),
            began: spans.began(),
        };
        let ca = global
            .ca
            .clone()
            .or_else(|| vars.get("SHIPWAY_CA").map(Into::into));
        let channel = endpoint(url, ca.map(|ca| folder.join(ca)).as_deref())?
            .connect()
            .await
            .map_err(|cause| {
                Error::new(
                    Kind::Connection,
                    format!("cannot reach the coordinator at {url}"),
                )
                .because(cause)
                .hint("is it running, and is this its address? see --server and SHIPWAY_SERVER")
                .hint("to try it out here: shipway-dev up")
            })?;
        let client = ShipwayClient::with_interceptor(channel, caller)
            .max_decoding_message_size(LARGEST_ANSWER);
        Ok(Self {
            client,
            url: url.clone(),
        })
    }

    /// The agents that are known.
    pub(crate) async fn agents(&self) -> Result<Vec<v1::AgentView>, Error> {
        let answer = self.client.clone().agents(v1::AgentsRequest {}).await;
        let reply = answer.map_err(|status| self.failed(&status))?;
        Ok(reply.into_inner().agents)
    }

    /// What a failed call means for the user.
    pub(crate) fn failed(&self, status: &Status) -> Error {
        use std::error::Error as _;

        let failure = Failure::from(status);
        // What the coordinator itself says has no cause; what the transport says has one.
        let unheard = status.source().is_some();
        let (kind, message) = match failure.class {
            _ if unheard => (
                Kind::Connection,
                format!("lost the coordinator at {}: {}", self.url, failure.message),
            ),
            Class::Internal => (
                Kind::Connection,
                format!(
                    "the coordinator at {} failed: {}",
                    self.url, failure.message
                ),
            ),
            Class::Unavailable
            | Class::BadInput
            | Class::NotFound
            | Class::Exists
            | Class::Refused
            | Class::Unauthenticated
            | Class::Denied
            | Class::Exhausted => (Kind::Refused, failure.message),
        };
        let mut error = Error::new(kind, message);
        if failure.class == Class::Unauthenticated && failure.hints.is_empty() {
            error = error.hint("give your token by --token-file or SHIPWAY_TOKEN");
        }
        failure.hints.into_iter().fold(error, Error::hint)
    }
}

fn endpoint(url: &str, ca: Option<&Path>) -> Result<Endpoint, Error> {
    let bad = |why: &str| Error::usage(format!("{url:?} is no address of a coordinator: {why}"));
    let secure = match url.split_once("://") {
        Some(("http", _)) => false,
        Some(("https", _)) => true,
        _ => {
            return Err(bad(
                "it must look like http://127.0.0.1:7433 or https://HOST:PORT",
            ));
        }
    };
    let endpoint = Endpoint::from_shared(url.to_owned())
        .map_err(|cause| bad("it is no URL").because(cause))?
        .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")))
        .map_err(|cause| bad("it is no URL").because(cause))?
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    if !secure {
        return Ok(endpoint);
    }
    let ca = ca.ok_or_else(|| {
        Error::usage("https needs --ca FILE or SHIPWAY_CA")
            .hint("the file holds the certificate, as PEM, that signs the coordinator's")
    })?;
    let pem = std::fs::read(ca)
        .map_err(|cause| Error::usage(format!("cannot read {}", ca.display())).because(cause))?;
    shipway_runtime::tls::install_provider();
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem));
    endpoint
        .tls_config(tls)
        .map_err(|cause| Error::usage(format!("cannot use {}", ca.display())).because(cause))
}

fn authorization(
    global: &Global,
    vars: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<Option<MetadataValue<Ascii>>, Error> {
    let token = match &global.token_file {
        Some(file) => Some(std::fs::read_to_string(folder.join(file)).map_err(|cause| {
            Error::usage(format!("cannot read the token from {}", file.display())).because(cause)
        })?),
        None => vars.get("SHIPWAY_TOKEN").cloned(),
    };
    let token = token
        .as_deref()
        .map(str::trim)
        .filter(|token| !token.is_empty());
    token
        .map(|token| metadata(&format!("Bearer {token}")))
        .transpose()
}

fn metadata(text: &str) -> Result<MetadataValue<Ascii>, Error> {
    let mut value: MetadataValue<Ascii> = text
        .parse()
        .map_err(|_| Error::usage("the token holds characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}
