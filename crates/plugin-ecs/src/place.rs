//! What all sessions of an account and region share: observation and budgets.

use std::sync::Arc;

use shipway_plugin::ObserveTasks;

use crate::batch::Batcher;
use crate::budget::Budget;
use crate::clients::Clients;
use crate::config::Polling;
use crate::deployments::{Revisions, ServiceDeployments};
use crate::poller::Poller;
use crate::service::Services;
use crate::tasks::Tasks;

/// An account and region, observed in the agent's own session (design.md section 6).
pub(crate) struct Shared {
    pub(crate) agent: Arc<Clients>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) poller: Poller<Services, ServiceDeployments>,
    pub(crate) services: Batcher<Services>,
    pub(crate) revisions: Batcher<Revisions>,
    pub(crate) running_tasks: Batcher<Tasks>,
    pub(crate) stopped_tasks: Batcher<Tasks>,
}

impl Shared {
    pub(crate) fn new(agent: Arc<Clients>, budget: Arc<Budget>, polling: Polling) -> Self {
        let gather = polling.gather;
        let tasks = |which| Batcher::new(Tasks::new(Arc::clone(&agent), which), gather);
        Self {
            poller: Poller::new(
                Services::polled(Arc::clone(&agent)),
                ServiceDeployments::new(Arc::clone(&agent)),
                polling,
            ),
            services: Batcher::new(Services::patient(Arc::clone(&agent)), gather),
            revisions: Batcher::new(Revisions::new(Arc::clone(&agent)), gather),
            running_tasks: tasks(ObserveTasks::Running),
            stopped_tasks: tasks(ObserveTasks::Stopped),
            agent,
            budget,
        }
    }
}
