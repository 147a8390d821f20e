//! The builder: makes the layers, then talks to the registry.

use std::sync::Arc;

use async_trait::async_trait;
use shipway_context::HumanBytes;
use shipway_plugin::{BuildError, BuildOrder, BuildProgress, Builder, Built, LogStream};
use tokio_util::sync::CancellationToken;

use crate::base::{self, Base};
use crate::fault::Fault;
use crate::image::Image;
use crate::layer::{self, Layer};
use crate::order::Plan;
use crate::push::Push;
use crate::session::Session;

/// Makes OCI images from files, without a daemon.
#[derive(Clone, Copy, Debug, Default)]
pub struct LayersBuilder {}

impl LayersBuilder {
    /// A builder; it needs nothing but the network.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

#[async_trait]
impl Builder for LayersBuilder {
    fn name(&self) -> &'static str {
        "layers"
    }

    async fn probe(&self) -> Result<String, BuildError> {
        Ok("OCI image layers, no daemon".to_owned())
    }

    async fn build(
        &self,
        order: BuildOrder,
        progress: Arc<dyn BuildProgress>,
        stop: CancellationToken,
    ) -> Result<Built, BuildError> {
        let plan = Plan::new(&order).map_err(BuildError::Invalid)?;
        let work = Work {
            order,
            plan: Arc::new(plan),
            progress,
            stop,
        };
        let built = Box::pin(work.run()).await;
        built.map_err(|fault| fault.into_error(&work.order.image))
    }
}

/// One build.
struct Work {
    order: BuildOrder,
    plan: Arc<Plan>,
    progress: Arc<dyn BuildProgress>,
    stop: CancellationToken,
}

impl Work {
    async fn run(&self) -> Result<Built, Fault> {
        let layers = self.layers().await?;
        self.progress.pushing();
        match self.push(&layers).await {
            // The login may have run out just now; what was sent before is found there.
            Err(Fault::Authorisation(why)) => {
                self.say(&format!("{why}; trying once more with a fresh login"));
                self.push(&layers).await
            }
            result => result,
        }
    }

    async fn layers(&self) -> Result<Vec<Layer>, Fault> {
        let mut layers = Vec::new();
        for index in 0..self.plan.copies.len() {
            let (plan, stop) = (Arc::clone(&self.plan), self.stop.clone());
            let context = self.order.context.clone();
            let made = tokio::task::spawn_blocking(move || {
                layer::make(&context, &plan.copies[index], &stop)
            });
            let made = made
                .await
                .map_err(|e| Fault::Passing(format!("a layer was not made: {e}")))??;
            self.say(&format!(
                "layer {}: {} files, {}, {} compressed",
                made.name,
                made.copied.files,
                HumanBytes(made.copied.bytes),
                HumanBytes(made.sums.bytes),
            ));
            layers.push(made);
        }
        Ok(layers)
    }

    /// Pushes with a login made just now.
    async fn push(&self, layers: &[Layer]) -> Result<Built, Fault> {
        let plan = &self.plan;
        let login = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Fault::Stopped),
            login = self.order.login.login() => login?,
        };
        if login.host != plan.host {
            return Err(Fault::Refused(format!(
                "the login is for {}, the image goes to {}",
                login.host, plan.host
            )));
        }
        let session = Session::open(&login, plan.base.as_ref(), self.stop.clone()).await?;
        let bases: Vec<Option<Base>> = match &plan.base {
            None => plan.platforms.iter().map(|_| None).collect(),
            Some(reference) => {
                let bases = base::resolve(&session, reference, &plan.platforms).await?;
                bases.iter().for_each(|base| self.describe(base));
                bases.into_iter().map(Some).collect()
            }
        };
        let images: Result<Vec<Image>, _> = plan
            .platforms
            .iter()
            .zip(bases)
            .map(|(platform, base)| Image::new(plan, platform, base, layers))
            .collect();
        let images =
            images.map_err(|e| Fault::Refused(format!("the image cannot be written: {e}")))?;
        let push = Push {
            session: &session,
            plan,
            progress: self.progress.as_ref(),
            at: plan.at("latest"),
            stages: 0,
            cached: 0,
            bytes: 0,
        };
        push.run(&images, layers).await
    }

    fn describe(&self, base: &Base) {
        let count = base.layers.len();
        self.say(&format!("base image {}: {count} layers", base.reference));
        if base.has_triggers() {
            self.say("the base has ONBUILD triggers: only docker runs them, they are left out");
        }
    }

    fn say(&self, line: &str) {
        self.progress.line(LogStream::Builder, line);
    }
}
