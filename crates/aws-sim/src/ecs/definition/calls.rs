//! The calls about task definitions.

use serde_json::{Value, json};

use super::{Definition, check, normalise};
use crate::ecs::names::{self, Place, one_of};
use crate::ecs::state::State;
use crate::ecs::tags;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// Members of an input that are not kept: tags live beside, the rest is for describing only.
const NOT_KEPT: [&str; 10] = [
    "tags",
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "deleteRequestedAt",
    "registeredBy",
];

/// `RegisterTaskDefinition`.
pub(in crate::ecs) fn register(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let window = world.ecs_settings.registration();
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    let family = input.str("family")?.unwrap_or_default();
    let family = state.families.get(family);
    let latest = family.and_then(|family| family.revisions.values().next_back());
    if latest.is_some_and(|latest| ctx.now.since(latest.registered_at) < window) {
        return Err(names::client(
            "Too many concurrent attempts to create a new revision of the specified family.",
        ));
    }
    let arn = state.register(&place, ctx.now, &ctx.principal.arn, input)?;
    state.answer(&place, &arn, true)
}

impl State {
    /// Registers a revision; gives its ARN.
    pub(in crate::ecs) fn register(
        &mut self,
        place: &Place,
        now: crate::clock::SimTime,
        by: &str,
        input: &Input<'_>,
    ) -> Result<String, ApiError> {
        let mut body: serde_json::Map<String, Value> = input
            .names()
            .filter(|name| !NOT_KEPT.contains(name))
            .filter_map(|name| Some((name.to_owned(), input.get(name)?.clone())))
            .collect();
        let size = serde_json::to_vec(&body).map_or(usize::MAX, |bytes| bytes.len());
        check::check(input, size)?;
        let tags = tags::read(input)?;
        normalise::normalise(&mut body);
        let family = input.need_str("family")?;
        let revisions = self.families.entry(family.to_owned()).or_default();
        // State that was saved before revisions could be deleted has no last number.
        let highest = revisions.revisions.keys().next_back().copied();
        let revision = revisions.last.max(highest.unwrap_or(0)).saturating_add(1);
        let definition = Definition {
            family: family.to_owned(),
            revision,
            body,
            registered_at: now,
            registered_by: by.to_owned(),
            deregistered_at: None,
            delete_requested_at: None,
        };
        let arn = definition.arn(place);
        revisions.last = revision;
        revisions.revisions.insert(revision, definition);
        self.set_tags(&arn, tags);
        Ok(arn)
    }

    fn answer(&self, place: &Place, name: &str, with_tags: bool) -> Result<Value, ApiError> {
        let found = self.definition(place, name);
        let found = found.ok_or_else(|| names::client("Unable to describe task definition."))?;
        let mut answer = json!({"taskDefinition": found.show(place)});
        if with_tags {
            answer["tags"] = self.tags_of(&found.arn(place));
        }
        Ok(answer)
    }
}

/// `DescribeTaskDefinition`.
pub(in crate::ecs) fn describe(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let name = input.need_str("taskDefinition")?;
    let with_tags = input.strings("include")?.contains(&"TAGS");
    let place = Place::of(ctx);
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    state.forget_deleted(&place);
    state.answer(&place, name, with_tags)
}

/// `DeregisterTaskDefinition`: the revision must be named; services that use it go on.
pub(in crate::ecs) fn deregister(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let name = input.need_str("taskDefinition")?;
    let short = place.last("task-definition", name).unwrap_or_default();
    let missing = || names::client("The specified task definition does not exist.");
    let (family, revision) = short
        .rsplit_once(':')
        .ok_or_else(|| names::client("Invalid revision number. Number: null"))?;
    let revision: u32 = revision
        .parse()
        .map_err(|_| names::client(format!("Invalid revision number. Number: {revision}")))?;
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    let family = state.families.get_mut(family);
    let found = family.and_then(|family| family.revisions.get_mut(&revision));
    let found = found.ok_or_else(missing)?;
    found.deregistered_at.get_or_insert(ctx.now);
    state.answer(&place, name, false)
}

/// `ListTaskDefinitions`: by family, then by revision; `familyPrefix` is a whole family name.
pub(in crate::ecs) fn list(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let place = Place::of(ctx);
    let family = input.str("familyPrefix")?;
    let statuses = ["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"];
    let status = one_of(input, "status", &statuses)?.unwrap_or("ACTIVE");
    let sort = one_of(input, "sort", &["ASC", "DESC"])?;
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    state.forget_deleted(&place);
    let families = state.families.iter();
    let families = families.filter(|(name, _)| family.is_none_or(|wanted| wanted == *name));
    let revisions = families.flat_map(|(_, family)| family.revisions.values());
    let mut arns: Vec<String> = revisions
        .filter(|definition| definition.status() == status)
        .map(|definition| definition.arn(&place))
        .collect();
    if sort == Some("DESC") {
        arns.reverse();
    }
    names::paged("taskDefinitionArns", arns, input, 100)
}

/// `ListTaskDefinitionFamilies`.
pub(in crate::ecs) fn list_families(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let prefix = input.str("familyPrefix")?.unwrap_or_default();
    let status = one_of(input, "status", &["ACTIVE", "INACTIVE", "ALL"])?.unwrap_or("ACTIVE");
    let place = Place::of(ctx);
    let state = &mut world.region(&ctx.account, &ctx.region).ecs;
    state.forget_deleted(&place);
    let families = state.families.iter().filter(|(name, family)| {
        let active = family.latest_active().is_some();
        name.starts_with(prefix)
            && !family.revisions.is_empty()
            && match status {
                "ACTIVE" => active,
                "INACTIVE" => !active,
                _ => true,
            }
    });
    let names = families.map(|(name, _)| name.clone()).collect();
    names::paged("families", names, input, 100)
}
