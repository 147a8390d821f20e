//! Subnets: those of the seed, and those that services and tasks mention.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest;
use crate::world::Region;

/// The VPC of all that is not seeded otherwise.
const VPC: &str = "vpc-0a1b2c3d4e5f60718";

/// Addresses of a block that AWS keeps: the first four and the last.
const KEPT: u32 = 5;

/// Sizes of blocks that a subnet can have: prefixes from `/16` to `/28`.
const PREFIXES: std::ops::RangeInclusive<u32> = 16..=28;

/// How many tasks have an address in each subnet that is mentioned.
pub(crate) type Addresses = BTreeMap<String, u32>;

/// The seeded subnets of one region, by id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct State {
    pub(crate) subnets: BTreeMap<String, Subnet>,
}

/// A subnet. One that a service or task mentions and nobody has seeded is like the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subnet {
    /// `subnet-...`.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Its block, from `/16` to `/28`. Without it a `/24` that is made from the id.
    pub cidr: Option<String>,
    /// Its availability zone. Without it the first of the region.
    pub zone: Option<String>,
    /// How many addresses are free, whatever runs. Without it those of the block, but for the five that AWS
    /// keeps and one for each task in the subnet.
    pub available_ip_addresses: Option<u32>,
}

impl Default for Subnet {
    fn default() -> Self {
        Self {
            id: String::new(),
            vpc: VPC.to_owned(),
            cidr: None,
            zone: None,
            available_ip_addresses: None,
        }
    }
}

impl Subnet {
    /// What is wrong with a seeded subnet, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.id.starts_with("subnet-") {
            return Err(format!("`{}` is not the id of a subnet", self.id));
        }
        match &self.cidr {
            Some(cidr) if prefix(cidr).is_none() => {
                Err(format!("`{cidr}` is no block of addresses from /16 to /28"))
            }
            _ => Ok(()),
        }
    }

    /// Its block of addresses.
    pub(super) fn cidr(&self) -> String {
        self.cidr.clone().unwrap_or_else(|| {
            let digest = digest::of(self.id.as_bytes());
            let hex = digest.trim_start_matches("sha256:").get(..2);
            let third = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            format!("10.0.{}.0/24", third.unwrap_or_default())
        })
    }

    /// How many addresses are free when so many tasks have one.
    pub(super) fn available(&self, tasks: u32) -> u32 {
        self.available_ip_addresses.unwrap_or_else(|| {
            let size: u32 = prefix(&self.cidr()).map_or(0, |prefix| 1 << (32 - prefix));
            size.saturating_sub(KEPT).saturating_sub(tasks)
        })
    }
}

/// The length of the prefix of a block of IPv4 addresses.
fn prefix(cidr: &str) -> Option<u32> {
    let (address, prefix) = cidr.split_once('/')?;
    address.parse::<std::net::Ipv4Addr>().ok()?;
    prefix
        .parse()
        .ok()
        .filter(|prefix| PREFIXES.contains(prefix))
}

/// All subnets of a region, by id, each with the number of tasks that have an address in it.
pub(super) fn all(region: &Region) -> BTreeMap<String, (Subnet, u32)> {
    let mentioned = region.ecs.addresses().into_iter().map(|(id, tasks)| {
        let subnet = Subnet {
            id: id.clone(),
            ..Subnet::default()
        };
        (id, (subnet, tasks))
    });
    let mut all: BTreeMap<_, _> = mentioned.collect();
    for (id, seeded) in &region.ec2.subnets {
        let tasks = all.get(id).map_or(0, |(_, tasks)| *tasks);
        all.insert(id.clone(), (seeded.clone(), tasks));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::Subnet;

    fn subnet(cidr: &str) -> Subnet {
        Subnet {
            id: "subnet-1".to_owned(),
            cidr: Some(cidr.to_owned()),
            ..Subnet::default()
        }
    }

    #[test]
    fn free_addresses_are_those_of_the_block_that_nobody_has() {
        for (cidr, tasks, free) in [
            ("10.0.0.0/24", 0, 251),
            ("10.0.0.0/24", 51, 200),
            ("10.0.0.0/28", 4, 7),
            ("10.0.0.0/28", 400, 0),
            ("10.0.0.0/16", 1, 65_530),
        ] {
            assert_eq!(subnet(cidr).available(tasks), free, "{cidr} {tasks}");
        }
        let seeded = Subnet {
            available_ip_addresses: Some(3),
            ..subnet("10.0.0.0/24")
        };
        assert_eq!(seeded.available(100), 3);
        assert_eq!(Subnet::default().available(1), 250);
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for cidr in [
            "10.0.0.0/15",
            "10.0.0.0/29",
            "10.0.0/24",
            "10.0.0.0",
            "x/24",
        ] {
            assert!(subnet(cidr).check().is_err(), "{cidr}");
        }
        assert!(subnet("10.1.2.0/20").check().is_ok());
        assert!(Subnet::default().check().is_err());
    }
}
