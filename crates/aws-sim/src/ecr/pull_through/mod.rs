//! Pull-through cache rules (ecs-facts 7.6): kept, shown and checked. There is nothing upstream of a simulator,
//! and no answer says that there was.

mod credentials;
mod pull;
mod rule;
mod upstream;

pub(crate) use rule::Rule;

use serde_json::{Value, json};

use super::{own_registry, paged, quotas};
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;
use upstream::Upstream;

/// `CreatePullThroughCacheRule`.
pub(super) fn create(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let prefix = rule::prefix(input, "ecrRepositoryPrefix")?;
    let prefix = prefix.ok_or_else(|| input.required("ecrRepositoryPrefix"))?;
    let upstream_prefix = rule::prefix(input, "upstreamRepositoryPrefix")?;
    let url = input.need_str("upstreamRegistryUrl")?;
    let owner = own_registry(ctx, input)?;
    let upstream = Upstream::of(url, input.str("upstreamRegistry")?)?;
    let given = credentials::read(world, ctx, input)?;
    credentials::suffice(&upstream, &given, ctx)?;
    let rules = &mut world.region(owner, &ctx.region).ecr.rules;
    if rules.contains_key(rule::key(prefix)) {
        return Err(ApiError::client(
            "PullThroughCacheRuleAlreadyExistsException",
            format!(
                "A pull through cache rule with ecrRepositoryPrefix '{prefix}' already exists in the registry \
                 with id '{owner}'"
            ),
        ));
    }
    quotas::room_for_rule(rules.len(), owner)?;
    let made = Rule {
        prefix: prefix.to_owned(),
        upstream: upstream.name.to_owned(),
        url: url.to_owned(),
        upstream_prefix: upstream_prefix.map(str::to_owned),
        credentials: given,
        created: ctx.now,
        updated: None,
    };
    let mut shown = made.show(owner);
    shown["createdAt"] = made.created.json();
    shown["upstreamRegistry"] = upstream.name.into();
    rules.insert(rule::key(prefix).to_owned(), made);
    Ok(shown)
}

/// `DescribePullThroughCacheRules`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let asked = input.strings("ecrRepositoryPrefixes")?;
    super::at_most(input, "ecrRepositoryPrefixes", 100)?;
    let owner = own_registry(ctx, input)?;
    let rules = &world.region(owner, &ctx.region).ecr.rules;
    let found: Vec<&Rule> = if asked.is_empty() {
        rules.values().collect()
    } else {
        let named = asked.into_iter().map(|prefix| {
            let rule = rules.get(rule::key(prefix));
            rule.ok_or_else(|| missing(owner, prefix))
        });
        named.collect::<Result<_, _>>()?
    };
    let shown = found.into_iter().map(|rule| {
        let mut shown = rule.show(owner);
        shown["createdAt"] = rule.created.json();
        shown["updatedAt"] = rule.updated.unwrap_or(rule.created).json();
        shown["upstreamRegistry"] = rule.upstream.as_str().into();
        shown
    });
    paged(input, "pullThroughCacheRules", shown.collect())
}

/// `UpdatePullThroughCacheRule`: other credentials.
pub(super) fn update(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, prefix) = named(ctx, input)?;
    let given = credentials::read(world, ctx, input)?;
    let rule = find(world, ctx, owner, prefix)?;
    if let Some(secret) = given.secret {
        rule.credentials.secret = Some(secret);
    }
    if let Some(role) = given.role {
        rule.credentials.role = Some(role);
    }
    rule.updated = Some(ctx.now);
    let mut shown = rule.show(owner);
    shown["updatedAt"] = ctx.now.json();
    // The answer names no upstream.
    shown
        .as_object_mut()
        .map(|shown| shown.remove("upstreamRegistryUrl"));
    Ok(shown)
}

/// `DeletePullThroughCacheRule`: what was pulled by it stays.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, prefix) = named(ctx, input)?;
    let rules = &mut world.region(owner, &ctx.region).ecr.rules;
    let removed = rules.remove(rule::key(prefix));
    let removed = removed.ok_or_else(|| missing(owner, prefix))?;
    let mut shown = removed.show(owner);
    shown["createdAt"] = removed.created.json();
    Ok(shown)
}

/// `ValidatePullThroughCacheRule`: it never is valid, for what is upstream is not reached from here.
pub(super) fn validate(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let (owner, prefix) = named(ctx, input)?;
    let rule = find(world, ctx, owner, prefix)?.clone();
    let mut shown = rule.show(owner);
    shown["isValid"] = false.into();
    shown["failure"] = credentials::problem(world, ctx, &rule.credentials)
        .unwrap_or_else(|| rule.unreachable())
        .into();
    Ok(shown)
}

/// Owner and prefix of the rule that an input is about.
fn named<'a>(ctx: &'a Ctx, input: &Input<'a>) -> Result<(&'a str, &'a str), ApiError> {
    let prefix = rule::prefix(input, "ecrRepositoryPrefix")?;
    let prefix = prefix.ok_or_else(|| input.required("ecrRepositoryPrefix"))?;
    Ok((own_registry(ctx, input)?, prefix))
}

fn find<'w>(
    world: &'w mut World,
    ctx: &Ctx,
    owner: &str,
    prefix: &str,
) -> Result<&'w mut Rule, ApiError> {
    let rules = &mut world.region(owner, &ctx.region).ecr.rules;
    let rule = rules.get_mut(rule::key(prefix));
    rule.ok_or_else(|| missing(owner, prefix))
}

fn missing(owner: &str, prefix: &str) -> ApiError {
    ApiError::client(
        "PullThroughCacheRuleNotFoundException",
        format!(
            "The pull through cache rule with ecrRepositoryPrefix '{prefix}' does not exist in the registry with \
             id '{owner}'"
        ),
    )
}

impl Rule {
    /// The members that all answers have.
    fn show(&self, owner: &str) -> Value {
        let mut shown = json!({
            "ecrRepositoryPrefix": self.prefix,
            "upstreamRegistryUrl": self.url,
            "registryId": owner,
            "upstreamRepositoryPrefix": self.upstream_prefix.as_deref().unwrap_or(rule::ROOT),
        });
        if let Some(secret) = &self.credentials.secret {
            shown["credentialArn"] = secret.as_str().into();
        }
        if let Some(role) = &self.credentials.role {
            shown["customRoleArn"] = role.as_str().into();
        }
        shown
    }
}
