//! The last lines of a log stream, by a plain signed request (see `signed`).

use serde_json::{Value, json};
use shipway_domain::observe::LogStream;
use shipway_plugin::{ErrorKind, PlatformError};

use crate::clients::Clients;
use crate::operation::GET_LOG_EVENTS;
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
    match signed::send(clients, &GET_LOG_EVENTS, "Logs_20140328", region, &order).await {
        Ok(answer) => Ok(lines(&answer)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn lines(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().into_iter().flatten();
    events
        .filter_map(|event| event["message"].as_str().map(str::to_owned))
        .collect()
}
