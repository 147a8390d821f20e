//! Tasks beside services: RunTask, StopTask, and looking for one.

use aws_sdk_ecs::types::DesiredStatus;
use serde_json::{Map, Value, json};
use shipway_domain::ids::ClusterName;
use shipway_domain::observe::TaskSeen;
use shipway_plugin::{ErrorKind, PlatformError, RunTask, TaskStarted};

use crate::clients::Clients;
use crate::convert;
use crate::operation::{DESCRIBE_TASKS, LIST_TASKS, RUN_TASK, STOP_TASK};
use crate::raw::SentBody;

/// Tasks that one call lists and describes (ecs-facts 5.1).
const PAGE: usize = 100;
/// Members of a service that RunTask takes, too.
const LAUNCH: [&str; 3] = ["networkConfiguration", "launchType", "platformVersion"];
const PROVIDERS: &str = "capacityProviderStrategy";

/// What RunTask takes of a service as DescribeServices shows it. A strategy goes before a launch type: both together
/// are refused.
pub(crate) fn launch(service: &Value) -> String {
    let mut launch: Map<String, Value> = LAUNCH
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), service.get(name)?.clone())))
        .collect();
    let strategy = service.get(PROVIDERS).and_then(Value::as_array);
    if let Some(strategy) = strategy.filter(|strategy| !strategy.is_empty()) {
        launch.remove("launchType");
        launch.insert(PROVIDERS.to_owned(), Value::Array(strategy.clone()));
    }
    Value::Object(launch).to_string()
}

/// Runs one task.
pub(crate) async fn run(clients: &Clients, run: &RunTask) -> Result<TaskStarted, PlatformError> {
    let body = body(run)?;
    let answer = clients
        .call(&RUN_TASK, |services| {
            services
                .ecs
                .run_task()
                .task_definition(&run.task_definition)
                .customize()
                .interceptor(SentBody(body))
                .send()
        })
        .await?;
    let task = answer.tasks().first().and_then(|task| task.task_arn());
    let refused = answer.failures().iter();
    Ok(TaskStarted {
        task: task.map(str::to_owned),
        refused: refused
            .map(|failure| {
                let (reason, detail) = (convert::text(failure.reason()), failure.detail());
                detail.map_or_else(|| reason.clone(), |detail| format!("{reason}: {detail}"))
            })
            .collect(),
    })
}

/// The request as JSON.
fn body(run: &RunTask) -> Result<String, PlatformError> {
    let Ok(Value::Object(mut body)) = serde_json::from_str(&run.launch) else {
        return Err(PlatformError::new(
            RUN_TASK.action(),
            ErrorKind::Invalid,
            "network and capacity of the service are no JSON object",
        ));
    };
    let environment = run.environment.iter();
    let environment: Vec<Value> = environment
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let own = json!({
        "cluster": run.cluster.as_str(),
        "taskDefinition": run.task_definition,
        "count": 1,
        "clientToken": run.token,
        "startedBy": run.token,
        "overrides": {"containerOverrides": [
            {"name": run.container, "command": run.command, "environment": environment},
        ]},
    });
    if let Value::Object(own) = own {
        body.extend(own);
    }
    Ok(Value::Object(body).to_string())
}

/// Stops a task.
pub(crate) async fn stop(
    clients: &Clients,
    cluster: &ClusterName,
    arn: &str,
    reason: &str,
) -> Result<(), PlatformError> {
    clients
        .call(&STOP_TASK, |services| {
            let stop = services.ecs.stop_task().cluster(cluster.as_str());
            stop.task(arn).reason(reason).send()
        })
        .await?;
    Ok(())
}

/// One task.
pub(crate) async fn describe(
    clients: &Clients,
    cluster: &ClusterName,
    arn: &str,
) -> Result<Option<TaskSeen>, PlatformError> {
    let found = describe_all(clients, cluster, &[arn.to_owned()]).await?;
    Ok(found.into_iter().next())
}

