//! The grammar of lifecycle policies (ecs-facts 7.4).

use std::collections::BTreeSet;

use serde::Deserialize;

/// A policy that keeps the grammar.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) rule_priority: u32,
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(super) selection: Selection,
    pub(super) action: Action,
}

/// Which images a rule is about, and when.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Selection {
    pub(super) tag_status: TagStatus,
    #[serde(default)]
    pub(super) tag_pattern_list: Vec<String>,
    #[serde(default)]
    pub(super) tag_prefix_list: Vec<String>,
    #[serde(default)]
    pub(super) storage_class: StorageClass,
    pub(super) count_type: CountType,
    count_unit: Option<String>,
    pub(super) count_number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TagStatus {
    Tagged,
    Untagged,
    Any,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StorageClass {
    #[default]
    Standard,
    Archive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum CountType {
    ImageCountMoreThan,
    SinceImagePushed,
    SinceImagePulled,
    SinceImageTransitioned,
}

/// What is done with the images that a rule selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Action {
    Expire {},
    #[serde(rename_all = "camelCase")]
    Transition {
        target_storage_class: StorageClass,
    },
}

impl Policy {
    /// Reads a policy; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if !(100..=30_720).contains(&text.len()) {
            return Err("the text must have 100 to 30720 characters".to_owned());
        }
        let mut policy: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if !(1..=50).contains(&policy.rules.len()) {
            return Err("a policy has 1 to 50 rules".to_owned());
        }
        policy.rules.sort_by_key(|rule| rule.rule_priority);
        let mut priorities = BTreeSet::new();
        let mut tag_sets = BTreeSet::new();
        for rule in &policy.rules {
            if rule.rule_priority == 0 || !priorities.insert(rule.rule_priority) {
                return Err(format!("rulePriority {} is not unique", rule.rule_priority));
            }
            let problem = rule.check();
            problem.map_err(|problem| format!("rule {}: {problem}", rule.rule_priority))?;
            let selection = &rule.selection;
            let set = (selection.storage_class, tag_set(selection));
            if selection.tag_status == TagStatus::Tagged && !tag_sets.insert(set) {
                return Err("two rules have the same tags".to_owned());
            }
        }
        policy.check_of_class(StorageClass::Standard)?;
        policy.check_of_class(StorageClass::Archive)?;
        Ok(policy)
    }

    /// The rules for `any` and `untagged` are counted per storage class: a policy that archives and
    /// later expires everything has two for `any`.
    fn check_of_class(&self, class: StorageClass) -> Result<(), String> {
        let statuses = self.rules.iter().map(|rule| &rule.selection);
        let statuses = statuses.filter(|selection| selection.storage_class == class);
        let statuses: Vec<_> = statuses.map(|selection| selection.tag_status).collect();
        let before_last = statuses.iter().rev().skip(1);
        if before_last.clone().any(|status| *status == TagStatus::Any) {
            return Err("a rule for `any` must have the highest rulePriority".to_owned());
        }
        let untagged = |status: &&TagStatus| **status == TagStatus::Untagged;
        if statuses.iter().filter(untagged).count() > 1 {
            return Err("there can be only one rule for `untagged`".to_owned());
        }
        Ok(())
    }
}

