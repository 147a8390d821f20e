//! The SDK clients of one account, region and session; they share credentials and connections.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use shipway_plugin::{Place, PlatformError, Session};

use crate::budget::Budget;
use crate::call::{self, CountAttempts, MUTATION_LIMIT};
use crate::config::{AccountConfig, session_name};
use crate::operation::Operation;

/// How often a read is tried before its caller hears of it.
const READ_ATTEMPTS: u32 = 8;

/// How long one attempt may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);

/// How long credentials may take: STS is asked several times within it if need be.
const CREDENTIALS_LIMIT: Duration = Duration::from_secs(15);

/// A client for each service.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) ecr: aws_sdk_ecr::Client,
    pub(crate) scaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) sts: aws_sdk_sts::Client,
}

/// The clients of one account, region and session.
#[derive(Debug)]
pub(crate) struct Clients {
    place: Place,
    budget: Arc<Budget>,
    config: SdkConfig,
    /// Tries again on passing errors.
    patient: Services,
    /// Sends once: for changes, and for polls that are made again anyway.
    once: Services,
}

impl Clients {
    /// Clients from the base configuration, in the account's role when it has one.
    pub(crate) async fn new(
        base: &SdkConfig,
        place: &Place,
        account: &AccountConfig,
        agent: &str,
        session: &Session,
        budget: Arc<Budget>,
    ) -> Self {
        let region = aws_config::Region::new(place.region.as_str().to_owned());
        let retries = RetryConfig::standard()
            .with_max_attempts(READ_ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(250))
            .with_max_backoff(Duration::from_secs(10));
        let patience = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_LIMIT)
            .build();
        let base = base
            .to_builder()
            .region(region)
            .retry_config(retries)
            .timeout_config(patience)
            // One cache per session: both sets of clients below share its credentials.
            .identity_cache(
                IdentityCache::lazy()
                    .load_timeout(CREDENTIALS_LIMIT)
                    .build(),
            )
            .build();
        let config = match &account.role_arn {
            None => base,
            Some(role) => {
                let mut provider = AssumeRoleProvider::builder(role)
                    .configure(&base)
                    .session_name(session_name(agent, session));
                if let Some(id) = &account.external_id {
                    provider = provider.external_id(id);
                }
                let provider = SharedCredentialsProvider::new(provider.build().await);
                base.into_builder().credentials_provider(provider).build()
            }
        };
        let once = config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(MUTATION_LIMIT)
                    .build(),
            )
            .build();
        Self {
            place: place.clone(),
            budget,
            patient: Services::new(&config),
            once: Services::new(&once),
            config,
        }
    }

    /// Makes a call: reads are tried again on passing errors, changes are sent once.
    pub(crate) async fn call<'a, T, E, F>(
        &'a self,
        operation: &Operation,
        send: impl FnOnce(&'a Services) -> F,
    ) -> Result<T, PlatformError>
    where
        T: RequestId,
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let services = if operation.mutates {
            &self.once
        } else {
            &self.patient
        };
        call::make(&self.place, &self.budget, operation, send(services)).await
    }

    /// Makes a call that reads, once.
    pub(crate) async fn poll<'a, T, E, F>(
        &'a self,
        operation: &Operation,
        send: impl FnOnce(&'a Services) -> F,
    ) -> Result<T, PlatformError>
    where
        T: RequestId,
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        call::make(&self.place, &self.budget, operation, send(&self.once)).await
    }

    /// The budget of the account and region, with what was called.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The account and region.
    pub(crate) const fn place(&self) -> &Place {
        &self.place
    }

    /// The configuration behind the clients, for requests that no SDK client makes.
    pub(crate) const fn config(&self) -> &SdkConfig {
        &self.config
    }
}

impl Services {
    fn new(config: &SdkConfig) -> Self {
        let ecs = aws_sdk_ecs::config::Builder::from(config).interceptor(CountAttempts);
        let ecr = aws_sdk_ecr::config::Builder::from(config).interceptor(CountAttempts);
        let scaling = aws_sdk_applicationautoscaling::config::Builder::from(config)
            .interceptor(CountAttempts);
        let sts = aws_sdk_sts::config::Builder::from(config).interceptor(CountAttempts);
        Self {
            ecs: aws_sdk_ecs::Client::from_conf(ecs.build()),
            ecr: aws_sdk_ecr::Client::from_conf(ecr.build()),
            scaling: aws_sdk_applicationautoscaling::Client::from_conf(scaling.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
        }
    }
}
