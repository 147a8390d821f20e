//! Elastic Container Registry: the API; the registry protocol is in `crate::registry`.

mod accept;
mod access;
mod batch_get;
mod condition;
mod images;
mod labels;
mod layers;
mod lifecycle;
mod manifest;
mod mutability;
mod policy;
mod presigned;
mod pull_through;
mod put;
mod quotas;
mod referrers;
mod registry_policy;
mod repositories;
mod scan;
mod scanning;
mod settings;
mod state;
mod storage;
mod templates;
mod tick;
mod token;
mod write;

pub(crate) use access::Place;
pub(crate) use presigned::{BadAddress, Presigned};
pub(crate) use put::Refusal;
pub(crate) use quotas::{LAYER_BYTES, too_many_images, too_many_tags};
pub(crate) use scan::Findings;
pub(crate) use state::{Image, Repository, State};
pub(crate) use tick::tick;
pub(crate) use token::BadToken;

use serde_json::{Value, json};

use crate::wire::{ApiError, Ctx, Input, Operation, page};
use crate::world::{World, is_account_id};

/// What it offers, and what answers it.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("GetAuthorizationToken", token::get),
    ("CreateRepository", repositories::create),
    ("DescribeRepositories", repositories::describe),
    ("DeleteRepository", repositories::delete),
    ("PutImageTagMutability", repositories::put_mutability),
    ("PutImageScanningConfiguration", repositories::put_scanning),
    ("SetRepositoryPolicy", policy::set),
    ("GetRepositoryPolicy", policy::get),
    ("DeleteRepositoryPolicy", policy::delete),
    ("PutLifecyclePolicy", lifecycle::put),
    ("GetLifecyclePolicy", lifecycle::get),
    ("DeleteLifecyclePolicy", lifecycle::delete),
    ("StartLifecyclePolicyPreview", lifecycle::start_preview),
    ("GetLifecyclePolicyPreview", lifecycle::get_preview),
    ("UpdateImageStorageClass", storage::update),
    ("InitiateLayerUpload", layers::initiate),
    ("UploadLayerPart", layers::part),
    ("CompleteLayerUpload", layers::complete),
    ("GetDownloadUrlForLayer", layers::download_url),
    ("ListImageReferrers", referrers::list),
    ("CreateRepositoryCreationTemplate", templates::create),
    ("DescribeRepositoryCreationTemplates", templates::describe),
    ("UpdateRepositoryCreationTemplate", templates::update),
    ("DeleteRepositoryCreationTemplate", templates::delete),
    ("CreatePullThroughCacheRule", pull_through::create),
    ("DescribePullThroughCacheRules", pull_through::describe),
    ("UpdatePullThroughCacheRule", pull_through::update),
    ("DeletePullThroughCacheRule", pull_through::delete),
    ("ValidatePullThroughCacheRule", pull_through::validate),
    ("PutRegistryPolicy", registry_policy::put),
    ("GetRegistryPolicy", |world, ctx, _| {
        registry_policy::get(world, ctx)
    }),
    ("DeleteRegistryPolicy", |world, ctx, _| {
        registry_policy::delete(world, ctx)
    }),
    ("DescribeRegistry", |_, ctx, _| {
        Ok(settings::describe_registry(ctx))
    }),
    ("GetRegistryScanningConfiguration", |world, ctx, _| {
        Ok(scanning::get(world, ctx))
    }),
    ("PutRegistryScanningConfiguration", scanning::put),
    (
        "BatchGetRepositoryScanningConfiguration",
        scanning::batch_get,
    ),
    ("DescribeImages", images::describe),
    ("ListImages", images::list),
    ("BatchGetImage", batch_get::batch_get),
    ("BatchCheckLayerAvailability", images::layers),
    ("PutImage", write::put),
    ("BatchDeleteImage", write::batch_delete),
    ("StartImageScan", scan::start),
    ("DescribeImageScanFindings", scan::describe),
    ("TagResource", labels::tag),
    ("UntagResource", labels::untag),
    ("ListTagsForResource", labels::list),
    ("GetAccountSetting", settings::get),
    ("PutAccountSetting", settings::put),
];

/// The registry an input is about: `registryId`, or the caller's own.
fn owner<'a>(ctx: &'a Ctx, input: &Input<'a>) -> Result<&'a str, ApiError> {
    match input.str("registryId")? {
        Some(id) if !is_account_id(id) => Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'registryId' failed to satisfy constraint: 'must satisfy \
             regular expression '[0-9]{{12}}'' but was '{id}'"
        ))),
        Some(id) => Ok(id),
        None => Ok(&ctx.account),
    }
}

