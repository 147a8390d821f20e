//! What runs on targets now, as agents see it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use shipway_domain::ids::Target;
use shipway_domain::standing::Standing;
use shipway_proto::v1;
use shipway_proto::v1::inspection::{Service, What};
use tokio::time::{Instant, timeout_at};

use crate::coordinator::{CallError, Coordinator, Looked};

/// How long all looks together may take: status is read by a person who waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many looks into one account are under way at once. Agents hold many accounts, and one
/// message more than may wait for an agent closes its stream.
const AT_ONCE: usize = 8;

/// Looks at all of them, and fills in how they stand. An account whose agent does not answer holds
/// up no other.
pub(super) async fn look(coordinator: &Coordinator, targets: &mut [v1::TargetView]) {
    let until = Instant::now() + PATIENCE;
    let mut accounts: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for view in targets {
        if let Some(target) = &view.target {
            let account = target.account.clone();
            let look = look_at(coordinator, view, until);
            accounts.entry(account).or_default().push(look);
        }
    }
    let mut all = Vec::with_capacity(accounts.len());
    for looks in accounts.into_values() {
        let looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        all.push(looks.collect::<()>());
    }
    join_all(all).await;
}

async fn look_at(coordinator: &Coordinator, view: &mut v1::TargetView, until: Instant) {
    if let Some(Ok(target)) = view.target.clone().map(Target::try_from) {
        view.now = Some(stand(coordinator, target, &view.task_definition, until).await);
    }
}

async fn stand(
    coordinator: &Coordinator,
    target: Target,
    proven: &str,
    until: Instant,
) -> v1::TargetNow {
    let proven = Some(proven).filter(|proven| !proven.is_empty());
    let what = v1::Inspection {
        what: Some(What::Service(Service {
            proven: proven.map(str::to_owned),
        })),
    };
    let looked = timeout_at(until, coordinator.inspect(target, what)).await;
    let problem = |problem: String| v1::TargetNow {
        problem,
        ..v1::TargetNow::default()
    };
    match looked {
        Ok(Ok(Looked::Service(now))) => v1::TargetNow {
            standing: Standing::of(proven, &now).as_str().to_owned(),
            service: Some((&now).into()),
            problem: String::new(),
        },
        Ok(Ok(
            Looked::TaskDefinition(_)
            | Looked::Plan(_)
            | Looked::Diagnosis(_)
            | Looked::Cleaning(_),
        )) => problem("the agent answered something else".to_owned()),
        Ok(Err(CallError::Inspection(text) | CallError::NoAgent(text))) => problem(text),
        Ok(Err(error)) => problem(error.to_string()),
        Err(_) => problem(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