fn tag_set(selection: &Selection) -> (bool, BTreeSet<String>) {
    let patterns = !selection.tag_pattern_list.is_empty();
    let lists = [&selection.tag_pattern_list, &selection.tag_prefix_list];
    (patterns, lists.into_iter().flatten().cloned().collect())
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        let selection = &self.selection;
        let lists = [&selection.tag_pattern_list, &selection.tag_prefix_list];
        let given = lists.iter().filter(|list| !list.is_empty()).count();
        match (selection.tag_status, given) {
            (TagStatus::Tagged, 1) | (TagStatus::Untagged | TagStatus::Any, 0) => {}
            (TagStatus::Tagged, _) => {
                return Err("`tagged` needs tagPatternList or tagPrefixList".to_owned());
            }
            _ => return Err("only `tagged` takes patterns".to_owned()),
        }
        let wild = |pattern: &&String| pattern.matches('*').count() > 4;
        if let Some(pattern) = selection.tag_pattern_list.iter().find(wild) {
            return Err(format!("pattern `{pattern}` has more than 4 wildcards"));
        }
        let since = selection.count_type != CountType::ImageCountMoreThan;
        match (since, selection.count_unit.as_deref()) {
            (true, Some("days")) | (false, None) => {}
            (true, _) => return Err("countUnit must be `days`".to_owned()),
            (false, Some(_)) => return Err("countUnit goes only with since...".to_owned()),
        }
        if selection.count_number == 0 {
            return Err("countNumber must be at least 1".to_owned());
        }
        let archived = selection.storage_class == StorageClass::Archive;
        if selection.count_type == CountType::SinceImageTransitioned && !archived {
            return Err("sinceImageTransitioned needs storageClass `archive`".to_owned());
        }
        match self.action {
            Action::Transition {
                target_storage_class: StorageClass::Standard,
            } => Err("images can only be moved to `archive`".to_owned()),
            Action::Transition { .. } if archived => {
                Err("images in the archive can only expire".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    fn rule(priority: u32, selection: &str, action: &str) -> String {
        format!(
            r#"{{"rulePriority":{priority},"description":"a rule among the many that people write",
            "selection":{{{selection}}},"action":{action}}}"#
        )
    }

    fn policy(rules: &[String]) -> String {
        format!(r#"{{"rules":[{}]}}"#, rules.join(","))
    }

    const EXPIRE: &str = r#"{"type":"expire"}"#;
    const ARCHIVE: &str = r#"{"type":"transition","targetStorageClass":"archive"}"#;
    const MANY: &str = r#""countType":"imageCountMoreThan","countNumber":3"#;
    const OLD: &str = r#""countType":"sinceImagePushed","countUnit":"days","countNumber":3"#;

    #[test]
    fn the_grammar_of_one_rule_is_kept() {
        let with = |status: &str, rest: &str| format!(r#""tagStatus":"{status}",{rest}"#);
        for (selection, action, fine) in [
            (with("any", MANY), EXPIRE, true),
            (
                with("tagged", &format!(r#""tagPatternList":["v*"],{OLD}"#)),
                EXPIRE,
                true,
            ),
            (
                with(
                    "tagged",
                    &format!(r#""tagPatternList":["*a*b*c*d*"],{OLD}"#),
                ),
                EXPIRE,
                false,
            ),
            (
                with(
                    "tagged",
                    &format!(r#""tagPatternList":["v*"],"tagPrefixList":["v"],{OLD}"#),
                ),
                EXPIRE,
                false,
            ),
            (with("tagged", MANY), EXPIRE, false),
            (
                with("any", &format!(r#""tagPrefixList":["v"],{MANY}"#)),
                EXPIRE,
                false,
            ),
            (
                with("any", &format!(r#""countUnit":"days",{MANY}"#)),
                EXPIRE,
                false,
            ),
            (with("any", &MANY.replace('3', "0")), EXPIRE, false),
            (with("any", &MANY.replace("Than", "Then")), EXPIRE, false),
            (
                with("any", &MANY.replace("countType", "countTypo")),
                EXPIRE,
                false,
            ),
            (with("some", MANY), EXPIRE, false),
            (with("any", &OLD.replace("Pushed", "Pulled")), ARCHIVE, true),
            (
                with("any", &OLD.replace("Pushed", "Transitioned")),
                EXPIRE,
                false,
            ),
            (
                with(
                    "any",
                    &format!(
                        r#""storageClass":"archive",{}"#,
                        OLD.replace("Pushed", "Transitioned")
                    ),
                ),
                EXPIRE,
                true,
            ),
            (
                with("any", &format!(r#""storageClass":"archive",{OLD}"#)),
                ARCHIVE,
                false,
            ),
            (with("any", MANY), r#"{"type":"transition"}"#, false),
            (
                with("any", MANY),
                r#"{"type":"expire","targetStorageClass":"archive"}"#,
                false,
            ),
        ] {
            let read = Policy::parse(&policy(&[rule(1, &selection, action)]));
            assert_eq!(read.is_ok(), fine, "{selection} {action}: {read:?}");
        }
        assert!(Policy::parse("{}").unwrap_err().contains("100"));
    }

    #[test]
    fn rules_must_fit_together() {
        let any = format!(r#""tagStatus":"any",{MANY}"#);
        let untagged = format!(r#""tagStatus":"untagged",{MANY}"#);
        let tagged = format!(r#""tagStatus":"tagged","tagPrefixList":["v"],{MANY}"#);
        let archived = format!(r#""tagStatus":"any","storageClass":"archive",{MANY}"#);
        for (rules, problem) in [
            ([(1, &untagged), (2, &any)], None),
            ([(1, &any), (2, &archived)], None),
            ([(1, &any), (1, &archived)], Some("not unique")),
            ([(1, &any), (2, &untagged)], Some("highest")),
            ([(1, &untagged), (2, &untagged)], Some("only one")),
            ([(1, &tagged), (2, &tagged)], Some("same tags")),
        ] {
            let rules = rules.map(|(priority, selection)| rule(priority, selection, EXPIRE));
            let read = Policy::parse(&policy(&rules));
            match problem {
                None => assert!(read.is_ok(), "{rules:?}: {read:?}"),
                Some(problem) => assert!(read.unwrap_err().contains(problem), "{rules:?}"),
            }
        }
    }
}
