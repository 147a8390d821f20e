//! A conversation with registries under one login: each call with a limit, retried, stoppable.

use std::future::Future;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, Result as OciResult};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use shipway_plugin::Login;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::fault::Fault;
use crate::hosts::{is_loopback, same_ecr};
use crate::model::READABLE;

const CONNECT: Duration = Duration::from_secs(10);
/// For calls that carry little.
const CALL: Duration = Duration::from_secs(60);
/// Pauses before the second and third try of what may pass.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// Bytes a second below which a transfer is given up.
const SLOWEST: u64 = 100_000;
/// Bytes read from a file at once.
const PIECE: usize = 1 << 18;

/// A client of its own for each login: `oci-client` keeps the first credentials of a host for good
/// (build-facts 8).
pub(crate) struct Session {
    client: Client,
    /// Hosts that the login is good for.
    hosts: Vec<String>,
    stop: CancellationToken,
}

impl Session {
    /// Opens a session with `login`, which is also used for the base when it lies in the same
    /// registry.
    pub(crate) async fn open(
        login: &Login,
        base: Option<&Reference>,
        stop: CancellationToken,
    ) -> Result<Self, Fault> {
        install_crypto();
        let base_host = base.map(Reference::resolve_registry);
        let mut hosts = vec![login.host.clone()];
        hosts.extend(
            base_host
                .filter(|host| same_ecr(host, &login.host))
                .map(str::to_owned),
        );
        let mut plain: Vec<String> = Vec::new();
        plain.extend(login.plain_http.then(|| login.host.clone()));
        // As docker does: a registry on the own machine needs no TLS.
        plain.extend(
            base_host
                .filter(|host| *host != login.host && is_loopback(host))
                .map(str::to_owned),
        );
        // A proxy that the environment names cannot reach the registries of this machine. Only a
        // proxy of our own takes its place, so one is named that is never used.
        let local = is_loopback(&login.host) && base_host.is_none_or(is_loopback);
        let client = Client::try_from(ClientConfig {
            http_proxy: local.then(|| "http://localhost".to_owned()),
            no_proxy: local.then(|| "127.0.0.0/8,::1,localhost".to_owned()),
            protocol: ClientProtocol::HttpsExcept(plain),
            // ECR drops all chunks of a chunked upload but the first (build-facts 8).
            use_monolithic_push: true,
            platform_resolver: None,
            connect_timeout: Some(CONNECT),
            user_agent: concat!("shipway/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        })?;
        let password = std::str::from_utf8(login.password.expose())
            .map_err(|_| Fault::Authorisation("the registry's password is no text".to_owned()))?;
        let auth = RegistryAuth::Basic(login.user.clone(), password.to_owned());
        for host in &hosts {
            client.store_auth_if_needed(host, &auth).await;
        }
        Ok(Self {
            client,
            hosts,
            stop,
        })
    }

    /// Whether the login is used for this image.
    pub(crate) fn knows(&self, image: &Reference) -> bool {
        self.hosts
            .iter()
            .any(|host| host == image.resolve_registry())
    }

    /// A manifest or index, and its digest.
    pub(crate) async fn manifest(&self, at: &Reference) -> Result<(Bytes, String), Fault> {
        let span = span("get-manifest", at, 0);
        self.call(span, CALL, || {
            self.client
                .pull_manifest_raw(at, &RegistryAuth::Anonymous, &READABLE)
        })
        .await
    }

    /// The digest that a tag (or digest) has in the registry, or `None`.
    pub(crate) async fn manifest_digest(&self, at: &Reference) -> Result<Option<String>, Fault> {
        let span = span("head-manifest", at, 0);
        let asked = self.call(span, CALL, || {
            self.client
                .fetch_manifest_digest(at, &RegistryAuth::Anonymous)
        });
        match asked.await {
            Ok(digest) => Ok(Some(digest)),
            Err(Fault::Absent(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Sends a manifest or index under a tag.
    pub(crate) async fn put_manifest(
        &self,
        at: &Reference,
        bytes: &[u8],
        media_type: &'static str,
    ) -> Result<(), Fault> {
        let span = span("put-manifest", at, bytes.len() as u64);
        let bytes = Bytes::copy_from_slice(bytes);
        self.call(span, CALL, || async {
            let media_type = media_type.parse().map_err(|_| {
                OciDistributionError::UnsupportedMediaTypeError(media_type.to_owned())
            })?;
            self.client
                .push_manifest_raw(at, bytes.clone(), media_type)
                .await
        })
        .await
        .map(drop)
    }

    pub(crate) async fn has_blob(&self, at: &Reference, digest: &str) -> Result<bool, Fault> {
        let span = span("head-blob", at, 0);
        self.call(span, CALL, || self.client.blob_exists(at, digest))
            .await
    }

    /// Lets the registry link a blob from another of its repositories; `false` when it does not.
    pub(crate) async fn mount(
        &self,
        at: &Reference,
        from: &Reference,
        digest: &str,
    ) -> Result<bool, Fault> {
        if at.resolve_registry() != from.resolve_registry() {
            return Ok(false);
        }
        let span = span("mount-blob", at, 0);
        let mounted = self.call(span, CALL, || async {
            match self.client.mount_blob(at, from, digest).await {
                Ok(()) => Ok(true),
                // It began an upload instead, as it may: the blob is sent then.
                Err(OciDistributionError::SpecViolationError(_)) => Ok(false),
                Err(error) => Err(error),
            }
        });
        match mounted.await {
            Err(fault @ (Fault::Stopped | Fault::Passing(_))) => Err(fault),
            // Whatever keeps it from that does not keep it from taking the blob.
            Err(_) => Ok(false),
            answer => answer,
        }
    }

    /// Reads a small blob and checks its digest.
    pub(crate) async fn small_blob(&self, at: &Reference, digest: &str) -> Result<Vec<u8>, Fault> {
        let span = span("get-blob", at, 0);
        self.call(span, CALL, || async {
            let mut bytes = Vec::new();
            self.client.pull_blob(at, digest, &mut bytes).await?;
            Ok(bytes)
        })
        .await
    }

    pub(crate) async fn upload(
        &self,
        at: &Reference,
        digest: &str,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let span = span("put-blob", at, bytes.len() as u64);
        let bytes = Bytes::copy_from_slice(bytes);
        self.call(span, CALL, || {
            self.client.push_blob(at, bytes.clone(), digest)
        })
        .await
        .map(drop)
    }

    pub(crate) async fn upload_file(
        &self,
        at: &Reference,
        digest: &str,
        size: u64,
        file: &Path,
    ) -> Result<(), Fault> {
        let span = span("put-blob", at, size);
        self.call(span, transfer(size), || async {
            let file = tokio::fs::File::open(file).await?;
            let pieces = ReaderStream::with_capacity(file, PIECE).map_err(Into::into);
            self.client
                .push_blob_stream(at, pieces, digest, Some(size))
                .await
        })
        .await
        .map(drop)
    }

    /// Carries a blob from one registry to another, never storing it here.
    pub(crate) async fn carry(
        &self,
        at: &Reference,
        from: &Reference,
        digest: &str,
        size: u64,
    ) -> Result<(), Fault> {
        let span = span("put-blob", at, size);
        self.call(span, transfer(size), || async {
            let pieces = self.client.pull_blob_stream(from, digest).await?;
            let pieces = pieces.stream.map_err(Into::into);
            self.client
                .push_blob_stream(at, pieces, digest, Some(size))
                .await
        })
        .await
        .map(drop)
    }

    /// Makes a call that does no harm when made twice.
    async fn call<T, F>(
        &self,
        span: Span,
        limit: Duration,
        call: impl Fn() -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = OciResult<T>>,
    {
        let answer = self.again(limit, call).instrument(span.clone()).await;
        match &answer {
            // Whether something is there was the question; and who stops it knows that.
            Ok(_) | Err(Fault::Absent(_) | Fault::Stopped) => {}
            Err(fault) => {
                span.record("otel.status_code", "error");
                span.record("otel.status_description", tracing::field::display(fault));
                span.record("error.type", fault.class());
            }
        }
        answer
    }

    async fn again<T, F>(&self, limit: Duration, call: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = OciResult<T>>,
    {
        let mut pauses = PAUSES.into_iter();
        let mut again = 0_i64;
        loop {
            let answer = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Fault::Stopped),
                answer = tokio::time::timeout(limit, call()) => answer,
            };
            let fault = match answer {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => Fault::from(error),
                Err(_) => Fault::Passing(format!("the registry did not answer within {limit:?}")),
            };
            let (Fault::Passing(why), Some(pause)) = (&fault, pauses.next()) else {
                return Err(fault);
            };
            tracing::debug!(why, ?pause, "the registry is asked again");
            again += 1;
            Span::current().record("http.request.resend_count", again);
            tokio::select! {
                () = self.stop.cancelled() => return Err(Fault::Stopped),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// The span of a call, with the bytes that it sends. Numbers of spans are `i64`: others leave as texts.
fn span(call: &'static str, at: &Reference, bytes: u64) -> Span {
    tracing::info_span!(
        "registry.call",
        otel.name = format!("registry:{call}"),
        otel.kind = "client",
        otel.status_code = Empty,
        otel.status_description = Empty,
        server.address = at.resolve_registry(),
        container.image.name = at.repository(),
        http.request.body.size = i64::try_from(bytes).unwrap_or(i64::MAX),
        http.request.resend_count = Empty,
        error.type = Empty,
    )
}

fn transfer(bytes: u64) -> Duration {
    CALL + Duration::from_secs(bytes / SLOWEST)
}

/// The HTTP client panics without it, for plain http too.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error says that the process has chosen one already: that serves as well.
        let _already = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests;
