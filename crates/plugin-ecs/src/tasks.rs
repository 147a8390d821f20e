//! ListTasks and DescribeTasks.
//!
//! ListTasks takes one service or none. When several services of a cluster are asked for at once, as
//! when many rollouts end in one poll, listing the whole cluster takes fewer calls, provided that it
//! is not much bigger than what is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_ecs::types::{DesiredStatus, Task};
use shipway_domain::ids::ClusterName;
use shipway_domain::observe::TaskSeen;
use shipway_plugin::{ObserveTasks, PlatformError};

use crate::batch::Fetch;
use crate::clients::Clients;
use crate::convert;
use crate::operation::{DESCRIBE_TASKS, LIST_TASKS};
use crate::service::ServiceKey;

/// Tasks that one call describes; one lists as many (ecs-facts 5.1).
const PAGE: usize = 100;

/// Fewer services than these are listed one by one.
const MANY: usize = 4;

/// Source of the tasks of services, in one desired status; no tasks are an empty list.
pub(crate) struct Tasks {
    clients: Arc<Clients>,
    desired: DesiredStatus,
    /// Clusters that turned out to have at least so many pages of tasks.
    pages: Mutex<HashMap<ClusterName, usize>>,
}

impl Tasks {
    pub(crate) fn new(clients: Arc<Clients>, which: ObserveTasks) -> Self {
        let desired = match which {
            ObserveTasks::Running => DesiredStatus::Running,
            ObserveTasks::Stopped => DesiredStatus::Stopped,
        };
        Self {
            clients,
            desired,
            pages: Mutex::default(),
        }
    }

    /// ARNs of the tasks of a service or, without one, of the cluster; `None` when there are more
    /// than `limit` pages of them.
    async fn list(
        &self,
        cluster: &ClusterName,
        service: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<String>>, PlatformError> {
        let mut arns = Vec::new();
        let mut token = None;
        for _ in 0..limit {
            let answer = self
                .clients
                .call(&LIST_TASKS, |services| {
                    services
                        .ecs
                        .list_tasks()
                        .cluster(cluster.as_str())
                        .set_service_name(service.map(str::to_owned))
                        .desired_status(self.desired.clone())
                        .max_results(100)
                        .set_next_token(token.take())
                        .send()
                })
                .await?;
            arns.extend_from_slice(answer.task_arns());
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(Some(arns));
            }
        }
        Ok(None)
    }

    /// All tasks of the cluster, when listing and describing them takes fewer calls than asking for
    /// so many services would.
    async fn of_cluster(
        &self,
        cluster: &ClusterName,
        services: usize,
    ) -> Result<Option<Vec<String>>, PlatformError> {
        let limit = services / 2;
        let too_many = |pages: &mut HashMap<ClusterName, usize>| {
            pages.get(cluster).is_some_and(|pages| *pages > limit)
        };
        let pages = || self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if services < MANY || too_many(&mut pages()) {
            return Ok(None);
        }
        let listed = self.list(cluster, None, limit).await?;
        match &listed {
            Some(_) => pages().remove(cluster),
            None => pages().insert(cluster.clone(), limit + 1),
        };
        Ok(listed)
    }

    async fn of_services(&self, keys: &[ServiceKey]) -> Result<Vec<String>, PlatformError> {
        let lists = keys
            .iter()
            .map(|(cluster, name)| self.list(cluster, Some(name.as_str()), usize::MAX));
        let lists = futures::future::try_join_all(lists).await?;
        Ok(lists.into_iter().flatten().flatten().collect())
    }

    /// The tasks; those that vanished meanwhile are left out.
    async fn describe(
        &self,
        cluster: &ClusterName,
        arns: &[String],
    ) -> Result<Vec<Task>, PlatformError> {
        let calls = arns.chunks(PAGE).map(|chunk| {
            self.clients.call(&DESCRIBE_TASKS, |services| {
                services
                    .ecs
                    .describe_tasks()
                    .cluster(cluster.as_str())
                    .set_tasks(Some(chunk.to_vec()))
                    .send()
            })
        });
        let answers = futures::future::try_join_all(calls).await?;
        Ok(answers
            .into_iter()
            .flat_map(|answer| answer.tasks.unwrap_or_default())
            .collect())
    }
}

#[async_trait]
impl Fetch for Tasks {
    type Key = ServiceKey;
    type Value = Vec<TaskSeen>;
    const MOST: usize = 100;

    fn group(key: &ServiceKey) -> &str {
        key.0.as_str()
    }

    async fn fetch(
        &self,
        keys: &[ServiceKey],
    ) -> Result<HashMap<ServiceKey, Vec<TaskSeen>>, PlatformError> {
        let Some((cluster, _)) = keys.first() else {
            return Ok(HashMap::new());
        };
        let arns = match self.of_cluster(cluster, keys.len()).await? {
            Some(arns) => arns,
            None => self.of_services(keys).await?,
        };
        let tasks = self.describe(cluster, &arns).await?;
        let mut found: HashMap<_, _> = keys.iter().map(|key| (key.clone(), Vec::new())).collect();
        for task in &tasks {
            // ecs-facts 1.4: `group` is `service:<name>`.
            let name = task
                .group()
                .and_then(|group| group.strip_prefix("service:"));
            let key = keys
                .iter()
                .find(|(_, service)| Some(service.as_str()) == name);
            if let Some(tasks) = key.and_then(|key| found.get_mut(key)) {
                tasks.push(convert::task(task));
            }
        }
        Ok(found)
    }
}
