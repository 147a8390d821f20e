//! Runs one task, from the pull of its images to the removal of its containers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bollard::models::ContainerCreateBody;
use ecs_model::{Check, Exit, Report};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::known::Known;
use super::{Engine, container, pause, target};
use crate::ecs::Real;
use crate::ecs::external::{self, Network, Order, TaskKey};
use crate::shared::Shared;

/// A task that is being run.
pub(super) struct Runner {
    pub(super) shared: Arc<Shared>,
    pub(super) engine: Arc<Engine>,
    pub(super) order: Order,
    /// What its containers do.
    pub(super) known: watch::Sender<Known>,
    /// Its containers shall end.
    pub(super) ending: CancellationToken,
    /// Names and ids of the containers made for it; the one without a name holds the network.
    made: Mutex<Vec<(String, String)>>,
    key: TaskKey,
}

/// Runs a task until its containers have ended, by themselves or because of `stop`.
pub(super) async fn run(
    shared: Arc<Shared>,
    engine: Arc<Engine>,
    key: TaskKey,
    stop: CancellationToken,
) {
    let order = external::order(&mut shared.world(), &key, shared.clock.now());
    let order = match order {
        Ok(order) => order,
        Err(reason) => return tell(&shared, &key, Report::CannotStart(reason)),
    };
    let runner = Arc::new(Runner {
        known: watch::Sender::new(Known::of(&order)),
        shared,
        engine,
        order,
        ending: CancellationToken::new(),
        made: Mutex::default(),
        key,
    });
    match runner.prepare().await {
        // It was stopped meanwhile.
        Ok(_) if stop.is_cancelled() => {}
        Ok(network) => runner.go(&network, &stop).await,
        Err(reason) => runner.tell(Report::CannotStart(reason)),
    }
    runner.clean_up().await;
}

fn tell(shared: &Shared, key: &TaskKey, news: Report) {
    let now = shared.clock.now();
    external::report(&mut shared.world(), key, now, news);
    shared.changed();
}

impl Runner {
    /// Pulls the images and makes the network; gives the network mode of the containers.
    async fn prepare(&self) -> Result<String, String> {
        let mut digests = Vec::new();
        for (index, container) in self.order.containers.iter().enumerate() {
            let pulled = self.pull(&container.image, container.ours).await;
            digests.push(pulled.inspect_err(|reason| self.note_failure(index, reason))?);
        }
        external::bind(&mut self.shared.world(), &self.key, None, &digests);
        self.tell(Report::Pulled);
        match self.order.network {
            Network::Shared => self.share_network().await,
            Network::Bridge => Ok("bridge".to_owned()),
            Network::Host => Ok("host".to_owned()),
            Network::None => Ok("none".to_owned()),
        }
    }

    /// Pulls an image unless the engine has it and no registry on this machine could know better.
    async fn pull(&self, image: &str, ours: bool) -> Result<Option<String>, String> {
        let local = ["127.0.0.1:", "localhost:"];
        let nearby = ours || local.iter().any(|host| image.starts_with(host));
        if !nearby && let Some(digest) = self.engine.image(image).await {
            return Ok(digest);
        }
        let password = ours.then_some(self.order.password.as_str());
        let pulled = self.engine.pull(image, &self.order.platform, password);
        match (pulled.await, self.engine.image(image).await) {
            // One that was built here and never pushed anywhere.
            (Err(_), Some(digest)) if !ours => Ok(digest),
            (Err(reason), _) => Err(reason),
            // The simulator knows its own digests.
            (Ok(()), digest) => Ok(digest.flatten().filter(|_| !ours)),
        }
    }

    async fn share_network(&self) -> Result<String, String> {
        let body = ContainerCreateBody {
            image: Some(format!("{}:{}", pause::REPOSITORY, pause::TAG)),
            entrypoint: Some(vec![pause::PROGRAM.to_owned()]),
            ..ContainerCreateBody::default()
        };
        let id = self.make(body, "").await?;
        self.engine.start(&id).await?;
        let address = self.engine.address(&id).await;
        external::bind(&mut self.shared.world(), &self.key, address, &[]);
        Ok(format!("container:{id}"))
    }

