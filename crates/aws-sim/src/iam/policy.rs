//! Policy documents of IAM, as far as the simulator evaluates them: what they allow and deny.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Principal;
use super::condition::{Conditions, Context};
use crate::glob;

/// An identity policy or a session policy: the document that IAM knows under this name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Policy {
    document: Value,
    statements: Vec<Statement>,
}

/// A trust policy: who may become a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct TrustPolicy {
    document: Value,
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    /// `AWS` and `Federated` principals; `*` names all. Services are left out: none of them calls.
    principals: Vec<String>,
    conditions: Conditions,
}

/// Something that somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act<'a> {
    /// `service:Action`.
    pub(crate) action: &'a str,
    /// ARN of what it is done to; `*` where an action is about no resource.
    pub(crate) resource: &'a str,
    /// What else is known, by condition key.
    pub(crate) context: &'a Context<'a>,
}

/// What policies say about an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Nothing.
    Silent,
    /// It is allowed.
    Allowed,
    /// It is denied, whatever else is said.
    Denied,
}

impl TryFrom<Value> for Policy {
    type Error = String;

    fn try_from(document: Value) -> Result<Self, String> {
        let statements = statements(&document, "Resource", &["Principal"])?;
        Ok(Self {
            document,
            statements,
        })
    }
}

impl From<Policy> for Value {
    fn from(policy: Policy) -> Self {
        policy.document
    }
}

impl TryFrom<Value> for TrustPolicy {
    type Error = String;

    fn try_from(document: Value) -> Result<Self, String> {
        let statements = statements(&document, "Principal", &["Resource"])?;
        Ok(Self {
            document,
            statements,
        })
    }
}

impl From<TrustPolicy> for Value {
    fn from(policy: TrustPolicy) -> Self {
        policy.document
    }
}

impl Policy {
    /// What it says.
    pub(crate) fn verdict(&self, act: &Act<'_>) -> Verdict {
        worst(&self.statements, |statement| {
            let mut resources = statement.resources.iter();
            statement.covers(act) && resources.any(|rule| glob::matches(rule, act.resource))
        })
    }
}

impl TrustPolicy {
    /// The document that it was read from.
    pub(crate) const fn document(&self) -> &Value {
        &self.document
    }

    /// What it says about a principal of AWS. The resource of the act is the role itself.
    pub(crate) fn verdict(&self, caller: &Principal, act: &Act<'_>) -> Verdict {
        worst(&self.statements, |statement| {
            let mut principals = statement.principals.iter();
            statement.covers(act) && principals.any(|named| caller.is_named_by(named))
        })
    }

    /// What it says about somebody whom an identity provider (by ARN) vouches for.
    pub(crate) fn federated(&self, provider: &str, act: &Act<'_>) -> Verdict {
        worst(&self.statements, |statement| {
            statement.covers(act) && statement.principals.iter().any(|named| named == provider)
        })
    }
}

impl Statement {
    fn covers(&self, act: &Act<'_>) -> bool {
        let action = act.action.to_ascii_lowercase();
        let mut actions = self.actions.iter();
        actions.any(|rule| glob::matches(rule, &action)) && self.conditions.hold(act.context)
    }
}

fn worst(statements: &[Statement], applies: impl Fn(&Statement) -> bool) -> Verdict {
    let said = statements
        .iter()
        .filter(|statement| applies(statement))
        .map(|statement| match statement.allows {
            true => Verdict::Allowed,
            false => Verdict::Denied,
        });
    said.max().unwrap_or(Verdict::Silent)
}

/// Reads the statements of a document. What would be read differently by IAM is refused.
fn statements(document: &Value, needed: &str, absent: &[&str]) -> Result<Vec<Statement>, String> {
    let members = document.as_object().ok_or("it is not a JSON object")?;
    for name in members.keys() {
        if !["Version", "Id", "Statement"].contains(&name.as_str()) {
            return Err(format!("the member {name} is not known"));
        }
    }
    let statements = members.get("Statement").ok_or("it has no Statement")?;
    let one = std::slice::from_ref(statements);
    let statements = statements.as_array().map_or(one, Vec::as_slice);
    statements
        .iter()
        .map(|statement| read(statement, needed, absent))
        .collect()
}

