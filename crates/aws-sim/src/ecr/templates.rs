//! Repository creation templates: what a push to a missing repository makes (ecs-facts 7.2).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::mutability::Mutability;
use super::state::Repository;
use super::{Place, labels, lifecycle, paged, policy, quotas, repositories};
use crate::clock::SimTime;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// The prefix that stands for every repository no other template is for.
const ROOT: &str = "ROOT";

/// What a template can be for. Nothing is pulled through here, so that the second makes no repository.
const USES: [&str; 2] = ["CREATE_ON_PUSH", "PULL_THROUGH_CACHE"];

/// Members that a template repeats as they were given.
const MEMBERS: [&str; 10] = [
    "prefix",
    "description",
    "encryptionConfiguration",
    "resourceTags",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "repositoryPolicy",
    "lifecyclePolicy",
    "appliedFor",
    "customRoleArn",
];

/// A template.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Template {
    /// What it was created with.
    given: Value,
    created: SimTime,
    /// When it was last changed.
    updated: Option<SimTime>,
}

impl Template {
    fn show(&self) -> Value {
        let mut shown = self.given.clone();
        shown["createdAt"] = self.created.json();
        shown["updatedAt"] = self.updated.unwrap_or(self.created).json();
        shown
    }

    fn is_for_pushes(&self) -> bool {
        let uses = self.given["appliedFor"].as_array();
        uses.into_iter()
            .flatten()
            .any(|one| one == "CREATE_ON_PUSH")
    }

    /// The repository that it describes.
    fn repository(&self, now: SimTime) -> Result<Repository, ApiError> {
        build(&Input::new(&self.given, "InvalidParameterException")?, now)
    }
}

fn build(input: &Input<'_>, now: SimTime) -> Result<Repository, ApiError> {
    let policy = input
        .str("repositoryPolicy")?
        .filter(|text| !text.is_empty());
    policy.map(policy::read).transpose()?;
    let mut repository = Repository {
        created: now,
        mutability: Mutability::read(input)?,
        encryption: repositories::encryption(input.structure("encryptionConfiguration")?)?,
        labels: labels::read_as(input, "resourceTags")?,
        policy: policy.map(str::to_owned),
        ..Repository::default()
    };
    let text = input
        .str("lifecyclePolicy")?
        .filter(|text| !text.is_empty());
    if let Some(text) = text {
        lifecycle::adopt(&mut repository, text, now)?;
    }
    Ok(repository)
}

/// `CreateRepositoryCreationTemplate`.
pub(super) fn create(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let prefix = input.need_str("prefix")?;
    let named = prefix.strip_suffix('/').unwrap_or(prefix);
    if prefix != ROOT && !repositories::is_name(named) {
        return Err(ApiError::invalid_parameter(format!(
            "Invalid parameter at 'prefix': '{prefix}' is neither ROOT nor the start of a name"
        )));
    }
    if input.list("appliedFor")?.is_empty() {
        return Err(input.required("appliedFor"));
    }
    check(input, ctx.now)?;
    let mut given = json!({});
    adopt(&mut given, input);
    let templates = &mut world.region(&ctx.account, &ctx.region).ecr.templates;
    if templates.contains_key(named) {
        return Err(ApiError::client(
            "TemplateAlreadyExistsException",
            format!("A template with prefix '{prefix}' already exists"),
        ));
    }
    let template = Template {
        given,
        created: ctx.now,
        updated: None,
    };
    let shown = template.show();
    templates.insert(named.to_owned(), template);
    Ok(json!({"registryId": ctx.account, "repositoryCreationTemplate": shown}))
}

/// Refuses a template that no repository could be made by.
fn check(input: &Input<'_>, now: SimTime) -> Result<(), ApiError> {
    let uses = input.strings("appliedFor")?;
    if let Some(other) = uses.iter().find(|one| !USES.contains(one)) {
        return Err(ApiError::validation(format!(
            "The simulator replicates nothing: a template is for {}, not for '{other}'",
            USES.join(" or ")
        )));
    }
    let description = input.str("description")?.unwrap_or_default();
    if description.chars().count() > 256 {
        return Err(ApiError::invalid_parameter(
            "Invalid parameter at 'description': more than 256 characters",
        ));
    }
    build(input, now).map(drop)
}