/// Owner, name and state of the repository an input names, if it is there and open to the caller.
fn repository<'w, 'a>(
    world: &'w mut World,
    ctx: &'a Ctx,
    input: &Input<'a>,
    action: &str,
) -> Result<(&'a str, &'a str, &'w mut Repository), ApiError> {
    let owner = owner(ctx, input)?;
    let name = input.need_str("repositoryName")?;
    let region = ctx.region.as_str();
    let place = Place {
        owner,
        region,
        name,
    };
    let known = world.existing_region(owner, region);
    if known.is_none_or(|region| !region.ecr.repositories.contains_key(name)) {
        return Err(missing(owner, name));
    }
    refuse_unless_open(world, ctx, place, action)?;
    let repository = world.repository(owner, region, name);
    let repository = repository.ok_or_else(|| missing(owner, name))?;
    Ok((owner, name, repository))
}

/// Refuses what the policies of a repository and of its registry do not allow.
fn refuse_unless_open(
    world: &World,
    ctx: &Ctx,
    place: Place<'_>,
    action: &str,
) -> Result<(), ApiError> {
    let denial = world.resource_denial(&ctx.principal, place, action);
    denial.map_or(Ok(()), |text| {
        Err(ApiError::client("AccessDeniedException", text))
    })
}

/// The caller's own registry, if an input names one: nobody else may change what holds for all of it.
fn own_registry<'a>(ctx: &'a Ctx, input: &Input<'a>) -> Result<&'a str, ApiError> {
    let owner = owner(ctx, input)?;
    if owner == ctx.account {
        return Ok(owner);
    }
    Err(ApiError::client(
        "AccessDeniedException",
        format!(
            "{} may not do this in the registry of {owner}",
            ctx.principal.arn
        ),
    ))
}

/// The refusal for a repository that does not exist.
fn missing(owner: &str, name: &str) -> ApiError {
    ApiError::client(
        "RepositoryNotFoundException",
        format!(
            "The repository with name '{name}' does not exist in the registry with id '{owner}'"
        ),
    )
}

impl World {
    /// A repository, if it exists.
    pub(crate) fn repository(
        &mut self,
        owner: &str,
        region: &str,
        name: &str,
    ) -> Option<&mut Repository> {
        let region = self.accounts.get_mut(owner)?.regions.get_mut(region)?;
        region.ecr.repositories.get_mut(name)
    }
}

/// `host:port` of a registry.
fn registry_host(world: &mut World, account: &str, region: &str) -> Result<String, ApiError> {
    world.registry(account, region).map_err(|error| {
        ApiError::server(
            "ServerException",
            format!("no port for the registry: {error}"),
        )
    })
}

/// A required member that is no string.
fn needed<T>(member: Option<T>, input: &Input<'_>, name: &str) -> Result<T, ApiError> {
    member.ok_or_else(|| input.required(name))
}

/// Refuses more items of a list than one call takes.
fn at_most(input: &Input<'_>, member: &str, most: usize) -> Result<(), ApiError> {
    if input.list(member)?.len() <= most {
        return Ok(());
    }
    Err(ApiError::invalid_parameter(format!(
        "Invalid parameter at '{member}' failed to satisfy constraint: 'Member must have length less \
         than or equal to {most}'"
    )))
}

/// One page of a list, by `maxResults` (1 to 1,000, default 100) and `nextToken`.
fn paged(input: &Input<'_>, member: &str, items: Vec<Value>) -> Result<Value, ApiError> {
    paged_by(input, member, items, (100, 1000))
}

/// One page of a list, with the default and the largest size of a page.
fn paged_by(
    input: &Input<'_>,
    member: &str,
    items: Vec<Value>,
    (default, most): (i64, i64),
) -> Result<Value, ApiError> {
    let size = input.int("maxResults")?.unwrap_or(default);
    let wanted = (1..=most).contains(&size).then_some(size);
    let size = wanted.and_then(|size| usize::try_from(size).ok());
    let size = size.ok_or_else(|| {
        ApiError::invalid_parameter(format!("Invalid parameter at 'maxResults': 1 to {most}"))
    })?;
    let (items, next) = page(member, items, input.str("nextToken")?, size)
        .ok_or_else(|| ApiError::invalid_parameter("Invalid parameter at 'nextToken'"))?;
    let mut shown = json!({member: items});
    if let Some(next) = next {
        shown["nextToken"] = next.into();
    }
    Ok(shown)
}

/// Whether `text` can be a tag: up to 300 characters by ECR, of the alphabet of OCI.
pub(crate) fn is_tag(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    text.len() <= 300
        && first.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}
