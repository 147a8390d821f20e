//! One build at work: what all its parts need, and its solves.

use std::collections::HashMap;

use shipway_domain::ids::Digest;
use shipway_domain::spec::DockerBuild;
use shipway_plugin::{BuildError, BuildOrder, BuildProgress};
use tokio_util::sync::CancellationToken;

use tonic::Request;

use crate::builder::NAME;
use crate::engine::{Engine, EngineError};
use crate::failure::Failure;
use crate::order::host;
use crate::push;
use crate::redact::Redactor;
use crate::request::{self, Export};
use crate::session::{Offer, Session};
use crate::solve::{self, Unsolved};
use crate::watch::Watch;

/// One build.
pub(crate) struct Job<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) order: &'a BuildOrder,
    pub(crate) settings: &'a DockerBuild,
    pub(crate) progress: &'a dyn BuildProgress,
    pub(crate) redact: &'a Redactor,
    pub(crate) stop: &'a CancellationToken,
}

/// A solve that came to a result.
pub(crate) struct Solved {
    /// The digest that the exporter gives: of the manifest on the containerd store, of the config
    /// on the classic one (build-facts 2).
    pub(crate) digest: Digest,
    pub(crate) stages: u32,
    pub(crate) cached: u32,
}

/// A solve that did not.
pub(crate) enum NotSolved {
    /// In BuildKit, for a reason that is still to be told.
    Failed(Box<Failure>),
    /// For a reason that is known.
    Known(BuildError),
}

impl Job<'_> {
    /// Runs one solve, in a session of its own.
    pub(crate) async fn solve(&self, id: &str, export: Export) -> Result<Solved, NotSolved> {
        let offer = Offer {
            context: self.order.context.clone(),
            secrets: self.order.secrets.clone(),
            host: host(&self.order.image).unwrap_or_default().to_owned(),
            login: self.order.login.clone(),
        };
        let session = self
            .until_stopped(Session::open(self.engine, id, offer))
            .await
            .map_err(NotSolved::Known)?
            .map_err(|error| NotSolved::Known(no_session(error)))?;
        // BuildKit's own spans are parts of the build's.
        let mut request = Request::new(request::solve(self.order, self.settings, id, export));
        if let Ok(trace) = self.order.trace_parent.parse() {
            request.metadata_mut().insert("traceparent", trace);
        }
        let mut watch = Watch::new(self.progress, self.redact);
        let solve = solve::run(
            self.engine,
            session,
            request,
            &mut watch,
            self.redact,
            self.stop,
        );
        let answer = Box::pin(solve).await.map_err(|unsolved| match unsolved {
            Unsolved::Stopped => NotSolved::Known(BuildError::Stopped),
            Unsolved::NoLogin(error) => NotSolved::Known(push::no_login(&self.order.image, &error)),
            Unsolved::Failed(failure) => NotSolved::Failed(failure),
        })?;
        let (stages, cached) = watch.counts();
        Ok(Solved {
            digest: digest(&answer).map_err(NotSolved::Known)?,
            stages,
            cached,
        })
    }

    /// The future's result, or [`BuildError::Stopped`] as soon as the job is asked to stop.
    pub(crate) async fn until_stopped<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, BuildError> {
        let done = self.stop.run_until_cancelled(future).await;
        done.ok_or(BuildError::Stopped)
    }

    /// What a failed solve means for the build.
    pub(crate) fn error(&self, not_solved: NotSolved) -> BuildError {
        match not_solved {
            NotSolved::Known(error) => error,
            NotSolved::Failed(failure) => {
                failure.into_build_error(request::dockerfile(self.settings))
            }
        }
    }

    /// The names under which the image goes to the registry.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let image = &self.order.image;
        self.order
            .tags
            .iter()
            .map(move |tag| format!("{image}:{tag}"))
    }
}

/// An engine that answers but has no sessions has no BuildKit either.
fn no_session(error: EngineError) -> BuildError {
    match error {
        EngineError::Refused { .. } => BuildError::Unavailable {
            builder: NAME,
            reason: error.to_string(),
        },
        gone => gone.into_build_error(),
    }
}

fn digest(answer: &HashMap<String, String>) -> Result<Digest, BuildError> {
    let digest = answer.get("containerimage.digest");
    digest.and_then(|text| text.parse().ok()).ok_or_else(|| {
        BuildError::Interrupted("the Docker Engine built an image but gave no digest".to_owned())
    })
}

/// A random id for a solve and its session: two builds must never meet under one.
pub(crate) fn fresh_id() -> Result<String, BuildError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        BuildError::Interrupted(format!("the system gives no random numbers: {error}"))
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
