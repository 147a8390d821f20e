//! The repository of an image: it exists, its rules fit the tags, and every target may pull from it.

use std::collections::BTreeSet;

use shipway_domain::checkpoint::Checkpoint;
use shipway_domain::event::{NoteLevel, Step};
use shipway_domain::ids::AccountId;
use shipway_domain::image;
use shipway_domain::verdict::Finding;
use shipway_plugin::{RegistryApi, RepositorySeen};

use super::{Short, Work, points};

/// The repository exists, its rules let our tags be, and every target's account may pull.
pub(super) async fn prepare(
    work: &mut Work,
    registry: &dyn RegistryApi,
) -> Result<RepositorySeen, Short> {
    work.steps.begin(Step::Repository);
    let settings = work.spec.image.clone();
    let name = &settings.repository;
    let seen = match (registry.repository(name).await?, &settings.create) {
        (Some(seen), _) => seen,
        (None, Some(create)) => {
            work.note(Checkpoint::CreateRepositoryIntent).await?;
            work.running.clearance().await?;
            work.steps.detail(format!("created {name}"));
            points::before_act("create-repository");
            let made = registry.create_repository(name, create).await;
            points::after_act("create-repository");
            made?
        }
        (None, None) => {
            return Err(Finding {
                code: "repository-missing".to_owned(),
                cause: format!("account {} has no repository {name}", settings.account),
                evidence: vec![format!("region {}", settings.region)],
                remedy: "create it, or add [image.create] to shipway.toml".to_owned(),
            }
            .into());
        }
    };
    let refused = image::refused_moves(&settings.tags, &seen.mutability, &seen.pinned);
    if let Some(tag) = refused.first() {
        return Err(Finding {
            code: "tag-may-not-move".to_owned(),
            cause: format!("tag {tag} is meant to move, but tags of {name} are immutable"),
            evidence: vec![format!("repository {}", seen.uri)],
            remedy: format!(
                "exclude it from immutability (mutable_tags = [\"{tag}\"]), or leave the tag away"
            ),
        }
        .into());
    }
    let puller = pullers(work, &settings.account);
    let missing: Vec<AccountId> = puller
        .into_iter()
        .filter(|account| !image::allows_pull(seen.policy.as_deref(), account))
        .collect();
    if missing.is_empty() {
        return Ok(seen);
    }
    if !settings.set_policy {
        let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
        return Err(Finding {
            code: "targets-cannot-pull".to_owned(),
            cause: format!(
                "the policy of {name} does not let these accounts pull: {}",
                list.join(", ")
            ),
            evidence: vec![format!("repository {}", seen.uri)],
            remedy: "allow ecr:BatchGetImage and ecr:GetDownloadUrlForLayer to them, or set \
                     set_policy = true under [image]"
                .to_owned(),
        }
        .into());
    }
    let policy = image::with_pull(seen.policy.as_deref(), &missing).map_err(|problem| Finding {
        code: "policy-unreadable".to_owned(),
        cause: problem,
        evidence: vec![format!("repository {}", seen.uri)],
        remedy: "correct the repository policy by hand".to_owned(),
    })?;
    work.running.clearance().await?;
    points::before_act("set-policy");
    let set = registry.set_policy(name, &policy).await;
    points::after_act("set-policy");
    set?;
    let text = format!(
        "the policy of {name} now lets other accounts pull: {} added",
        missing.len()
    );
    work.steps.note(NoteLevel::Info, text);
    Ok(RepositorySeen {
        policy: Some(policy),
        ..seen
    })
}

/// Accounts of targets other than the image's own.
fn pullers(work: &Work, owner: &AccountId) -> BTreeSet<AccountId> {
    let targets = work
        .spec
        .targets
        .iter()
        .map(|target| target.target.account.clone());
    targets.filter(|account| account != owner).collect()
}
