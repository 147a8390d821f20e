//! Orders, and logins that are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use shipway_domain::spec::{self, BuildSettings, DockerBuild};
use shipway_plugin::{BuildOrder, Login, LoginSource, PlatformError, Secret};

use super::{Context, PASSWORD, Registry, USER};

/// Gives one password after another; the last one for ever.
pub(crate) struct Logins {
    host: String,
    user: &'static str,
    passwords: Vec<String>,
    asked: AtomicUsize,
}

impl Logins {
    pub(crate) fn of(registry: &Registry, user: &'static str, passwords: &[&str]) -> Arc<Self> {
        Arc::new(Self {
            host: registry.host(),
            user,
            passwords: passwords.iter().map(|p| (*p).to_owned()).collect(),
            asked: AtomicUsize::new(0),
        })
    }

    /// The right password of the protected registry.
    pub(crate) fn right(registry: &Registry) -> Arc<Self> {
        Self::of(registry, USER, &[&PASSWORD])
    }

    /// How often a login was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl LoginSource for Logins {
    async fn login(&self) -> Result<Login, PlatformError> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let password = &self.passwords[asked.min(self.passwords.len() - 1)];
        Ok(Login {
            host: self.host.clone(),
            user: self.user.to_owned(),
            password: Secret::new(password.as_str()),
            plain_http: true,
        })
    }
}

/// An order to build the context for `<registry>/team/app:r-1`, as nobody.
pub(crate) fn order(registry: &Registry, context: &Context) -> BuildOrder {
    BuildOrder {
        trace_parent: String::new(),
        context: context.path(),
        settings: BuildSettings {
            builder: spec::Builder::Docker(DockerBuild::default()),
            platforms: Vec::new(),
            secrets: Vec::new(),
        },
        platforms: vec!["linux/amd64".to_owned()],
        image: format!("{}/team/app", registry.host()),
        tags: vec!["r-1".to_owned()],
        labels: Vec::new(),
        source_date_epoch: 1_700_000_000,
        secrets: Vec::new(),
        login: Logins::of(registry, "", &[""]),
    }
}

/// The Docker settings of an order.
pub(crate) fn docker(order: &mut BuildOrder) -> &mut DockerBuild {
    match &mut order.settings.builder {
        spec::Builder::Docker(settings) => settings,
        spec::Builder::Layers(_) => panic!("not an order for docker"),
    }
}
