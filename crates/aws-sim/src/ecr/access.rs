//! Who may use a repository of another account: repository policies (ecs-facts 7.9).

use serde_json::Value;

use super::condition;
use super::state::Repository;
use crate::glob;
use crate::iam::Principal;

/// The text of the refusal if `principal` may not take `action` (without `ecr:`) on a repository
/// of `owner`. Within an account the caller's own policy decides, which the frame has asked.
pub(crate) fn denial(
    principal: &Principal,
    owner: &str,
    region: &str,
    name: &str,
    repository: &Repository,
    action: &str,
) -> Option<String> {
    let policy = repository.policy.as_deref().unwrap_or("{}");
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let action = format!("ecr:{action}");
    let (allowed, denied) = verdict(&policy, principal, &action);
    if !denied && (allowed || principal.account == owner) {
        return None;
    }
    let because = if denied {
        format!("with an explicit deny in a resource-based policy for the {action} action")
    } else {
        format!("because no resource-based policy allows the {action} action")
    };
    Some(format!(
        "User: {} is not authorized to perform: {action} on resource: \
         arn:aws:ecr:{region}:{owner}:repository/{name} {because}",
        principal.arn
    ))
}

/// Whether a statement allows, and whether one denies.
fn verdict(policy: &Value, principal: &Principal, action: &str) -> (bool, bool) {
    let (mut allowed, mut denied) = (false, false);
    for statement in list(policy.get("Statement")) {
        let principals = statement.get("Principal");
        let principals = principals.and_then(|named| named.get("AWS")).or(principals);
        let named = strings(principals).any(|trusted| principal.is_named_by(trusted));
        let meant = strings(statement.get("Action")).any(|rule| glob::matches(rule, action));
        if named && meant && condition::holds(statement.get("Condition"), principal) {
            match statement.get("Effect").and_then(Value::as_str) {
                Some("Allow") => allowed = true,
                _ => denied = true,
            }
        }
    }
    (allowed, denied)
}

/// A JSON list, or the single value in its place.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
}

pub(super) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    list(value).iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(policy: &Value, caller: &str, action: &str) -> bool {
        let repository = Repository {
            policy: Some(policy.to_string()),
            ..Repository::default()
        };
        let caller = Principal::root(caller);
        denial(
            &caller,
            "000000000000",
            "eu-west-1",
            "app",
            &repository,
            action,
        )
        .is_some()
    }

    #[test]
    fn a_policy_opens_a_repository_to_the_accounts_it_names() {
        let policy = json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownload*"],
        }]});
        assert!(!refused(&policy, "111111111111", "BatchGetImage"));
        assert!(!refused(&policy, "111111111111", "GetDownloadUrlForLayer"));
        assert!(refused(&policy, "111111111111", "PutImage"));
        assert!(refused(&policy, "222222222222", "BatchGetImage"));
        assert!(!refused(&policy, "000000000000", "PutImage"));
    }

    #[test]
    fn a_deny_holds_even_for_the_owner() {
        let policy = json!({"Statement": {
            "Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage",
        }});
        assert!(refused(&policy, "000000000000", "PutImage"));
        assert!(!refused(&policy, "000000000000", "BatchGetImage"));
    }
}
