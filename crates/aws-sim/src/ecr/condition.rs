//! Conditions of repository policies: the few operators and keys that say who the caller is.

use serde_json::Value;

use super::access::{list, strings};
use crate::glob;
use crate::iam::Principal;

/// Operators; `true` for those that know wildcards.
const OPERATORS: [(&str, bool); 4] = [
    ("StringEquals", false),
    ("StringLike", true),
    ("ArnEquals", true),
    ("ArnLike", true),
];

const PRINCIPAL_ARN: &str = "aws:principalarn";
const PRINCIPAL_ACCOUNT: &str = "aws:principalaccount";

/// What the simulator cannot evaluate in a `Condition`.
pub(super) fn check(condition: &Value) -> Result<(), String> {
    let operators = condition.as_object().ok_or("Condition is no object")?;
    for (operator, keys) in operators {
        if !OPERATORS.iter().any(|(known, _)| known == operator) {
            return Err(format!(
                "the simulator does not evaluate the operator {operator}"
            ));
        }
        let keys = keys
            .as_object()
            .ok_or("an operator of Condition is no object")?;
        for (key, wanted) in keys {
            if ![PRINCIPAL_ARN, PRINCIPAL_ACCOUNT].contains(&key.to_ascii_lowercase().as_str()) {
                return Err(format!("the simulator does not evaluate the key {key}"));
            }
            if list(Some(wanted)).iter().any(|value| !value.is_string()) {
                return Err(format!("the values of {key} are no strings"));
            }
        }
    }
    Ok(())
}

/// Whether a condition that was checked holds for a caller: every key with one of its values.
pub(super) fn holds(condition: Option<&Value>, principal: &Principal) -> bool {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, wanted)| (operator.as_str(), key, wanted))
        })
        .all(|(operator, key, wanted)| {
            let actual = match key.to_ascii_lowercase().as_str() {
                PRINCIPAL_ACCOUNT => principal.account.clone(),
                _ => arn(principal),
            };
            let wild = OPERATORS.contains(&(operator, true));
            strings(Some(wanted)).any(|one| {
                if wild {
                    glob::matches(one, &actual)
                } else {
                    one == actual
                }
            })
        })
}

/// `aws:PrincipalArn`: for a session the ARN of its role.
fn arn(principal: &Principal) -> String {
    principal.role.as_ref().map_or_else(
        || principal.arn.clone(),
        |role| format!("arn:aws:iam::{}:role/{role}", principal.account),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_caller_must_fit_every_key() {
        let caller = Principal::root("111111111111");
        for (condition, expected) in [
            (
                json!({"StringEquals": {"aws:PrincipalAccount": ["222222222222", "111111111111"]}}),
                true,
            ),
            (
                json!({"StringEquals": {"aws:PrincipalAccount": "1111*"}}),
                false,
            ),
            (
                json!({"StringLike": {"aws:principalaccount": "1111*"}}),
                true,
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:*"}}),
                true,
            ),
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/*"},
                    "StringEquals": {"aws:PrincipalAccount": "111111111111"}}),
                false,
            ),
        ] {
            check(&condition).unwrap();
            assert_eq!(holds(Some(&condition), &caller), expected, "{condition}");
        }
        assert!(holds(None, &caller));
    }

    #[test]
    fn a_session_is_its_role() {
        let mut caller = Principal::root("111111111111");
        caller.role = Some("deploy".to_owned());
        let condition =
            json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/deploy"}});
        assert!(holds(Some(&condition), &caller));
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        for condition in [
            json!("x"),
            json!({"StringEquals": "x"}),
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
            json!({"StringEquals": {"aws:PrincipalAccount": 1}}),
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        ] {
            assert!(check(&condition).is_err(), "{condition}");
        }
    }
}
