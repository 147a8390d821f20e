//! What the policies of a role give.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use serde_json::{Value, json};
use shipway_domain::surroundings::Permission;
use shipway_plugin::PlatformError;

use super::{list, text};
use crate::clients::Clients;
use crate::operation::SIMULATE_PRINCIPAL_POLICY;
use crate::signed;

/// Which of these the role's own policies do not give: IAM is asked once for each resource.
pub(super) async fn denied(
    clients: &Clients,
    role: &str,
    needed: &[Permission],
) -> Result<Vec<Permission>, PlatformError> {
    let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Permission { action, resource } in needed {
        by_resource.entry(resource).or_default().push(action);
    }
    let asked = by_resource.iter().map(|(resource, actions)| async move {
        let mut order = json!({"PolicySourceArn": role, "ResourceArns.member.1": resource});
        for (nth, action) in actions.iter().enumerate() {
            order[format!("ActionNames.member.{}", nth + 1)] = json!(action);
        }
        let answer = signed::send(clients, &SIMULATE_PRINCIPAL_POLICY, None, &order).await?;
        let results = &answer["SimulatePrincipalPolicyResult"]["EvaluationResults"];
        let denied = list(results).filter(|one: &&Value| one["EvalDecision"] != "allowed");
        let denied = denied.map(|one| Permission {
            action: text(one, "EvalActionName"),
            resource: (*resource).to_owned(),
        });
        Ok::<Vec<_>, PlatformError>(denied.collect())
    });
    Ok(try_join_all(asked).await?.concat())
}
