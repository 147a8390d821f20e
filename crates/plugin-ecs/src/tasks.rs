//! ListTasks and DescribeTasks.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ecs::types::DesiredStatus;
use shipway_domain::ids::{ClusterName, ServiceName};
use shipway_domain::observe::TaskSeen;
use shipway_plugin::{ObserveTasks, PlatformError};

use crate::batch::{Batcher, Fetch};
use crate::clients::Clients;
use crate::convert;
use crate::operation::{DESCRIBE_TASKS, LIST_TASKS};

/// Source of tasks by cluster and ARN; services of a cluster share calls.
pub(crate) struct Tasks(Arc<Clients>);

impl Tasks {
    pub(crate) const fn new(clients: Arc<Clients>) -> Self {
        Self(clients)
    }
}

#[async_trait]
impl Fetch for Tasks {
    type Key = (ClusterName, String);
    type Value = TaskSeen;
    /// ecs-facts 5.1.
    const MOST: usize = 100;

    fn group(key: &Self::Key) -> &str {
        key.0.as_str()
    }

    async fn fetch(
        &self,
        keys: &[Self::Key],
    ) -> Result<HashMap<Self::Key, TaskSeen>, PlatformError> {
        let answer = self
            .0
            .call(&DESCRIBE_TASKS, |services| {
                services
                    .ecs
                    .describe_tasks()
                    .set_cluster(keys.first().map(|(cluster, _)| cluster.to_string()))
                    .set_tasks(Some(keys.iter().map(|(_, arn)| arn.clone()).collect()))
                    .send()
            })
            .await?;
        let seen = answer.tasks().iter().map(convert::task);
        Ok(seen
            .filter_map(|task| {
                let key = keys.iter().find(|(_, arn)| *arn == task.arn)?;
                Some((key.clone(), task))
            })
            .collect())
    }
}

/// The tasks of a service; those that vanish meanwhile are left out.
pub(crate) async fn of_service(
    clients: &Clients,
    tasks: &Batcher<Tasks>,
    cluster: &ClusterName,
    service: &ServiceName,
    which: ObserveTasks,
) -> Result<Vec<TaskSeen>, PlatformError> {
    let desired = match which {
        ObserveTasks::Running => DesiredStatus::Running,
        ObserveTasks::Stopped => DesiredStatus::Stopped,
    };
    let mut arns = Vec::new();
    let mut token = None;
    loop {
        let answer = clients
            .call(&LIST_TASKS, |services| {
                services
                    .ecs
                    .list_tasks()
                    .cluster(cluster.as_str())
                    .service_name(service.as_str())
                    .desired_status(desired.clone())
                    .max_results(100)
                    .set_next_token(token.take())
                    .send()
            })
            .await?;
        arns.extend_from_slice(answer.task_arns());
        token = answer.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    let keys = arns.into_iter().map(|arn| (cluster.clone(), arn));
    tasks.get_all(keys).await
}
