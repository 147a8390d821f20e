//! Lifecycle policies: kept and checked by the grammar of ecs-facts 7.4; not executed.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::repository;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `PutLifecyclePolicy`.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let text = input.need_str("lifecyclePolicyText")?;
    check(text).map_err(|problem| {
        ApiError::invalid_parameter(format!(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: \
             'Lifecycle policy validation failure: {problem}'"
        ))
    })?;
    let (owner, name, repository) = repository(world, ctx, input, "PutLifecyclePolicy")?;
    repository.lifecycle = Some(text.to_owned());
    Ok(shown(owner, name, text))
}

/// `GetLifecyclePolicy`.
pub(super) fn get(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, name, repository) = repository(world, ctx, input, "GetLifecyclePolicy")?;
    let text = repository.lifecycle.as_deref();
    Ok(shown(owner, name, text.ok_or_else(|| none(owner, name))?))
}

/// `DeleteLifecyclePolicy`.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, name, repository) = repository(world, ctx, input, "DeleteLifecyclePolicy")?;
    let text = repository.lifecycle.take();
    Ok(shown(owner, name, &text.ok_or_else(|| none(owner, name))?))
}

fn shown(owner: &str, name: &str, text: &str) -> Value {
    json!({"registryId": owner, "repositoryName": name, "lifecyclePolicyText": text})
}

fn none(owner: &str, name: &str) -> ApiError {
    ApiError::client(
        "LifecyclePolicyNotFoundException",
        format!(
            "Lifecycle policy does not exist for the repository with name '{name}' in the \
             registry with id '{owner}'"
        ),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    rule_priority: u32,
    #[serde(rename = "description")]
    _description: Option<String>,
    selection: Selection,
    action: Action,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selection {
    tag_status: String,
    #[serde(default)]
    tag_pattern_list: Vec<String>,
    #[serde(default)]
    tag_prefix_list: Vec<String>,
    storage_class: Option<String>,
    count_type: String,
    count_unit: Option<String>,
    count_number: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Action {
    #[serde(rename = "type")]
    kind: String,
    target_storage_class: Option<String>,
}

/// What is wrong with a policy text.
fn check(text: &str) -> Result<(), String> {
    if !(100..=30_720).contains(&text.len()) {
        return Err("the text must have 100 to 30720 characters".to_owned());
    }
    let policy: Policy = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !(1..=50).contains(&policy.rules.len()) {
        return Err("a policy has 1 to 50 rules".to_owned());
    }
    let mut priorities = BTreeSet::new();
    for rule in &policy.rules {
        if rule.rule_priority == 0 || !priorities.insert(rule.rule_priority) {
            return Err(format!("rulePriority {} is not unique", rule.rule_priority));
        }
        rule.check()
            .map_err(|problem| format!("rule {}: {problem}", rule.rule_priority))?;
    }
    let last = priorities.last();
    let misplaced = policy
        .rules
        .iter()
        .any(|rule| rule.selection.tag_status == "any" && Some(&rule.rule_priority) != last);
    if misplaced {
        return Err("a rule for `any` must have the highest rulePriority".to_owned());
    }
    let untagged = policy.rules.iter();
    let untagged = untagged.filter(|rule| rule.selection.tag_status == "untagged");
    if untagged.count() > 1 {
        return Err("there can be only one rule for `untagged`".to_owned());
    }
    Ok(())
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        let selection = &self.selection;
        let lists = [&selection.tag_pattern_list, &selection.tag_prefix_list];
        let given = lists.iter().filter(|list| !list.is_empty()).count();
        match (selection.tag_status.as_str(), given) {
            ("tagged", 1) | ("untagged" | "any", 0) => {}
            ("tagged", _) => {
                return Err("`tagged` needs tagPatternList or tagPrefixList".to_owned());
            }
            ("untagged" | "any", _) => return Err("only `tagged` takes patterns".to_owned()),
            (other, _) => return Err(format!("tagStatus `{other}` is unknown")),
        }
        let wild = |pattern: &&String| pattern.matches('*').count() > 4;
        if let Some(pattern) = selection.tag_pattern_list.iter().find(wild) {
            return Err(format!("pattern `{pattern}` has more than 4 wildcards"));
        }
        let since = match selection.count_type.as_str() {
            "imageCountMoreThan" => false,
            "sinceImagePushed" | "sinceImagePulled" => true,
            "sinceImageTransitioned" if selection.storage_class.as_deref() == Some("archive") => {
                true
            }
            other => return Err(format!("countType `{other}` cannot be used here")),
        };
        match (since, selection.count_unit.as_deref()) {
            (true, Some("days")) | (false, None) => {}
            (true, _) => return Err("countUnit must be `days`".to_owned()),
            (false, Some(_)) => return Err("countUnit goes only with since...".to_owned()),
        }
        if selection.count_number == 0 {
            return Err("countNumber must be at least 1".to_owned());
        }
        match (
            self.action.kind.as_str(),
            self.action.target_storage_class.as_deref(),
        ) {
            ("expire", None) | ("transition", Some("archive")) => Ok(()),
            _ => Err("action must be expire, or transition to archive".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    fn policy(selection: &str) -> String {
        format!(
            r#"{{"rules":[{{"rulePriority":1,"description":"a rule among the many that people write",
            "selection":{selection},"action":{{"type":"expire"}}}}]}}"#
        )
    }

    #[test]
    fn the_grammar_is_kept() {
        for (selection, fine) in [
            (
                r#"{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":30}"#,
                true,
            ),
            (
                r#"{"tagStatus":"tagged","tagPatternList":["v*"],"countType":"sinceImagePushed","countUnit":"days","countNumber":3}"#,
                true,
            ),
            (
                r#"{"tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":3}"#,
                false,
            ),
            (
                r#"{"tagStatus":"any","countType":"imageCountMoreThan","countUnit":"days","countNumber":3}"#,
                false,
            ),
            (
                r#"{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":0}"#,
                false,
            ),
            (
                r#"{"tagStatus":"any","countType":"imageCountMoreThen","countNumber":1}"#,
                false,
            ),
            (
                r#"{"tagStatus":"any","countTypo":"imageCountMoreThan","countNumber":1}"#,
                false,
            ),
        ] {
            let checked = check(&policy(selection));
            assert_eq!(checked.is_ok(), fine, "{selection}: {checked:?}");
        }
        assert!(check("{}").unwrap_err().contains("100"));
    }
}
