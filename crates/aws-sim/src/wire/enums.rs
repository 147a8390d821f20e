//! Unknown words where an input has an enum, refused before anything else is looked at (ecs-facts 11.3).

mod ecs;
mod others;

use serde_json::Value;

use super::{ApiError, Service};

/// A member of the inputs of some operations, and the words it may have.
#[derive(Debug)]
struct Rule {
    /// Names of operations; `*` for all of the service.
    actions: &'static str,
    /// `list[].member`.
    path: &'static str,
    words: &'static str,
}

const fn rule(actions: &'static str, path: &'static str, words: &'static str) -> Rule {
    Rule {
        actions,
        path,
        words,
    }
}

/// A word that is none of an enum.
struct Odd<'a> {
    word: &'a str,
    /// As errors spell it: `list.1.member.name`.
    at: String,
    words: &'static str,
}

/// Refuses an input in which an enum has an unknown word. What is no text is for others to refuse.
pub(super) fn check(service: Service, action: &str, input: &Value) -> Result<(), ApiError> {
    let rules = match service {
        Service::Ecs => ecs::ECS,
        Service::Ecr => others::ECR,
        Service::AutoScaling => others::AUTO_SCALING,
        Service::Logs => others::LOGS,
        Service::LoadBalancing => others::LOAD_BALANCING,
        Service::CloudWatch => others::CLOUD_WATCH,
        Service::Iam => others::IAM,
        Service::Secrets | Service::Parameters | Service::Sts | Service::Ec2 | Service::Quotas => {
            &[]
        }
    };
    let mut odd = Vec::new();
    for rule in rules {
        let mut actions = rule.actions.split(' ');
        if actions.any(|name| name == "*" || name == action) {
            find(input, rule.path, "", rule.words, &mut odd);
        }
    }
    if odd.is_empty() {
        Ok(())
    } else {
        Err(refusal(service, &odd))
    }
}

/// Collects the unknown words at a path; `at` is where `value` is.
fn find<'a>(value: &'a Value, path: &str, at: &str, words: &'static str, odd: &mut Vec<Odd<'a>>) {
    if path.is_empty() {
        if let Some(word) = value.as_str()
            && !words.split(' ').any(|known| known == word)
        {
            let at = at.to_owned();
            odd.push(Odd { word, at, words });
        }
        return;
    }
    if let Some(rest) = path.strip_prefix("[]") {
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        let items = value.as_array().into_iter().flatten();
        for (index, item) in items.enumerate() {
            find(
                item,
                rest,
                &format!("{at}.{}.member", index + 1),
                words,
                odd,
            );
        }
        return;
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    if let Some(value) = value.get(name) {
        let dot = if at.is_empty() { "" } else { "." };
        find(value, rest, &format!("{at}{dot}{name}"), words, odd);
    }
}

/// In the words of the service.
fn refusal(service: Service, odd: &[Odd<'_>]) -> ApiError {
    let set = |odd: &Odd<'_>| {
        let words = odd.words.replace(' ', ", ");
        format!("Member must satisfy enum value set: [{words}]")
    };
    let detected = |spell: fn(&str) -> String| {
        let (count, plural) = (odd.len(), if odd.len() == 1 { "" } else { "s" });
        let each = odd.iter().map(|odd| {
            let at = spell(&odd.at);
            format!(
                "Value '{}' at '{at}' failed to satisfy constraint: {}",
                odd.word,
                set(odd)
            )
        });
        let each: Vec<String> = each.collect();
        format!(
            "{count} validation error{plural} detected: {}",
            each.join("; ")
        )
    };
    match (service, odd) {
        (Service::Ecr, [first, ..]) => ApiError::invalid_parameter(format!(
            "Invalid parameter at '{}' failed to satisfy constraint: '{}' but was '{}'",
            first.at,
            set(first),
            first.word
        )),
        (Service::AutoScaling, _) => ApiError::validation(detected(lower_camel)),
        (Service::CloudWatch | Service::LoadBalancing | Service::Iam, _) => {
            ApiError::client("ValidationError", detected(lower_camel))
        }
        _ => ApiError::invalid_parameter(detected(str::to_owned)),
    }
}

/// `PolicyType` as `policyType`: errors name members like this, whatever the input calls them.
fn lower_camel(path: &str) -> String {
    let names = path.split('.').map(|name| {
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    names.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;
    use crate::wire::Service;

    #[test]
    fn all_unknown_words_are_named_by_place() {
        let input = json!({"networkMode": "vpc", "containerDefinitions": [{}, {"dependsOn": [
            {"condition": "START"}, {"condition": "NEVER"}]}]});
        let refused = check(Service::Ecs, "RegisterTaskDefinition", &input).unwrap_err();
        assert_eq!(
            refused.message,
            "2 validation errors detected: Value 'vpc' at 'networkMode' failed to satisfy constraint: \
             Member must satisfy enum value set: [bridge, host, awsvpc, none]; Value 'NEVER' at \
             'containerDefinitions.2.member.dependsOn.2.member.condition' failed to satisfy \
             constraint: Member must satisfy enum value set: [START, COMPLETE, SUCCESS, HEALTHY]"
        );
        let list = json!({"status": ["PENDING"], "networkMode": "vpc"});
        assert!(check(Service::Ecs, "ListServiceDeployments", &list).is_ok());
    }
}
