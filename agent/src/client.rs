//! The coordinator's end of the line: a channel with keep-alive, and the token in every call.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::agents_client::AgentsClient;
use shipway_runtime::{context, telemetry};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use crate::config::AgentConfig;

/// Keep-alive on both ends: without it a partition is not noticed (design.md section 6).
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Windows as the coordinator has them (engineering-facts section 5).
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// First and longest wait before a blob is fetched again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// How the way to the coordinator is opened, when it is first used.
pub type Connect = fn(&Endpoint) -> Channel;

/// Calls the coordinator; connects when it is used, and again when it was cut off.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    inner: AgentsClient<InterceptedService<Channel, Metadata>>,
}

/// Adds to every call the token and the trace that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Metadata(Option<MetadataValue<Ascii>>);

impl Interceptor for Metadata {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        if let Some(token) = &self.0 {
            metadata.insert("authorization", token.clone());
        }
        if let Some(trace) = telemetry::current().and_then(|trace| trace.parse().ok()) {
            metadata.insert(context::TRACEPARENT, trace);
        }
        Ok(request)
    }
}

impl Client {
    pub(crate) fn new(config: &AgentConfig, connect: Connect) -> anyhow::Result<Self> {
        let mut endpoint = Endpoint::from_shared(config.server.clone())
            .with_context(|| format!("server is {:?}, which is no URL", config.server))?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        if config.server.starts_with("https://") {
            shipway_runtime::tls::install_provider();
            let mut tls = ClientTlsConfig::new();
            if let Some(ca) = &config.ca {
                tls = tls.ca_certificate(Certificate::from_pem(read(ca)?));
            }
            endpoint = endpoint.tls_config(tls).context("TLS cannot be set up")?;
        }
        let metadata = match &config.token_file {
            None => Metadata(None),
            Some(file) => {
                let token = String::from_utf8_lossy(&read(file)?).trim().to_owned();
                let mut value: MetadataValue<Ascii> = format!("Bearer {token}")
                    .parse()
                    .with_context(|| format!("{} holds no token", file.display()))?;
                value.set_sensitive(true);
                Metadata(Some(value))
            }
        };
        Ok(Self {
            inner: AgentsClient::with_interceptor(connect(&endpoint), metadata),
        })
    }

    pub(crate) async fn session(
        &self,
        messages: impl futures::Stream<Item = v1::AgentMessage> + Send + 'static,
    ) -> Result<tonic::Streaming<v1::CoordinatorMessage>, Status> {
        Ok(self.inner.clone().session(messages).await?.into_inner())
    }

    /// A blob of a few KiB. Fetched again, for ever, while the coordinator cannot be reached: a
    /// job must not fail because a coordinator was restarted.
    pub(crate) async fn blob(&self, digest: &Digest) -> anyhow::Result<Vec<u8>> {
        let mut wait = AGAIN.0;
        loop {
            let mut bytes = Vec::new();
            match self.fetch(digest, &mut bytes).await {
                Ok(_) => return Ok(bytes),
                Err(error) => wait = error.again_after(wait).await?,
            }
        }
    }

    /// Writes a blob to a file, and gives its size. Fetched again as [`Self::blob`].
    pub(crate) async fn blob_into(&self, digest: &Digest, path: &Path) -> anyhow::Result<u64> {
        let mut wait = AGAIN.0;
        loop {
            let file = tokio::fs::File::create(path).await?;
            match self.fetch(digest, file).await {
                Ok(size) => return Ok(size),
                Err(error) => wait = error.again_after(wait).await?,
            }
        }
    }

    /// Writes a blob to `out` and checks that it is the one that its digest names.
    async fn fetch(
        &self,
        digest: &Digest,
        mut out: impl AsyncWrite + Unpin,
    ) -> Result<u64, FetchError> {
        let request = v1::GetBlobRequest {
            digest: digest.to_string(),
        };
        let mut parts = self.inner.clone().get_blob(request).await?.into_inner();
        let (mut sum, mut size) = (Sha256::new(), 0_u64);
        while let Some(part) = parts.message().await? {
            sum.update(&part.data);
            size += part.data.len() as u64;
            out.write_all(&part.data).await?;
        }
        out.flush().await?;
        let actual = Digest::from_sha256(sum.finalize().into());
        if actual == *digest {
            return Ok(size);
        }
        Err(FetchError::Other {
            wanted: digest.clone(),
            actual,
        })
    }
}

/// Why a blob did not come.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the coordinator did not give the blob")]
    Call(#[from] Status),
    #[error("the blob could not be written")]
    Write(#[from] std::io::Error),
    #[error("blob {wanted} came as {actual}")]
    Other { wanted: Digest, actual: Digest },
}

impl FetchError {
    /// Waits before the next try and says how long the wait after it is, unless a next try would
    /// end as this one did.
    async fn again_after(self, wait: Duration) -> anyhow::Result<Duration> {
        let passing = match &self {
            Self::Call(status) => !matches!(
                status.code(),
                Code::NotFound
                    | Code::InvalidArgument
                    | Code::PermissionDenied
                    | Code::Unauthenticated
                    | Code::Unimplemented
                    | Code::DataLoss
            ),
            Self::Write(_) | Self::Other { .. } => false,
        };
        if !passing {
            return Err(self.into());
        }
        tracing::warn!(error = shipway_runtime::chain(&self), "blob fetched again");
        tokio::time::sleep(wait).await;
        Ok((wait * 2).min(AGAIN.1))
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("could not read {}", path.display()))
}
