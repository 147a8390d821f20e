//! The last lines of a log stream, by a plain signed request (see `signed`).

use serde_json::{Value, json};
use shipway_domain::observe::LogStream;
use shipway_plugin::{ErrorKind, LogPage, PlatformError};

use crate::clients::Clients;
use crate::operation::{DESCRIBE_LOG_GROUPS, GET_LOG_EVENTS};
use crate::signed;

/// At most so many lines, oldest first; none where there is no such stream: a container may end before it has said
/// anything.
pub(crate) async fn last_lines(
    clients: &Clients,
    of: &LogStream,
    most: usize,
) -> Result<Vec<String>, PlatformError> {
    let order = json!({
        "logGroupName": of.group,
        "logStreamName": of.stream,
        "limit": most,
        "startFromHead": false,
    });
    let region = of.region.as_deref();
    match signed::send(clients, &GET_LOG_EVENTS, region, &order).await {
        Ok(answer) => Ok(lines(&answer)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The lines behind `after`, or from the beginning; none where there is no such stream (yet).
pub(crate) async fn read_on(
    clients: &Clients,
    of: &LogStream,
    after: Option<&str>,
) -> Result<LogPage, PlatformError> {
    let order = json!({
        "logGroupName": of.group,
        "logStreamName": of.stream,
        "startFromHead": true,
        "nextToken": after,
    });
    let region = of.region.as_deref();
    match signed::send(clients, &GET_LOG_EVENTS, region, &order).await {
        Ok(answer) => Ok(LogPage {
            lines: lines(&answer),
            after: answer["nextForwardToken"].as_str().map(str::to_owned),
        }),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(LogPage::default()),
        Err(error) => Err(error),
    }
}

/// Whether a log group exists. AWS finds by the beginning of names, in their order: the name itself comes first.
pub(crate) async fn group_exists(
    clients: &Clients,
    region: Option<&str>,
    name: &str,
) -> Result<bool, PlatformError> {
    let order = json!({"logGroupNamePrefix": name, "limit": 1});
    let answer = signed::send(clients, &DESCRIBE_LOG_GROUPS, region, &order).await?;
    let mut groups = answer["logGroups"].as_array().into_iter().flatten();
    Ok(groups.any(|group| group["logGroupName"] == name))
}

fn lines(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().into_iter().flatten();
    events
        .filter_map(|event| event["message"].as_str().map(str::to_owned))
        .collect()
}
