//! Repositories: create, describe, delete, and their settings.

use serde_json::{Value, json};

use super::mutability::Mutability;
use super::state::Repository;
use super::{
    Place, at_most, labels, missing, needed, owner, paged, quotas, refuse_unless_open,
    registry_host, repository,
};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// `CreateRepository`.
pub(super) fn create(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let name = input.need_str("repositoryName")?;
    if !is_name(name) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy \
             regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'' \
             of 2 to 256 characters but was '{name}'"
        )));
    }
    let owner = owner(ctx, input)?;
    refuse_unless_open(world, ctx, place(ctx, owner, name), "CreateRepository")?;
    let created = Repository {
        created: ctx.now,
        mutability: Mutability::read(input)?,
        scan_on_push: scan_on_push(input.structure("imageScanningConfiguration")?)?,
        encryption: encryption(input.structure("encryptionConfiguration")?)?,
        labels: labels::read(input)?,
        ..Repository::default()
    };
    let host = registry_host(world, owner, &ctx.region)?;
    let repositories = &mut world.region(owner, &ctx.region).ecr.repositories;
    if repositories.contains_key(name) {
        return Err(ApiError::client(
            "RepositoryAlreadyExistsException",
            format!(
                "The repository with name '{name}' already exists in the registry with id '{owner}'"
            ),
        ));
    }
    quotas::room_for_repository(repositories.len(), owner)?;
    let shown = show(ctx, owner, &host, name, &created);
    repositories.insert(name.to_owned(), created);
    Ok(json!({"repository": shown}))
}

fn place<'a>(ctx: &'a Ctx, owner: &'a str, name: &'a str) -> Place<'a> {
    Place {
        owner,
        region: &ctx.region,
        name,
    }
}

/// `DescribeRepositories`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let owner = owner(ctx, input)?;
    at_most(input, "repositoryNames", 100)?;
    let asked = input.strings("repositoryNames")?;
    let all = if asked.is_empty() { &["*"][..] } else { &asked };
    for name in all {
        refuse_unless_open(world, ctx, place(ctx, owner, name), "DescribeRepositories")?;
    }
    let host = registry_host(world, owner, &ctx.region)?;
    let repositories = &world.region(owner, &ctx.region).ecr.repositories;
    let shown = if asked.is_empty() {
        let all = repositories.iter();
        all.map(|(name, repository)| show(ctx, owner, &host, name, repository))
            .collect()
    } else {
        let named = asked.into_iter().map(|name| {
            let repository = repositories.get(name).ok_or_else(|| missing(owner, name))?;
            Ok(show(ctx, owner, &host, name, repository))
        });
        named.collect::<Result<Vec<_>, ApiError>>()?
    };
    paged(input, "repositories", shown)
}

/// `DeleteRepository`; one with images only by `force`.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let force = input.bool("force")?.unwrap_or(false);
    let (owner, name, repository) = repository(world, ctx, input, "DeleteRepository")?;
    if !repository.images.is_empty() && !force {
        return Err(ApiError::client(
            "RepositoryNotEmptyException",
            format!(
                "The repository with name '{name}' in registry with id '{owner}' cannot be \
                 deleted because it still contains images"
            ),
        ));
    }
    let host = registry_host(world, owner, &ctx.region)?;
    let repositories = &mut world.region(owner, &ctx.region).ecr.repositories;
    let removed = repositories.remove(name).unwrap_or_default();
    Ok(json!({"repository": show(ctx, owner, &host, name, &removed)}))
}

/// `PutImageTagMutability`.
pub(super) fn put_mutability(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    input.need_str("imageTagMutability")?;
    let mutability = Mutability::read(input)?;
    let (owner, name, repository) = repository(world, ctx, input, "PutImageTagMutability")?;
    let mut shown = json!({"registryId": owner, "repositoryName": name});
    mutability.show(&mut shown);
    repository.mutability = mutability;
    Ok(shown)
}

/// `PutImageScanningConfiguration`.
pub(super) fn put_scanning(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let member = "imageScanningConfiguration";
    let wanted = scan_on_push(Some(needed(input.structure(member)?, input, member)?))?;
    let (owner, name, repository) = repository(world, ctx, input, "PutImageScanningConfiguration")?;
    repository.scan_on_push = wanted;
    Ok(json!({
        "registryId": owner,
        "repositoryName": name,
        "imageScanningConfiguration": {"scanOnPush": wanted},
    }))
}

fn show(ctx: &Ctx, owner: &str, host: &str, name: &str, repository: &Repository) -> Value {
    let mut shown = json!({
        "repositoryArn": format!("arn:aws:ecr:{}:{owner}:repository/{name}", ctx.region),
        "registryId": owner,
        "repositoryName": name,
        "repositoryUri": format!("{host}/{name}"),
        "createdAt": repository.created.json(),
        "imageScanningConfiguration": {"scanOnPush": repository.scan_on_push},
        "encryptionConfiguration": repository.encryption,
    });
    repository.mutability.show(&mut shown);
    shown
}

fn scan_on_push(input: Option<Input<'_>>) -> Result<bool, ApiError> {
    let flag = input.map(|input| input.bool("scanOnPush")).transpose()?;
    Ok(flag.flatten().unwrap_or(false))
}

pub(super) fn encryption(input: Option<Input<'_>>) -> Result<Value, ApiError> {
    let Some(input) = input else {
        return Ok(json!({"encryptionType": "AES256"}));
    };
    let kind = input.need_str("encryptionType")?;
    if !["AES256", "KMS", "KMS_DSSE"].contains(&kind) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'encryptionConfiguration.encryptionType': '{kind}' is not \
             AES256, KMS or KMS_DSSE"
        )));
    }
    let mut shown = json!({"encryptionType": kind});
    if let Some(key) = input.str("kmsKey")? {
        shown["kmsKey"] = key.into();
    }
    Ok(shown)
}

/// Whether `text` can name a repository (ecs-facts 7.2): lower-case words joined by `.`, `_`,
/// `__` or dashes, in parts joined by `/`.
pub(super) fn is_name(text: &str) -> bool {
    (2..=256).contains(&text.len()) && text.split('/').all(is_part)
}

fn is_part(part: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let words = |separator: &str| {
        matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
    };
    let bytes = part.as_bytes();
    bytes.first().is_some_and(|byte| word(*byte))
        && bytes.last().is_some_and(|byte| word(*byte))
        && bytes
            .iter()
            .all(|byte| word(*byte) || b"._-".contains(byte))
        && part
            .split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            .all(words)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_follow_the_pattern_of_the_api() {
        for name in ["ab", "a/b", "team/app-one", "a__b", "a--b", "a.b/c_d", "0a"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "a", "A/b", "-a", "a-", "a//b", "a..b", "a___b", "a._b", "a b", "/ab", "ab/",
        ] {
            assert!(!is_name(name), "{name}");
        }
        assert!(!is_name(&"a".repeat(257)));
    }
}
