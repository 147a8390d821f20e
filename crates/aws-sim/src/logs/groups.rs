//! Which log groups there are: those of the seed, those with lines, and those that task definitions name.

use std::collections::{BTreeMap, BTreeSet};

use super::no_group;
use super::store::Streams;
use crate::wire::ApiError;
use crate::world::World;

/// The streams of a group that nothing was written to.
static NONE: Streams = BTreeMap::new();

impl World {
    /// Whether a task can write to a log group: whether it is there, where the seed says which ones are.
    pub(crate) fn has_log_group(&self, account: &str, region: &str, group: &str) -> bool {
        let logs = self.existing_region(account, region);
        let logs = logs.map(|region| &region.logs);
        logs.is_none_or(|logs| !logs.complete || logs.has(group))
    }
}

/// All groups of a region, by name, with their streams.
pub(super) fn all<'w>(
    world: &'w World,
    account: &str,
    region: &str,
) -> BTreeMap<&'w str, &'w Streams> {
    let Some(logs) = world.existing_region(account, region) else {
        return BTreeMap::new();
    };
    let logs = &logs.logs;
    let listed = logs.listed.iter().map(String::as_str);
    let named = if logs.complete {
        BTreeSet::new()
    } else {
        named(world, account, region)
    };
    let mut all: BTreeMap<&str, &Streams> = listed.chain(named).map(|name| (name, &NONE)).collect();
    all.extend(logs.groups());
    all
}

/// The streams of a group.
pub(super) fn streams<'w>(
    world: &'w World,
    account: &str,
    region: &str,
    group: &str,
) -> Result<&'w Streams, ApiError> {
    let logs = world.existing_region(account, region);
    let written = logs.and_then(|region| region.logs.group(group));
    let there = || all(world, account, region).contains_key(group);
    match written {
        Some(written) => Ok(written),
        None if there() => Ok(&NONE),
        None => Err(no_group()),
    }
}

/// The groups in a region that task definitions of the account log to.
fn named<'w>(world: &'w World, account: &str, region: &str) -> BTreeSet<&'w str> {
    let known = world.accounts.get(account);
    let regions = known.into_iter().flat_map(|account| &account.regions);
    let targets = regions.flat_map(|(own, state)| {
        let targets = state.ecs.log_groups();
        targets.map(move |(group, to)| (group, to.unwrap_or(own.as_str())))
    });
    let here = targets.filter(|(_, to)| *to == region);
    here.map(|(group, _)| group).collect()
}