/// Takes over the members that an input has; an empty policy takes the one away that was there.
fn adopt(given: &mut Value, input: &Input<'_>) {
    for member in MEMBERS {
        if let Some(value) = input.get(member) {
            given[member] = value.clone();
        }
    }
    if let Some(given) = given.as_object_mut() {
        given.retain(|member, value| !member.ends_with("Policy") || value != "");
    }
}

/// `UpdateRepositoryCreationTemplate`: what is not named stays, except for filters that a new mutability
/// would have no use for.
pub(super) fn update(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let prefix = input.need_str("prefix")?;
    let templates = &mut world.region(&ctx.account, &ctx.region).ecr.templates;
    let template = templates
        .get_mut(prefix.strip_suffix('/').unwrap_or(prefix))
        .ok_or_else(|| missing(prefix))?;
    let mut given = template.given.clone();
    let mode = input.str("imageTagMutability")?;
    if mode.is_some_and(|mode| !mode.ends_with("_WITH_EXCLUSION")) {
        given["imageTagMutabilityExclusionFilters"] = Value::Null;
    }
    adopt(&mut given, input);
    given["prefix"] = template.given["prefix"].clone();
    if let Some(members) = given.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    let whole = Input::new(&given, "InvalidParameterException")?;
    if whole.list("appliedFor")?.is_empty() {
        return Err(input.required("appliedFor"));
    }
    check(&whole, ctx.now)?;
    template.given = given;
    template.updated = Some(ctx.now);
    Ok(json!({"registryId": ctx.account, "repositoryCreationTemplate": template.show()}))
}

/// `DescribeRepositoryCreationTemplates`.
pub(super) fn describe(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let prefixes = input.strings("prefixes")?;
    let templates = world
        .region(&ctx.account, &ctx.region)
        .ecr
        .templates
        .values();
    let shown = templates.map(Template::show);
    let wanted = shown.filter(|template| {
        let prefix = template["prefix"].as_str().unwrap_or_default();
        prefixes.is_empty() || prefixes.contains(&prefix)
    });
    let mut shown = paged(input, "repositoryCreationTemplates", wanted.collect())?;
    shown["registryId"] = ctx.account.as_str().into();
    Ok(shown)
}

/// `DeleteRepositoryCreationTemplate`.
pub(super) fn delete(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let prefix = input.need_str("prefix")?;
    let named = prefix.strip_suffix('/').unwrap_or(prefix);
    let templates = &mut world.region(&ctx.account, &ctx.region).ecr.templates;
    let removed = templates.remove(named).ok_or_else(|| missing(prefix))?;
    Ok(json!({"registryId": ctx.account, "repositoryCreationTemplate": removed.show()}))
}

fn missing(prefix: &str) -> ApiError {
    ApiError::client(
        "TemplateNotFoundException",
        format!("There is no template with prefix '{prefix}'"),
    )
}

impl World {
    /// Makes a repository that is pushed to, if the longest prefix that fits has a template for that.
    pub(crate) fn create_on_push(&mut self, place: Place<'_>, now: SimTime) {
        let name = place.name;
        let registry = &mut self.region(place.owner, place.region).ecr;
        let full = registry.repositories.len() >= quotas::REPOSITORIES;
        if full || !repositories::is_name(name) || registry.repositories.contains_key(name) {
            return;
        }
        let fits = |prefix: &str| {
            let rest = name.strip_prefix(prefix);
            prefix == ROOT || rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let fitting = registry.templates.iter().filter(|(prefix, _)| fits(prefix));
        let rank = |prefix: &str| if prefix == ROOT { 0 } else { prefix.len() };
        let best = fitting.max_by_key(|(prefix, _)| rank(prefix));
        let best = best.filter(|(_, template)| template.is_for_pushes());
        if let Some(Ok(repository)) = best.map(|(_, template)| template.repository(now)) {
            registry.repositories.insert(name.to_owned(), repository);
            self.wake = Some(now);
        }
    }
}
