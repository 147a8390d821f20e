//! One poll: a few calls, and an answer for everybody who waits.

use shipway_domain::observe::{ServiceDeploymentSeen, ServiceSeen};
use shipway_plugin::{ErrorKind, Observation, PlatformError};
use tokio::time::Instant;

use super::Core;
use super::waiting::{State, Waiter};
use crate::batch::{Fetch, Fetched, fetch_all};
use crate::service::ServiceKey;

type Outcome<V> = Result<Option<V>, PlatformError>;

impl<S, D> Core<S, D>
where
    S: Fetch<Key = ServiceKey, Value = ServiceSeen>,
    D: Fetch<Key = String, Value = ServiceDeploymentSeen>,
{
    pub(super) async fn tick(&self) {
        let Some((services_too, waiting)) = self.state().begin() else {
            return;
        };
        let arns = waiting
            .iter()
            .filter_map(|waiter| waiter.watch.service_deployment.clone());
        let services = waiting
            .iter()
            .filter(|waiter| services_too || needs_service(waiter))
            .map(Waiter::service);
        let (deployments, services) = tokio::join!(
            fetch_all(&self.deployments, arns),
            fetch_all(&self.services, services),
        );

        let mut state = self.state();
        let changed = note_all::<S, D>(&mut state, &services, &deployments);
        let throttled = failures::<S, D>(&services, &deployments)
            .any(|error| error.kind == ErrorKind::Throttled);
        let (mut unanswered, mut answers) = (Vec::new(), Vec::new());
        for waiter in waiting {
            let deployment = waiter
                .watch
                .service_deployment
                .as_ref()
                .and_then(|arn| deployments.get(arn));
            let service = services.get(&waiter.service());
            match observed(&waiter, deployment, service) {
                Err(error) if self.bears(&waiter, &error) => unanswered.push(waiter),
                answer => answers.push((waiter, answer)),
            }
        }
        state.end(unanswered, changed, throttled);
        let pace = state.pace;
        drop(state);
        for (waiter, answer) in answers {
            let answer = answer.map(|observation| Observation {
                throttled: pace.is_throttled(),
                pace: pace.current(),
                ..observation
            });
            // Whoever waited may have gone away.
            let _left = waiter.answer.send(answer);
        }
    }

    /// Whether an error is kept from a waiter, because the next poll may well go through. Throttling
    /// always is: it slows the poll and fails nothing.
    fn bears(&self, waiter: &Waiter, error: &PlatformError) -> bool {
        match error.kind {
            ErrorKind::Throttled => true,
            kind if kind.is_passing() => {
                Instant::now().duration_since(waiter.since) < self.polling.patience
            }
            _ => false,
        }
    }
}

fn needs_service(waiter: &Waiter) -> bool {
    waiter.watch.with_service || waiter.watch.service_deployment.is_none()
}

/// What this poll means for one who waits: all that it needs, or the error that hides it.
fn observed(
    waiter: &Waiter,
    deployment: Option<&Outcome<ServiceDeploymentSeen>>,
    service: Option<&Outcome<ServiceSeen>>,
) -> Result<Observation, PlatformError> {
    let mut observation = Observation::default();
    if let Some(outcome) = deployment {
        observation.service_deployment = outcome.clone()?;
    }
    match service {
        Some(Ok(seen)) => {
            observation.service_missing = seen.is_none();
            observation.service.clone_from(seen);
        }
        Some(Err(error)) if needs_service(waiter) => return Err(error.clone()),
        _ => {}
    }
    Ok(observation)
}

/// Notes all that was seen; true when anything is not as it was.
fn note_all<S, D>(state: &mut State, services: &Fetched<S>, deployments: &Fetched<D>) -> bool
where
    S: Fetch<Key = ServiceKey, Value = ServiceSeen>,
    D: Fetch<Key = String, Value = ServiceDeploymentSeen>,
{
    let mut changed = false;
    for (arn, outcome) in deployments {
        if let Ok(seen) = outcome {
            changed |= state.saw_deployment(arn, seen.as_ref());
        }
    }
    for (key, outcome) in services {
        if let Ok(seen) = outcome {
            changed |= state.saw_service(key, seen.as_ref());
        }
    }
    changed
}

fn failures<'a, S, D>(
    services: &'a Fetched<S>,
    deployments: &'a Fetched<D>,
) -> impl Iterator<Item = &'a PlatformError>
where
    S: Fetch<Key = ServiceKey, Value = ServiceSeen>,
    D: Fetch<Key = String, Value = ServiceDeploymentSeen>,
{
    let services = services
        .values()
        .filter_map(|outcome| outcome.as_ref().err());
    let deployments = deployments
        .values()
        .filter_map(|outcome| outcome.as_ref().err());
    services.chain(deployments)
}
