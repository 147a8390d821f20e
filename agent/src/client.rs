//! The coordinator's end of the line: a channel with keep-alive, and the token in every call.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use shipway_domain::ids::Digest;
use shipway_proto::v1;
use shipway_proto::v1::agents_client::AgentsClient;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use crate::config::AgentConfig;

/// Keep-alive on both ends: without it a partition is not noticed (design.md section 6).
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Windows as the coordinator has them (engineering-facts section 5).
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Calls the coordinator; connects when it is used, and again when it was cut off.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    inner: AgentsClient<InterceptedService<Channel, Bearer>>,
}

/// Adds the token to every call.
#[derive(Clone, Debug)]
pub(crate) struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        Ok(request)
    }
}

impl Client {
    pub(crate) fn new(config: &AgentConfig) -> anyhow::Result<Self> {
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
        let bearer = match &config.token_file {
            None => Bearer(None),
            Some(file) => {
                let token = String::from_utf8_lossy(&read(file)?).trim().to_owned();
                let mut value: MetadataValue<Ascii> = format!("Bearer {token}")
                    .parse()
                    .with_context(|| format!("{} holds no token", file.display()))?;
                value.set_sensitive(true);
                Bearer(Some(value))
            }
        };
        Ok(Self {
            inner: AgentsClient::with_interceptor(endpoint.connect_lazy(), bearer),
        })
    }

    pub(crate) async fn session(
        &self,
        messages: impl futures::Stream<Item = v1::AgentMessage> + Send + 'static,
    ) -> Result<tonic::Streaming<v1::CoordinatorMessage>, Status> {
        Ok(self.inner.clone().session(messages).await?.into_inner())
    }

    /// Writes a blob to `out` and checks that it is the one that its digest names.
    pub(crate) async fn blob(
        &self,
        digest: &Digest,
        mut out: impl AsyncWrite + Unpin,
    ) -> anyhow::Result<u64> {
        let request = v1::GetBlobRequest {
            digest: digest.to_string(),
        };
        let mut parts = self.inner.clone().get_blob(request).await?.into_inner();
        let (mut sum, mut size) = (Sha256::new(), 0_u64);
        while let Some(part) = parts.message().await? {
            sum.update(&part.data);
            size += part.data.len() as u64;
            out.write_all(&part.data)
                .await
                .context("a blob could not be written")?;
        }
        out.flush().await.context("a blob could not be written")?;
        let actual = Digest::from_sha256(sum.finalize().into());
        anyhow::ensure!(actual == *digest, "blob {digest} came as {actual}");
        Ok(size)
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("could not read {}", path.display()))
}
