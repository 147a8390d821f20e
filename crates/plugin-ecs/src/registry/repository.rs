//! Repositories: describe, create, policies.

use aws_sdk_ecr::types::{
    ImageScanningConfiguration, ImageTagMutability, ImageTagMutabilityExclusionFilter,
    ImageTagMutabilityExclusionFilterType, Repository,
};
use serde_json::json;
use shipway_domain::ids::RepositoryName;
use shipway_domain::spec::{RepositorySettings, TagMutability};
use shipway_plugin::{ErrorKind, PlatformError, RepositorySeen};

use crate::clients::Clients;
use crate::convert::text;
use crate::operation::{
    CREATE_REPOSITORY, DESCRIBE_REPOSITORIES, GET_LIFECYCLE_POLICY, GET_REPOSITORY_POLICY,
    PUT_LIFECYCLE_POLICY, SET_REPOSITORY_POLICY,
};

/// The repository with its policy, or `None`.
pub(super) async fn describe(
    clients: &Clients,
    name: &RepositoryName,
) -> Result<Option<RepositorySeen>, PlatformError> {
    let registry = clients.place().account.as_str();
    let repository = async {
        let described = clients.call(&DESCRIBE_REPOSITORIES, |services| {
            services
                .ecr
                .describe_repositories()
                .registry_id(registry)
                .repository_names(name.as_str())
                .send()
        });
        found(described.await)
    };
    let policy = async {
        let got = clients.call(&GET_REPOSITORY_POLICY, |services| {
            services
                .ecr
                .get_repository_policy()
                .registry_id(registry)
                .repository_name(name.as_str())
                .send()
        });
        found(got.await)
    };
    let (repository, policy) = Box::pin(async { tokio::try_join!(repository, policy) }).await?;
    let policy = policy.and_then(|answer| answer.policy_text);
    Ok(repository.and_then(|answer| {
        answer
            .repositories()
            .first()
            .map(|seen| convert(seen, policy))
    }))
}

