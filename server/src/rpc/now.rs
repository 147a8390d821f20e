//! What runs on targets now, as agents see it.

use std::time::Duration;

use shipway_domain::ids::Target;
use shipway_domain::standing::Standing;
use shipway_proto::v1;
use shipway_proto::v1::inspection::{Service, What};
use tokio::task::JoinSet;

use crate::coordinator::{CallError, Coordinator, Looked};

/// How long one look may take: status is read by a person who waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at all of them at once, and fills in how they stand.
pub(super) async fn look(coordinator: &Coordinator, targets: &mut [v1::TargetView]) {
    let mut looks = JoinSet::new();
    for (index, view) in targets.iter().enumerate() {
        let Some(Ok(target)) = view.target.clone().map(Target::try_from) else {
            continue;
        };
        let (coordinator, proven) = (coordinator.clone(), view.task_definition.clone());
        looks.spawn(async move { (index, stand(&coordinator, target, &proven).await) });
    }
    while let Some(ended) = looks.join_next().await {
        if let Ok((index, now)) = ended
            && let Some(view) = targets.get_mut(index)
        {
            view.now = Some(now);
        }
    }
}

async fn stand(coordinator: &Coordinator, target: Target, proven: &str) -> v1::TargetNow {
    let what = v1::Inspection {
        what: Some(What::Service(Service {})),
    };
    let looked = tokio::time::timeout(PATIENCE, coordinator.inspect(target, what)).await;
    let problem = |problem: String| v1::TargetNow {
        problem,
        ..v1::TargetNow::default()
    };
    match looked {
        Ok(Ok(Looked::Service(now))) => {
            let proven = Some(proven).filter(|proven| !proven.is_empty());
            v1::TargetNow {
                standing: Standing::of(proven, &now).as_str().to_owned(),
                service: Some((&now).into()),
                problem: String::new(),
            }
        }
        Ok(Ok(Looked::TaskDefinition(_))) => {
            problem("the agent answered something else".to_owned())
        }
        Ok(Err(CallError::Inspection(text) | CallError::NoAgent(text))) => problem(text),
        Ok(Err(error)) => problem(error.to_string()),
        Err(_) => problem(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
