//! Who may use a repository of another account: policies of repositories and registries (ecs-facts 7.9).

use serde_json::Value;

use super::condition;
use super::state::State;
use crate::glob;
use crate::iam::{Act, Principal};
use crate::world::World;

/// A repository that is there or could be: account, region and name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) owner: &'a str,
    pub(crate) region: &'a str,
    pub(crate) name: &'a str,
}

impl Place<'_> {
    /// The ARN of the repository.
    pub(crate) fn arn(&self) -> String {
        let Self {
            owner,
            region,
            name,
        } = self;
        format!("arn:aws:ecr:{region}:{owner}:repository/{name}")
    }
}

impl State {
    /// The text of the refusal if `principal` may not take `action` (without `ecr:`) by the policies of the
    /// repository and of the registry. Within an account the caller's own policy decides, which the frame has
    /// asked, unless one of these denies.
    pub(crate) fn denial(
        &self,
        principal: &Principal,
        place: Place<'_>,
        action: &str,
    ) -> Option<String> {
        let (allowed, denied) = self.verdict(principal, place, action);
        if !denied && (allowed || principal.account == place.owner) {
            return None;
        }
        let because = if denied {
            format!("with an explicit deny in a resource-based policy for the ecr:{action} action")
        } else {
            format!("because no resource-based policy allows the ecr:{action} action")
        };
        Some(format!(
            "User: {} is not authorized to perform: ecr:{action} on resource: {} {because}",
            principal.arn,
            place.arn()
        ))
    }

    /// Whether the policy of the repository or of the registry allows, and whether one denies.
    pub(super) fn verdict(
        &self,
        principal: &Principal,
        place: Place<'_>,
        action: &str,
    ) -> (bool, bool) {
        let repository = self.repositories.get(place.name);
        let repository = repository.and_then(|repository| repository.policy.as_deref());
        let registry = self.policy.as_deref();
        let registry = registry.filter(|_| self.policy_scope.covers(action));
        let (action, arn) = (format!("ecr:{action}"), place.arn());
        let both = [repository, registry].into_iter().flatten();
        both.fold((false, false), |(allowed, denied), text| {
            let policy: Value = serde_json::from_str(text).unwrap_or_default();
            let (allows, denies) = verdict(&policy, principal, &action, &arn);
            (allowed || allows, denied || denies)
        })
    }
}

impl World {
    /// What the policies of a repository and its registry refuse; they may not be there.
    pub(crate) fn resource_denial(
        &self,
        principal: &Principal,
        place: Place<'_>,
        action: &str,
    ) -> Option<String> {
        let nothing = State::default();
        let region = self.existing_region(place.owner, place.region);
        let registry = region.map_or(&nothing, |region| &region.ecr);
        registry.denial(principal, place, action)
    }

    /// Whether the caller's own policies and those of repository and registry allow an action.
    pub(crate) fn may(&self, principal: &Principal, place: Place<'_>, action: &str) -> bool {
        let act = Act {
            action: &format!("ecr:{action}"),
            resource: &place.arn(),
            context: &[],
        };
        self.permits(principal, &act) && self.resource_denial(principal, place, action).is_none()
    }
}

/// Whether a statement allows, and whether one denies. Statements of a repository policy name no resource.
fn verdict(policy: &Value, principal: &Principal, action: &str, arn: &str) -> (bool, bool) {
    let (mut allowed, mut denied) = (false, false);
    for statement in list(policy.get("Statement")) {
        let principals = statement.get("Principal");
        let principals = principals.and_then(|named| named.get("AWS")).or(principals);
        let named = strings(principals).any(|trusted| principal.is_named_by(trusted));
        let meant = strings(statement.get("Action")).any(|rule| glob::matches(rule, action));
        let resources = statement.get("Resource");
        let here = resources.is_none() || strings(resources).any(|rule| glob::matches(rule, arn));
        if named && meant && here && condition::holds(statement.get("Condition"), principal) {
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
    use crate::ecr::Repository;
    use crate::ecr::registry_policy::Scope;
    use serde_json::json;

    const APP: Place<'_> = Place {
        owner: "000000000000",
        region: "eu-west-1",
        name: "app",
    };

    fn refused(policy: &Value, caller: &str, action: &str) -> bool {
        let repository = Repository {
            policy: Some(policy.to_string()),
            ..Repository::default()
        };
        let mut registry = State::default();
        registry.repositories.insert("app".to_owned(), repository);
        let caller = Principal::root(caller);
        registry.denial(&caller, APP, action).is_some()
    }

    #[test]
    fn a_registry_policy_is_about_the_repositories_that_it_names() {
        let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"},
            "Action": ["ecr:CreateRepository", "ecr:BatchGetImage"],
            "Resource": "arn:aws:ecr:eu-west-1:000000000000:repository/team/*"}]});
        let mut registry = State {
            policy: Some(policy.to_string()),
            ..State::default()
        };
        let caller = Principal::root("111111111111");
        let team = Place {
            name: "team/new",
            ..APP
        };
        let refused = |registry: &State, place, action| {
            let text = registry.denial(&caller, place, action);
            text.is_some()
        };
        assert!(!refused(&registry, team, "CreateRepository"));
        assert!(!refused(&registry, team, "BatchGetImage"));
        assert!(refused(&registry, team, "PutImage"));
        assert!(refused(&registry, APP, "CreateRepository"));
        registry.policy_scope = Scope::V1;
        assert!(!refused(&registry, team, "CreateRepository"));
        assert!(refused(&registry, team, "BatchGetImage"));
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
