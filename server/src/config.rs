//! Settings of the coordinator: defaults, file, `SHIPWAY_` environment, flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_domain::board::Policy;
use shipway_runtime::telemetry::TelemetryConfig;

/// Settings of the coordinator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address to listen on. Beyond loopback only with `tls`.
    pub listen: SocketAddr,
    /// Folder for everything that is kept.
    pub data: PathBuf,
    /// Certificate and key; with them, every caller needs a token.
    pub tls: Option<TlsConfig>,
    /// Largest blob (context or task definition) in bytes.
    pub max_blob_bytes: u64,
    /// Connections at once; those beyond are closed. 1 at least.
    pub max_connections: u32,
    /// Leases.
    pub lease: LeaseConfig,
    /// How long running calls may take to end at shutdown, in seconds.
    pub drain_seconds: u64,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

/// PEM files of the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Leases of jobs, in seconds (design.md section 6).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeaseConfig {
    /// How long an attempt may act without renewing; 6 at least.
    pub seconds: u64,
    /// How often agents renew; at most a third of the lease.
    pub renew_seconds: u64,
    /// How long before the end of its lease an agent stops changing AWS.
    pub margin_seconds: u64,
    /// Deliveries in a row without progress after which a job is parked.
    pub deliveries: u32,
    /// Wait before a job whose verdict is unknown is looked at again.
    pub rest_seconds: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7433)),
            data: PathBuf::from("shipway-data"),
            tls: None,
            max_blob_bytes: 512 * 1024 * 1024,
            max_connections: 16_384,
            lease: LeaseConfig::default(),
            drain_seconds: 10,
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Default for LeaseConfig {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            seconds: policy.lease.as_secs(),
            renew_seconds: policy.renew.as_secs(),
            margin_seconds: policy.margin.as_secs(),
            deliveries: policy.max_fruitless,
            rest_seconds: policy.rest.as_secs(),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadConfig {
    /// Nothing listens beyond loopback without TLS and tokens.
    #[error(
        "listen is {0}, which is not loopback: that needs [tls] with certificate and key (and \
         tokens for every caller); or listen on 127.0.0.1"
    )]
    OpenWithoutTls(SocketAddr),
    /// Leases that cannot be kept.
    #[error(
        "lease of {seconds} s with renewal each {renew} s and a margin of {margin} s cannot be \
         kept: a lease has at least 6 s, renewals must come at least three times in it, and the \
         margin must leave time to act"
    )]
    Lease {
        /// The lease.
        seconds: u64,
        /// Time between renewals.
        renew: u64,
        /// The margin.
        margin: u64,
    },
}

impl ServerConfig {
    /// Checks what types alone do not say.
    ///
    /// # Errors
    /// [`BadConfig`] says what would be right.
    pub fn validate(&self) -> Result<(), BadConfig> {
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            return Err(BadConfig::OpenWithoutTls(self.listen));
        }
        let lease = &self.lease;
        let kept = lease.seconds >= 6
            && lease.renew_seconds > 0
            && lease.renew_seconds.saturating_mul(3) <= lease.seconds
            && lease.margin_seconds.saturating_mul(2) <= lease.seconds;
        if kept {
            return Ok(());
        }
        Err(BadConfig::Lease {
            seconds: lease.seconds,
            renew: lease.renew_seconds,
            margin: lease.margin_seconds,
        })
    }

    /// The numbers that the board holds to.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            lease: Duration::from_secs(self.lease.seconds),
            renew: Duration::from_secs(self.lease.renew_seconds),
            margin: Duration::from_secs(self.lease.margin_seconds),
            max_fruitless: self.lease.deliveries,
            rest: Duration::from_secs(self.lease.rest_seconds),
            ..Policy::default()
        }
    }
}
