//! The port [`Platform`]: handles on accounts and regions, with what they share.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use shipway_plugin::{ErrorKind, Place, Platform, PlatformError, RegionApi, Session, Usage};
use tokio::sync::{Mutex, OnceCell};

use crate::budget::Budget;
use crate::clients::Clients;
use crate::config::{AccountConfig, BadConfig, BaseCredentials, PlatformConfig};
use crate::place::Shared;
use crate::region::Region;
use crate::usage;

/// ECS in the accounts of its configuration. Cheap to use from many tasks; keep one per process, for
/// pollers, connections and budgets are shared within it.
pub struct EcsPlatform {
    config: PlatformConfig,
    http: SharedHttpClient,
    base: OnceCell<SdkConfig>,
    places: Mutex<HashMap<Place, Arc<Shared>>>,
    /// Clients of jobs live as long as somebody holds a handle on them.
    jobs: Mutex<HashMap<(Place, Session), Weak<Clients>>>,
    share: std::sync::Mutex<Option<f64>>,
    /// The budgets of the places, to be read without waiting.
    budgets: std::sync::Mutex<Vec<(Place, Arc<Budget>)>>,
}

impl EcsPlatform {
    /// A platform; nothing is called yet.
    ///
    /// # Errors
    /// [`BadConfig`] says what cannot be.
    pub fn new(config: PlatformConfig) -> Result<Self, BadConfig> {
        config.check()?;
        Ok(Self {
            // Ring, not aws-lc: one crypto library in the whole program. Speaks plain http as well.
            http: aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https(),
            base: OnceCell::new(),
            places: Mutex::default(),
            jobs: Mutex::default(),
            share: std::sync::Mutex::new(config.budget_share),
            budgets: std::sync::Mutex::default(),
            config,
        })
    }

    /// Changes the share of the API budgets that reading may use, above 0, 1 is everything.
    ///
    /// # Errors
    /// [`BadConfig::Share`] when it is no such number.
    pub async fn set_budget_share(&self, share: f64) -> Result<(), BadConfig> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(BadConfig::Share(share));
        }
        let places = self.places.lock().await;
        if self.config.budget_share.is_some() {
            *self.share.lock().unwrap_or_else(PoisonError::into_inner) = Some(share);
        }
        for place in places.values() {
            place.budget.set_share(share);
        }
        Ok(())
    }

    fn account(&self, place: &Place) -> Result<&AccountConfig, PlatformError> {
        self.config.account(place).ok_or_else(|| {
            PlatformError::new(
                "open",
                ErrorKind::Credentials,
                format!(
                    "account {} in {} is not among the accounts of this agent",
                    place.account, place.region
                ),
            )
        })
    }

    /// The configuration before any region or role.
    async fn base(&self) -> &SdkConfig {
        let load = async || {
            let mut loader =
                aws_config::defaults(BehaviorVersion::latest()).http_client(self.http.clone());
            if let Some(url) = &self.config.endpoint_url {
                loader = loader.endpoint_url(url);
            }
            if let BaseCredentials::Static {
                access_key_id,
                secret_access_key,
            } = &self.config.credentials
            {
                let secret = String::from_utf8_lossy(secret_access_key.expose());
                loader = loader.credentials_provider(Credentials::new(
                    access_key_id,
                    secret,
                    None,
                    None,
                    "shipway",
                ));
            }
            if let Some(account) = self.config.accounts.first() {
                // For the default chain's own calls; each place sets its own.
                let region = account.regions[0].as_str().to_owned();
                loader = loader.region(aws_config::Region::new(region));
            }
            loader.load().await
        };
        Box::pin(self.base.get_or_init(load)).await
    }

    async fn clients(
        &self,
        place: &Place,
        session: &Session,
        budget: &Arc<Budget>,
    ) -> Result<Arc<Clients>, PlatformError> {
        let account = self.account(place)?;
        let base = self.base().await;
        let agent = &self.config.agent;
        let clients = Clients::new(base, place, account, agent, session, Arc::clone(budget)).await;
        Ok(Arc::new(clients))
    }

    async fn shared(&self, place: &Place) -> Result<Arc<Shared>, PlatformError> {
        let mut places = self.places.lock().await;
        if let Some(shared) = places.get(place) {
            return Ok(Arc::clone(shared));
        }
        let share = *self.share.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = Arc::new(Budget::new(share));
        let agent = self.clients(place, &Session::Agent, &budget).await?;
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.push((place.clone(), Arc::clone(&budget)));
        drop(budgets);
        let shared = Arc::new(Shared::new(agent, budget, self.config.polling));
        places.insert(place.clone(), Arc::clone(&shared));
        Ok(shared)
    }

    async fn job(
        &self,
        place: &Place,
        session: &Session,
        shared: &Shared,
    ) -> Result<Arc<Clients>, PlatformError> {
        let mut jobs = self.jobs.lock().await;
        jobs.retain(|_, clients| clients.strong_count() > 0);
        let key = (place.clone(), session.clone());
        if let Some(clients) = jobs.get(&key).and_then(Weak::upgrade) {
            return Ok(clients);
        }
        let clients = self.clients(place, session, &shared.budget).await?;
        jobs.insert(key, Arc::downgrade(&clients));
        Ok(clients)
    }
}

#[async_trait]
impl Platform for EcsPlatform {
    async fn open(
        &self,
        place: &Place,
        session: &Session,
    ) -> Result<Arc<dyn RegionApi>, PlatformError> {
        self.account(place)?;
        let shared = self.shared(place).await?;
        let clients = match session {
            Session::Agent => Arc::clone(&shared.agent),
            Session::Job { .. } => self.job(place, session, &shared).await?,
        };
        Ok(Arc::new(Region::new(shared, clients)))
    }

    fn usage(&self) -> Usage {
        let budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        usage::of(budgets.iter().map(|(place, budget)| (place, &**budget)))
    }
}
