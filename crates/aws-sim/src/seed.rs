//! What a world is made of before the first call: accounts, roles, clusters, services, secrets.

mod demo;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::SimTime;
use crate::iam::{IdentityProvider, Role};
use crate::world::{World, is_account_id};
use crate::{SimError, ecs, quotas};

pub use crate::ec2::Subnet;
pub use crate::elb::TargetGroup;
pub use demo::demo;

/// A part of a world. Seeding what exists already leaves it as it is, except that roles,
/// secrets, parameters, target groups, subnets, quotas and identity providers are replaced.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Accounts to create or to fill.
    pub accounts: Vec<AccountSeed>,
}

/// An account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSeed {
    /// Twelve digits.
    pub id: String,
    /// A name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Roles that can be assumed.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Whether there are no other roles than those that are seeded. Otherwise IAM finds any role, and a role that
    /// nobody has seeded may do everything. Default: as it was, at first false.
    #[serde(default)]
    pub roles_are_complete: Option<bool>,
    /// OpenID Connect providers whose tokens its roles may trust.
    #[serde(default)]
    pub identity_providers: Vec<IdentityProvider>,
    /// What it has in its regions.
    #[serde(default)]
    pub regions: Vec<RegionSeed>,
}

/// What an account has in one region. Naming a region opens its image registry.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegionSeed {
    /// For example `eu-west-1`.
    pub name: String,
    /// ECS clusters.
    pub clusters: Vec<ClusterSeed>,
    /// Secrets Manager: name to secret string.
    pub secrets: BTreeMap<String, String>,
    /// SSM parameters: name to value.
    pub parameters: BTreeMap<String, String>,
    /// Target groups, where they differ from what a service's mention makes them.
    pub target_groups: Vec<TargetGroup>,
    /// Subnets, where they differ from what a service's mention makes them.
    pub subnets: Vec<Subnet>,
    /// CloudWatch Logs: groups that are there before anything is written to them.
    pub log_groups: Vec<String>,
    /// Whether there are no other groups than those that are seeded and those that tasks make (by
    /// `awslogs-create-group`): a task that would write to another cannot start. Otherwise groups that task definitions
    /// name are there. Default: as it was, at first false.
    pub log_groups_are_complete: Option<bool>,
    /// Service Quotas: values that differ from 4,000, by `service code/quota code`.
    pub quotas: BTreeMap<String, f64>,
}

/// An ECS cluster with its services.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterSeed {
    /// Cluster name.
    pub name: String,
    /// Its services.
    pub services: Vec<ServiceSeed>,
}

/// An ECS service, given by the inputs of the API calls that would create it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSeed {
    /// Input of RegisterTaskDefinition.
    pub task_definition: Value,
    /// Input of CreateService, without `cluster` and `taskDefinition`.
    pub service: Value,
    /// Starts in steady state, its first deployment COMPLETED long ago, instead of with a
    /// deployment of its own. Default true.
    #[serde(default = "yes")]
    pub steady: bool,
}

const fn yes() -> bool {
    true
}

/// Puts a seed into the world.
///
/// # Errors
/// When an account id is not twelve digits, or ECS refuses a service.
pub(crate) fn apply(world: &mut World, now: SimTime, seed: &Seed) -> Result<(), SimError> {
    for account in &seed.accounts {
        let id = &account.id;
        if !is_account_id(id) {
            return Err(SimError::Seed(format!(
                "account id `{id}` is not twelve digits"
            )));
        }
        for role in &account.roles {
            role.check().map_err(SimError::Seed)?;
            let mut role = role.clone();
            if role.id.is_empty() {
                let known = world.account(id).roles.get(&role.name);
                role.id = match known {
                    Some(known) => known.id.clone(),
                    None => format!("AROA{}", world.ids.capitals(17)),
                };
            }
            world.account(id).roles.insert(role.name.clone(), role);
        }
        if let Some(complete) = account.roles_are_complete {
            world.account(id).roles_are_complete = complete;
        }
        for provider in &account.identity_providers {
            let known = &mut world.account(id).identity_providers;
            known.retain(|known| known.host() != provider.host());
            known.push(provider.clone());
        }
        if account.name.is_some() {
            world.account(id).name.clone_from(&account.name);
        }
        for region in &account.regions {
            seed_region(world, now, id, region)?;
        }
    }
    Ok(())
}

fn seed_region(
    world: &mut World,
    now: SimTime,
    account: &str,
    seed: &RegionSeed,
) -> Result<(), SimError> {
    if seed.name.is_empty() {
        return Err(SimError::Seed(format!(
            "a region of account {account} has no name"
        )));
    }
    world
        .registry(account, &seed.name)
        .map_err(SimError::Registry)?;
    let region = world.region(account, &seed.name);
    region.secrets.extend(seed.secrets.clone());
    region.parameters.extend(seed.parameters.clone());
    region.logs.listed.extend(seed.log_groups.iter().cloned());
    if let Some(complete) = seed.log_groups_are_complete {
        region.logs.complete = complete;
    }
    for group in &seed.target_groups {
        group.check().map_err(SimError::Seed)?;
        let groups = &mut world.region(account, &seed.name).elb.groups;
        groups.insert(group.arn.clone(), group.clone());
    }
    for subnet in &seed.subnets {
        subnet.check().map_err(SimError::Seed)?;
        let subnets = &mut world.region(account, &seed.name).ec2.subnets;
        subnets.insert(subnet.id.clone(), subnet.clone());
    }
    for (name, value) in &seed.quotas {
        quotas::check(name, *value).map_err(SimError::Seed)?;
        let quotas = &mut world.region(account, &seed.name).quotas;
        quotas.insert(name.clone(), *value);
    }
    for cluster in &seed.clusters {
        ecs::seed(world, now, account, &seed.name, cluster)
            .map_err(|refused| SimError::Seed(refused.to_string()))?;
    }
    Ok(())
}
