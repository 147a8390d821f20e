//! DescribeServices and UpdateService.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::ServiceSeen;
use shipway_plugin::{ErrorKind, PlatformError, UpdateService};

use crate::batch::Fetch;
use crate::clients::Clients;
use crate::convert;
use crate::operation::{DESCRIBE_SERVICES, UPDATE_SERVICE};
use crate::raw::{KeptBody, SentBody};

/// A service by cluster and name.
pub(crate) type ServiceKey = (ClusterName, ServiceName);

/// Source of services.
pub(crate) struct Services {
    clients: Arc<Clients>,
    retries: bool,
}

impl Services {
    /// Tries again on passing errors.
    pub(crate) const fn patient(clients: Arc<Clients>) -> Self {
        Self {
            clients,
            retries: true,
        }
    }

    /// Asks once: for a poller, that asks again anyway.
    pub(crate) const fn polled(clients: Arc<Clients>) -> Self {
        Self {
            clients,
            retries: false,
        }
    }
}

#[async_trait]
impl Fetch for Services {
    type Key = ServiceKey;
    type Value = ServiceSeen;
    /// ecs-facts 5.1.
    const MOST: usize = 10;

    fn group(key: &ServiceKey) -> &str {
        key.0.as_str()
    }

    async fn fetch(
        &self,
        keys: &[ServiceKey],
    ) -> Result<HashMap<ServiceKey, ServiceSeen>, PlatformError> {
        let kept = KeptBody::default();
        let send = |services: &crate::clients::Services| {
            let names = keys.iter().map(|(_, name)| name.to_string()).collect();
            services
                .ecs
                .describe_services()
                .set_cluster(keys.first().map(|(cluster, _)| cluster.to_string()))
                .set_services(Some(names))
                .customize()
                .interceptor(kept.clone())
                .send()
        };
        let answer = if self.retries {
            self.clients.call(&DESCRIBE_SERVICES, send).await?
        } else {
            self.clients.poll(&DESCRIBE_SERVICES, send).await?
        };
        // A missing service is no error but a failure MISSING (ecs-facts 5.4).
        let failures = answer.failures();
        if let Some(failure) = failures
            .iter()
            .find(|failure| failure.reason() != Some("MISSING"))
        {
            let (arn, reason) = (
                convert::text(failure.arn()),
                convert::text(failure.reason()),
            );
            return Err(PlatformError::new(
                DESCRIBE_SERVICES.action(),
                ErrorKind::Other,
                format!("{arn} could not be described: {reason}"),
            ));
        }
        let raw = kept.json();
        let seen = answer.services().iter().enumerate();
        Ok(seen
            .filter_map(|(place, service)| {
                let key = keys
                    .iter()
                    .find(|(_, name)| service.service_name() == Some(name.as_str()));
                let raw = &raw["services"][place];
                let seen = convert::service(service, raw);
                Some((key?.clone(), seen))
            })
            .collect())
    }
}

/// Sends UpdateService. There is no desired count in it: one would override the auto scaler
/// (ecs-facts section 8).
pub(crate) async fn update(
    clients: &Clients,
    update: &UpdateService,
) -> Result<ServiceSeen, PlatformError> {
    let body = body(update)?;
    let kept = KeptBody::default();
    let answer = clients
        .call(&UPDATE_SERVICE, |services| {
            services
                .ecs
                .update_service()
                .cluster(update.cluster.as_str())
                .service(update.service.as_str())
                .customize()
                .interceptor(SentBody(body))
                .interceptor(kept.clone())
                .send()
        })
        .await?;
    let service = answer.service().ok_or_else(|| {
        PlatformError::new(
            UPDATE_SERVICE.action(),
            ErrorKind::Other,
            "the answer holds no service",
        )
    })?;
    Ok(convert::service(service, &kept.json()["service"]))
}

