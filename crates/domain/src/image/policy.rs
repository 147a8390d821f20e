//! Repository policies: whether other accounts may pull, and the statement that lets them
//! (ecs-facts 7.9).

use crate::document::Document;
use crate::ids::AccountId;

/// What pulling takes; the last is customary.
pub const PULL_ACTIONS: [&str; 3] = [
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
];
/// The statement that is Shipway's own; others are never touched.
const SID: &str = "ShipwayPull";

/// Whether a policy lets every role of `account` pull, as far as the policy goes. A statement with
/// a condition counts as one that does not.
#[must_use]
pub fn allows_pull(policy: Option<&str>, account: &AccountId) -> bool {
    let Some(document) = policy.and_then(|text| Document::parse(text).ok()) else {
        return false;
    };
    statements(&document).iter().any(|statement| {
        text(statement, "Effect") == Some("Allow")
            && statement.get("Condition").is_none()
            && names(statement.get("Principal"), account)
            && PULL_ACTIONS[..2]
                .iter()
                .all(|action| does(statement.get("Action"), action))
    })
}

/// The policy with a statement that lets these accounts pull, in the place of an older one of
/// Shipway's; accounts that it named stay. Everything else stays as it is.
///
/// # Errors
/// When the present policy cannot be read: it is not ours to throw away.
pub fn with_pull(policy: Option<&str>, accounts: &[AccountId]) -> Result<String, String> {
    let mut document = match policy {
        None => Document::Object(vec![("Version".to_owned(), Document::from("2012-10-17"))]),
        Some(text) => Document::parse(text)
            .map_err(|error| format!("the repository policy cannot be read: {error}"))?,
    };
    let mut roots: Vec<String> = accounts
        .iter()
        .map(|account| format!("arn:aws:iam::{account}:root"))
        .collect();
    let mut kept = Vec::new();
    for statement in statements(&document) {
        if text(&statement, "Sid") == Some(SID) {
            roots.extend(principals(statement.get("Principal")));
        } else {
            kept.push(statement);
        }
    }
    roots.sort();
    roots.dedup();
    let list = |texts: Vec<Document>| Document::Array(texts);
    let texts = |values: &[String]| values.iter().map(|v| Document::from(v.as_str())).collect();
    let principal = Document::Object(vec![("AWS".to_owned(), list(texts(&roots)))]);
    let actions = PULL_ACTIONS
        .iter()
        .map(|action| Document::from(*action))
        .collect();
    kept.push(Document::Object(vec![
        ("Sid".to_owned(), Document::from(SID)),
        ("Effect".to_owned(), Document::from("Allow")),
        ("Principal".to_owned(), principal),
        ("Action".to_owned(), list(actions)),
    ]));
    document.set("Statement", Document::Array(kept));
    Ok(document.to_string())
}

fn statements(document: &Document) -> Vec<Document> {
    match document.get("Statement") {
        Some(Document::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

fn text<'d>(statement: &'d Document, name: &str) -> Option<&'d str> {
    statement.get(name)?.as_str()
}

fn principals(principal: Option<&Document>) -> Vec<String> {
    let principal = match principal {
        Some(Document::Object(_)) => principal.and_then(|p| p.get("AWS")),
        other => other,
    };
    strings(principal)
}

fn strings(value: Option<&Document>) -> Vec<String> {
    match value {
        Some(Document::Array(items)) => items
            .iter()
            .filter_map(Document::as_str)
            .map(str::to_owned)
            .collect(),
        Some(one) => one.as_str().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}

fn names(principal: Option<&Document>, account: &AccountId) -> bool {
    let root = format!("arn:aws:iam::{account}:root");
    principals(principal)
        .iter()
        .any(|known| known == "*" || *known == root || known == account.as_str())
}

fn does(action: Option<&Document>, wanted: &str) -> bool {
    strings(action).iter().any(|known| {
        known == "*"
            || known.eq_ignore_ascii_case(wanted)
            || known
                .strip_suffix('*')
                .is_some_and(|prefix| wanted.starts_with(prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> AccountId {
        id.parse().unwrap()
    }

    #[test]
    fn what_is_set_is_found_again_and_grows() {
        let (a, b) = (account("111111111111"), account("222222222222"));
        assert!(!allows_pull(None, &a));
        let first = with_pull(None, std::slice::from_ref(&a)).unwrap();
        assert!(allows_pull(Some(&first), &a) && !allows_pull(Some(&first), &b));
        let both = with_pull(Some(&first), std::slice::from_ref(&b)).unwrap();
        assert!(allows_pull(Some(&both), &a) && allows_pull(Some(&both), &b));
        assert_eq!(both.matches(SID).count(), 1);
    }

    #[test]
    fn statements_of_others_stay() {
        let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Mine","Effect":"Deny","Principal":"*","Action":"ecr:DeleteRepository"}]}"#;
        let merged = with_pull(Some(theirs), &[account("111111111111")]).unwrap();
        assert!(
            merged.contains(r#""Sid":"Mine","Effect":"Deny""#),
            "{merged}"
        );
    }

    #[test]
    fn to_pull_takes_both_actions_by_name_or_by_wildcard() {
        let table = [
            (
                r#"["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]"#,
                true,
            ),
            (r#"["ECR:batchgetimage","ecr:Get*"]"#, true),
            (r#""*""#, true),
            (r#""ecr:*""#, true),
            (r#""ecr:BatchGetImage""#, false),
            (r#"["ecr:BatchGetImage","ecr:Batch*"]"#, false),
            (r#""ecr:DeleteRepository""#, false),
            (r#"[]"#, false),
        ];
        for (actions, pulls) in table {
            let policy = format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":{actions}}}}}"#
            );
            let found = allows_pull(Some(&policy), &account("111111111111"));
            assert_eq!(found, pulls, "{actions}");
        }
    }

    #[test]
    fn a_statement_with_a_condition_is_no_promise() {
        let policy =
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"ecr:*","Condition":{}}}"#;
        assert!(!allows_pull(Some(policy), &account("111111111111")));
        assert!(allows_pull(
            Some(&policy.replace(r#","Condition":{}"#, "")),
            &account("111111111111")
        ));
    }
}