fn read(statement: &Value, needed: &str, absent: &[&str]) -> Result<Statement, String> {
    let members = statement.as_object().ok_or("a Statement is no object")?;
    let known = ["Sid", "Effect", "Action", "Condition", needed];
    for name in members.keys() {
        if absent.contains(&name.as_str()) {
            return Err(format!("{name} has no place in a policy of this kind"));
        }
        if !known.contains(&name.as_str()) {
            return Err(format!("{name} is not evaluated here"));
        }
    }
    let need = |name: &str| {
        let value = members.get(name);
        value.ok_or_else(|| format!("a Statement has no {name}"))
    };
    let texts = |name: &str| {
        let texts = strings(need(name)?);
        texts.ok_or_else(|| format!("{name} is neither a string nor a list of strings"))
    };
    let allows = match need("Effect")?.as_str() {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err("Effect is neither Allow nor Deny".to_owned()),
    };
    let actions = texts("Action")?;
    let conditions = members.get("Condition");
    let conditions = conditions.map(Conditions::read).transpose()?;
    Ok(Statement {
        allows,
        actions: actions
            .iter()
            .map(|action| action.to_ascii_lowercase())
            .collect(),
        resources: if needed == "Resource" {
            texts("Resource")?
        } else {
            Vec::new()
        },
        principals: if needed == "Principal" {
            principals(need("Principal")?)?
        } else {
            Vec::new()
        },
        conditions: conditions.unwrap_or_default(),
    })
}

fn principals(value: &Value) -> Result<Vec<String>, String> {
    if value.as_str() == Some("*") {
        return Ok(vec!["*".to_owned()]);
    }
    let kinds = value.as_object().ok_or("Principal is not an object")?;
    let mut all = Vec::new();
    for (kind, names) in kinds {
        let names = strings(names).ok_or_else(|| format!("{kind} is not a list of strings"))?;
        match kind.as_str() {
            "AWS" | "Federated" => all.extend(names),
            "Service" => {}
            _ => return Err(format!("principals of the kind {kind} are not known here")),
        }
    }
    Ok(all)
}

/// A string or a list of strings.
pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn act<'a>(action: &'a str, resource: &'a str, context: &'a Context<'a>) -> Act<'a> {
        Act {
            action,
            resource,
            context,
        }
    }

    #[test]
    fn a_denial_wins_and_what_is_not_named_is_not_allowed() {
        let policy = Policy::try_from(json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ECS:Update*", "Resource": "arn:aws:ecs:*:service/main/*"},
            {"Effect": "Deny", "Action": ["ecs:*"], "Resource": ["*"],
             "Condition": {"StringEquals": {"ecs:cluster": "frozen"}}},
        ]}))
        .unwrap();
        let service = "arn:aws:ecs:eu-west-1:111111111111:service/main/hello";
        let verdict = |action, resource, context: &Context<'_>| {
            policy.verdict(&act(action, resource, context))
        };
        let (update, delete) = ("ecs:UpdateService", "ecs:DeleteService");
        assert_eq!(verdict(update, service, &[]), Verdict::Allowed);
        assert_eq!(verdict(update, "*", &[]), Verdict::Silent);
        assert_eq!(verdict(delete, service, &[]), Verdict::Silent);
        let frozen = [("ecs:cluster", "frozen")];
        assert_eq!(verdict(update, service, &frozen), Verdict::Denied);
    }

    #[test]
    fn what_is_not_evaluated_is_refused() {
        let allow = |more: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            for (name, value) in more.as_object().unwrap() {
                statement[name] = value.clone();
            }
            Policy::try_from(json!({"Statement": statement}))
        };
        assert!(allow(json!({})).is_ok());
        for more in [
            json!({"NotAction": "ecs:*"}),
            json!({"Principal": "*"}),
            json!({"Effect": "Maybe"}),
            json!({"Resource": 5}),
            json!({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}),
        ] {
            assert!(allow(more.clone()).is_err(), "{more}");
        }
        assert!(Policy::try_from(json!("text")).is_err());
        assert!(TrustPolicy::try_from(json!({"Statement": []})).is_ok());
    }
}