/// The task that was started under this name. Of those that stopped it is searched among its family: `startedBy` takes
/// no other filter beside it (ecs-facts 1.4).
pub(crate) async fn started_by(
    clients: &Clients,
    cluster: &ClusterName,
    started_by: &str,
    family: &str,
) -> Result<Option<TaskSeen>, PlatformError> {
    for (filter, status) in [
        (Filter::StartedBy(started_by), DesiredStatus::Running),
        (Filter::Family(family), DesiredStatus::Stopped),
    ] {
        let mut token = None;
        loop {
            let answer = clients
                .call(&LIST_TASKS, |services| {
                    let list = services.ecs.list_tasks().cluster(cluster.as_str());
                    let list = match filter {
                        Filter::StartedBy(name) => list.started_by(name),
                        Filter::Family(name) => list.family(name).desired_status(status.clone()),
                    };
                    list.max_results(PAGE as i32)
                        .set_next_token(token.take())
                        .send()
                })
                .await?;
            let arns = answer.task_arns();
            let found = if arns.is_empty() {
                Vec::new()
            } else {
                describe_all(clients, cluster, arns).await?
            };
            let mut found = found.into_iter();
            if let Some(task) = found.find(|task| task.started_by == started_by) {
                return Ok(Some(task));
            }
            token = answer.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    Ok(None)
}

#[derive(Clone, Copy)]
enum Filter<'a> {
    StartedBy(&'a str),
    Family(&'a str),
}

async fn describe_all(
    clients: &Clients,
    cluster: &ClusterName,
    arns: &[String],
) -> Result<Vec<TaskSeen>, PlatformError> {
    let answer = clients
        .call(&DESCRIBE_TASKS, |services| {
            services
                .ecs
                .describe_tasks()
                .cluster(cluster.as_str())
                .set_tasks(Some(arns.to_vec()))
                .send()
        })
        .await?;
    Ok(answer.tasks().iter().map(convert::task).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_gets_network_and_capacity_of_the_service_and_a_strategy_goes_before_a_launch_type() {
        let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"], "newThing": 1}});
        let mut service = json!({
            "networkConfiguration": network, "launchType": "FARGATE", "platformVersion": "1.4.0",
            "desiredCount": 3, "capacityProviderStrategy": [],
        });
        let read =
            |service: &Value| -> Value { serde_json::from_str(&launch(service)).expect("JSON") };
        let expected = json!({"networkConfiguration": network, "launchType": "FARGATE", "platformVersion": "1.4.0"});
        assert_eq!(read(&service), expected);
        let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
        service["capacityProviderStrategy"] = strategy.clone();
        let with_strategy = read(&service);
        assert_eq!(with_strategy.get("launchType"), None);
        assert_eq!(with_strategy["capacityProviderStrategy"], strategy);
    }

    #[test]
    fn what_is_sent_says_token_command_and_environment() {
        let run = RunTask {
            cluster: ClusterName::new("main").expect("a cluster"),
            task_definition: "arn:td:7".to_owned(),
            launch: r#"{"launchType":"EC2"}"#.to_owned(),
            token: "shipway-1000-1-r7".to_owned(),
            container: "web".to_owned(),
            command: vec!["./migrate".to_owned(), "up".to_owned()],
            environment: vec![("STEP".to_owned(), "1".to_owned())],
        };
        let sent: Value = serde_json::from_str(&body(&run).expect("a body")).expect("JSON");
        let container = json!({"name": "web", "command": ["./migrate", "up"],
            "environment": [{"name": "STEP", "value": "1"}]});
        assert_eq!(
            sent,
            json!({"launchType": "EC2", "cluster": "main", "taskDefinition": "arn:td:7", "count": 1,
                "clientToken": "shipway-1000-1-r7", "startedBy": "shipway-1000-1-r7",
                "overrides": {"containerOverrides": [container]}})
        );
        let broken = RunTask {
            launch: "[]".to_owned(),
            ..run
        };
        assert_eq!(body(&broken).expect_err("refused").kind, ErrorKind::Invalid);
    }
}