    /// Makes a container of this task.
    pub(super) async fn make(
        &self,
        mut body: ContainerCreateBody,
        name: &str,
    ) -> Result<String, String> {
        body.labels = Some(HashMap::from([
            ("aws-sim.task".to_owned(), self.key.id.clone()),
            ("aws-sim.container".to_owned(), name.to_owned()),
        ]));
        let id = self.engine.create(body).await?;
        self.lock().push((name.to_owned(), id.clone()));
        Ok(id)
    }

    /// The address of a container of this task; the nameless one has that of the task.
    pub(super) async fn address(&self, name: &str) -> Option<String> {
        let found = {
            let made = self.lock();
            let mut made = made.iter();
            made.find(|(known, _)| known == name)
                .map(|(_, id)| id.clone())
        };
        self.engine.address(&found?).await
    }

    /// Runs the containers and tells what they do.
    async fn go(self: &Arc<Self>, network: &str, stop: &CancellationToken) {
        let mut containers = JoinSet::new();
        for index in 0..self.order.containers.len() {
            containers.spawn(container::run(Arc::clone(self), index, network.to_owned()));
        }
        let told = tokio::select! {
            told = self.follow() => told,
            () = stop.cancelled() => false,
        };
        self.ending.cancel();
        while containers.join_next().await.is_some() {}
        if !told {
            let exit = self.known.borrow().essential_exit(&self.order).cloned();
            self.tell(Report::Exited(exit.unwrap_or(Exit {
                code: 137,
                reason: None,
            })));
        }
    }

    /// Tells what the containers do until the task has come to its end by itself.
    async fn follow(self: &Arc<Self>) -> bool {
        let mut news = self.known.subscribe();
        let (mut running, mut healthy, mut target) = (false, None, None);
        let mut probes = JoinSet::new();
        loop {
            let known = news.borrow_and_update().clone();
            if known.all_started() && !running {
                running = true;
                self.tell(Report::Running);
                probes.spawn(target::probe(Arc::clone(self)));
            }
            if let Some(exit) = known.essential_exit(&self.order) {
                self.tell(Report::Exited(exit.clone()));
                return true;
            }
            if let Some(reason) = known.failure() {
                self.tell(Report::CannotStart(reason.clone()));
                return true;
            }
            if running {
                let found = known.healthy(&self.order);
                self.tell_check(Check::Container, &mut healthy, found);
                self.tell_check(Check::Target, &mut target, known.target);
            }
            if news.changed().await.is_err() {
                return false;
            }
        }
    }

    fn tell_check(&self, check: Check, told: &mut Option<bool>, found: Option<bool>) {
        if found.is_none() || *told == found {
            return;
        }
        *told = found;
        self.tell(match (found, check) {
            (Some(true), _) => Report::Passed(check),
            (_, Check::Container) => Report::Failed(check, "Health checks failed".to_owned()),
            (_, Check::Target) => Report::Failed(check, "Request timed out".to_owned()),
        });
    }

    fn tell(&self, news: Report) {
        tell(&self.shared, &self.key, news);
    }

    /// Writes down how a container does.
    pub(super) fn note(&self, container: usize, real: &Real) {
        external::note(&mut self.shared.world(), &self.key, container, real.clone());
        self.shared.save.notify_one();
    }

    fn note_failure(&self, container: usize, reason: &str) {
        let exit = Exit {
            code: 0,
            reason: Some(reason.to_owned()),
        };
        let real = Real {
            exit: Some(exit),
            ..Real::default()
        };
        self.note(container, &real);
    }

    async fn clean_up(&self) {
        let made = std::mem::take(&mut *self.lock());
        for (_, id) in made.iter().rev() {
            self.engine.remove(id).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, String)>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
