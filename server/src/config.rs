//! Settings of the coordinator: defaults, file, `SHIPWAY_` environment, flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_domain::board::{KeyWindow, Policy};
use shipway_domain::history::Retention;
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
    /// Room on the disk of the data folder.
    pub disk: DiskConfig,
    /// Releases that have ended.
    pub history: HistoryConfig,
    /// The endpoint for Prometheus; without it there is none.
    pub metrics: Option<MetricsConfig>,
    /// How long running calls may take to end at shutdown, in seconds.
    pub drain_seconds: u64,
    /// Where people see a trace, with `{trace_id}` in it, such as `https://grafana/explore?trace={trace_id}`; without it
    /// no link is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_url: Option<String>,
    /// Logs, traces and metrics.
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

/// Where metrics can be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// Address of `GET /metrics`, by HTTP without TLS: loopback only.
    pub listen: SocketAddr,
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

/// Room on the disk of the data folder (design.md section 5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiskConfig {
    /// Free MiB below which no submission or upload is taken; running work is still recorded. Below an
    /// eighth of it the reserve is given up.
    pub low_water_mib: u64,
    /// MiB set aside for recording running work on a full disk, beside some to open the records with; 0
    /// sets nothing aside.
    pub reserve_mib: u64,
    /// Whether a file system that may lose what it has acknowledged is an error instead of a warning.
    pub refuse_unfit: bool,
}

impl Default for DiskConfig {
    fn default() -> Self {
        Self {
            low_water_mib: 256,
            reserve_mib: 64,
            refuse_unfit: false,
        }
    }
}

/// How long releases that have ended are kept, and what is remembered of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryConfig {
    /// Days after its end for which a release is kept, with its events and logs; 0 for ever.
    pub retention_days: u32,
    /// The newest releases of each environment that are kept longer.
    pub keep_per_environment: usize,
    /// The last live releases of each environment that are kept longer: a rollback can go to them. 2 at
    /// least.
    pub keep_live: usize,
    /// Days after the end of a release for which its idempotency key is known; 1 at least.
    pub key_days: u32,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        let policy = Policy::default();
        let days = policy.keys.after_end.as_secs() / DAY.as_secs();
        Self {
            retention_days: policy.retention.days,
            keep_per_environment: policy.retention.per_environment,
            keep_live: policy.lives,
            key_days: u32::try_from(days).unwrap_or(u32::MAX),
        }
    }
}

const DAY: Duration = Duration::from_secs(86_400);

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7433)),
            data: PathBuf::from("shipway-data"),
            tls: None,
            max_blob_bytes: 512 * 1024 * 1024,
            max_connections: 16_384,
            lease: LeaseConfig::default(),
            disk: DiskConfig::default(),
            history: HistoryConfig::default(),
            metrics: None,
            drain_seconds: 10,
            trace_url: None,
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
    /// Metrics are not told beyond loopback: their endpoint has neither TLS nor tokens.
    #[error(
        "metrics.listen is {0}, which is not loopback: metrics are served there only, without TLS and tokens;          let a collector on this machine read them, or have them sent with OTEL_EXPORTER_OTLP_ENDPOINT"
    )]
    OpenMetrics(SocketAddr),
    /// A file system that may lose what it has acknowledged, where that is refused.
    #[error(
        "the data folder {} lies on {kind}, where acknowledged data may be lost in a power failure: use \
         a local disk with ext4 or XFS, or set disk.refuse_unfit = false",
        path.display()
    )]
    UnfitDisk {
        /// The data folder.
        path: PathBuf,
        /// The file system.
        kind: &'static str,
    },
    /// More MiB than any disk has.
    #[error("disk.{key} is {mib} MiB: at most 1048576 (1 TiB) can be set")]
    Disk {
        /// Which setting.
        key: &'static str,
        /// What it says.
        mib: u64,
    },
    /// A history that is too short.
    #[error(
        "history.keep_live is {live} and history.key_days is {key_days}: a rollback needs the release \
         before the last live one, so at least 2 are kept, and a key is known for at least 1 day"
    )]
    History {
        /// Live releases that are kept.
        live: usize,
        /// Days for which keys are known.
        key_days: u32,
    },
    /// A link to traces that leads nowhere.
    #[error(
        "trace_url is {0:?}: it must be an address with {{trace_id}} in it, such as \
         https://traces.example.com/trace/{{trace_id}}"
    )]
    TraceUrl(String),
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
        if let Some(metrics) = &self.metrics
            && !metrics.listen.ip().is_loopback()
        {
            return Err(BadConfig::OpenMetrics(metrics.listen));
        }
        for (key, mib) in [
            ("low_water_mib", self.disk.low_water_mib),
            ("reserve_mib", self.disk.reserve_mib),
        ] {
            if mib > 1 << 20 {
                return Err(BadConfig::Disk { key, mib });
            }
        }
        if let Some(url) = &self.trace_url
            && !(url.starts_with("http") && url.contains("{trace_id}"))
        {
            return Err(BadConfig::TraceUrl(url.clone()));
        }
        let history = &self.history;
        if history.keep_live < 2 || history.key_days == 0 {
            return Err(BadConfig::History {
                live: history.keep_live,
                key_days: history.key_days,
            });
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
            keys: KeyWindow {
                after_end: DAY.saturating_mul(self.history.key_days),
                ..KeyWindow::default()
            },
            lives: self.history.keep_live,
            retention: Retention {
                days: self.history.retention_days,
                per_environment: self.history.keep_per_environment,
            },
            ..Policy::default()
        }
    }
}
