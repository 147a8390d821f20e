//! Task definitions: describe and list, and register without touching a byte.

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use serde_json::Value;
use shipway_plugin::{ErrorKind, NewTaskDefinition, PlatformError, TaskDefinitionSeen};

use crate::clients::Clients;
use crate::convert;
use crate::operation::{
    DEREGISTER_TASK_DEFINITION, DESCRIBE_TASK_DEFINITION, LIST_TASK_DEFINITIONS,
    REGISTER_TASK_DEFINITION,
};
use crate::raw::{KeptBody, SentBody, member};

/// A task definition by ARN, `family:revision` or family, with its tags, which come only when asked
/// for (ecs-facts 6.1).
pub(crate) async fn describe(
    clients: &Clients,
    reference: &str,
) -> Result<Option<TaskDefinitionSeen>, PlatformError> {
    let kept = KeptBody::default();
    let answer = clients
        .call(&DESCRIBE_TASK_DEFINITION, |services| {
            services
                .ecs
                .describe_task_definition()
                .task_definition(reference)
                .include(TaskDefinitionField::Tags)
                .customize()
                .interceptor(kept.clone())
                .send()
        })
        .await;
    let answer = match answer {
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        answer => answer?,
    };
    let Some(seen) = answer.task_definition() else {
        return Ok(None);
    };
    Ok(Some(TaskDefinitionSeen {
        arn: convert::text(seen.task_definition_arn()),
        status: convert::text(seen.status().map(TaskDefinitionStatus::as_str)),
        json: member(&kept.json(), "taskDefinition"),
        tags: answer
            .tags()
            .iter()
            .map(|tag| (convert::text(tag.key()), convert::text(tag.value())))
            .collect(),
    }))
}

/// ARNs of the newest active revisions of a family, newest first.
pub(crate) async fn newest(
    clients: &Clients,
    family: &str,
    limit: u32,
) -> Result<Vec<String>, PlatformError> {
    let limit = limit.clamp(1, 100);
    let answer = clients
        .call(&LIST_TASK_DEFINITIONS, |services| {
            services
                .ecs
                .list_task_definitions()
                .family_prefix(family)
                .status(TaskDefinitionStatus::Active)
                .sort(SortOrder::Desc)
                .max_results(i32::try_from(limit).unwrap_or(100))
                .send()
        })
        .await?;
    let mine = format!(":task-definition/{family}:");
    let arns = answer.task_definition_arns().iter();
    Ok(arns.filter(|arn| arn.contains(&mine)).cloned().collect())
}

/// Registers a revision and answers with its ARN.
pub(crate) async fn register(
    clients: &Clients,
    new: &NewTaskDefinition,
) -> Result<String, PlatformError> {
    let family = family(&new.json)?;
    let answer = clients
        .call(&REGISTER_TASK_DEFINITION, |services| {
            services
                .ecs
                .register_task_definition()
                .family(family)
                .customize()
                .interceptor(SentBody(new.json.clone()))
                .send()
        })
        .await?;
    answer
        .task_definition()
        .and_then(|registered| registered.task_definition_arn())
        .map(str::to_owned)
        .ok_or_else(|| {
            PlatformError::new(
                REGISTER_TASK_DEFINITION.action(),
                ErrorKind::Other,
                "the answer holds no task definition",
            )
        })
}

/// Deregisters a revision.
pub(crate) async fn deregister(clients: &Clients, arn: &str) -> Result<(), PlatformError> {
    let answer = clients
        .call(&DEREGISTER_TASK_DEFINITION, |services| {
            services
                .ecs
                .deregister_task_definition()
                .task_definition(arn)
                .send()
        })
        .await;
    answer.map(drop)
}

/// The family that the JSON names: what has none would be refused anyway.
fn family(json: &str) -> Result<String, PlatformError> {
    let invalid = |message: String| {
        PlatformError::new(
            REGISTER_TASK_DEFINITION.action(),
            ErrorKind::Invalid,
            message,
        )
    };
    let parsed: Value = serde_json::from_str(json)
        .map_err(|error| invalid(format!("the task definition is no JSON: {error}")))?;
    match parsed.get("family").and_then(Value::as_str) {
        Some(family) => Ok(family.to_owned()),
        None => Err(invalid("the task definition names no family".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_registered_is_not_sent() {
        assert_eq!(
            family(r#"{"family":"web","x":1}"#).expect("a family"),
            "web"
        );
        for json in ["", "[]", "{}", r#"{"family":3}"#] {
            assert_eq!(
                family(json).expect_err("refused").kind,
                ErrorKind::Invalid,
                "{json}"
            );
        }
    }
}