/// The request as JSON.
fn body(update: &UpdateService) -> Result<String, PlatformError> {
    let mut body = Map::new();
    body.insert("cluster".to_owned(), update.cluster.as_str().into());
    body.insert("service".to_owned(), update.service.as_str().into());
    body.insert(
        "taskDefinition".to_owned(),
        update.task_definition.as_str().into(),
    );
    // Omitted members keep their value (ecs-facts 3.5).
    if !update.keeps_configuration {
        body.insert("deploymentConfiguration".to_owned(), configuration(update)?);
    }
    if let Some(grace) = update.health_check_grace_period {
        body.insert(
            "healthCheckGracePeriodSeconds".to_owned(),
            grace.as_secs().into(),
        );
    }
    if update.force {
        body.insert("forceNewDeployment".to_owned(), true.into());
    }
    Ok(Value::Object(body).to_string())
}

/// The configuration as it was, with our bounds and our breaker; alarms, hooks, bake time and what
/// we have never heard of stay (ecs-facts 3.6), within the breaker too (2.1).
fn configuration(update: &UpdateService) -> Result<Value, PlatformError> {
    let base = match update.base_configuration.as_str() {
        "" => "{}",
        text => text,
    };
    let Ok(Value::Object(mut configuration)) = serde_json::from_str(base) else {
        return Err(PlatformError::new(
            UPDATE_SERVICE.action(),
            ErrorKind::Invalid,
            "deploymentConfiguration as it was seen is no JSON object",
        ));
    };
    configuration.insert(
        "minimumHealthyPercent".to_owned(),
        update.minimum_healthy_percent.into(),
    );
    configuration.insert("maximumPercent".to_owned(), update.maximum_percent.into());
    let breaker = configuration
        .entry("deploymentCircuitBreaker")
        .or_insert_with(|| json!({}));
    if !breaker.is_object() {
        *breaker = json!({});
    }
    breaker["enable"] = update.breaker.enable.into();
    breaker["rollback"] = update.breaker.rollback.into();
    Ok(Value::Object(configuration))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shipway_domain::observe::BreakerSeen;

    use super::*;

    fn update_of(base: &str) -> UpdateService {
        UpdateService {
            cluster: ClusterName::new("main").expect("a cluster"),
            service: ServiceName::new("hello").expect("a service"),
            task_definition: "arn:td:2".to_owned(),
            base_configuration: base.to_owned(),
            keeps_configuration: false,
            minimum_healthy_percent: 50,
            maximum_percent: 150,
            breaker: BreakerSeen {
                enable: true,
                rollback: true,
            },
            health_check_grace_period: Some(Duration::from_secs(30)),
            force: false,
        }
    }

    #[test]
    fn what_we_do_not_know_stays_in_the_configuration() {
        let update = update_of(
            r#"{"strategy":"ROLLING","maximumPercent":200,"bakeTimeInMinutes":3,"newThing":{"x":[1.50]},
                "deploymentCircuitBreaker":{"enable":false,"rollback":false,"resetOnHealthyTask":false}}"#,
        );
        let body: Value = serde_json::from_str(&body(&update).expect("a body")).expect("JSON");
        assert_eq!(
            body,
            json!({
                "cluster": "main",
                "service": "hello",
                "taskDefinition": "arn:td:2",
                "deploymentConfiguration": {
                    "strategy": "ROLLING",
                    "maximumPercent": 150,
                    "bakeTimeInMinutes": 3,
                    "newThing": {"x": [1.5]},
                    "deploymentCircuitBreaker": {"enable": true, "rollback": true, "resetOnHealthyTask": false},
                    "minimumHealthyPercent": 50,
                },
                "healthCheckGracePeriodSeconds": 30,
            })
        );
    }

    #[test]
    fn the_desired_count_is_never_sent() {
        let mut update = update_of("");
        update.force = true;
        let body = body(&update).expect("a body");
        assert!(!body.contains("desiredCount"), "{body}");
        assert!(body.contains(r#""forceNewDeployment":true"#), "{body}");
    }

    #[test]
    fn a_configuration_that_is_kept_is_not_sent() {
        let mut update = update_of(r#"{"strategy":"BLUE_GREEN"}"#);
        update.keeps_configuration = true;
        let body = body(&update).expect("a body");
        assert!(!body.contains("deploymentConfiguration"), "{body}");
    }

    #[test]
    fn a_configuration_that_is_no_object_is_refused() {
        for base in ["[]", "{", "3"] {
            let error = body(&update_of(base)).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Invalid);
        }
    }
}