/// Absence is an answer: no repository, no policy.
fn found<T>(answer: Result<T, PlatformError>) -> Result<Option<T>, PlatformError> {
    match answer {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

fn convert(seen: &Repository, policy: Option<String>) -> RepositorySeen {
    let filters = seen.image_tag_mutability_exclusion_filters().iter();
    let filters = filters.map(|filter| filter.filter().to_owned()).collect();
    let (mutability, pinned) = match seen.image_tag_mutability() {
        Some(ImageTagMutability::Immutable) => {
            (TagMutability::Immutable { except: vec![] }, vec![])
        }
        Some(ImageTagMutability::ImmutableWithExclusion) => {
            (TagMutability::Immutable { except: filters }, vec![])
        }
        Some(ImageTagMutability::MutableWithExclusion) => (TagMutability::Mutable, filters),
        _ => (TagMutability::Mutable, vec![]),
    };
    RepositorySeen {
        uri: text(seen.repository_uri()),
        mutability,
        pinned,
        policy,
    }
}

/// Creates the repository and its lifecycle policy. Either may be there already, from another who
/// made it or from an attempt of ours that ended in between: then it is left as it is.
pub(super) async fn create(
    clients: &Clients,
    name: &RepositoryName,
    settings: &RepositorySettings,
) -> Result<RepositorySeen, PlatformError> {
    let (mutability, filters) = mutability(settings)?;
    let scanning = ImageScanningConfiguration::builder()
        .scan_on_push(settings.scan_on_push)
        .build();
    let created = clients
        .call(&CREATE_REPOSITORY, |services| {
            services
                .ecr
                .create_repository()
                .registry_id(clients.place().account.as_str())
                .repository_name(name.as_str())
                .image_tag_mutability(mutability)
                .set_image_tag_mutability_exclusion_filters(filters)
                .image_scanning_configuration(scanning)
                .send()
        })
        .await;
    let seen = match created {
        Ok(answer) => answer.repository().map(|seen| convert(seen, None)),
        Err(error) if error.kind == ErrorKind::AlreadyExists => describe(clients, name).await?,
        Err(error) => return Err(error),
    };
    if let Some(keep) = settings.keep_last {
        keep_last(clients, name, keep).await?;
    }
    seen.ok_or_else(|| {
        PlatformError::new(
            CREATE_REPOSITORY.action(),
            ErrorKind::Other,
            format!("the repository {name} was made but is not there"),
        )
    })
}

type Filters = Option<Vec<ImageTagMutabilityExclusionFilter>>;

fn mutability(
    settings: &RepositorySettings,
) -> Result<(ImageTagMutability, Filters), PlatformError> {
    let TagMutability::Immutable { except } = &settings.mutability else {
        return Ok((ImageTagMutability::Mutable, None));
    };
    if except.is_empty() {
        return Ok((ImageTagMutability::Immutable, None));
    }
    let filters = except.iter().map(|wildcard| {
        ImageTagMutabilityExclusionFilter::builder()
            .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter(wildcard)
            .build()
    });
    let filters: Result<Vec<_>, _> = filters.collect();
    let filters = filters.map_err(|error| {
        PlatformError::new(
            CREATE_REPOSITORY.action(),
            ErrorKind::Invalid,
            error.to_string(),
        )
    })?;
    Ok((ImageTagMutability::ImmutableWithExclusion, Some(filters)))
}

/// The lifecycle policy (JSON), or `None` when there is none, or no such repository.
pub(crate) async fn lifecycle(
    clients: &Clients,
    name: &RepositoryName,
) -> Result<Option<String>, PlatformError> {
    let registry = clients.place().account.as_str();
    let got = clients
        .call(&GET_LIFECYCLE_POLICY, |services| {
            services
                .ecr
                .get_lifecycle_policy()
                .registry_id(registry)
                .repository_name(name.as_str())
                .send()
        })
        .await;
    Ok(found(got)?.map(|got| text(got.lifecycle_policy_text())))
}

/// Sets the lifecycle policy unless the repository has one.
async fn keep_last(
    clients: &Clients,
    name: &RepositoryName,
    keep: u32,
) -> Result<(), PlatformError> {
    if lifecycle(clients, name).await?.is_some() {
        return Ok(());
    }
    let registry = clients.place().account.as_str();
    clients
        .call(&PUT_LIFECYCLE_POLICY, |services| {
            services
                .ecr
                .put_lifecycle_policy()
                .registry_id(registry)
                .repository_name(name.as_str())
                .lifecycle_policy_text(lifecycle_policy(keep))
                .send()
        })
        .await
        .map(drop)
}

/// Expires all but the newest images (grammar in ecs-facts 7.4).
fn lifecycle_policy(keep: u32) -> String {
    json!({"rules": [{
        "rulePriority": 1,
        "description": format!("Keep the newest {keep} images"),
        "selection": {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": keep.max(1),
        },
        "action": {"type": "expire"},
    }]})
    .to_string()
}

/// Replaces the repository policy.
pub(super) async fn set_policy(
    clients: &Clients,
    name: &RepositoryName,
    policy: &str,
) -> Result<(), PlatformError> {
    clients
        .call(&SET_REPOSITORY_POLICY, |services| {
            services
                .ecr
                .set_repository_policy()
                .registry_id(clients.place().account.as_str())
                .repository_name(name.as_str())
                .policy_text(policy)
                .send()
        })
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lifecycle_policy_keeps_to_the_grammar() {
        let text = lifecycle_policy(5);
        assert!((100..=30720).contains(&text.len()), "{}", text.len());
        assert_eq!(
            text,
            r#"{"rules":[{"rulePriority":1,"description":"Keep the newest 5 images","selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}"#
        );
    }

    #[test]
    fn wildcards_of_moving_tags_become_exclusion_filters() {
        let settings = |mutability| RepositorySettings {
            scan_on_push: false,
            mutability,
            keep_last: None,
        };
        let except = vec!["*-latest".to_owned()];
        let (kind, filters) =
            mutability(&settings(TagMutability::Immutable { except })).expect("valid");
        assert_eq!(kind, ImageTagMutability::ImmutableWithExclusion);
        assert_eq!(filters.expect("filters")[0].filter(), "*-latest");
        let (kind, filters) = mutability(&settings(TagMutability::Mutable)).expect("valid");
        assert_eq!((kind, filters), (ImageTagMutability::Mutable, None));
    }
}
