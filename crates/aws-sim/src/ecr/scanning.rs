//! How a registry scans: basic or enhanced, and which repositories (ecs-facts 7.5).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::scan::Scan;
use super::state::{Image, State};
use crate::clock::SimTime;
use crate::glob;
use crate::wire::{ApiError, Ctx, Input};
use crate::world::World;

/// The scanning configuration of a registry.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Scanning {
    pub(super) enhanced: bool,
    rules: Vec<Rule>,
    since: SimTime,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rule {
    frequency: String,
    filters: Vec<String>,
}

impl Scanning {
    fn show(&self) -> Value {
        let rules = self.rules.iter().map(|rule| {
            json!({
                "scanFrequency": rule.frequency,
                "repositoryFilters": rule.filters.iter().map(filter).collect::<Vec<_>>(),
            })
        });
        json!({
            "scanType": if self.enhanced { "ENHANCED" } else { "BASIC" },
            "rules": rules.collect::<Vec<_>>(),
        })
    }

    /// The first rule for a repository, and its filters that name it.
    fn rule(&self, name: &str) -> Option<(&str, Vec<&String>)> {
        self.rules.iter().find_map(|rule| {
            let fits = |filter: &&String| glob::matches(filter, name);
            let filters: Vec<_> = rule.filters.iter().filter(fits).collect();
            (!filters.is_empty()).then_some((rule.frequency.as_str(), filters))
        })
    }
}

fn filter(filter: &String) -> Value {
    json!({"filter": filter, "filterType": "WILDCARD"})
}

impl State {
    /// The scan of an image: its own, or the one that a rule of the registry started. Enhanced
    /// scanning knows only the latter.
    pub(super) fn scan_of(&self, name: &str, image: &Image) -> Option<Scan> {
        let single = image.children.is_empty();
        let automatic = self
            .scanning
            .rule(name)
            .filter(|(frequency, _)| match *frequency {
                "CONTINUOUS_SCAN" => true,
                "SCAN_ON_PUSH" => image.pushed >= self.scanning.since,
                _ => false,
            });
        let started = image.pushed.max(self.scanning.since);
        let automatic = automatic.filter(|_| single).map(|_| Scan::new(started));
        if self.scanning.enhanced {
            return automatic;
        }
        [image.scan.clone(), automatic].into_iter().flatten().max()
    }
}

/// `GetRegistryScanningConfiguration`.
pub(super) fn get(world: &mut World, ctx: &Ctx) -> Value {
    let registry = &world.region(&ctx.account, &ctx.region).ecr;
    json!({"registryId": ctx.account, "scanningConfiguration": registry.scanning.show()})
}

/// `PutRegistryScanningConfiguration`.
pub(super) fn put(world: &mut World, ctx: &Ctx, input: &Input<'_>) -> Result<Value, ApiError> {
    let enhanced = match input.str("scanType")? {
        None | Some("BASIC") => false,
        Some("ENHANCED") => true,
        Some(other) => return Err(unknown("scanType", other)),
    };
    let rules = input.structures("rules")?;
    if rules.len() > 2 {
        return Err(ApiError::invalid_parameter(
            "Invalid parameter at 'rules': at most 2",
        ));
    }
    let rules = rules.iter().map(|rule| read(rule, enhanced));
    let rules = rules.collect::<Result<_, _>>()?;
    let registry = &mut world.region(&ctx.account, &ctx.region).ecr;
    registry.scanning = Scanning {
        enhanced,
        rules,
        since: ctx.now,
    };
    Ok(json!({"registryScanningConfiguration": registry.scanning.show()}))
}

fn read(rule: &Input<'_>, enhanced: bool) -> Result<Rule, ApiError> {
    let frequency = rule.need_str("scanFrequency")?;
    match (frequency, enhanced) {
        ("SCAN_ON_PUSH", _) | ("CONTINUOUS_SCAN", true) | ("MANUAL", false) => {}
        ("CONTINUOUS_SCAN" | "MANUAL", _) => {
            return Err(ApiError::validation(format!(
                "{frequency} is not available with this scan type"
            )));
        }
        (other, _) => return Err(unknown("scanFrequency", other)),
    }
    let filters = rule.structures("repositoryFilters")?;
    let filters = filters
        .iter()
        .map(|filter| match filter.need_str("filterType")? {
            "WILDCARD" => Ok(filter.need_str("filter")?.to_owned()),
            other => Err(unknown("filterType", other)),
        });
    Ok(Rule {
        frequency: frequency.to_owned(),
        filters: filters.collect::<Result<_, _>>()?,
    })
}

fn unknown(member: &str, value: &str) -> ApiError {
    ApiError::invalid_parameter(format!(
        "Invalid parameter at '{member}': '{value}' is not known"
    ))
}

/// `BatchGetRepositoryScanningConfiguration`.
pub(super) fn batch_get(
    world: &mut World,
    ctx: &Ctx,
    input: &Input<'_>,
) -> Result<Value, ApiError> {
    let names = input.strings("repositoryNames")?;
    if !(1..=25).contains(&names.len()) {
        return Err(ApiError::invalid_parameter(
            "Invalid parameter at 'repositoryNames': 1 to 25 names",
        ));
    }
    let registry = &world.region(&ctx.account, &ctx.region).ecr;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        let Some(repository) = registry.repositories.get(name) else {
            failures.push(json!({
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": "The repository was not found",
            }));
            continue;
        };
        let own = if repository.scan_on_push {
            "SCAN_ON_PUSH"
        } else {
            "MANUAL"
        };
        let (frequency, filters) = registry.scanning.rule(name).unwrap_or((own, Vec::new()));
        found.push(json!({
            "repositoryArn": ctx.arn("ecr", &format!("repository/{name}")),
            "repositoryName": name,
            "scanOnPush": frequency != "MANUAL",
            "scanFrequency": frequency,
            "appliedScanFilters": filters.into_iter().map(filter).collect::<Vec<_>>(),
        }));
    }
    Ok(json!({"scanningConfigurations": found, "failures": failures}))
}
