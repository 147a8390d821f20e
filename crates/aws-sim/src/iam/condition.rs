//! Conditions of IAM policies: the operators on strings and ARNs.

use serde_json::Value;

use crate::glob;

/// The `Condition` of a statement; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    key: String,
    values: Vec<String>,
    negated: bool,
    /// `*` is a wildcard in the values.
    like: bool,
    /// `...IfExists`: holds where the key is not known.
    lenient: bool,
}

/// What is known about a request, by condition key.
pub(crate) type Context<'a> = [(&'a str, &'a str)];

impl Conditions {
    /// Reads `{"StringEquals": {"key": "value"}, ...}`.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let operators = value.as_object().ok_or("Condition is not an object")?;
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            let keys = keys.as_object();
            let keys = keys.ok_or_else(|| format!("{operator} is not an object"))?;
            for (key, values) in keys {
                conditions.push(Condition::read(operator, key, values)?);
            }
        }
        Ok(Self(conditions))
    }

    pub(super) fn hold(&self, context: &Context<'_>) -> bool {
        self.0.iter().all(|condition| condition.holds(context))
    }
}

impl Condition {
    fn read(operator: &str, key: &str, values: &Value) -> Result<Self, String> {
        let (plain, lenient) = match operator.strip_suffix("IfExists") {
            Some(plain) => (plain, true),
            None => (operator, false),
        };
        let (negated, like) = match plain {
            "StringEquals" => (false, false),
            "StringNotEquals" => (true, false),
            "StringLike" | "ArnLike" | "ArnEquals" => (false, true),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (true, true),
            _ => return Err(format!("the operator {operator} is not evaluated here")),
        };
        let values = super::policy::strings(values)
            .ok_or_else(|| format!("the values of {key} are not strings"))?;
        Ok(Self {
            key: key.to_owned(),
            values,
            negated,
            like,
            lenient,
        })
    }

    fn holds(&self, context: &Context<'_>) -> bool {
        let known = context
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(&self.key));
        let Some((_, text)) = known else {
            return self.negated || self.lenient;
        };
        let mut values = self.values.iter();
        let found = values.any(|value| {
            if self.like {
                glob::matches(value, text)
            } else {
                value == text
            }
        });
        found != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_condition_on_what_is_not_known_holds_only_where_it_is_negated_or_lenient() {
        let holds = |operator: &str, context: &Context<'_>| {
            let condition = json!({operator: {"ecs:cluster": ["main", "other*"]}});
            Conditions::read(&condition).unwrap().hold(context)
        };
        for (operator, unknown, equal, alike, different) in [
            ("StringEquals", false, true, false, false),
            ("StringNotEquals", true, false, true, true),
            ("StringLike", false, true, true, false),
            ("ArnEquals", false, true, true, false),
            ("StringNotLike", true, false, false, true),
            ("StringLikeIfExists", true, true, true, false),
        ] {
            assert_eq!(holds(operator, &[]), unknown, "{operator}");
            assert_eq!(holds(operator, &[("ECS:cluster", "main")]), equal);
            assert_eq!(holds(operator, &[("ecs:cluster", "others")]), alike);
            assert_eq!(holds(operator, &[("ecs:cluster", "prod")]), different);
        }
        assert!(Conditions::read(&json!({"NumericEquals": {"a": "1"}})).is_err());
        assert!(Conditions::read(&json!({"StringEquals": {"a": 1}})).is_err());
    }
}
